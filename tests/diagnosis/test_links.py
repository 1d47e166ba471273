"""Root causes first: chains along what objects need, over clusters, without circles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bevel_tui.diagnosis.diagnose import diagnose
from bevel_tui.diagnosis.links import linked
from bevel_tui.diagnosis.say import say
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import (
    Access,
    ClusterSnapshot,
    LedgerFigures,
    NetworkFacts,
    PlannedEndpoint,
    PlannedStep,
    ReleaseState,
    Snapshot,
)

NOW = 1_767_225_600.0


def at(ago: float) -> str:
    return datetime.fromtimestamp(NOW - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cluster(name: str = "east", logs: dict[str, tuple[str, ...]] | None = None, **objects: Any) -> ClusterSnapshot:
    return ClusterSnapshot(name, NOW, {kind: tuple(found) for kind, found in objects.items()}, logs or {}, name)


def meta(name: str, space: str = "org", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": space, "uid": f"{space}/{name}", "creationTimestamp": at(900), **more}


def codes(snapshot: Snapshot) -> list[tuple[int, str, str]]:
    return [(depth, finding.code, finding.cluster) for depth, finding in diagnose(snapshot).tree()]


def test_a_peer_waits_for_a_secret_because_its_job_fails_because_the_ca_does_not_resolve() -> None:
    """The chain of the issue, over two clusters: the name of the CA in the east has no record."""
    peer = {
        "metadata": meta(
            "peer0-0", "west-org", ownerReferences=[{"kind": "StatefulSet", "name": "peer0", "controller": True}]
        ),
        "spec": {"containers": [], "volumes": [{"name": "msp", "secret": {"secretName": "peer0-msp"}}]},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": at(300)}],
        },
    }
    mount = {
        "metadata": {"name": "e", "namespace": "west-org"},
        "involvedObject": {"kind": "Pod", "name": "peer0-0", "namespace": "west-org", "uid": "west-org/peer0-0"},
        "reason": "FailedMount",
        "message": 'MountVolume.SetUp failed for volume "msp" : secret "peer0-msp" not found',
        "lastTimestamp": at(5),
    }
    job = {
        "metadata": meta("peer0-certs-job", "west-org"),
        "spec": {},
        "status": {
            "conditions": [
                {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at(60)}
            ]
        },
    }
    worker = {
        "metadata": meta("peer0-certs-job-abcde", "west-org", ownerReferences=[{"kind": "Job", "name": "peer0-certs-job", "controller": True}]),
        "spec": {"containers": [{"name": "certs"}]},
        "status": {"phase": "Failed", "containerStatuses": [{"name": "certs", "restartCount": 0, "state": {"terminated": {"exitCode": 1}}}]},
    }  # fmt: skip
    log = ("enrolling", "dial tcp: lookup ca.east-org.east.example.com on 10.96.0.10:53: no such host")
    west = cluster(
        "west", {"west-org/peer0-certs-job-abcde/certs": log}, Pod=[peer, worker], Job=[job], Event=[mount], Secret=[]
    )
    step = PlannedStep(
        "release/west/peer0", "release", "west", "west-org", "west", "peer0",
        renders=("Job/west-org/peer0-certs-job", "StatefulSet/west-org/peer0"), produces=("Secret/west-org/peer0-msp",),
    )  # fmt: skip
    endpoint = PlannedEndpoint("ca", "east", "east", "ca", "ca.east-org.east.example.com", 443, "ca.east-org:7054")
    check = CheckResult(
        id="dns-resolves", cluster="east", target="ca.east-org.east.example.com", status="failed", summary="no server has the name"
    )  # fmt: skip
    network = NetworkFacts(
        "net",
        clusters={"east": "e", "west": "w"},
        steps=(step,),
        endpoints=(endpoint,),
        domains={"east": "east.example.com"},
    )
    found = codes(Snapshot(NOW, (cluster("east"), west), (network,), (check,)))
    assert found == [
        (0, "DNS-RECORD", "east"),
        (1, "POD-RESOLVE", "west"),
        (2, "JOB-BACKOFF", "west"),
        (3, "POD-MOUNT", "west"),
    ]


def test_a_dead_cluster_explains_what_waits_for_it_and_is_judged_no_further() -> None:
    dead = ClusterSnapshot(
        "east",
        NOW,
        {"Node": ({"metadata": {"name": "n"}, "spec": {"unschedulable": True}},)},
        access=Access("unreachable", "no"),
    )
    waiting = {
        "metadata": meta("node-0"),
        "spec": {"containers": [], "volumes": [{"configMap": {"name": "genesis"}}]},
        "status": {"phase": "Pending"},
    }
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "node-0", "namespace": "org", "uid": "org/node-0"},
        "reason": "FailedMount",
        "message": 'MountVolume.SetUp failed for volume "genesis" : configmap "genesis" not found',
        "lastTimestamp": at(5),
    }
    steps = (
        PlannedStep("release/east/genesis", "release", "east", "org", "a", "genesis"),
        PlannedStep(
            "handoff/genesis", "handoff", "west", needs=("release/east/genesis",), produces=("ConfigMap/org/genesis",)
        ),
    )
    network = NetworkFacts("net", clusters={"east": "e", "west": "w"}, steps=steps)
    found = codes(Snapshot(NOW, (dead, cluster("west", Pod=[waiting], Event=[event], ConfigMap=[])), (network,)))
    assert found == [(0, "API-DOWN", "east"), (1, "POD-MOUNT", "west")]


def test_while_a_deployment_is_at_work_waiting_is_legal_unless_there_is_a_cause() -> None:
    lease = {"metadata": meta("bevel-tui-net", "bevel-tui"), "spec": {"holderIdentity": "me", "renewTime": at(5)}}
    pod = {
        "metadata": meta("node-0"),
        "spec": {"containers": [], "volumes": [{"secret": {"secretName": "keys"}}]},
        "status": {"phase": "Pending"},
    }
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "node-0", "namespace": "org", "uid": "org/node-0"},
        "reason": "FailedMount",
        "message": 'MountVolume.SetUp failed for volume "keys" : secret "keys" not found',
        "lastTimestamp": at(5),
    }
    step = PlannedStep(
        "release/keys", "release", "east", "org", "a", "keys", renders=("Job/org/keys",), produces=("Secret/org/keys",)
    )
    network = NetworkFacts("net", clusters={"east": "east"}, steps=(step,))
    well = cluster(Pod=[pod], Event=[event], Secret=[], Lease=[lease], Job=[])
    assert codes(Snapshot(NOW, (well,), (network,))) == []
    failed = {
        "metadata": meta("keys"),
        "spec": {},
        "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]},
    }
    ill = cluster(Pod=[pod], Event=[event], Secret=[], Lease=[lease], Job=[failed])
    assert codes(Snapshot(NOW, (ill,), (network,))) == [(0, "JOB-BACKOFF", "east"), (1, "POD-MOUNT", "east")]
    stale = {**lease, "spec": {**lease["spec"], "renewTime": at(300)}}
    alone = cluster(Pod=[pod], Event=[event], Secret=[], Lease=[stale], Job=[])
    assert codes(Snapshot(NOW, (alone,), (network,))) == [(0, "POD-MOUNT", "east")]


def test_a_release_that_failed_points_at_its_hook() -> None:
    job = {
        "metadata": meta("hook"),
        "spec": {},
        "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]},
    }
    release = ReleaseState("org", "node", 1, "failed", description="failed pre-install")
    step = PlannedStep("release/node", "release", "east", "org", "a", "node", renders=("Job/org/hook",))
    east = ClusterSnapshot("east", NOW, {"Job": (job,)}, releases=(release,))
    network = NetworkFacts("net", clusters={"east": "east"}, steps=(step,))
    assert codes(Snapshot(NOW, (east,), (network,))) == [(0, "JOB-BACKOFF", "east"), (1, "HELM-FAILED", "east")]


def _at(code: str, kind: str, name: str, *blames: str) -> Finding:
    return say(code, "east", kind, name, "a", "b", where="org", blames=blames)


def test_problems_do_not_explain_each_other_in_a_circle() -> None:
    one = _at("POD-CRASH", "Pod", "a", "Pod/org/b")
    other = _at("POD-CRASH", "Pod", "b", "Pod/org/a")
    found = linked(Snapshot(NOW), [one, other])
    assert len(found.roots) == 1 and len(found.findings) == 2


def test_what_is_wrong_with_the_same_thing_is_ordered_by_how_deep_it_lies() -> None:
    found = linked(Snapshot(NOW), [_at("POD-INIT", "Pod", "a"), _at("VLT-DENY", "Pod", "a")])
    assert [(f.code, f.caused_by is None) for f in found.findings] == [("VLT-DENY", True), ("POD-INIT", False)]


def test_names_below_one_domain_are_one_problem() -> None:
    results = tuple(
        CheckResult(
            id="dns-address", cluster="east", target=f"{host}.east.example.com", status="failed", summary="it leads to 192.0.2.9"
        )
        for host in ("a", "b", "c")
    )  # fmt: skip
    endpoint = PlannedEndpoint("rpc", "east", "org", "node", "a.east.example.com", 443, "node.org:8545")
    network = NetworkFacts(
        "net", clusters={"east": "e"}, domains={"east": "east.example.com"}, endpoints=(endpoint,), platform="besu"
    )
    figures = LedgerFigures("east", "org", "node", height=0, peers=1, network="net", since=300.0)
    diagnosis = diagnose(Snapshot(NOW, (cluster("east"),), (network,), results, (figures,)))
    assert [(f.code, f.name) for f in diagnosis.roots] == [("DNS-WRONG", "east.example.com")]
    assert diagnosis.roots[0].cause == "3 names below east.example.com: it leads to 192.0.2.9."
    assert [f.code for f in diagnosis.consequences(diagnosis.roots[0])] == ["LEDGER-HEIGHT"]


def test_what_a_job_said_before_it_succeeded_is_history() -> None:
    worker = {
        "metadata": meta("certs-abcde", ownerReferences=[{"kind": "Job", "name": "certs", "controller": True}]),
        "spec": {"containers": [{"name": "certs"}]},
        "status": {
            "phase": "Failed",
            "containerStatuses": [{"name": "certs", "state": {"terminated": {"exitCode": 1}}}],
        },
    }
    log = {"org/certs-abcde/certs": ("x509: certificate signed by unknown authority",)}
    for ended, expected in (("Complete", []), ("Failed", [(0, "CERT-UNKNOWN", "east"), (1, "JOB-BACKOFF", "east")])):
        job = {
            "metadata": meta("certs"),
            "spec": {},
            "status": {"conditions": [{"type": ended, "status": "True", "lastTransitionTime": at(60)}]},
        }
        assert codes(Snapshot(NOW, (cluster("east", log, Pod=[worker], Job=[job]),))) == expected


def test_what_a_registry_says_no_node_explains_and_roots_with_consequences_come_first() -> None:
    def broken(name: str) -> dict[str, Any]:
        entry = {"name": "main", "image": "a/b:1", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "x"}}}
        return {
            "metadata": meta(name, ownerReferences=[{"kind": "StatefulSet", "name": name, "controller": True}]),
            "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "a/b:1"}]},
            "status": {"phase": "Pending", "containerStatuses": [entry]},
        }

    def event(about: str, message: str) -> dict[str, Any]:
        involved = {"kind": "Pod", "namespace": "org", "name": about}
        return {
            "metadata": meta(f"{about}.1"), "involvedObject": involved, "reason": "Failed", "lastTimestamp": at(5),
            "message": f'Failed to pull image "a/b:1": {message}',
        }  # fmt: skip

    node = {
        "metadata": {"name": "n1", "creationTimestamp": at(900)},
        "status": {"conditions": [{"type": "Ready", "status": "Unknown", "lastTransitionTime": at(300)}]},
    }
    pods = [broken("a"), broken("b")]
    events = [event("a", "a/b:1: not found"), event("b", "dial tcp 203.0.113.7:443: i/o timeout")]
    steps = (PlannedStep("a", "release", "east", "org", release="a", renders=("StatefulSet/org/a",)),)
    network = NetworkFacts("net", clusters={"east": "e"}, steps=steps)
    seen = cluster(Node=[node], Pod=pods, Event=events, StatefulSet=[{"metadata": meta(n)} for n in "ab"])
    failed = ReleaseState("org", "a", 1, "failed", network="net")
    assert codes(Snapshot(NOW, (replace(seen, releases=(failed,)),), (network,))) == [
        (0, "NODE-NOTREADY", "east"),
        (1, "POD-IMG-TIMEOUT", "east"),
        (0, "POD-IMG-NOTFOUND", "east"),
        (1, "HELM-FAILED", "east"),
    ]
    alone = replace(seen, releases=(failed,), objects={**seen.objects, "Pod": tuple(pods[:1])})
    assert [code for depth, code, _ in codes(Snapshot(NOW, (alone,), (network,))) if not depth] == [
        "POD-IMG-NOTFOUND",
        "NODE-NOTREADY",
    ]
