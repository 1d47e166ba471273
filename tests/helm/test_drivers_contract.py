"""One contract for every driver: the helm 4 CLI, the newest helm 3 CLI and the SDK in its worker process.

They run against a simulated cluster (tests/cluster runs them against real API servers). The charts are small; what
counts is what the engine relies on.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.helm.cli import HelmCli
from bevel_tui.helm.driver import HelmDriver, Operation
from bevel_tui.helm.releases import ReleaseRecord, newest, objects
from bevel_tui.helm.tree import pack, read_archive
from bevel_tui.kube.client import KubeClient
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ObjectRef

pytestmark = [pytest.mark.sandbox]

SECRET = "s3cret-that-nobody-may-see"

CHART_YAML = "apiVersion: v2\nname: demo\nversion: 1.2.3\n"
CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}
data:
  greeting: {{ .Values.greeting | default "hello" | quote }}
  port: {{ .Values.port | default 15010 | quote }}
  large: {{ .Values.large | default 0 | quote }}
  file: {{ .Files.Get "files/genesis.json" | quote }}
  upgrade: {{ .Release.IsUpgrade | quote }}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}-secret}
stringData: {password: {{ .Values.password | default "none" | quote }}}
"""
HOOK = """
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-hook
  annotations:
    helm.sh/hook: %s
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      %s
      containers: [{name: work, image: "alpine:3", command: [sh, -c], args: [%s]}]
"""
#: its pod is never started: the ServiceAccount does not exist
HANGING = HOOK % ("pre-install,pre-upgrade", "serviceAccountName: nobody-has-this", "exit 0")


def chart(folder: Path, **templates: str) -> Path:
    """A packed chart with these templates beside the ConfigMap and the Secret."""
    tree = {"Chart.yaml": CHART_YAML.encode(), "files/genesis.json": b"{}", "templates/config.yaml": CONFIG.encode()}
    tree |= {f"templates/{name}.yaml": text.encode() for name, text in templates.items()}
    path = folder / "demo-1.2.3.tgz"
    path.write_bytes(pack(tree, "demo"))
    return path


class Site:
    """One driver, one namespace of one cluster, one release `demo`."""

    def __init__(self, driver: HelmDriver, kubeconfig: Path, client: KubeClient, namespace: str, folder: Path) -> None:
        self.driver = driver
        self.kubeconfig = kubeconfig
        self.client = client
        self.namespace = namespace
        self.folder = folder

    def operation(self, verb: Any, chart: Path | None = None, **more: Any) -> Operation:
        more = {"kubeconfig": self.kubeconfig, "context": "east", "hook_timeout": 30, **more}
        return Operation(verb=verb, release="demo", namespace=self.namespace, chart=chart, **more)

    async def run(
        self, verb: Any, chart: Path | None = None, *, cancel: asyncio.Event | None = None, **more: Any
    ) -> Any:
        return await self.driver.run(self.operation(verb, chart, **more), cancel=cancel)

    async def get(self, kind: str, name: str, api_version: str = "v1") -> dict[str, Any] | None:
        return await self.client.get(ObjectRef(api_version, kind, name, self.namespace))

    async def record(self) -> ReleaseRecord | None:
        secrets = await self.client.list("v1", "Secret", self.namespace, labels="owner=helm")
        return newest(secrets).get((self.namespace, "demo"))

    async def until_job(self) -> None:
        """Until Helm has created the hook's Job."""
        async with asyncio.timeout(60):
            while await self.get("Job", "demo-hook", "batch/v1") is None:
                await asyncio.sleep(0.02)


@pytest.fixture
def site(driver: HelmDriver, sandbox_kubeconfig: Path, east: KubeClient, namespace: str, tmp_path: Path) -> Site:
    return Site(driver, sandbox_kubeconfig, east, namespace, tmp_path)


def data(obj: Mapping[str, Any] | None) -> dict[str, str]:
    assert obj is not None
    return dict(obj["data"])


async def test_install_upgrade_rollback_uninstall(site: Site) -> None:
    archive = chart(site.folder)
    done = await site.run(
        "install", archive, values={"greeting": 'a "{{ b }}"'}, labels={"bevel-tui.dev/digest": "abc", "team": "x"}
    )
    assert (done.ok, done.error, done.revision) == (True, None, 1)
    assert data(await site.get("ConfigMap", "demo-config"))["greeting"] == 'a "{{ b }}"'
    record = await site.record()
    assert record is not None
    assert (record.status, record.revision, record.chart, record.chart_version) == ("deployed", 1, "demo", "1.2.3")
    assert record.labels == {"bevel-tui.dev/digest": "abc", "team": "x"}
    assert [(o["kind"], o["metadata"]["name"]) for o in record.objects] == [
        ("Secret", "demo-secret"),
        ("ConfigMap", "demo-config"),
    ]

    done = await site.run("upgrade", archive, values={"greeting": "bye"}, labels={"bevel-tui.dev/digest": "def"})
    assert (done.ok, done.revision) == (True, 2)
    changed = data(await site.get("ConfigMap", "demo-config"))
    assert (changed["greeting"], changed["upgrade"]) == ("bye", "true")
    record = await site.record()
    assert record is not None
    assert (record.revision, record.labels["bevel-tui.dev/digest"]) == (2, "def")

    done = await site.run("rollback", revision=1)
    assert (done.ok, done.revision) == (True, 3)
    assert data(await site.get("ConfigMap", "demo-config"))["greeting"] == 'a "{{ b }}"'

    done = await site.run("uninstall")
    assert done.ok
    assert await site.get("ConfigMap", "demo-config") is None
    assert await site.record() is None
    assert (await site.run("uninstall")).ok, "what is gone already is no error"


async def test_objects_have_the_field_manager_helm(site: Site) -> None:
    await site.run("install", chart(site.folder))
    made = await site.get("ConfigMap", "demo-config")
    assert made is not None
    assert [entry["manager"] for entry in made["metadata"]["managedFields"]] == ["helm"]


async def test_render_gives_hooks_and_crds_and_writes_nothing(site: Site) -> None:
    crd = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
    archive = chart(site.folder, hook=HOOK % ("pre-install", "", "exit 0"), notes="{{/* nothing */}}")
    tree_archive = site.folder / "with-crd.tgz"
    tree_archive.write_bytes(pack({**read_archive(archive.read_bytes()), "crds/thing.yaml": crd.encode()}, "demo"))
    text = await site.driver.render(site.operation("install", tree_archive, values={"port": 15011, "large": 50000000}))
    found = {(o["kind"], o["metadata"]["name"]): o for o in objects(text)}
    assert set(found) == {
        ("CustomResourceDefinition", "things.example.com"),
        ("ConfigMap", "demo-config"),
        ("Secret", "demo-secret"),
        ("Job", "demo-hook"),
    }
    assert found["ConfigMap", "demo-config"]["data"]["port"] == "15011"
    assert found["ConfigMap", "demo-config"]["data"]["file"] == "{}"
    # Helm reads numbers as floats: 7 digits and more are printed so, by every driver alike
    assert found["ConfigMap", "demo-config"]["data"]["large"] == "5e+07"
    assert found["ConfigMap", "demo-config"]["data"]["upgrade"] == "false"
    upgraded = objects(await site.driver.render(site.operation("upgrade", tree_archive)))
    assert [o["data"]["upgrade"] for o in upgraded if o["kind"] == "ConfigMap"] == ["true"]
    assert await site.record() is None
    assert await site.get("ConfigMap", "demo-config") is None


@pytest.mark.parametrize(
    "template",
    [
        '{{ fail "the author says no" }}',
        "{{ .Values.not.there }}",
        "{{ if }}",
        "apiVersion: v1\nkind: ConfigMap\n metadata: {name: x}\n",
    ],
    ids=["fail", "nil", "syntax", "yaml"],
)
async def test_a_chart_that_does_not_render(site: Site, template: str) -> None:
    archive = chart(site.folder, broken=template)
    done = await site.run("install", archive)
    assert (done.ok, done.reason) == (False, "render"), done
    assert done.error and "\n" not in done.error
    assert await site.get("ConfigMap", "demo-config") is None
    if template.startswith("{{"):
        with pytest.raises(BevelError) as caught:
            await site.driver.render(site.operation("install", archive))
        assert caught.value.code is Code.CHART_RENDER
        assert "broken.yaml" in caught.value.message or "says no" in caught.value.message


async def test_a_hook_that_fails(site: Site) -> None:
    done = await site.run("install", chart(site.folder, hook=HOOK % ("pre-install", "", "exit 1")))
    assert (done.ok, done.reason) == (False, "hook"), done
    record = await site.record()
    assert record is not None and record.status == "failed"
    assert [(h.kind, h.name, h.events) for h in record.hooks] == [("Job", "demo-hook", ("pre-install",))]
    assert await site.get("ConfigMap", "demo-config") is None


async def test_a_hook_that_does_not_end_in_its_time(site: Site) -> None:
    done = await site.run("install", chart(site.folder, hook=HANGING), hook_timeout=2)
    assert (done.ok, done.reason) == (False, "hook"), done
    assert done.seconds > 1.5


async def test_hooks_can_be_left_out(site: Site) -> None:
    done = await site.run("install", chart(site.folder, hook=HANGING), keep_hooks=False)
    assert done.ok, done
    assert await site.get("Job", "demo-hook", "batch/v1") is None
    removing = HOOK % ("pre-delete", "serviceAccountName: nobody-has-this", "exit 0")
    assert (await site.run("upgrade", chart(site.folder, hook=removing))).ok
    assert (await site.run("uninstall", keep_hooks=False)).ok
    assert await site.record() is None


async def test_an_object_that_belongs_to_someone_else(site: Site) -> None:
    meta = {"name": "demo-config", "namespace": site.namespace}
    await site.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"mine": "yes"}})
    done = await site.run("install", chart(site.folder))
    assert (done.ok, done.reason) == (False, "conflict"), done
    assert data(await site.get("ConfigMap", "demo-config")) == {"mine": "yes"}


async def test_a_field_that_someone_else_manages(site: Site) -> None:
    if isinstance(site.driver, HelmCli) and site.driver.version.major == 3:
        pytest.skip("Helm 3 patches on the client's side and overwrites")
    archive = chart(site.folder)
    assert (await site.run("install", archive)).ok
    ref = ObjectRef("v1", "ConfigMap", "demo-config", site.namespace)
    await site.client.patch(ref, {"data": {"greeting": "by hand"}})
    done = await site.run("upgrade", archive, values={"greeting": "by helm"})
    assert (done.ok, done.reason) == (False, "conflict"), done
    assert data(await site.get("ConfigMap", "demo-config"))["greeting"] == "by hand"


async def test_kinds_that_the_cluster_does_not_know(site: Site) -> None:
    mapping = "apiVersion: getambassador.io/v3alpha1\nkind: Mapping\nmetadata: {name: m}\nspec: {}\n"
    done = await site.run("install", chart(site.folder, mapping=mapping))
    assert (done.ok, done.reason) == (False, "api"), done
    assert "ensure CRDs are installed first" in str(done.error)


async def test_cancel_leaves_a_failed_release_and_applies_nothing_more(site: Site) -> None:
    cancel = asyncio.Event()
    running = asyncio.create_task(site.run("install", chart(site.folder, hook=HANGING), cancel=cancel))
    await site.until_job()
    cancel.set()
    async with asyncio.timeout(60):
        done = await running
    assert (done.ok, done.reason) == (False, "cancelled"), done
    # Were the hook to end now, a goroutine that is still there would go on with the objects.
    account = {"name": "nobody-has-this", "namespace": site.namespace}
    await site.client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    async with asyncio.timeout(60):
        while not ((await site.get("Job", "demo-hook", "batch/v1")) or {}).get("status", {}).get("succeeded"):
            await asyncio.sleep(0.05)
    assert await site.get("ConfigMap", "demo-config") is None
    record = await site.record()
    assert record is not None and record.status == "failed"
    assert (await site.run("upgrade", chart(site.folder))).ok, "the next start goes on from there"


async def test_cancel_before_it_begins(site: Site) -> None:
    cancel = asyncio.Event()
    cancel.set()
    done = await site.run("install", chart(site.folder), cancel=cancel)
    assert (done.ok, done.reason) == (False, "cancelled")
    assert await site.record() is None


async def test_a_killed_helm_leaves_a_pending_release_that_others_respect(site: Site) -> None:
    running = asyncio.create_task(site.run("install", chart(site.folder, hook=HANGING)))
    await site.until_job()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert not list(children()), "no Helm is left behind"
    record = await site.record()
    assert record is not None and record.pending
    for verb in ("install", "upgrade"):
        done = await site.run(verb, chart(site.folder))
        assert (done.ok, done.reason) == (False, "pending"), done
    assert (await site.run("uninstall", keep_hooks=False)).ok
    assert await site.record() is None


async def test_helm_dies(site: Site) -> None:
    running = asyncio.create_task(site.run("install", chart(site.folder, hook=HANGING)))
    await site.until_job()
    (child,) = children()
    os.kill(child, 9)
    done = await running
    assert (done.ok, done.reason) == (False, "killed")
    assert done.error


async def test_the_named_context_is_used_not_the_current_one(site: Site, west: KubeClient) -> None:
    done = await site.run("install", chart(site.folder), context="west")
    assert done.ok
    ref = ObjectRef("v1", "ConfigMap", "demo-config", site.namespace)
    assert await west.get(ref) is not None
    assert await site.client.get(ref) is None


async def test_an_unknown_context(site: Site) -> None:
    done = await site.run("install", chart(site.folder), context="nowhere")
    assert (done.ok, done.reason) == (False, "api"), done
    assert "nowhere" in str(done.error)


async def test_a_cluster_that_refuses_connections(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        config = site.folder / "kubeconfig"
        config.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: east\n"
            f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n"
            "contexts: [{name: east, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n"
        )
        done = await site.run("install", chart(site.folder), kubeconfig=config)
    assert (done.ok, done.reason) == (False, "silent"), done


async def test_a_namespace_that_is_not_there(site: Site) -> None:
    operation = Operation(
        verb="install",
        release="demo",
        namespace="nothing-here",
        kubeconfig=site.kubeconfig,
        context="east",
        chart=chart(site.folder),
    )
    done = await site.driver.run(operation)
    assert (done.ok, done.reason) == (False, "api"), done


async def test_upgrade_of_what_is_not_installed(site: Site) -> None:
    done = await site.run("upgrade", chart(site.folder))
    assert not done.ok
    assert done.error and await site.record() is None


async def test_warnings_come_apart_from_errors(site: Site) -> None:
    tree = read_archive(chart(site.folder).read_bytes())
    odd = site.folder / "odd.tgz"
    # Helm reads this file for charts of apiVersion v2 too, and warns of it.
    odd.write_bytes(pack({**tree, "requirements.yaml": b"dependencies: []\n"}, "demo"))
    done = await site.run("install", odd)
    assert done.ok and done.error is None
    assert [line for line in done.warnings if line.startswith("Dependencies are handled in Chart.yaml")], done


async def test_secrets_are_in_no_argument_no_environment_and_no_leftover_file(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = site.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    running = asyncio.create_task(
        site.run("install", chart(site.folder, hook=HANGING), values={"password": SECRET}, hook_timeout=2)
    )
    await site.until_job()
    looked = 0
    for child in children():
        for what in ("cmdline", "environ"):
            looked += 1
            assert SECRET.encode() not in Path(f"/proc/{child}/{what}").read_bytes(), what
    assert looked
    for path in temporary.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_file() and SECRET.encode() in path.read_bytes():
            assert mode == 0o600
        if path.parent == temporary:
            assert mode == 0o700
    await running
    assert list(temporary.iterdir()) == []
    record = await site.record()
    assert record is not None and SECRET not in repr(record.labels)


async def test_values_arrive_whole(site: Site) -> None:
    odd = 'quote " backslash \\ newline \n tab \t {{ .Values }} ünïcode ✓ # : - @'
    done = await site.run("install", chart(site.folder), values={"password": odd, "greeting": "~"})
    assert done.ok
    assert base64.b64decode(data(await site.get("Secret", "demo-secret"))["password"]).decode() == odd
    assert data(await site.get("ConfigMap", "demo-config"))["greeting"] == "~"


async def test_the_kubeconfig_is_not_written(site: Site) -> None:
    before = (site.kubeconfig.read_bytes(), site.kubeconfig.stat().st_mtime_ns)
    await site.run("install", chart(site.folder))
    assert (site.kubeconfig.read_bytes(), site.kubeconfig.stat().st_mtime_ns) == before


def children() -> list[int]:
    """Processes of ours that are a Helm."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            first = (entry / "cmdline").read_bytes().split(b"\0")[0]
            if int(parent) == os.getpid() and first.endswith(b"/helm"):
                found.append(int(entry.name))
    return found


def test_processes_can_be_looked_at() -> None:
    """The tests above look into /proc."""
    assert Path("/proc/self/cmdline").exists()
