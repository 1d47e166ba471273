"""A look at many contexts: each row by itself, whatever happens to the others."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui import api
from bevel_tui.kube import contexts, plugins
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.survey import SurveyRow
from bevel_tui.survey.look import look, waiting


def kubeconfig(folder: Path, *names: str, users: dict[str, Any] | None = None) -> contexts.Kubeconfig:
    users = users or {}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": names[0] if names else "",
        "clusters": [{"name": n, "cluster": {"server": f"https://{n}.example.com:6443"}} for n in names],
        "users": [{"name": n, "user": users.get(n, {"token": "t"})} for n in names],
        "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in names],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return contexts.read(str(path))


class Cluster:
    """A cluster that answers as a test says; `refuses` are paths and kinds that it does not tell."""

    def __init__(self, name: str, *, uid: str = "", refuses: tuple[str, ...] = (), slow: tuple[str, ...] = ()) -> None:
        self.server = f"https://{name}.example.com:6443"
        self.uid, self.refuses, self.slow = uid or name, refuses, slow
        self.closed = False

    async def _answer(self, what: str, value: Any) -> Any:
        if what in self.slow:
            await asyncio.Event().wait()
        if what in self.refuses:
            raise ApiError(403, "Forbidden", f"may not read {what}")
        return value

    async def version(self) -> dict[str, Any]:
        return await self._answer("version", {"gitVersion": "v1.33.1+k3s1"})

    async def request(self, _method: str, _path: str) -> Any:
        return await self._answer("groups", {"groups": [{"name": "apps"}]})

    async def get(self, ref: Any) -> dict[str, Any] | None:
        if ref.kind == "ConfigMap":
            return None
        return await self._answer("Namespace", {"metadata": {"uid": self.uid}})

    async def list(self, _version: str, kind: str, namespace: str | None = None, **_: Any) -> list[dict[str, Any]]:
        found: dict[str, list[dict[str, Any]]] = {
            "StorageClass": [{"metadata": {"name": "local-path"}}],
            "Deployment": [{"metadata": {"name": "external-dns", "namespace": "dns"}}],
            "ConfigMap": [{"metadata": {"name": "bevel-tui-demo"}, "data": {"network.yaml": "x"}}],
        }
        return await self._answer(kind, found.get(kind, []))

    async def create(self, obj: Any) -> dict[str, Any]:
        wanted = obj["spec"]["resourceAttributes"]
        allowed = wanted["resource"] not in ("*", "storageclasses")
        return await self._answer("rights", {"status": {"allowed": allowed}})

    async def close(self) -> None:
        self.closed = True


def opener(clusters: dict[str, Cluster | Exception]) -> Callable[..., Any]:
    async def connect(config: contexts.Kubeconfig, context: str) -> Cluster:
        assert [c.name for c in config.contexts] == [context]  # nothing of the others is copied along
        found = clusters[context]
        if isinstance(found, Exception):
            raise found
        return found

    return connect


async def collect(config: contexts.Kubeconfig, clusters: dict[str, Any], **given: Any) -> dict[str, list[SurveyRow]]:
    found: dict[str, list[SurveyRow]] = {}
    async for row in look(config, connect=opener(clusters), **given):
        found.setdefault(row.context, []).append(row)
    return found


async def test_a_row_fills_in_by_itself(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, "east")
    clusters = {"east": Cluster("east")}
    rows = (await collect(config, clusters))["east"]
    assert [row.state for row in rows] == ["asking", "reachable", "reachable"]
    assert [row.complete for row in rows] == [False, False, True]
    last = rows[-1]
    assert (last.version, last.provider, last.nodes, last.storage_classes) == (
        "v1.33.1+k3s1",
        "k3s",
        0,
        ("local-path",),
    )
    assert last.storage_class is None
    assert last.external_dns and last.networks == ("demo",) and last.simulated is False
    assert last.missing_rights == ("cluster-wide: create storageclasses.storage.k8s.io",)
    assert not last.unread
    assert clusters["east"].closed


async def test_each_waits_for_itself_only(tmp_path: Path) -> None:
    names = ("dead", "denied", "hangs", "odd", "broken", "good")
    config = kubeconfig(tmp_path, *names)
    clusters: dict[str, Any] = {
        "dead": ApiError(0, "Unreachable", "dead.example.com:6443: Connection refused"),
        "denied": ApiError(401, "Unauthorized", "Unauthorized"),
        "hangs": Cluster("hangs", slow=("version",)),
        "odd": BevelError(Code.KUBECONFIG, "The entry is odd.", details=("line 3",)),
        "broken": ValueError("surprise"),
        "good": Cluster("good"),
    }
    found = await collect(config, clusters, budget=0.3)
    last = {name: rows[-1] for name, rows in found.items()}
    assert set(last) == set(names)
    assert {name for name, row in last.items() if row.state == "dead"} == set(names) - {"good"}
    assert all(row.complete for row in last.values())
    assert "Connection refused" in last["dead"].cause and last["dead"].remedy
    assert "access denied" in last["denied"].cause
    assert "no answer within 0.3 s" in last["hangs"].cause
    assert "odd. line 3" in last["odd"].cause
    assert "surprise" in last["broken"].cause
    assert clusters["hangs"].closed


async def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    refuses = ("StorageClass", "Node", "Service", "Deployment", "Namespace", "rights")
    config = kubeconfig(tmp_path, "east")
    row = (await collect(config, {"east": Cluster("east", refuses=refuses)}))["east"][-1]
    assert row.state == "reachable" and row.complete
    assert row.nodes is row.storage_classes is row.missing_rights is row.gateways is row.external_dns is None
    assert {word.partition(":")[0] for word in row.unread} >= {"nodes", "StorageClasses", "Services", "rights"}


async def test_contexts_of_one_cluster_name_each_other(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, "a", "b", "c")
    clusters = {"a": Cluster("a", uid="1"), "b": Cluster("b", uid="2"), "c": Cluster("c", uid="1")}
    last = {name: rows[-1] for name, rows in (await collect(config, clusters)).items()}
    assert last["a"].same_as == ("c",) and last["c"].same_as == ("a",) and last["b"].same_as == ()


async def test_leaving_early_ends_what_is_in_flight(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, "east", "west")
    clusters = {"east": Cluster("east", slow=("version",)), "west": Cluster("west")}
    rows = look(config, connect=opener(clusters))
    async for row in rows:
        if row.context == "west" and row.complete:
            break
    await rows.aclose()
    assert clusters["east"].closed
    assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("look at")]


def test_before_anybody_is_asked_every_context_is_a_row(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, *(f"c{i}" for i in range(200)))
    rows = waiting(config)
    assert len(rows) == 200 and rows[0].current and not rows[1].current
    assert {row.state for row in rows} == {"waiting"}
    assert api.contexts(str(tmp_path / "config")) == rows


# ---------------------------------------------------------------- plugins

PLUGIN = """#!{python}
import json, os, sys
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
try:
    open("/dev/tty").close()
    terminal = True
except OSError:
    terminal = False
said = {{"interactive": info["spec"]["interactive"], "stdin": sys.stdin.read(), "terminal": terminal,
        "cluster": info["spec"].get("cluster", {{}}).get("server")}}
with open({log!r}, "a") as log:
    print(json.dumps(said), file=log)
status = {{"token": "of-the-plugin", "expirationTimestamp": {expires!r}}}
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}))
"""


def plugin(folder: Path, expires: str = "2999-01-01T00:00:00Z") -> Path:
    path = folder / "plugin"
    path.write_text(PLUGIN.format(python=sys.executable, log=str(folder / "log"), expires=expires))
    path.chmod(0o755)
    return path


def exec_user(path: Path, mode: str = "IfAvailable") -> dict[str, Any]:
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": str(path), "interactiveMode": mode, "provideClusterInfo": True}}


async def test_a_plugin_gets_no_terminal_unasked(tmp_path: Path) -> None:
    user = exec_user(plugin(tmp_path))
    with plugins.terminal_taken():
        status = await plugins.credential(user["exec"], {"server": "https://east.example.com"})
    assert status["token"] == "of-the-plugin"
    said = yaml.safe_load((tmp_path / "log").read_text())
    assert said == {"interactive": False, "stdin": "", "terminal": False, "cluster": "https://east.example.com"}


async def test_a_plugin_that_must_ask_is_not_started(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, "east", users={"east": exec_user(plugin(tmp_path), "Always")})
    rows = (await collect(config, {}))["east"]
    assert [row.state for row in rows] == ["login"] and rows[0].complete
    assert not (tmp_path / "log").exists()
    with plugins.terminal_taken(), pytest.raises(BevelError) as refused:
        await plugins.credential(config.document["users"][0]["user"]["exec"], {})
    assert refused.value.code == Code.ACCESS_DENIED


@pytest.mark.parametrize("expires", ["2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"])
async def test_who_logged_in_is_remembered_until_it_expires(
    tmp_path: Path, expires: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = kubeconfig(tmp_path, "east", users={"east": exec_user(plugin(tmp_path, expires), "Always")})
    monkeypatch.setattr(plugins, "_run", _without_terminal(plugins._run))
    await api.log_in("east", str(tmp_path / "config"))
    needs = plugins.needs_terminal(config.document["users"][0]["user"]["exec"])
    assert needs == (expires < "2025")


def _without_terminal(run: Any) -> Any:
    """The test's own terminal stays the test's."""

    async def instead(config: Any, cluster: Any, *, interactive: bool) -> Any:
        assert interactive
        return await run(config, cluster, interactive=False)

    return instead
