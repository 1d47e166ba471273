"""Opening every cluster of a Network at once, before anything is changed. One that cannot be used ends the run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from bevel_tui.engine.context import Access
from bevel_tui.engine.ports import Cluster
from bevel_tui.kube.client import ApiError
from bevel_tui.network.model import Network
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.simulation import CONFIGMAP_KEY, CONFIGMAP_NAME, CONFIGMAP_NAMESPACE, Simulation
from bevel_tui.records.steps import ObjectRef

#: opens a context of a kubeconfig (None: the usual ones)
Connect = Callable[[str, str | None], Awaitable[Cluster]]

_DESCRIPTION = ObjectRef("v1", "ConfigMap", CONFIGMAP_NAME, CONFIGMAP_NAMESPACE)


async def kube(context: str, kubeconfig: str | None) -> Cluster:
    """The real client. Raises BevelError."""
    from bevel_tui.kube.client import KubeClient

    return await KubeClient.connect(context, kubeconfig)


async def connect(
    network: Network, names: Iterable[str], kubeconfig: str | None, open_cluster: Connect = kube
) -> dict[str, Access]:
    """Every named cluster of the Network, in parallel, with the sandbox's description where there is one.

    Raises BevelError: CONTEXT_UNKNOWN, KUBECONFIG, CLUSTER_UNREACHABLE, ACCESS_DENIED. When several clusters
    cannot be used the first one is told and the others stand in the details. Nothing stays open then.
    """
    opened, failures = await _open_all(network, names, kubeconfig, open_cluster)
    if not failures:
        return opened
    await close(opened.values())
    raise _as_one(failures)


async def connect_some(
    network: Network, names: Iterable[str], kubeconfig: str | None, open_cluster: Connect = kube
) -> tuple[dict[str, Access], dict[str, BevelError]]:
    """As `connect`, but one cluster that can be used is enough; the others' errors are given by name. Raises BevelError."""
    opened, failures = await _open_all(network, names, kubeconfig, open_cluster)
    if failures and not opened:
        raise _as_one(failures)
    return opened, failures


async def _open_all(
    network: Network, names: Iterable[str], kubeconfig: str | None, open_cluster: Connect
) -> tuple[dict[str, Access], dict[str, BevelError]]:
    """What could be opened, and what could not; anything but a BevelError is raised, with nothing left open."""
    wanted = [cluster for cluster in network.clusters if cluster.name in set(names)]
    results = await asyncio.gather(
        *(_one(cluster.name, cluster.context, cluster.kubeconfig or kubeconfig, open_cluster) for cluster in wanted),
        return_exceptions=True,
    )
    opened = {result.name: result for result in results if isinstance(result, Access)}
    failures: dict[str, BevelError] = {}
    for cluster, result in zip(wanted, results, strict=True):
        if isinstance(result, BevelError):
            failures[cluster.name] = result
        elif isinstance(result, BaseException):
            await close(opened.values())
            raise result
    return opened, failures


def _as_one(failures: Mapping[str, BevelError]) -> BevelError:
    first, *others = failures.values()
    # one kubeconfig that cannot be read fails every cluster in the same words
    more = dict.fromkeys(other.message for other in others if other.message != first.message)
    return BevelError(first.code, first.message, remedy=first.remedy, details=(*more, *first.details))


async def close(clusters: Iterable[Access]) -> None:
    """Close all connections."""
    await asyncio.gather(*(access.client.close() for access in clusters), return_exceptions=True)


async def _one(name: str, context: str, kubeconfig: str | None, open_cluster: Connect) -> Access:
    client = await open_cluster(context, kubeconfig)
    try:
        simulation = await simulation_of(client)
        file, unverified = of_kubeconfig(kubeconfig, context)
        return Access(name, context, file, client, simulation, unverified)
    except BaseException:
        await client.close()
        raise


async def simulation_of(client: Cluster) -> Simulation | None:
    """The sandbox's description; a user who may not read kube-system is on no sandbox. Raises BevelError."""
    try:
        found = await client.get(_DESCRIPTION)
    except ApiError as error:
        if error.status == 403:
            return None
        raise unusable(client, error) from None
    text = ((found or {}).get("data") or {}).get(CONFIGMAP_KEY)
    if text is None:
        return None
    try:
        return Simulation.model_validate_json(text)
    except ValueError:
        raise BevelError(
            Code.SANDBOX, f"ConfigMap {CONFIGMAP_NAMESPACE}/{CONFIGMAP_NAME} of {client.context!r} is not readable."
        ) from None


def unusable(client: Cluster | None, error: ApiError) -> BevelError:
    """The error that a user sees when a cluster fails us outside any step; None: which one, the error itself says."""
    which = "a cluster" if client is None else f"the cluster of context {client.context!r}"
    if error.status in {401, 403}:
        return BevelError(Code.ACCESS_DENIED, f"Access to {which} was denied: {error.message}")
    return BevelError(Code.CLUSTER_UNREACHABLE, f"{which[0].upper()}{which[1:]} cannot be used: {error.message}")


def of_kubeconfig(kubeconfig: str | None, context: str) -> tuple[Path, bool]:
    """The one file that Helm is given: the one that defines the context; and whether the API server's certificate is not
    looked at there (insecure-skip-tls-verify).

    kubectl merges several files of $KUBECONFIG; the files that define a context mostly define its cluster and user
    too. Where they do not, the whole list is handed on as it is (Helm reads lists as kubectl does).
    """
    from bevel_tui.kube.contexts import candidates, read

    unverified = False
    try:
        found = read(kubeconfig).context(context)
        unverified = found.insecure
        alone = read(str(found.file)).context(context)
    except BevelError:
        return candidates(kubeconfig)[0], unverified
    if alone.server == found.server and alone.server:
        return found.file, unverified
    import os

    return Path(os.environ.get("KUBECONFIG") or str(found.file)), unverified
