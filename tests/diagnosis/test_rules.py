"""Every rule: a fixture that it fires on, and near misses that it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.diagnosis.evidence import quote, workload
from bevel_tui.diagnosis.rules import RULES
from bevel_tui.diagnosis.rules import findings as diagnose
from bevel_tui.records.snapshot import ClusterSnapshot
from bevel_tui.records.steps import ObjectRef

NOW = 1_700_000_000.0


def at(seconds_ago: float) -> str:
    return datetime.fromtimestamp(NOW - seconds_ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def snapshot(logs: dict[str, tuple[str, ...]] | None = None, **objects: Any) -> ClusterSnapshot:
    return ClusterSnapshot("east", NOW, {kind: tuple(found) for kind, found in objects.items()}, logs or {})


def pod(name: str = "node-0", *, owner: tuple[str, str] | None = None, **status: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": "org", "uid": f"uid-{name}"}
    if owner:
        meta["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    return {
        "metadata": meta,
        "spec": {"containers": [{"name": "main", "image": "example/node:1"}]},
        "status": {"phase": "Pending", **status},
    }


def waiting(reason: str, message: str = "", image: str = "example/node:1") -> dict[str, Any]:
    entry = {"name": "main", "image": image, "state": {"waiting": {"reason": reason, "message": message}}}
    return {"containerStatuses": [entry]}


def event(
    about: dict[str, Any], kind: str, reason: str, message: str, count: int = 1, ago: float = 1
) -> dict[str, Any]:
    meta = about["metadata"]
    return {
        "metadata": {"name": f"e-{reason}-{ago}", "namespace": meta.get("namespace")},
        "involvedObject": {
            "kind": kind,
            "name": meta["name"],
            "namespace": meta.get("namespace"),
            "uid": meta.get("uid"),
        },
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": at(ago),
    }


def only(found: tuple[Any, ...]) -> Any:
    assert len(found) == 1, found
    return found[0]


# ---------------------------------------------------------------- images

NOT_FOUND = 'rpc error: code = NotFound desc = failed to pull and unpack image "example/node:1": not found'


def test_an_image_that_is_not_there_is_terminal_once_it_was_tried_twice() -> None:
    first = pod(**waiting("ErrImagePull", NOT_FOUND))
    finding = only(diagnose(snapshot(Pod=[first])))
    assert (finding.code, finding.terminal) == ("POD-IMG-NOTFOUND", False)
    again = pod(**waiting("ImagePullBackOff", f'Back-off pulling image "example/node:1": ErrImagePull: {NOT_FOUND}'))
    finding = only(diagnose(snapshot(Pod=[again])))
    assert (finding.code, finding.terminal) == ("POD-IMG-NOTFOUND", True)
    assert "example/node:1" in finding.cause
    assert any("NotFound" in line for line in finding.evidence)


def test_older_kubelets_say_it_in_an_event_only() -> None:
    it = pod(**waiting("ImagePullBackOff", 'Back-off pulling image "example/node:1"'))
    said = event(it, "Pod", "Failed", f'Failed to pull image "example/node:1": {NOT_FOUND}', count=2)
    assert only(diagnose(snapshot(Pod=[it], Event=[said]))).code == "POD-IMG-NOTFOUND"


def test_a_refused_image_names_access() -> None:
    it = pod(
        **waiting("ImagePullBackOff", "pull access denied, repository does not exist or may require authorization")
    )
    finding = only(diagnose(snapshot(Pod=[it])))
    assert (finding.code, finding.terminal) == ("POD-IMG-AUTH", True)


def test_a_registry_that_is_slow_is_never_terminal() -> None:
    it = pod(**waiting("ImagePullBackOff", "Back-off pulling image: dial tcp 203.0.113.1:443: i/o timeout"))
    said = event(it, "Pod", "Failed", 'Failed to pull image "example/node:1": i/o timeout', count=9)
    finding = only(diagnose(snapshot(Pod=[it], Event=[said])))
    assert (finding.code, finding.terminal, finding.severity) == ("POD-IMG-TIMEOUT", False, "warning")


def test_a_bad_image_name_is_terminal_at_once() -> None:
    finding = only(diagnose(snapshot(Pod=[pod(**waiting("InvalidImageName", "invalid reference format"))])))
    assert (finding.code, finding.terminal) == ("POD-IMG-NAME", True)


def test_a_pod_that_pulls_or_runs_is_well() -> None:
    pulling = pod(**waiting("ContainerCreating"))
    running = pod("b", phase="Running", containerStatuses=[{"name": "main", "state": {"running": {}}}])
    ended = pod("c", **{**waiting("ImagePullBackOff", NOT_FOUND), "phase": "Failed"})
    assert diagnose(snapshot(Pod=[pulling, running, ended])) == ()


# ---------------------------------------------------------------- container configuration


def _configuration(ago: float, message: str = 'secret "keys" not found') -> dict[str, Any]:
    conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": at(ago)}]
    return pod(**waiting("CreateContainerConfigError", message), conditions=conditions)


def test_a_missing_secret_is_terminal_unless_a_step_still_makes_it() -> None:
    view = snapshot(Pod=[_configuration(30)])
    finding = only(diagnose(view))
    assert (finding.code, finding.terminal) == ("POD-CFG", True)
    assert "Secret keys does not exist" in finding.cause
    coming = frozenset({ObjectRef("v1", "Secret", "keys", "org")})
    finding = only(diagnose(view, coming))
    assert (finding.terminal, finding.severity) == (False, "warning")
    elsewhere = frozenset({ObjectRef("v1", "Secret", "keys", "other"), ObjectRef("v1", "ConfigMap", "keys", "org")})
    assert only(diagnose(view, elsewhere)).terminal


def test_a_node_may_lag_behind_for_a_moment() -> None:
    assert not only(diagnose(snapshot(Pod=[_configuration(3)]))).terminal


def test_a_missing_key_is_named() -> None:
    finding = only(diagnose(snapshot(Pod=[_configuration(30, "couldn't find key token in Secret org/roottoken")])))
    assert "Secret roottoken has no key token" in finding.cause


# ---------------------------------------------------------------- jobs


def _job(*conditions: dict[str, str], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "certs", "namespace": "org", "uid": "uid-certs"},
        "status": {"conditions": list(conditions), **status},
    }


def test_a_failed_job_is_terminal_and_quotes_its_last_words() -> None:
    failed = _job(
        {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"},
        {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the limit"},
    )
    old, new = pod("certs-a", owner=("Job", "certs")), pod("certs-b", owner=("Job", "certs"))
    old["metadata"]["creationTimestamp"], new["metadata"]["creationTimestamp"] = at(60), at(10)
    logs = {"org/certs-a/main": ("old words",), "org/certs-b/main": ("trying", "enroll: connection refused", "")}
    finding = only(diagnose(snapshot(logs, Job=[failed], Pod=[old, new])))
    assert (finding.code, finding.terminal) == ("JOB-BACKOFF", True)
    assert "enroll: connection refused" in finding.cause
    assert "old words" not in " ".join(finding.evidence)


def test_the_words_of_a_pod_that_the_job_has_deleted_are_kept() -> None:
    failed = _job({"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"})
    logs = {"org/certs-admin-x1y2z/main": ("another job",), "org/certs-x1y2z/main": ("enroll: refused",)}
    finding = only(diagnose(snapshot(logs, Job=[failed])))
    assert finding.cause.endswith("Its last words: enroll: refused")


def test_a_job_with_failures_left_or_done_is_not_failed() -> None:
    trying = _job(failed=2, active=1)
    done = _job({"type": "Complete", "status": "True"}, failed=1)
    assert diagnose(snapshot(Job=[trying, done])) == ()


# ---------------------------------------------------------------- scheduling


def _unscheduled(ago: float, message: str) -> dict[str, Any]:
    return pod(
        conditions=[
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": message,
                "lastTransitionTime": at(ago),
            }
        ]
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("0/3 nodes are available: 3 Insufficient cpu.", "POD-SCHED-CPU"),
        ("0/3 nodes are available: 3 Insufficient memory.", "POD-SCHED-MEM"),
        ("0/3 nodes are available: 3 node(s) had untolerated taint {x: y}.", "POD-SCHED-TAINT"),
        ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "POD-SCHED-AFFINITY"),
        ("0/3 nodes are available: 3 Too many pods.", "POD-SCHED-TOOMANY"),
        ("0/3 nodes are available: 3 node(s) had volume node affinity conflict.", "POD-SCHED-VOLUME"),
        ("no nodes available to schedule pods", "POD-SCHED"),
    ],
)
def test_an_unschedulable_pod_is_terminal_after_fifteen_seconds(message: str, code: str) -> None:
    early = only(diagnose(snapshot(Pod=[_unscheduled(14, message)])))
    late = only(diagnose(snapshot(Pod=[_unscheduled(15, message)])))
    assert (early.code, early.terminal) == (code, False)
    assert (late.code, late.terminal) == (code, True)


def test_a_pod_that_was_made_a_moment_ago_is_no_news() -> None:
    assert diagnose(snapshot(Pod=[_unscheduled(4, "pod has unbound immediate PersistentVolumeClaims")])) == ()


def test_a_pod_that_was_scheduled_or_is_gated_is_well() -> None:
    scheduled = pod(conditions=[{"type": "PodScheduled", "status": "True", "lastTransitionTime": at(900)}])
    gated = pod("b", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}])
    assert diagnose(snapshot(Pod=[scheduled, gated])) == ()


# ---------------------------------------------------------------- storage


def _claim(wanted: str | None, phase: str = "Pending", ago: float = 60) -> dict[str, Any]:
    spec = {} if wanted is None else {"storageClassName": wanted}
    return {
        "metadata": {"name": "data-node-0", "namespace": "org", "uid": "uid-c", "creationTimestamp": at(ago)},
        "spec": spec,
        "status": {"phase": phase},
    }


def _class(name: str, default: bool = False) -> dict[str, Any]:
    notes = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": {"name": name, "annotations": notes}}


def test_a_claim_for_a_class_that_is_not_there_is_terminal() -> None:
    view = snapshot(PersistentVolumeClaim=[_claim("storage-node")], StorageClass=[_class("fast", True)])
    finding = only(diagnose(view))
    assert (finding.code, finding.terminal) == ("PVC-NOSC", True)
    assert "storage-node" in finding.cause
    assert "fast" in finding.evidence[-1]
    coming = frozenset({ObjectRef("storage.k8s.io/v1", "StorageClass", "storage-node")})
    assert not only(diagnose(view, coming)).terminal


def test_a_claim_without_a_class_needs_a_default() -> None:
    assert only(diagnose(snapshot(PersistentVolumeClaim=[_claim(None)], StorageClass=[_class("a")]))).terminal
    assert diagnose(snapshot(PersistentVolumeClaim=[_claim(None)], StorageClass=[_class("a", True)])) == ()
    young = _claim(None, ago=2)
    assert not only(diagnose(snapshot(PersistentVolumeClaim=[young], StorageClass=[]))).terminal


def test_a_bound_claim_one_bound_by_hand_and_one_that_waits_for_its_pod_are_well() -> None:
    claims = [_claim("gone", "Bound"), _claim(""), _claim("here")]
    assert diagnose(snapshot(PersistentVolumeClaim=claims, StorageClass=[_class("here")])) == ()


def test_without_the_right_to_list_classes_the_controllers_words_decide() -> None:
    claim = _claim("storage-node")
    assert diagnose(snapshot(PersistentVolumeClaim=[claim])) == ()
    words = 'storageclass.storage.k8s.io "storage-node" not found'
    said = event(claim, "PersistentVolumeClaim", "ProvisioningFailed", words)
    assert only(diagnose(snapshot(PersistentVolumeClaim=[claim], Event=[said]))).terminal


def test_an_unschedulable_pod_is_explained_by_its_claim() -> None:
    it = _unscheduled(60, "pod has unbound immediate PersistentVolumeClaims")
    it["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-node-0"}}]
    view = snapshot(Pod=[it], PersistentVolumeClaim=[_claim("gone")], StorageClass=[])
    assert [f.code for f in diagnose(view)] == ["PVC-NOSC"]


# ---------------------------------------------------------------- quota, mounts


def _set(replicas: int) -> dict[str, Any]:
    return {
        "metadata": {"name": "node", "namespace": "org", "uid": "uid-s"},
        "spec": {"replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
        "status": {"replicas": replicas},
    }


def test_an_exhausted_quota_is_terminal_while_pods_are_missing() -> None:
    words = 'create Pod node-0 failed error: pods "node-0" is forbidden: exceeded quota: q, requested: pods=1'
    said = event(_set(0), "StatefulSet", "FailedCreate", words, count=3)
    quota = {
        "metadata": {"name": "q", "namespace": "org"},
        "status": {"hard": {"pods": "1"}, "used": {"pods": "1"}},
    }
    finding = only(diagnose(snapshot(StatefulSet=[_set(0)], Event=[said], ResourceQuota=[quota])))
    assert (finding.code, finding.terminal) == ("QUOTA", True)
    assert "quota q: pods 1 of 1" in finding.evidence
    assert diagnose(snapshot(StatefulSet=[_set(1)], Event=[said])) == ()
    other = event(_set(0), "StatefulSet", "FailedCreate", 'serviceaccount "vault-auth" not found')
    assert diagnose(snapshot(StatefulSet=[_set(0)], Event=[other])) == ()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        # plugin/pkg/admission/limitranger/admission.go, minConstraint and maxConstraint
        ('pods "besu-0" is forbidden: minimum memory usage per Container is 2Gi. No request is specified', "LIMIT"),
        ('pods "besu-0" is forbidden: [maximum cpu usage per Pod is 1, but limit is 2]', "LIMIT"),
        # staging/src/k8s.io/pod-security-admission/admission/admission.go
        (
            'pods "besu-0" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
            "POD-SECURITY",
        ),
        ('Internal error occurred: failed calling webhook "a.example.test"', "WL-CREATE"),
    ],
)
def test_who_refuses_a_pod_is_told_by_the_words_of_admission(words: str, code: str | None) -> None:
    said = event(_set(0), "StatefulSet", "FailedCreate", words)
    found = diagnose(snapshot(StatefulSet=[_set(0)], Event=[said]))
    assert [(f.code, f.terminal) for f in found] == ([(code, code != "WL-CREATE")] if code else [])
    assert diagnose(snapshot(StatefulSet=[_set(1)], Event=[said])) == ()


def test_a_missing_mount_is_what_a_pod_waits_for_and_never_terminal() -> None:
    it = pod(**waiting("ContainerCreating"))
    words = 'MountVolume.SetUp failed for volume "genesis" : configmap "besu-genesis" not found'
    said = event(it, "Pod", "FailedMount", words, count=30)
    finding = only(diagnose(snapshot(Pod=[it], Event=[said])))
    assert (finding.code, finding.terminal, finding.severity) == ("POD-MOUNT", False, "warning")
    assert "ConfigMap besu-genesis" in finding.cause
    coming = frozenset({ObjectRef("v1", "ConfigMap", "besu-genesis", "org")})
    assert only(diagnose(snapshot(Pod=[it], Event=[said]), coming)).severity == "info"
    there = {"metadata": {"name": "besu-genesis", "namespace": "org"}}
    assert diagnose(snapshot(Pod=[it], Event=[said], ConfigMap=[there])) == ()


# ---------------------------------------------------------------- common


def test_an_event_of_an_earlier_object_of_that_name_does_not_count() -> None:
    words = 'MountVolume.SetUp failed for volume "genesis" : configmap "besu-genesis" not found'
    it = pod(**waiting("ContainerCreating"))
    said = event(it, "Pod", "FailedMount", words)
    said["involvedObject"]["uid"] = "another"
    assert diagnose(snapshot(Pod=[it], Event=[said])) == ()


def test_workloads_are_found_through_owners_and_claim_templates() -> None:
    replica = {
        "metadata": {
            "name": "web-6c",
            "namespace": "org",
            "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": True}],
        }
    }
    it = pod("web-6c-x", owner=("ReplicaSet", "web-6c"))
    assert workload(snapshot(Pod=[it], ReplicaSet=[replica]), it, "Pod") == ("Deployment", "web")
    assert workload(snapshot(Pod=[it]), it, "Pod") == ("Deployment", "web")
    claim = _claim("x")
    assert workload(snapshot(StatefulSet=[_set(1)]), claim, "PersistentVolumeClaim") == ("StatefulSet", "node")
    assert workload(snapshot(), claim, "PersistentVolumeClaim") == ("PersistentVolumeClaim", "data-node-0")


def test_terminal_findings_come_first() -> None:
    slow = pod("a", **waiting("ImagePullBackOff", "i/o timeout"))
    bad = pod("b", **waiting("InvalidImageName"))
    assert [f.terminal for f in diagnose(snapshot(Pod=[slow, bad]))] == [True, False]


@given(st.text())
def test_quoted_messages_are_one_printable_line(text: str) -> None:
    line = quote(text)
    assert line.isprintable()
    assert len(line) <= 300


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(["Pod", "Job", "PersistentVolumeClaim", "StatefulSet"]),
    st.dictionaries(st.text(), _JSON, max_size=3),
)
def test_sparse_objects_do_not_upset_any_rule(kind: str, extra: dict[str, Any]) -> None:
    obj = {**extra, "metadata": {"name": "x", "namespace": "org"}}
    obj.pop("spec", None)
    obj.pop("status", None)
    diagnose(snapshot(**{kind: [obj]}))


def test_every_rule_is_registered_once() -> None:
    assert len(set(RULES)) == len(RULES) >= 6


def test_what_may_be_read_in_some_namespaces_is_not_said_to_be_unreadable() -> None:
    words = {"Node": "nodes is forbidden", "Pod": "pods is forbidden"}
    (finding,) = diagnose(ClusterSnapshot("east", NOW, {"Pod": ()}, unreadable=words, namespaces=("org",)))
    assert finding.code == "RBAC-READ" and "-n" not in finding.remedy
    assert finding.cause == "Of cluster east these kinds may not be read: Node; these not in every namespace: Pod."
    (finding,) = diagnose(ClusterSnapshot("east", NOW, unreadable=words))
    assert finding.cause.endswith("may not be read: Node, Pod.") and "(-n)" in finding.remedy


@pytest.mark.parametrize(("group", "severity"), [("cert-manager.io", "warning"), ("", "error"), ("*", "error")])
def test_what_other_software_cannot_create_is_a_warning(group: str, severity: str) -> None:
    hook = {"name": "a", "service": {"namespace": "else", "name": "gone"}, "rules": [{"apiGroups": [group]}]}
    config = {"metadata": {"name": "c", "creationTimestamp": at(900)}, "webhooks": [hook]}
    spec = {"group": group, "conversion": {"strategy": "Webhook", "service": hook["service"]}}
    definition = {"metadata": {"name": "d", "creationTimestamp": at(900)}, "spec": spec}
    found = diagnose(
        snapshot(ValidatingWebhookConfiguration=[config], CustomResourceDefinition=[definition], Service=[], EndpointSlice=[])
    )  # fmt: skip
    assert [(f.code, f.severity) for f in found] == [("CRD-CONVERSION", severity), ("WH-DOWN", severity)]
