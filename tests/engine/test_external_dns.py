"""Mode external-dns: the gateway's Service says the names, also one that is not ours, and no record outlives its gateway."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import looptime  # noqa: F401 - its marker makes time virtual
import pytest

from bevel_tui.engine import withdrawing
from bevel_tui.engine.announcing import lacking, names_of, names_on
from bevel_tui.engine.changes import changes
from bevel_tui.engine.decide import Decision
from bevel_tui.engine.removal import removal_needs
from bevel_tui.engine.rights import needs
from bevel_tui.kube.client import ApiError
from bevel_tui.reachability.names.externaldns import ANNOTATION
from bevel_tui.records.steps import DnsStep, ObjectRef
from bevel_tui.survey.access import Need

pytestmark = pytest.mark.looptime(start=0)

EDGE = ObjectRef("v1", "Service", "gateway", "gateway-ns")
OTHERS = "*.other.example.org.,www.example.org."


def controller(*more: str, ready: int = 1, zone: str = "example.com") -> dict[str, Any]:
    args = ["--source=service", f"--domain-filter={zone}", "--txt-owner-id=n-east", *more]
    container = {"name": "c", "image": "registry.k8s.io/external-dns/external-dns:v0.21.0", "args": args}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "external-dns", "namespace": "external-dns"},
        "spec": {"template": {"spec": {"serviceAccountName": "external-dns", "containers": [container]}}},
        "status": {"readyReplicas": ready},
    }


@pytest.fixture
def edge(world: Any) -> Any:
    """The world, with a gateway in east that somebody else has installed, and an external-dns that works in rounds."""
    world.plan = replace(
        world.plan,
        steps=tuple(
            replace(step, mode="external-dns", annotate=True) if isinstance(step, DnsStep) else step
            for step in world.plan.steps
            if step.id not in {"east/gateway-ns", "east/gateway-ns/gateway"}
        ),
    )
    world.plan = world.plan.changed("east/address", needs=())
    east = world.clusters["east"]
    east.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gateway-ns"}})
    east.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "gateway", "namespace": "gateway-ns", "annotations": {ANNOTATION: OTHERS}},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        }
    )
    east.put(controller())
    world.reach.controller = lambda domain: f"*.{domain}" in {n.strip(".") for n in names(world)}
    return world


def names(world: Any) -> tuple[str, ...]:
    return names_on(world.clusters["east"].objects["v1", "Service", "gateway-ns", "gateway"])


def finished(events: list[Any]) -> dict[str, Any]:
    return {event.step: event for event in events if event.type == "step-finished"}


def notices(events: list[Any], level: str = "info") -> list[str]:
    return [event.text for event in events if event.type == "notice" and event.level == level]


def test_what_a_service_must_carry() -> None:
    step = DnsStep(id="d", cluster="east", domain="e.example.com", hosts=("a.b.e.example.com", "ca.example.org"))
    assert names_of(step) == ("*.e.example.com", "ca.example.org")
    service = {"metadata": {"annotations": {ANNOTATION: " *.e.example.com. , x.example.com,"}}}
    assert names_on(service) == ("*.e.example.com.", "x.example.com")
    assert lacking(step, service) == ("ca.example.org",)
    assert lacking(step, None) == names_of(step)


async def test_a_gateway_of_others_gets_the_name_and_loses_only_that(edge: Any) -> None:
    events = await edge.run()
    assert events[-1].exit_code == 0
    assert names(edge) == ("*.other.example.org.", "www.example.org.", "*.east.example.com.")
    assert finished(events)["east/dns"].outcome == "ok"
    assert any("gateway-ns/gateway is annotated with *.east.example.com" in text for text in notices(events))
    before = edge.versions()
    again = await edge.run()
    assert again[-1].exit_code == 0
    assert finished(again)["east/dns"].outcome == "unchanged"
    assert edge.versions() == before, "a run that finds all as planned writes nothing, no Lease either"
    gone = await edge.run("destroy")
    assert gone[-1].exit_code == 0
    assert ",".join(names(edge)) == OTHERS
    assert finished(gone)["east/dns"].outcome == "ok"
    assert notices(gone, "warning") == []


async def test_the_gate_says_why_external_dns_will_not_make_what_it_waits_for(edge: Any) -> None:
    edge.reach.delay = 5.0
    edge.reach.hindrance = "no external-dns runs in the cluster"
    events = await edge.run()
    assert events[-1].exit_code == 0, "somebody has made the record in another way"
    assert notices(events, "warning") == ["DNS: no external-dns runs in the cluster. Install it."]
    (waits,) = [e.waiting_for for e in events if e.type == "step-waiting" and e.step == "east/dns"]
    assert waits == ("somebody to create them", edge.reach.hindrance)
    # nothing to say of one that does its work, nor where nobody waits
    edge.reach.hindrance = ""
    assert notices(await edge.run(), "warning") == []
    edge.reach.delay, edge.reach.examined = 0.0, 0
    await edge.run()
    assert edge.reach.examined == 0


async def test_somebody_quicker_is_not_overwritten(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    east = edge.clusters["east"]
    write, beaten = east.replace, []

    async def beaten_twice(obj: Any, **more: Any) -> Any:
        if obj["kind"] == "Service" and len(beaten) < 2:
            beaten.append(obj)
            theirs = copy.deepcopy(east.objects["v1", "Service", "gateway-ns", "gateway"])
            theirs["metadata"]["annotations"][ANNOTATION] += f",more-{len(beaten)}.example.org"
            east.put(theirs)
        return await write(obj, **more)

    monkeypatch.setattr(east, "replace", beaten_twice)
    assert (await edge.run())[-1].exit_code == 0
    assert len(beaten) == 2
    assert names(edge)[-3:] == ("more-1.example.org", "more-2.example.org", "*.east.example.com.")


async def test_a_service_that_never_holds_still_fails_the_step_and_says_so(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    east = edge.clusters["east"]
    write, tries = east.replace, []

    async def always(obj: Any, **more: Any) -> Any:
        if obj["kind"] == "Service":
            tries.append(obj)
            raise ApiError(409, "Conflict", "the object has been modified")
        return await write(obj, **more)

    monkeypatch.setattr(east, "replace", always)
    ended = finished(await edge.run())["east/dns"]
    assert ended.outcome == "failed"
    assert "has been modified" in ended.reason
    assert len(tries) == 5


async def test_an_annotation_alone_is_a_change_with_its_rights_and_a_lease(edge: Any) -> None:
    await edge.run()
    service = copy.deepcopy(edge.clusters["east"].objects["v1", "Service", "gateway-ns", "gateway"])
    service["metadata"]["annotations"][ANNOTATION] = OTHERS
    edge.clusters["east"].put(service)
    (change,) = await changes(edge.network, edge.plan, parts=edge.parts)
    assert (change.step, change.action) == ("east/dns", "update")
    assert "gateway-ns/gateway does not name *.east.example.com for external-dns" in change.cause
    edge.clusters["east"].denied = {("update", "services")}
    refused = await edge.run()
    assert refused[-1].exit_code == 3
    assert "namespace gateway-ns: update services" in str(refused[-1].error)
    assert names(edge) == ("*.other.example.org.", "www.example.org."), "nothing was changed"
    edge.clusters["east"].denied = set()
    edge.clusters["east"].writes.clear()
    assert (await edge.run())[-1].exit_code == 0
    written = [kind for _, kind, _ in edge.clusters["east"].writes]
    assert written.index("Lease") < written.index("Service")


def test_rights_for_a_gateway_that_is_there(edge: Any) -> None:
    steps = edge.plan.steps
    idle = {step.id: Decision("none", "") for step in steps}
    assert needs(steps, idle) == {}
    asked = needs(steps, {**idle, "east/dns": Decision("update", "it lacks the name")})
    assert set(asked) == {"east"}
    services = {need.verb for need in asked["east"] if need.resource == "services"}
    assert services == {"get", "list", "watch", "update"}
    assert Need("gateway-ns", "", "events", "watch") in asked["east"]
    other = needs(steps, {**idle, "east/alpha": Decision("create", "")})
    assert Need("gateway-ns", "", "services", "update") not in other["east"], "only where it is written"


# ---------------------------------------------------------------- what stays behind


async def test_a_removal_waits_for_external_dns(edge: Any) -> None:
    import asyncio

    await edge.run()
    loop = asyncio.get_running_loop()
    until: list[float] = []

    def slowly(domain: str) -> bool:
        if f"*.{domain}." in names(edge):
            return True
        until.append(loop.time() + 40) if not until else None
        return loop.time() < until[0]

    edge.reach.controller = slowly
    events = await edge.run("destroy")
    assert events[-1].exit_code == 0
    waits = [e.waiting_for for e in events if e.type == "step-waiting" and e.step == "east/dns"]
    assert waits == [("external-dns to remove the records of east.example.com",)]
    assert "DNS: *.east.example.com is gone" in notices(events)
    assert finished(events)["east/dns"].duration >= 40


@pytest.mark.parametrize(
    ("broken", "why", "seconds"),
    [
        ("policy", "removes nothing (policy upsert-only)", 0),
        ("filter", "does not look after east.example.com", 0),
        ("ready", "has no ready pod", 0),
        ("absent", "no external-dns runs in the cluster", 0),
        ("idle", "has not removed it in 180 s", withdrawing.PATIENCE),
        ("blind", "no authority can be asked from here", withdrawing.BLIND),
    ],
)
async def test_a_record_that_stays_is_told_of(edge: Any, broken: str, why: str, seconds: float) -> None:
    await edge.run()
    east = edge.clusters["east"]
    edge.reach.controller = lambda domain: True
    edge.reach.blind = broken == "blind"
    if broken == "policy":
        east.put(controller("--policy=upsert-only"))
    elif broken == "filter":
        east.put(controller(zone="example.net"))
    elif broken == "ready":
        east.put(controller(ready=0))
    elif broken == "absent":
        east.remove("apps/v1", "Deployment", "external-dns", "external-dns")
    events = await edge.run("destroy")
    assert events[-1].exit_code == 0, "the network goes all the same"
    (told,) = notices(events, "warning")
    assert "*.east.example.com may still lead to 192.0.2.1" in told
    assert why in told
    assert "by hand" in told
    ended = finished(events)["east/dns"]
    assert why in ended.reason
    assert seconds <= ended.duration < seconds + withdrawing.ROUND + 1
    assert ",".join(names(edge)) == OTHERS


async def test_a_service_that_may_not_be_changed_keeps_its_name_and_that_is_told(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await edge.run()
    east = edge.clusters["east"]
    write = east.replace

    async def forbidden(obj: Any, **more: Any) -> Any:
        if obj["kind"] == "Service":
            raise ApiError(403, "Forbidden", "services is forbidden")
        return await write(obj, **more)

    monkeypatch.setattr(east, "replace", forbidden)
    events = await edge.run("destroy")
    assert events[-1].exit_code == 0
    assert "which we may not change" in notices(events, "warning")[0]


async def test_a_stop_ends_the_wait(edge: Any) -> None:
    from bevel_tui.engine.cancel import Cancellation
    from bevel_tui.engine.run import RunOptions, destroy

    await edge.run()
    edge.reach.controller = lambda domain: True
    cancel = Cancellation()
    ends = {}
    async for event in destroy(edge.network, edge.plan, RunOptions(), cancel=cancel, parts=edge.parts):
        if event.type == "step-waiting" and event.step == "east/dns":
            cancel.request()
        if event.type == "step-finished":
            ends[event.step] = event.outcome
    assert ends["east/dns"] == "cancelled"
    assert event.exit_code == 130


# ---------------------------------------------------------------- our own gateway


@pytest.fixture
def own(world: Any) -> Any:
    """The world with its own gateway, whose chart does not annotate (as after a removal that was broken off)."""
    world.plan = world.plan.changed("east/dns", mode="external-dns")
    world.clusters["east"].put(controller())
    world.reach.controller = lambda domain: (
        (service := world.clusters["east"].objects.get(("v1", "Service", "gateway-ns", "gateway"))) is not None
        and f"*.{domain}." in names_on(service)
    )
    return world


async def test_our_own_gateway_goes_after_the_record(own: Any) -> None:
    assert (await own.run())[-1].exit_code == 0
    assert names(own) == ("*.east.example.com.",)
    before = removal_needs(own.plan.steps)
    assert "east/dns" in before["east/gateway-ns/gateway"]
    events = await own.run("destroy")
    assert events[-1].exit_code == 0
    order = [event.step for event in events if event.type == "step-finished"]
    assert order.index("east/dns") < order.index("east/gateway-ns/gateway")
    assert notices(events, "warning") == []


async def test_a_helm_release_keeps_no_mark_of_ours(own: Any) -> None:
    """Else Helm's next server-side apply is a conflict with us."""
    from bevel_tui.engine.announcing import announce, unannounce
    from bevel_tui.engine.context import Access

    await own.run()
    east = own.clusters["east"]
    service = copy.deepcopy(east.objects["v1", "Service", "gateway-ns", "gateway"])
    helm = {
        "manager": "helm",
        "operation": "Apply",
        "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{ANNOTATION}": {}}}},
    }
    ours = {**helm, "manager": "python", "operation": "Update"}
    service["metadata"]["annotations"] = {"meta.helm.sh/release-name": "gateway"}
    service["metadata"]["managedFields"] = [helm, ours]
    east.put(service)
    step = next(s for s in own.plan.steps if isinstance(s, DnsStep))
    access = Access("east", "east", None, east)  # type: ignore[arg-type]
    assert await announce(access, step, EDGE)
    assert east.objects["v1", "Service", "gateway-ns", "gateway"]["metadata"]["managedFields"] == [helm]
    assert await unannounce(access, step, EDGE)
    assert not await unannounce(access, step, EDGE)
    assert not await announce(access, step, ObjectRef("v1", "Service", "none", "gateway-ns"))


async def test_a_domain_that_the_preset_has_no_more_goes_while_the_controller_still_looks_after_it(
    edge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bevel_tui.engine.options import RunOptions
    from bevel_tui.engine.run import deploy

    def planner(network: Any, past: Any = None) -> Any:
        domain = network.cluster("east").domain
        return edge.plan.changed("east/dns", domain=domain, hosts=(f"v1rpc.{domain}",))

    monkeypatch.setattr("bevel_tui.plan.build.build", planner)

    async def run(domain: str) -> list[Any]:
        document = edge.network.model_dump(mode="json", by_alias=True, exclude_none=True)
        document["clusters"][0]["domain"] = domain
        options = RunOptions(allow_destructive=("genesis",))
        stream = deploy(type(edge.network).model_validate(document), None, options, parts=edge.parts)
        return [event async for event in stream]

    assert (await run("east.example.com"))[-1].exit_code == 0
    genesis = {
        "name": "besu-genesis",
        "namespace": "alpha-bes",
    }  # else the ledger was never founded, and nothing is former
    edge.clusters["east"].put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": genesis})
    moved = await run("new.example.com")
    assert moved[-1].exit_code == 0
    order = [event.step for event in moved if event.type == "step-finished"]
    assert order.index("remove/east/dns") < order.index("east/dns")
    assert names(edge)[-1] == "*.new.example.com."
    assert "*.east.example.com." not in names(edge)


async def test_a_look_at_the_domains_says_it_too(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bevel_tui.engine import run
    from bevel_tui.engine.domains import domains

    whole = run.run_of
    # the plan of this world's edge, not the one that its network would have
    monkeypatch.setattr(run, "run_of", lambda command, network, _, *rest: whole(command, network, edge.plan, *rest))
    await edge.run()
    edge.reach.delay = 5.0
    edge.reach.hindrance = "no external-dns runs in the cluster"
    (state,) = await domains(edge.network, parts=edge.parts)
    assert (state.ready, state.hindrance) == (False, "no external-dns runs in the cluster. Install it.")
    edge.reach.delay = 0.0
    (state,) = await domains(edge.network, parts=edge.parts)
    assert (state.ready, state.hindrance) == (True, "")
