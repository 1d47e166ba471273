"""What holds for every plan: nothing is needed that nobody makes, nothing is made twice, no key leaves home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

from hypothesis import given, settings

from bevel_tui.network.model import Network
from bevel_tui.network.rules import problems
from bevel_tui.platforms import ids
from bevel_tui.platforms.registry import platform
from bevel_tui.records.steps import HandoffStep, KeysStep, ObjectRef, ReleaseStep, SecretStep, SecretValue, Step
from tests.contract.summaries import workload
from tests.platforms.networks import networks

WORKLOADS = ("Job", "StatefulSet", "Deployment")


def barriers(network: Network) -> set[str]:
    """Steps that gateways plan."""
    kinds = (ids.gateway_crds_id, ids.gateway_ready_id, ids.address_step_id, ids.dns_step_id)
    return {kind(cluster.name) for cluster in network.clusters for kind in kinds}


def ancestors(steps: Mapping[str, Step], step: Step) -> set[str]:
    """Ids of all steps that a step needs, directly or not."""
    seen: set[str] = set()
    queue = list(step.needs)
    while queue:
        need = queue.pop()
        if need not in seen:
            seen.add(need)
            queue += steps[need].needs if need in steps else ()
    return seen


def made_by(step: Step) -> Iterator[ObjectRef]:
    """Objects that are there once a step is done."""
    if isinstance(step, ReleaseStep):
        yield from (e.ref for e in step.expects if e.hook is None)
        yield from (p.ref for p in step.produces)
        # pods that a log is read of (a StatefulSet's have its name)
        sets = [e.ref for e in step.expects if e.ref.kind == "StatefulSet"]
        yield from (ObjectRef("v1", "Pod", f"{ref.name}-0", ref.namespace) for ref in sets)
    elif isinstance(step, SecretStep | KeysStep):
        yield ObjectRef("v1", "Secret", step.name, step.namespace)
    elif isinstance(step, HandoffStep) and step.target_object is not None:
        yield step.target_object


def acts_in(step: Step) -> str:
    """The cluster in which a step leaves something."""
    return step.target_cluster if isinstance(step, HandoffStep) else step.cluster


@settings(max_examples=60, deadline=None)
@given(networks())
def test_graph(network: Network) -> None:
    assert [p for p in problems(network) if p.severity == "error"] == []
    planned = platform(network.platform.type).steps(network)
    steps = {step.id: step for step in planned}
    assert len(steps) == len(planned)
    needs = {step.id: set(step.needs) for step in planned}
    assert set().union(*needs.values()) <= steps.keys() | barriers(network)
    assert tuple(TopologicalSorter(needs).static_order())
    assert planned == platform(network.platform.type).steps(network)
    for step in planned:
        assert len(set(step.needs)) == len(step.needs)
        organization = next(o for o in network.organizations if o.name == step.organization)
        assert step.managed is False or organization.managed
    if network.gateway.type == "none":
        assert barriers(network).isdisjoint(set().union(*needs.values()))


@settings(max_examples=60, deadline=None)
@given(networks())
def test_pods_find_what_they_mount(network: Network) -> None:
    """Every ConfigMap, Secret, ServiceAccount and StorageClass is there before, or comes with, the release."""
    module = platform(network.platform.type)
    steps = {step.id: step for step in module.steps(network)}
    for step in steps.values():
        if not isinstance(step, ReleaseStep):
            continue

        def left_by(ids: Iterable[str], here: ReleaseStep = step) -> set[tuple[str, str]]:
            return {
                (ref.kind, ref.name)
                for other in ids
                if other in steps and acts_in(steps[other]) == here.cluster
                for ref in made_by(steps[other])
                if ref.namespace in (None, here.namespace)
            }

        there, ever = left_by((step.id, *ancestors(steps, step))), left_by(steps)
        assert {(ref.kind, ref.name) for ref in step.awaits} <= there
        for manifest in module.manifests(step):
            if manifest["kind"] not in WORKLOADS:
                continue
            pods = workload(manifest)
            wanted = {tuple(need.split("/")) for need in pods["needs"]}
            if pods["account"] is not None:  # else the namespace's default one
                wanted.add(("ServiceAccount", pods["account"]))
            for claim in manifest["spec"].get("volumeClaimTemplates", ()):
                wanted.add(("StorageClass", claim["spec"]["storageClassName"]))
            name = manifest["metadata"]["name"]
            # what becomes ready later (facts A1.1, 2.2) may find later what it mounts
            found = ever if name in {ref.name for ref in step.later} else there
            assert wanted <= found, (step.id, name, wanted - found)


@settings(max_examples=60, deadline=None)
@given(networks())
def test_no_object_belongs_to_two_releases(network: Network) -> None:
    """Helm refuses an object of another release (G03); StorageClasses are cluster-wide."""
    owners: dict[tuple[str, ObjectRef], str] = {}
    for step in platform(network.platform.type).steps(network):
        if isinstance(step, ReleaseStep):
            for expected in step.expects:
                owner = owners.setdefault((step.cluster, expected.ref), step.id)
                assert owner == step.id, expected.ref


@settings(max_examples=60, deadline=None)
@given(networks())
def test_handoffs_carry_public_material_that_is_there(network: Network) -> None:
    module = platform(network.platform.type)
    steps = {step.id: step for step in module.steps(network)}
    for step in steps.values():
        if not isinstance(step, HandoffStep):
            continue
        before = [steps[need] for need in ancestors(steps, step) if need in steps]
        sources = [s for s in before if step.source in set(made_by(s))]
        assert sources, f"{step.id}: nobody makes {step.source}"
        products = [p for s in sources if isinstance(s, ReleaseStep) for p in s.produces if p.ref == step.source]
        keys = {step.key} if step.key else set(step.keep)
        assert keys
        for product in products:
            assert keys <= set(product.keys)
            # single fields may leave a key that is private as a whole
            assert keys.isdisjoint(product.private) or step.keep_fields
        assert not [f for f in step.keep_fields if not f.endswith(("_id", "_addr"))]
        assert step.log is None or step.policy == "frozen"
        if step.target_object is not None:
            assert (step.target_step, step.target_file) == (None, None)
            namespace = ids.namespace_id(step.target_cluster, str(step.target_object.namespace))
            assert namespace in step.needs
            continue
        target = steps[step.target_step or ""]
        assert isinstance(target, ReleaseStep)
        assert (step.id in target.needs, step.target_file in target.files) == (True, True)
        assert step.target_cluster == target.cluster
    files = [(s.id, file) for s in steps.values() if isinstance(s, ReleaseStep) for file in s.files]
    handed = [(s.target_step, s.target_file) for s in steps.values() if isinstance(s, HandoffStep) and s.target_step]
    assert sorted(files) == sorted(handed)  # type: ignore[type-var]


@settings(max_examples=60, deadline=None)
@given(networks())
def test_endpoints_are_told_apart(network: Network) -> None:
    endpoints = [
        e for s in platform(network.platform.type).steps(network) if isinstance(s, ReleaseStep) for e in s.endpoints
    ]
    assert len({e.id for e in endpoints}) == len(endpoints)
    if network.platform.type == "indy":
        # addresses, not names; at node ports without a gateway (facts A4.3)
        assert all(e.exposed for e in endpoints)
        assert {e.node_port for e in endpoints} == {network.gateway.type == "none"}
        assert len({(e.cluster, e.port) for e in endpoints}) == len(endpoints)
        return
    exposed = network.gateway.type != "none"
    assert {e.exposed for e in endpoints} == {exposed}
    if exposed:
        assert len({(e.host, e.port) for e in endpoints}) == len(endpoints)
        domains = {c.name: c.domain for c in network.clusters}
        assert all(e.host.endswith(f".{domains[e.cluster]}") for e in endpoints)


@settings(max_examples=60, deadline=None)
@given(networks())
def test_references_stay_references(network: Network) -> None:
    """No secret of the preset is a plain string in values; the registry's login is in its SecretStep alone."""

    def strings(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            for item in value.values():
                yield from strings(item)
        elif isinstance(value, list | tuple):
            for item in value:
                yield from strings(item)
        elif isinstance(value, str):
            yield value

    for step in platform(network.platform.type).steps(network):
        if isinstance(step, SecretStep):
            # Corda's nodes mount a login whether there is one or not (facts I, C09)
            assert all(isinstance(v, SecretValue) or v == "none" for k, v in step.data if k != "server")
        if isinstance(step, ReleaseStep):
            assert not {"TOKEN", "ca.pem", "GIT"} & set(strings(step.values))
