"""Several networks in one cluster: they share its gateway, which belongs to none of them alone. Pure.

Every network leaves an inventory, so the others can be planned too: which ports they have at the gateway, which of
its releases they count on. A gateway is installed with the ports of all; it stays as long as one of them needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bevel_tui.engine.removal import cluster_of
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import AddressStep, DnsStep, NamespaceStep, ReleaseStep, Step

#: releases of a cluster's edge, which networks share
EDGE = frozenset({"gateways", "own"})

#: annotation whose value is a list of names (gateways.common.EXTERNAL_DNS)
_NAMES = "external-dns.alpha.kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another network that has something in a cluster: its steps there. Unreadable ones have none."""

    network: str
    steps: tuple[Step, ...] = ()
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Shared:
    """The other networks of each cluster, and whose label each shared release bears, by (cluster, ns, release)."""

    neighbours: Mapping[str, tuple[Neighbour, ...]] = field(default_factory=dict)
    owners: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def used_by(self, step: Step) -> str | None:
        """Another network that needs what this step makes; None if there is none."""
        for neighbour in self.neighbours.get(cluster_of(step), ()):
            if not neighbour.readable and isinstance(step, ReleaseStep) and step.origin in EDGE:
                return neighbour.network
            for other in neighbour.steps:
                if _counts_on(other, step):
                    return neighbour.network
        return None

    def owner(self, step: Step, network: str) -> str:
        """The network whose label a release of this step bears: another one's where that one is still there."""
        if not isinstance(step, ReleaseStep) or step.origin not in EDGE:
            return network
        found = self.owners.get((step.cluster, str(step.namespace), step.release))
        names = {neighbour.network for neighbour in self.neighbours.get(step.cluster, ())}
        return found if found in names else network

    def taken(self) -> dict[str, set[int]]:
        """Ports that others have at the gateways, by cluster."""
        return {
            cluster: {
                port for one in found for step in one.steps if isinstance(step, AddressStep) for port in step.ports
            }
            - {80, 443}
            for cluster, found in self.neighbours.items()
        }


def _counts_on(other: Step, step: Step) -> bool:
    if isinstance(step, NamespaceStep):
        return other.namespace == step.namespace
    if isinstance(step, DnsStep):
        return isinstance(other, DnsStep) and other.domain == step.domain
    if not isinstance(step, ReleaseStep) or step.origin not in EDGE:
        return False
    if isinstance(other, ReleaseStep):
        return (other.namespace, other.release) == (step.namespace, step.release)
    # an existing gateway is somebody's: its Service, and with it all that it stands on in that cluster
    return isinstance(other, AddressStep) and other.service.namespace == step.namespace


# ---------------------------------------------------------------- one gateway for all


def joined(steps: Iterable[Step], shared: Shared, network: str) -> tuple[Step, ...]:
    """The plan's steps with the gateways' releases as all networks of the cluster need them.

    Raises BevelError(GATEWAY_SHARED) where two networks cannot be together in a cluster.
    """
    steps = tuple(steps)
    if not shared.neighbours:
        return steps
    _agree(steps, shared)
    return tuple(_joined(step, shared, network) for step in steps)


def _joined(step: Step, shared: Shared, network: str) -> Step:
    if not isinstance(step, ReleaseStep) or step.origin not in EDGE:
        return step
    place = (step.namespace, step.release)
    others = {
        neighbour.network: other
        for neighbour in shared.neighbours.get(step.cluster, ())
        for other in neighbour.steps
        if isinstance(other, ReleaseStep) and (other.namespace, other.release) == place
    }
    if not others:
        return step
    # As its owner has it, so that whoever runs finds it as planned; and the ports and names of all.
    base = others.get(shared.owner(step, network), step)
    values: Any = base.values
    for other in (step, *others.values()):
        values = united(values, other.values)
    return replace(step, values=values)


def united(base: Any, more: Any) -> Any:
    """A values tree with the ports and names of another one. What else differs stays as in `base`."""
    if isinstance(base, Mapping) and isinstance(more, Mapping):
        result = {key: united(value, more[key]) if key in more else value for key, value in base.items()}
        if isinstance(more.get(_NAMES), str):
            result[_NAMES] = _names(base.get(_NAMES), more[_NAMES])
        return result
    if _ports(base) and _ports(more):
        by_port = {one["port"]: one for one in (*more, *base)}
        return [by_port[port] for port in sorted(by_port)]
    return base


def _ports(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, Mapping) and "port" in one for one in value)


def _names(first: Any, second: str) -> str:
    known = str(first).split(",") if first else []
    return ",".join(sorted({*known, *second.split(",")}))


def _agree(steps: tuple[Step, ...], shared: Shared) -> None:
    problems: list[str] = []
    for cluster, neighbours in shared.neighbours.items():
        own = [step for step in steps if step.cluster == cluster]
        for neighbour in neighbours:
            problems += [f"cluster {cluster}: {text}" for text in _conflicts(own, neighbour)]
    if problems:
        raise BevelError(
            Code.GATEWAY_SHARED,
            "Another network is in the way; nothing was changed.",
            details=tuple(problems),
            remedy="Use the other network's gateway as it is (clusters[].existing_gateway), give the organizations "
            "other names or domains, or use another cluster.",
        )


def _conflicts(own: Iterable[Step], neighbour: Neighbour) -> list[str]:
    own = tuple(own)
    name = neighbour.network
    if not neighbour.readable:
        edge = [s for s in own if isinstance(s, ReleaseStep) and s.origin == "gateways"]
        return [f"what network {name} has there cannot be read, so its gateway cannot be shared"] if edge else []
    found = []
    theirs = [s for s in neighbour.steps if isinstance(s, ReleaseStep)]
    for step in (s for s in own if isinstance(s, ReleaseStep)):
        for other in theirs:
            if step.origin in EDGE or other.origin in EDGE:
                one_place = step.namespace == other.namespace and {step.origin, other.origin} == {"gateways"}
                same = (step.release, step.chart, step.chart_version) == (
                    other.release,
                    other.chart,
                    other.chart_version,
                )
                if one_place and not same and step.id.rpartition("/")[2] == other.id.rpartition("/")[2]:
                    found.append(
                        f"network {name} has {other.chart} {other.chart_version} in namespace {other.namespace}, this "
                        f"one wants {step.chart} {step.chart_version} there"
                    )
                continue
            if (step.namespace, step.release) == (other.namespace, other.release):
                found.append(f"network {name} has a release {other.namespace}/{other.release} too")
                continue
            both = {item.ref for item in step.expects} & {item.ref for item in other.expects}
            found += [
                f"{ref.kind} {ref.name} belongs to {other.namespace}/{other.release} of network {name}"
                for ref in sorted(both)
                if ref.namespace is None
            ]
            hosts = {(e.host, e.port) for e in step.endpoints if e.exposed}
            taken = {(e.host, e.port) for e in other.endpoints if e.exposed}
            found += [f"{host}:{port} leads to network {name} already" for host, port in sorted(hosts & taken)]
    return list(dict.fromkeys(found))
