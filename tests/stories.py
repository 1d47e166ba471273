"""A run as it could have been, event by event, for every view to show."""

from __future__ import annotations

from collections.abc import Callable

from bevel_tui.records.checks import CheckResult
from bevel_tui.records.events import (
    AddressKnown,
    AnyEvent,
    CheckDone,
    DnsReady,
    DnsRecord,
    DnsWaiting,
    EndpointSummary,
    FindingRaised,
    HandoffMoved,
    LogLine,
    Notice,
    PlannedStep,
    ReleaseApplied,
    ResourceChanged,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    StepWaiting,
)
from bevel_tui.records.findings import Finding

#: 2025-03-01 12:00:00 UTC
T0 = 1740830400.0


def planned() -> tuple[PlannedStep, ...]:
    steps = []
    for cluster, org in (("east", "supplychain"), ("west", "carrier")):
        ns = f"{org}-bes"
        steps += [
            PlannedStep(id=f"{cluster}/gateway", kind="release", cluster=cluster, release="edge-stack", chart="emissary-ingress", estimate=10),
            PlannedStep(id=f"{cluster}/address", kind="address", cluster=cluster, needs=(f"{cluster}/gateway",), estimate=5),
            PlannedStep(id=f"{cluster}/dns", kind="dns", cluster=cluster, needs=(f"{cluster}/address",), estimate=20),
            PlannedStep(id=f"{cluster}/{ns}", kind="namespace", cluster=cluster, namespace=ns, organization=org, estimate=0.1),
        ]  # fmt: skip
    east, west = "east/supplychain-bes", "west/carrier-bes"
    steps.append(_release("east", "supplychain", "genesis", "besu-genesis", (east,), 12))
    for i in range(4):
        needs = (f"{east}/genesis", "east/dns") if i == 0 else (f"{east}/validator-{i - 1}",)
        steps.append(_release("east", "supplychain", f"validator-{i}", "besu-node", needs, 15))
    steps.append(
        PlannedStep(id="handoff/genesis/east->west", kind="handoff", cluster="west", needs=(f"{east}/genesis",), estimate=0.5)
    )  # fmt: skip
    needs = (west, "west/dns", "handoff/genesis/east->west", f"{east}/validator-3")
    steps.append(_release("west", "carrier", "member-0", "besu-node", needs, 15))
    return tuple(steps)


def _release(cluster: str, org: str, name: str, chart: str, needs: tuple[str, ...], estimate: float) -> PlannedStep:
    ns = f"{org}-bes"
    return PlannedStep(
        id=f"{cluster}/{ns}/{name}", kind="release", cluster=cluster, namespace=ns, organization=org, release=name,
        chart=chart, needs=needs, estimate=estimate,
    )  # fmt: skip


CRITICAL = ("east/gateway", "east/address", "east/dns", *(f"east/supplychain-bes/validator-{i}" for i in range(4)), "west/carrier-bes/member-0")  # fmt: skip

IMAGE = Finding(
    code="image-pull", cluster="east", namespace="supplychain-bes", kind="Pod", name="validator-1-0",
    cause="image ghcr.io/hyperledger/besu:23.10.9 does not exist", evidence=("manifest unknown",),
    remedy="Set platform.version to a tag that exists.", terminal=True,
)  # fmt: skip


def healthy_start() -> list[AnyEvent]:
    """Up to the DNS gate: the east waits for its records."""
    east, ns = "east", "supplychain-bes"
    return [
        RunStarted(time=T0, network="supplychain", plan="9c1f", platform="besu", clusters=("east", "west"), simulated=("east", "west"), helm="4.0.0", steps=planned(), critical_path=CRITICAL),
        StepStarted(time=T0, step="east/gateway", kind="release", cluster=east, namespace="ambassador", release="edge-stack", budget=600),
        StepStarted(time=T0, step=f"east/{ns}", kind="namespace", cluster=east, namespace=ns),
        StepStarted(time=T0, step="west/gateway", kind="release", cluster="west", namespace="ambassador", release="edge-stack", budget=600),
        Notice(time=T0, text="stand-in charts are used: the clusters are simulated"),
        StepFinished(time=T0 + 0.2, step=f"east/{ns}", kind="namespace", cluster=east, outcome="ok", duration=0.2),
        ReleaseApplied(time=T0 + 2, step="east/gateway", cluster=east, namespace="ambassador", release="edge-stack", action="install", chart="emissary-ingress", chart_version="8.12.2", chart_source="stand-in", chart_digest="sha256:1", stand_in=True, driver="sdk", revision=1),
        ResourceChanged(time=T0 + 2, step="east/gateway", cluster=east, namespace="ambassador", kind="Deployment", name="edge-stack", state="progressing", message="0/3"),
        StepWaiting(time=T0 + 2, step="east/gateway", cluster=east, waiting_for=("Deployment edge-stack 0/3 ready",)),
        StepStarted(time=T0 + 3, step=f"east/{ns}/genesis", kind="release", cluster=east, namespace=ns, release="genesis"),
        StepWaiting(time=T0 + 4, step="east/gateway", cluster=east, waiting_for=("Deployment edge-stack 2/3 ready",)),
        ResourceChanged(time=T0 + 8, step="east/gateway", cluster=east, namespace="ambassador", kind="Deployment", name="edge-stack", state="ready"),
        StepFinished(time=T0 + 8, step="east/gateway", kind="release", cluster=east, outcome="ok", duration=8),
        StepStarted(time=T0 + 8, step="east/address", kind="address", cluster=east),
        AddressKnown(time=T0 + 9, step="east/address", cluster=east, service="ambassador/edge-stack", addresses=("203.0.113.10",)),
        StepFinished(time=T0 + 9, step="east/address", kind="address", cluster=east, outcome="ok", duration=1),
        StepStarted(time=T0 + 9, step="east/dns", kind="dns", cluster=east),
        DnsWaiting(
            time=T0 + 9, step="east/dns", cluster=east, domain="east.example.com",
            records=(DnsRecord(name="*.east.example.com", type="A", value="203.0.113.10"), DnsRecord(name="east.example.com", type="A", value="203.0.113.10")),
            zone_lines=("*.east.example.com. 300 IN A 203.0.113.10", "east.example.com. 300 IN A 203.0.113.10"),
            servers={"ns1.example.com (192.0.2.1)": "no such name, remembered for 60 s"},
        ),
        StepWaiting(time=T0 + 9, step="east/dns", cluster=east, waiting_for=("somebody to create the records of east.example.com",)),
        StepFinished(time=T0 + 14, step=f"east/{ns}/genesis", kind="release", cluster=east, outcome="ok", duration=11),
        HandoffMoved(time=T0 + 15, step="handoff/genesis/east->west", cluster="west", source="ConfigMap besu-genesis", target="member-0 files/genesis.json", bytes=2816, stripped=("private-key",)),
    ]  # fmt: skip


def failing() -> list[AnyEvent]:
    """The second validator's image cannot be pulled."""
    ns = "supplychain-bes"
    return [
        *healthy_start(),
        DnsReady(time=T0 + 25, step="east/dns", cluster="east", domain="east.example.com", addresses=("203.0.113.10",)),
        StepFinished(time=T0 + 25, step="east/dns", kind="dns", cluster="east", outcome="ok", duration=16),
        StepStarted(time=T0 + 25, step=f"east/{ns}/validator-0", kind="release", cluster="east", namespace=ns, release="validator-0"),
        StepFinished(time=T0 + 40, step=f"east/{ns}/validator-0", kind="release", cluster="east", outcome="ok", duration=15),
        StepStarted(time=T0 + 40, step=f"east/{ns}/validator-1", kind="release", cluster="east", namespace=ns, release="validator-1"),
        ResourceChanged(time=T0 + 41, step=f"east/{ns}/validator-1", cluster="east", namespace=ns, kind="StatefulSet", name="validator-1", state="progressing"),
        FindingRaised(time=T0 + 45, step=f"east/{ns}/validator-1", finding=IMAGE),
        LogLine(time=T0 + 45, step=f"east/{ns}/validator-1", cluster="east", source="kubelet", text="Back-off pulling image"),
    ]  # fmt: skip


def failed() -> list[AnyEvent]:
    """... and that ends the run."""
    ns = "supplychain-bes"
    return [
        *failing(),
        StepFinished(time=T0 + 46, step=f"east/{ns}/validator-1", kind="release", cluster="east", outcome="failed", duration=6, reason=IMAGE.cause, remedy=IMAGE.remedy),
        *(StepFinished(time=T0 + 46, step=f"east/{ns}/validator-{i}", kind="release", cluster="east", outcome="skipped", reason="validator-1 failed") for i in (2, 3)),
        RunFinished(time=T0 + 47, outcome="failed", exit_code=1, duration=47, critical_path=46, steps={"ok": 7, "failed": 1, "skipped": 2}, error="validator-1 failed", remedy=IMAGE.remedy),
    ]  # fmt: skip


def check(id_: str, target: str, status: str = "ok", summary: str = "", **more: object) -> CheckResult:
    return CheckResult(id=id_, cluster="east", target=target, status=status, summary=summary, duration=0.012, **more)  # type: ignore[arg-type]


CHECKS = (
    check("lb-address", "ambassador/edge-stack", summary="the gateway has 203.0.113.10"),
    check("dns-resolves", "validator-0rpc.east.example.com", "failed", "validator-0rpc.east.example.com does not resolve: no such name", evidence=("ns1.example.com (192.0.2.1): no such name",), remedy="Create: *.east.example.com. 300 IN A 203.0.113.10"),
    check("protocol", "http://validator-0rpc.east.example.com", "skipped", "not asked: validator-0rpc.east.example.com does not resolve"),
    check("protocol", "http://validator-1rpc.east.example.com", summary="the node answers: block 42 of chain 1337"),
    check("tls-handshake", "member-0.west.example.com:443", "warning", "verified, but the certificate expires in 10 days", evidence=("TLSv1.3, ALPN h2",)),
)  # fmt: skip

ENDPOINTS = (
    EndpointSummary(id="east/supplychain-bes/validator-0/rpc", cluster="east", organization="supplychain", url="http://validator-0rpc.east.example.com"),
    EndpointSummary(id="west/carrier-bes/member-0/rpc", cluster="west", organization="carrier", url="http://member-0rpc.west.example.com"),
    EndpointSummary(id="west/carrier-bes/member-0/ws", cluster="west", organization="carrier", url="ws://member-0ws.west.example.com", exposed=False),
)  # fmt: skip


def done() -> list[AnyEvent]:
    """Everything stands."""
    events = healthy_start()
    time = T0 + 20
    for step in planned():
        time += 1
        events.append(
            StepFinished(
                time=time, step=step.id, kind=step.kind, cluster=step.cluster, outcome="ok", duration=step.estimate
            )
        )
    events.append(
        DnsReady(time=time, step="east/dns", cluster="east", domain="east.example.com", addresses=("203.0.113.10",))
    )
    events += [CheckDone(time=time, result=result) for result in CHECKS if result.status == "ok"]
    events.append(
        RunFinished(
            time=time + 1,
            outcome="ok",
            exit_code=0,
            duration=72,
            critical_path=68,
            steps={"ok": 15},
            endpoints=ENDPOINTS,
        )
    )
    return events  # fmt: skip


class Story:
    """The runs above, numbered."""

    t0 = T0
    checks = CHECKS
    endpoints = ENDPOINTS

    def __getattr__(self, name: str) -> list[AnyEvent]:
        told: Callable[[], list[AnyEvent]] = {"healthy_start": healthy_start, "failing": failing, "failed": failed, "done": done}[name]  # fmt: skip
        return [event.model_copy(update={"seq": i, "run": "r1"}) for i, event in enumerate(told())]
