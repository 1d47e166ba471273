"""Besu and GoQuorum networks that have changed since their genesis: what was made then stays, votes come in between.

The genesis release keeps the values that it was installed with. A validator that the genesis does not know gets keys
of its own and is voted in; one that is no longer wanted is voted out before it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bevel_tui.network.ethereum import ethereum_roles
from bevel_tui.network.model import Network
from bevel_tui.network.names import p2p_ports, releases
from bevel_tui.network.naming import PortMap, founder, full_name, namespace_of
from bevel_tui.network.past import Past, validators_of
from bevel_tui.platforms import besu, quorum
from bevel_tui.platforms.ethereum_votes import Candidate, vote
from bevel_tui.platforms.ids import release_id, secret_id
from bevel_tui.platforms.quorum_manifests import keys_name
from bevel_tui.records.steps import ObjectRef, ReleaseStep, Step


def steps(network: Network, past: Past, ports: PortMap) -> list[Step]:
    """All steps of a network with that past but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
    module = quorum if network.platform.type == "quorum" else besu
    founded = with_validators(network, past.first_validators)
    original = module.steps(founded, {**p2p_ports(founded), **ports})
    return grow(network, past, module.steps(network, ports), original)


def with_validators(network: Network, count: int) -> Network:
    """The network with `count` validators at its founder."""
    first = founder(network)
    roles = ethereum_roles(network, first).model_copy(update={"validators": count})
    changed = first.model_copy(update={network.platform.type: roles})
    return network.model_copy(update={"organizations": (changed, *network.organizations[1:])})


def grow(network: Network, past: Past, planned: Sequence[Step], founded: Sequence[Step]) -> list[Step]:
    """`planned` with the genesis of `founded`, whose validators are the genesis', and with the votes that are needed."""
    first = founder(network)
    namespace = namespace_of(network, first)
    genesis = release_id(first.cluster, namespace, "genesis")
    original = next(step for step in founded if step.id == genesis)
    steps = [original if step.id == genesis else step for step in planned]
    known, wanted = past.first_validators, validators_of(network)
    names = validator_names(network, max(known, wanted, past.validators))
    found: list[Step] = []
    for step in steps:
        index = names.index(step.release) if isinstance(step, ReleaseStep) and step.release in names else -1
        if network.platform.type == "quorum" and index >= known and step.namespace == namespace:
            id_ = secret_id(first.cluster, namespace, keys_name(names[index], namespace))
            keys = quorum.keys_step(network, first, names[index], id_)
            found += [keys, replace(step, needs=(*step.needs, keys.id))]
        else:
            found.append(step)
    previous: tuple[str, ...] = ()
    for index in range(min(known, wanted), len(names)):
        joins = index < wanted
        if joins and index < known:
            continue
        candidate = Candidate(names[index], joins, _address(network, namespace, names[index]))
        voters = names[: min(index, wanted)]
        last = names[index] if joins else voters[-1]
        needs = (release_id(first.cluster, namespace, last), *previous)
        step = vote(network, first, candidate, voters, needs)
        found.append(step)
        previous = (step.id,)
    return found


def validator_names(network: Network, count: int) -> list[str]:
    """Names of the founder's validators, by index."""
    largest = with_validators(network, count)
    return [r.name for r in releases(largest, founder(largest)) if r.role == "validator"]


def _address(network: Network, namespace: str, node: str) -> tuple[ObjectRef, str]:
    """Where the address of a node stands: Besu's genesis and hooks write a ConfigMap, GoQuorum's keys hold it."""
    if network.platform.type == "besu":
        return ObjectRef("v1", "ConfigMap", f"{full_name('besu-node', node)}-address", namespace), "address"
    return ObjectRef("v1", "Secret", keys_name(node, namespace), namespace), "address"
