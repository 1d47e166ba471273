"""The same preset over other contexts: a shipped preset, or one that a colleague wrote, on the clusters of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

from bevel_tui.network.model import Network
from bevel_tui.records.errors import BevelError, Code


def reached_by(network: Network, contexts: Iterable[str]) -> Network:
    """The Network with clusters reached through these contexts: ``CLUSTER=CONTEXT``, or ``CONTEXT`` if there is one cluster.

    A cluster that gets a context is then looked for in the kubeconfig of the call, not in one that the preset names.
    Raises BevelError(USAGE) for a cluster that the Network does not have, one named twice, or none named where there
    are several. Contexts may hold ``=`` themselves (ARNs do): what stands before the first one counts as a cluster
    only if the Network has one of that name.
    """
    chosen: dict[str, str] = {}
    names = [cluster.name for cluster in network.clusters]
    for given in contexts:
        cluster, separator, context = given.partition("=")
        if not separator or cluster not in names:
            if len(names) != 1:
                raise _usage(f"--context {given} names no cluster of network {network.name}.", names)
            cluster, context = names[0], given
        if not context or cluster in chosen:
            raise _usage(f"--context names cluster {cluster} {'without a context' if not context else 'twice'}.", names)
        chosen[cluster] = context
    clusters = tuple(
        cluster.model_copy(update={"context": chosen[cluster.name], "kubeconfig": None})
        if cluster.name in chosen
        else cluster
        for cluster in network.clusters
    )
    return network.model_copy(update={"clusters": clusters}) if chosen else network


def _usage(message: str, names: list[str]) -> BevelError:
    return BevelError(Code.USAGE, message, remedy=f"Write --context CLUSTER=CONTEXT; clusters: {', '.join(names)}.")
