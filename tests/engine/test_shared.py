"""Networks that meet in a cluster: one gateway with everybody's ports, nothing taken from anybody, conflicts told first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.engine.shared import Neighbour, Shared, joined, united
from bevel_tui.network.load import load, parse
from bevel_tui.network.past import Past
from bevel_tui.plan.build import build
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import AddressStep, NamespaceStep, ReleaseStep, Step

ONE = load("besu-two-clusters")


def other(**organizations: Any) -> Any:
    """A network of the same two clusters; organizations by name: (cluster, validators, members)."""
    document = yaml.safe_load(open("presets/besu-two-clusters.yaml"))  # noqa: PTH123, SIM115
    document["name"] = "other"
    document["organizations"] = [
        {"name": name, "cluster": cluster, "besu": {"validators": validators, "members": members}}
        for name, (cluster, validators, members) in organizations.items()
    ]
    return parse(yaml.safe_dump(document))


def neighbours(steps: tuple[Step, ...], name: str = "besu-two-clusters") -> dict[str, tuple[Neighbour, ...]]:
    return {
        cluster: (Neighbour(name, tuple(s for s in steps if s.cluster == cluster)),) for cluster in ("east", "west")
    }


def ports(steps: tuple[Step, ...], cluster: str) -> list[int]:
    gateway = next(s for s in steps if s.id == f"{cluster}/gateway")
    assert isinstance(gateway, ReleaseStep)
    return [port["port"] for port in gateway.values["service"]["ports"]]


def test_the_gateway_has_the_ports_of_all_and_is_the_same_whoever_asks() -> None:
    first = build(ONE, Past.of(ONE))
    second = other(ledgerco=("west", 4, 0), delta=("east", 0, 1))
    shared = Shared(neighbours(first.steps))
    past = Past.of(second, shared.taken())
    assert set(past.ports.values()).isdisjoint(shared.taken()["east"] | shared.taken()["west"]) or all(
        port not in shared.taken()[cluster] for (cluster, _, _), port in past.ports.items()
    )
    plan = build(second, past)
    owners = {("east", "ambassador", "emissary-ingress"): "besu-two-clusters"}
    there = replace(shared, owners=owners)
    mine = joined(plan.steps, there, "other")
    assert ports(mine, "east") == sorted({*ports(first.steps, "east"), *ports(plan.steps, "east")})
    theirs = joined(first.steps, Shared(neighbours(plan.steps, "other"), owners), "besu-two-clusters")
    values = [next(s for s in steps if s.id == "east/gateway").values for steps in (mine, theirs)]  # type: ignore[attr-defined]
    assert values[0] == values[1]
    gateway = next(s for s in mine if s.id == "east/gateway")
    assert there.owner(gateway, "other") == "besu-two-clusters"
    assert Shared().owner(gateway, "other") == "other"


def test_what_another_network_needs_stays() -> None:
    plan = build(ONE, Past.of(ONE))
    shared = Shared(neighbours(build(other(x=("east", 4, 1))).steps, "other"))
    used = {s.id for s in plan.steps if shared.used_by(s)}
    assert used == {
        "east/ambassador", "east/emissary-system", "east/crds", "east/gateway",
        "east/ambassador/bevel-gateway-defaults", "east/dns",
    }  # fmt: skip
    unreadable = Shared({"west": (Neighbour("newer", readable=False),)})
    assert {s.id for s in plan.steps if unreadable.used_by(s)} >= {"west/crds", "west/gateway"}
    assert not any(unreadable.used_by(s) for s in plan.steps if s.cluster == "east")


def test_who_uses_a_gateway_that_another_one_brought_counts_on_it() -> None:
    plan = build(ONE)
    address = next(s for s in plan.steps if isinstance(s, AddressStep) and s.cluster == "east")
    shared = Shared({"east": (Neighbour("guest", (address,)),)})
    assert shared.used_by(next(s for s in plan.steps if s.id == "east/gateway")) == "guest"
    namespace = next(s for s in plan.steps if isinstance(s, NamespaceStep) and s.namespace == "ambassador")
    assert shared.used_by(namespace) == "guest"


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (other(late=("east", 4, 0)), "StorageClass storage-validator-1 belongs to supplychain-bes/validator-1"),
        (other(late=("east", 4, 0)), "validator-1rpc.east.example.test:80 leads to network besu-two-clusters already"),
        (other(supplychain=("east", 4, 0)), "has a release supplychain-bes/genesis too"),
    ],
)
def test_networks_that_cannot_be_together_are_told_so(network: Any, words: str) -> None:
    shared = Shared(neighbours(build(ONE).steps))
    with pytest.raises(BevelError) as caught:
        joined(build(network).steps, shared, "other")
    assert caught.value.code is Code.GATEWAY_SHARED
    assert any(words in detail for detail in caught.value.details), caught.value.details


def test_another_edition_of_the_gateway_is_a_conflict() -> None:
    edge = ONE.model_copy(update={"gateway": ONE.gateway.model_copy(update={"edition": "edge-stack"})})
    own = [s for s in build(edge).steps if s.id == "east/gateway"]
    with pytest.raises(BevelError, match="in the way"):
        joined(own, Shared(neighbours(build(ONE).steps)), "other")


PORTS = st.lists(st.integers(1, 9), unique=True).map(lambda found: [{"port": port} for port in sorted(found)])
NAMES = st.lists(st.sampled_from("abc"), unique=True, min_size=1).map(lambda found: ",".join(sorted(found)))
TREES = st.fixed_dictionaries(
    {"service": st.fixed_dictionaries(
        {"ports": PORTS}, optional={"annotations": st.fixed_dictionaries(
            {}, optional={"external-dns.alpha.kubernetes.io/hostname": NAMES}
        )}
    )}
)  # fmt: skip


@given(TREES, TREES, TREES)
def test_joining_forgets_nothing_and_the_order_does_not_count(one: Any, two: Any, three: Any) -> None:
    first = united(united(one, two), three)
    assert first == united(united(one, three), two)
    assert united(first, two) == first
    wanted = {p["port"] for tree in (one, two, three) for p in tree["service"]["ports"]}
    assert [p["port"] for p in first["service"]["ports"]] == sorted(wanted)
