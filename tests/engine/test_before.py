"""A second try is judged by what happens in it, not by what was left of the first."""

from __future__ import annotations

from typing import Any

from bevel_tui.diagnosis.rules import findings as diagnose
from bevel_tui.engine.before import PATIENCE, Before
from bevel_tui.records.snapshot import ClusterSnapshot

WHERE = "alpha-bes"
IMAGE = "ghcr.io/example/hooks:gone"
REFUSED = 'create Pod node-0 in StatefulSet node failed error: pods "node-0" is forbidden: exceeded quota: small'
#: seconds since the epoch, long after everything here was made
NOW = 1767226500.0
MISSING = f'Failed to pull image "{IMAGE}": not found'


def event(about: dict[str, Any], kind: str, reason: str, message: str, count: int = 1) -> dict[str, Any]:
    meta = about["metadata"]
    return {
        "metadata": {"name": f"{meta['name']}.{reason}", "namespace": WHERE},
        "involvedObject": {"kind": kind, "name": meta["name"], "namespace": WHERE, "uid": meta["uid"]},
        "reason": reason,
        "message": message,
        "type": "Warning",
        "count": count,
        "lastTimestamp": f"2026-01-01T00:{count:02}:00Z",
    }


def stateful() -> dict[str, Any]:
    return {
        "metadata": {"name": "node", "namespace": WHERE, "uid": "s1", "generation": 1},
        "spec": {"replicas": 1},
        "status": {"replicas": 0, "observedGeneration": 1},
    }


def pod(uid: str = "p1") -> dict[str, Any]:
    waits = {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{IMAGE}": not found'}}
    return {
        "metadata": {"name": "node-0", "namespace": WHERE, "uid": uid},
        "spec": {"containers": [{"name": "main", "image": IMAGE}]},
        "status": {
            "phase": "Pending",
            "containerStatuses": [{"name": "main", "image": IMAGE, "restartCount": 0, "state": waits}],
        },
    }


def look(before: Before, now: float, **objects: list[dict[str, Any]]) -> dict[str, bool]:
    """Code to whether it ends the wait."""
    snapshot = ClusterSnapshot("east", NOW, {kind: tuple(found) for kind, found in objects.items()})
    return {finding.code: finding.terminal for finding in before.judge(snapshot, diagnose(snapshot, frozenset()), now)}


def test_a_refusal_of_before_waits_for_the_next_one() -> None:
    node, before = stateful(), Before()
    old = {"StatefulSet": [node], "Event": [event(node, "StatefulSet", "FailedCreate", REFUSED, 3)]}
    assert look(Before(), 0.0, StatefulSet=[node]) == {}
    assert look(before, 0.0, **old) == {"QUOTA": False}
    assert look(before, 100.0, **old) == {"QUOTA": False}
    again = event(node, "StatefulSet", "FailedCreate", REFUSED, 4)
    assert look(before, 101.0, StatefulSet=[node], Event=[again]) == {"QUOTA": True}


def test_a_refusal_that_comes_while_it_waits_ends_it_at_once() -> None:
    node, before = stateful(), Before()
    assert look(before, 0.0, StatefulSet=[node]) == {}
    refused = event(node, "StatefulSet", "FailedCreate", REFUSED)
    assert look(before, 1.0, StatefulSet=[node], Event=[refused]) == {"QUOTA": True}


def test_a_back_off_is_no_news_but_the_next_pull_is() -> None:
    found, before = pod(), Before()
    failed = event(found, "Pod", "Failed", MISSING, 2)
    assert look(before, 0.0, Pod=[found], Event=[failed]) == {"POD-IMG-NOTFOUND": False}
    backs_off = event(found, "Pod", "BackOff", f'Back-off pulling image "{IMAGE}"', 9)
    assert look(before, 200.0, Pod=[found], Event=[failed, backs_off]) == {"POD-IMG-NOTFOUND": False}
    failed = event(found, "Pod", "Failed", MISSING, 3)
    assert look(before, 300.0, Pod=[found], Event=[failed, backs_off]) == {"POD-IMG-NOTFOUND": True}


def test_a_pod_made_anew_under_the_name_is_judged_at_once() -> None:
    before = Before()
    assert look(before, 0.0, Pod=[pod()]) == {"POD-IMG-NOTFOUND": False}
    assert look(before, 1.0, Pod=[pod("p2")]) == {"POD-IMG-NOTFOUND": True}


def test_who_never_tries_again_is_believed_in_the_end() -> None:
    before = Before()
    assert look(before, 5.0, Pod=[pod()]) == {"POD-IMG-NOTFOUND": False}
    assert look(before, 5.0 + PATIENCE, Pod=[pod()]) == {"POD-IMG-NOTFOUND": True}


def test_a_job_that_gave_up_ends_the_wait_at_the_first_look() -> None:
    gave_up = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    job = {
        "metadata": {"name": "genesis", "namespace": WHERE, "uid": "j1"},
        "spec": {},
        "status": {"conditions": [gave_up]},
    }
    assert look(Before(), 0.0, Job=[job]) == {"JOB-BACKOFF": True}
