"""PVC-*: claims that nobody fills: no class, a provisioner that refuses, zones without nodes, a volume that is lost."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.diagnosis.evidence import age, events_about, name, namespace, quote, status
from bevel_tui.diagnosis.rule import Pending, may_come
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_NO_CLASS = ("no storage class is set", "storageclass.storage.k8s.io")
#: seconds that the volume controller gets to fill in a default class
LAG = 5.0


def no_storage_class(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """A pending claim whose class is not there, or that names none where there is no default (facts G01)."""
    for claim in snapshot.of("PersistentVolumeClaim"):
        if status(claim).get("phase") != "Pending" or (claim.get("spec") or {}).get("volumeName"):
            continue
        wanted = (claim.get("spec") or {}).get("storageClassName")
        if wanted == "":
            continue  # bound by hand to an existing volume: legal
        said = [
            quote(event.get("message"))
            for event in events_about(snapshot, claim, "PersistentVolumeClaim")
            if event.get("reason") in {"ProvisioningFailed", "FailedBinding"}
        ]
        if not _missing(snapshot, claim, wanted, said):
            continue
        waits = wanted is not None and may_come(pending, "StorageClass", wanted, None)
        what = f"StorageClass {wanted} does not exist" if wanted else "it names no StorageClass and there is no default"
        yield Finding(
            code="PVC-NOSC",
            severity="warning" if waits else "error",
            cluster=snapshot.cluster,
            namespace=namespace(claim),
            kind="PersistentVolumeClaim",
            name=name(claim),
            cause=f"The volume claim {name(claim)} cannot be filled: {what}.",
            evidence=(*dict.fromkeys(said), f"classes: {_classes(snapshot)}"),
            remedy=(
                "Set the cluster's provider or storage.provisioner in the preset, or create the class: "
                "kubectl --context CONTEXT get storageclass"
            ),
            terminal=not waits and age(snapshot, (claim.get("metadata") or {}).get("creationTimestamp")) >= LAG,
        )


def unbound_claims(snapshot: ClusterSnapshot, pod: Object) -> tuple[str, ...]:
    """Names of claims of a pod that are not bound for want of a class."""
    used = {
        str(volume["persistentVolumeClaim"].get("claimName"))
        for volume in (pod.get("spec") or {}).get("volumes") or ()
        if volume.get("persistentVolumeClaim")
    }
    return tuple(
        f.name for f in no_storage_class(snapshot, frozenset()) if f.name in used and f.namespace == namespace(pod)
    )


def _missing(snapshot: ClusterSnapshot, claim: Object, wanted: str | None, said: list[str]) -> bool:
    classes = snapshot.of("StorageClass")
    if "StorageClass" in snapshot.objects:
        if wanted is not None:
            return all(name(entry) != wanted for entry in classes)
        return not any((entry["metadata"].get("annotations") or {}).get(_DEFAULT) == "true" for entry in classes)
    # The classes may not be listed by everyone: then the controller's own words decide.
    return any(words in message for message in said for words in _NO_CLASS)


def _classes(snapshot: ClusterSnapshot) -> str:
    if "StorageClass" not in snapshot.objects:
        return "not readable"
    return ", ".join(sorted(name(entry) for entry in snapshot.of("StorageClass"))) or "none"


_TOPOLOGY = ("no available topology found", "no topology key found", "error generating accessibility requirements")
#: seconds for which a provisioner may fail and try again
_PROVISIONING = 10.0


def not_provisioned(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """PVC-PROV, PVC-TOPOLOGY: the provisioner's words about a claim whose class is there; PVC-LOST: the phase Lost."""
    for claim in snapshot.of("PersistentVolumeClaim"):
        where, called = namespace(claim), name(claim)
        phase = status(claim).get("phase")
        said = [
            str(event.get("message"))
            for event in events_about(snapshot, claim, "PersistentVolumeClaim")
            if event.get("reason") in {"ProvisioningFailed", "ClaimLost", "ClaimMisbound"}
        ]
        if phase == "Lost":
            yield say(
                "PVC-LOST", snapshot, "PersistentVolumeClaim", claim, f"The claim {called} has lost its volume.",
                "Restore the volume, or delete the claim and deploy again (its data is gone).",
                command=kubectl(where, f"describe pvc {called}"), evidence=said[-2:],
            )  # fmt: skip
            continue
        if phase != "Pending" or not said or _missing(snapshot, claim, _wanted(claim), said):
            continue
        if age(snapshot, (claim.get("metadata") or {}).get("creationTimestamp")) < _PROVISIONING:
            continue
        if any(words in said[-1] for words in _NO_CLASS):
            continue  # the class has come since; the controller looks again
        topology = any(words in said[-1] for words in _TOPOLOGY)
        yield say(
            "PVC-TOPOLOGY" if topology else "PVC-PROV", snapshot, "PersistentVolumeClaim", claim,
            f"No volume can be made for the claim {called}"
            + (": its StorageClass allows zones in which no node is." if topology else "."),
            "Set storage.allowedTopologies.enabled to false." if topology else "Mend what the provisioner names.",
            command=kubectl(where, f"describe pvc {called}"), evidence=said[-2:],
        )  # fmt: skip


def _wanted(claim: Object) -> str | None:
    wanted = (claim.get("spec") or {}).get("storageClassName")
    return None if wanted is None else str(wanted)
