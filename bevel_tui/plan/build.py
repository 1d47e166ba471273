"""Network -> Plan: asks the platform and the gateway for their steps and joins them.

What is added here belongs to neither: the order among releases of one lane, barriers that turn out to be empty, and
the check of every cluster. No kubeconfig is read and no secret reference resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bevel_tui.gateways import externaldns
from bevel_tui.gateways.registry import MODULES as GATEWAYS
from bevel_tui.gateways.registry import gateway
from bevel_tui.network.model import Network
from bevel_tui.network.names import releases
from bevel_tui.network.naming import founder, namespace_of
from bevel_tui.network.past import Past, grown_ports
from bevel_tui.plan.graph import Plan, ordered
from bevel_tui.plan.sides import notes as border
from bevel_tui.plan.sides import sided
from bevel_tui.platforms import growth
from bevel_tui.platforms.ids import (
    address_step_id,
    check_step_id,
    dns_step_id,
    gateway_crds_id,
    gateway_ready_id,
    release_id,
)
from bevel_tui.platforms.registry import MODULES as PLATFORMS
from bevel_tui.platforms.registry import platform
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import CheckStep, Endpoint, HandoffStep, ReleaseStep, Step

#: nominal seconds of a cluster's check
CHECK_SECONDS = 1.0


def build(network: Network, past: Past | None = None) -> Plan:
    """The plan of a network; equal for equal networks and pasts. `past` is what a network that runs remembers.

    Raises BevelError(PRESET_INVALID) with all problems if a rule forbids the network, and PlanError for a bug of
    ours.
    """
    notes = _judged(network)
    if past is None:
        declared = list(platform(network.platform.type).steps(network))
    else:
        declared = growth.steps(network, past, grown_ports(network, past.ports))
    declared = made_once(network, declared)
    endpoints = tuple(e for step in declared if isinstance(step, ReleaseStep) for e in step.endpoints)
    module = gateway(network.gateway.type)
    by_cluster: dict[str, list[Endpoint]] = {cluster.name: [] for cluster in network.clusters}
    for endpoint in endpoints:
        by_cluster[endpoint.cluster].append(endpoint)
    for cluster in network.clusters:
        declared += module.steps(network, cluster, by_cluster[cluster.name])
        declared += externaldns.steps(network, cluster, by_cluster[cluster.name])
    declared = without_empty_barriers(network, declared)
    declared = in_lanes(declared)
    declared += checks(network, declared, by_cluster)
    declared = sided(network, declared)
    about = module.about(network)
    return Plan(
        network_name=network.name,
        platform=network.platform.type,
        gateway=about.title,
        steps=ordered(declared),
        endpoints=endpoints,
        notes=(*notes, *((about.notice,) if about.notice else ()), *border(network, declared)),
    )


def _judged(network: Network) -> tuple[str, ...]:
    """The warnings of the rules. Raises BevelError(PRESET_INVALID) for their errors."""
    from bevel_tui.network.problem import where
    from bevel_tui.network.rules import problems

    found = problems(network)
    errors = tuple(f"{where(p.path)}: {p.message}" for p in found if p.severity == "error")
    if not errors and network.platform.type not in PLATFORMS:
        errors = (f"platform.type: this version cannot deploy {network.platform.type} yet",)
    if not errors and network.gateway.type not in GATEWAYS:
        errors = (f"gateway.type: this version cannot set up {network.gateway.type} yet",)
    if errors:
        raise BevelError(
            Code.PRESET_INVALID,
            f"network {network.name} cannot be planned: {len(errors)} problem{'s' if len(errors) > 1 else ''}",
            details=errors,
        )
    return tuple(p.message for p in found)


def made_once(network: Network, steps: Iterable[Step]) -> list[Step]:
    """The founder's genesis is never made again: an upgrade of it could only part its nodes from all others."""
    first = founder(network)
    names = {
        release_id(first.cluster, namespace_of(network, first), release.name)
        for release in releases(network, first)
        if release.role == "genesis"
    }
    return [replace(step, once=True) if isinstance(step, ReleaseStep) and step.id in names else step for step in steps]


def without_empty_barriers(network: Network, steps: Sequence[Step]) -> list[Step]:
    """Drop needs on a cluster's CRDs, gateway, address or DNS where it has none (gateway none, existing, no CRDs).

    Only these ids may be absent: any other need that names no step stays, and is an error later.
    """
    there = {step.id for step in steps}
    barriers = {
        name(cluster.name)
        for cluster in network.clusters
        for name in (gateway_crds_id, gateway_ready_id, address_step_id, dns_step_id)
    } - there
    return [
        replace(step, needs=tuple(need for need in step.needs if need not in barriers))
        if not barriers.isdisjoint(step.needs)
        else step
        for step in steps
    ]


def in_lanes(steps: Sequence[Step]) -> list[Step]:
    """Let each release of a lane need the one before it, so that they run one at a time.

    The order is that in which they were declared, as far as their other needs allow; so no circle can arise.
    """
    position = {step.id: index for index, step in enumerate(steps)}
    last: dict[str, str] = {}
    previous: dict[str, str] = {}
    for step in ordered(steps, rank=lambda s: position[s.id]):
        if isinstance(step, ReleaseStep) and step.lane is not None:
            if step.lane in last:
                previous[step.id] = last[step.lane]
            last[step.lane] = step.id
    return [
        replace(step, needs=(*step.needs, previous[step.id]))
        if step.id in previous and previous[step.id] not in step.needs
        else step
        for step in steps
    ]


def checks(network: Network, steps: Iterable[Step], endpoints: dict[str, list[Endpoint]]) -> list[CheckStep]:
    """One check per cluster with endpoints, as early as it can be answered.

    It needs all that stands in that cluster, and its names. What other clusters still do, it need not wait for: a
    probe asks one component at a time, and those answer by themselves once their release is ready.
    """
    # what is carried away to another cluster is not this one's business
    standing = [step for step in steps if not isinstance(step, HandoffStep)]
    cluster_of = {step.id: step.cluster for step in standing}
    followed = {need for step in standing for need in step.needs if cluster_of.get(need) == step.cluster}
    found = []
    for cluster in network.clusters:
        own = endpoints[cluster.name]
        if not own:
            continue
        found.append(
            CheckStep(
                id=check_step_id(cluster.name),
                cluster=cluster.name,
                managed=any(o.managed for o in network.organizations if o.cluster == cluster.name),
                # the steps of the cluster that no other one of it builds on: all the rest is done before them
                needs=tuple(sorted(s.id for s in standing if s.cluster == cluster.name and s.id not in followed)),
                estimate=CHECK_SECONDS,
                endpoints=tuple(own),
                domain=cluster.domain if network.gateway.type != "none" else None,
            )
        )
    return found
