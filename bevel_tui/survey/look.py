"""A look at every context of a kubeconfig at once: rows that fill in by themselves, each as its own cluster answers.

Nothing waits for anybody else: a dead cluster costs its own budget and becomes one row with its cause. Nothing is
changed, and what may not be read is told, not an error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.kube.contexts import Context, Kubeconfig
from bevel_tui.records.errors import REMEDY, BevelError, Code
from bevel_tui.records.simulation import CONFIGMAP_NAME, CONFIGMAP_NAMESPACE
from bevel_tui.records.steps import ObjectRef
from bevel_tui.records.survey import SurveyRow
from bevel_tui.survey import recognize
from bevel_tui.survey.access import Need, missing, sentences

#: seconds within which a cluster must give its version, and then all the rest
BUDGET = 3.0
REST = 6.0
#: contexts asked at the same time; more would only make each other slow
AT_ONCE = 24
#: where bevel-tui keeps its inventories, and what they are called
_HOME, _INVENTORY = "bevel-tui", "bevel-tui-"

#: what every deployment does, whatever the platform
NEEDS = tuple(
    Need(None, group, resource, verb)
    for group, resources, verbs in (
        ("", ("namespaces",), ("get", "create")),
        ("", ("secrets", "configmaps", "services", "serviceaccounts", "persistentvolumeclaims"), ("create", "patch")),
        ("", ("pods", "events"), ("list", "watch")),
        ("", ("pods/log",), ("get",)),
        ("apps", ("deployments", "statefulsets"), ("create", "patch")),
        ("batch", ("jobs",), ("create", "watch")),
        (
            "rbac.authorization.k8s.io",
            ("roles", "rolebindings", "clusterroles", "clusterrolebindings"),
            ("create",),
        ),
        ("storage.k8s.io", ("storageclasses",), ("create",)),
        ("coordination.k8s.io", ("leases",), ("create",)),
    )
    for resource in resources
    for verb in verbs
)


class Asked(Protocol):
    """What is needed of a client; tests bring their own."""

    server: str

    async def version(self) -> dict[str, Any]: ...
    async def request(self, method: str, path: str) -> Any: ...
    async def get(self, ref: ObjectRef) -> dict[str, Any] | None: ...
    async def list(
        self, api_version: str, kind: str, namespace: str | None = None, *, labels: str | None = None
    ) -> list[dict[str, Any]]: ...
    async def create(self, obj: Any) -> dict[str, Any]: ...
    async def close(self) -> None: ...


Connect = Callable[[Kubeconfig, str], Awaitable[Asked]]


def waiting(kubeconfig: Kubeconfig) -> tuple[SurveyRow, ...]:
    """Every context, in the order of the files, before anybody was asked. No I/O."""
    return tuple(_row(kubeconfig, context) for context in kubeconfig.contexts)


def _row(kubeconfig: Kubeconfig, context: Context) -> SurveyRow:
    return SurveyRow(
        context=context.name,
        server=context.server,
        user=context.user,
        file=str(context.file),
        current=context.name == kubeconfig.current,
        insecure=context.insecure,
    )


async def look(
    kubeconfig: Kubeconfig,
    contexts: Iterable[str] | None = None,
    *,
    connect: Connect | None = None,
    budget: float = BUDGET,
) -> AsyncGenerator[SurveyRow, None]:
    """Rows of these contexts (default: all) as they become known, several times each; ends when all are complete.

    Leaving early ends everything that is in flight.
    """
    # 0.3 s of imports and more: in a thread, so that whoever shows the rows can draw meanwhile
    await asyncio.to_thread(_import)
    wanted = [_row(kubeconfig, c) for c in kubeconfig.contexts if contexts is None or c.name in set(contexts)]
    queue: asyncio.Queue[SurveyRow] = asyncio.Queue()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(row: SurveyRow) -> None:
        async with gate:
            await _one(kubeconfig, row, queue.put_nowait, connect or _connect, budget)

    tasks = [asyncio.create_task(one(row), name=f"look at {row.context}") for row in wanted]
    known: dict[str, SurveyRow] = {}
    open_rows = {row.context for row in wanted}
    try:
        while open_rows:
            row = await queue.get()
            if row.complete:
                open_rows.discard(row.context)
            for found in _together(known, row):
                yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _import() -> None:
    import aiohttp
    from kubernetes.aio.client.rest import RESTClientObject
    from kubernetes.aio.config.kube_config import KubeConfigLoader

    _ = aiohttp, RESTClientObject, KubeConfigLoader


def _together(known: dict[str, SurveyRow], row: SurveyRow) -> list[SurveyRow]:
    """The row, and those of other contexts that turn out to be the same cluster, each naming the others."""
    known[row.context] = row
    if not row.uid:
        return [row]
    names = [name for name, other in known.items() if other.uid == row.uid]
    changed = []
    for name in names:
        others = tuple(sorted(n for n in names if n != name))
        if name == row.context or known[name].same_as != others:
            known[name] = replace(known[name], same_as=others)
            changed.append(known[name])
    return changed


async def _connect(kubeconfig: Kubeconfig, context: str) -> Asked:
    from bevel_tui.kube.credentials import load

    return KubeClient(context, kubeconfig, await load(kubeconfig, context))


async def _one(
    kubeconfig: Kubeconfig, row: SurveyRow, tell: Callable[[SurveyRow], None], connect: Connect, budget: float
) -> None:
    from bevel_tui.kube import plugins
    from bevel_tui.kube.credentials import plugin_of

    plugin = plugin_of(kubeconfig, row.context)
    if plugin is not None and plugins.needs_terminal(plugin):
        cause = f"{plugin.get('command')} wants to ask you something before it logs in"
        tell(replace(row, state="login", cause=cause, remedy="Press L to log in.", complete=True))
        return
    row = replace(row, state="asking")
    tell(row)
    started = time.monotonic()
    client: Asked | None = None
    try:
        # a plugin starts an interpreter and asks somebody far away: that is not the cluster's fault
        async with asyncio.timeout(budget if plugin is None else budget * 3):
            client = await connect(kubeconfig.only(row.context), row.context)
            version = str((await client.version()).get("gitVersion") or "")
        row = replace(row, state="reachable", version=version, seconds=time.monotonic() - started)
        tell(row)
        tell(await _rest(client, row))
    except TimeoutError:
        tell(_dead(row, f"no answer within {budget:g} s", REMEDY[Code.CLUSTER_UNREACHABLE]))
    except ApiError as error:
        denied = error.status in {401, 403}
        words = f"access denied: {error.message}" if denied else error.message
        tell(_dead(row, words, REMEDY[Code.ACCESS_DENIED if denied else Code.CLUSTER_UNREACHABLE]))
    except BevelError as error:
        tell(_dead(row, " ".join((error.message, *error.details[:1])), error.remedy))
    except Exception as error:  # one broken entry must not take the others with it
        tell(_dead(row, f"{type(error).__name__}: {error}", REMEDY[Code.KUBECONFIG]))
    finally:
        if client is not None:
            await client.close()


def _dead(row: SurveyRow, cause: str, remedy: str) -> SurveyRow:
    words = " ".join(cause.split())
    return replace(row, state="dead", cause=words[:300], remedy=remedy, complete=True)


async def _rest(client: Asked, row: SurveyRow) -> SurveyRow:
    """Everything but the version, asked at once; what is refused or late is named in `unread`."""
    unread: list[str] = []

    async def asked(what: str, question: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(REST):
                return await question
        except ApiError as error:
            if error.status != 404:
                unread.append(f"{what}: {'not allowed' if error.status == 403 else error.message}")
        except TimeoutError:
            unread.append(f"{what}: no answer in time")
        return None

    system, apis, nodes, classes, services, deployments, rights, description, inventories = await asyncio.gather(
        asked("namespace kube-system", client.get(ObjectRef("v1", "Namespace", "kube-system"))),
        asked("API groups", client.request("GET", "/apis")),
        asked("nodes", client.list("v1", "Node")),
        asked("StorageClasses", client.list("storage.k8s.io/v1", "StorageClass")),
        asked("Services", client.list("v1", "Service")),
        asked("Deployments", client.list("apps/v1", "Deployment")),
        asked("rights", missing(client, NEEDS)),
        asked("sandbox", client.get(ObjectRef("v1", "ConfigMap", CONFIGMAP_NAME, CONFIGMAP_NAMESPACE))),
        asked("networks", client.list("v1", "ConfigMap", _HOME)),
    )
    groups = [str(group.get("name")) for group in (apis or {}).get("groups") or ()]
    kind = recognize.provider(row.version, client.server, nodes or (), groups)
    simulated = description is not None
    balancer, why = recognize.load_balancer(kind, services, groups, simulated=simulated)
    cpu, memory = recognize.capacity(nodes) if nodes is not None else (None, None)
    return replace(
        row,
        complete=True,
        provider=kind,
        uid=str(((system or {}).get("metadata") or {}).get("uid") or ""),
        nodes=None if nodes is None else len(nodes),
        ready_nodes=None if nodes is None else sum(map(recognize.ready, nodes)),
        cpu=cpu,
        memory=memory,
        storage_class=recognize.default_class(classes or ()),
        storage_classes=None if classes is None else tuple(c["metadata"]["name"] for c in classes),
        load_balancer=balancer,
        load_balancer_why=why,
        missing_rights=None if rights is None else sentences(rights),
        gateways=None if services is None else recognize.gateways(services),
        external_dns=None if deployments is None else any(map(recognize.is_external_dns, deployments)),
        networks=tuple(sorted(_networks(inventories or ()))),
        simulated=simulated,
        unread=tuple(word for word in unread if not word.startswith(("sandbox", "networks"))),
    )


def _networks(inventories: Iterable[dict[str, Any]]) -> Iterable[str]:
    for found in inventories:
        name = str(found["metadata"]["name"])
        if name.startswith(_INVENTORY) and "network.yaml" in (found.get("data") or {}):
            yield name.removeprefix(_INVENTORY)
