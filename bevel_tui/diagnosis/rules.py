"""All rules. A new diagnosis is one function, listed here, with a fixture that it fires on and one it does not."""

from __future__ import annotations

from bevel_tui.diagnosis import containers, images, jobs, mounts, refusals, scheduling, storage
from bevel_tui.diagnosis.rule import Pending, Rule, WideRule
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot

RULES: tuple[Rule, ...] = (
    images.image_cannot_be_pulled,
    containers.configuration_error,
    jobs.job_failed,
    scheduling.unschedulable,
    storage.no_storage_class,
    refusals.pods_refused,
    mounts.missing_volume_source,
)

ACROSS: tuple[WideRule, ...] = ()

_NOTHING: Pending = frozenset()


def findings(snapshot: ClusterSnapshot, pending: Pending = _NOTHING) -> tuple[Finding, ...]:
    """Every finding of every rule, terminal ones first, the same problem once.

    `pending` names objects that steps of a run have still to make: waiting for those is no problem.
    """
    found = {
        (finding.code, finding.namespace, finding.kind, finding.name): finding
        for rule in RULES
        for finding in rule(snapshot, pending)
    }
    return tuple(sorted(found.values(), key=lambda f: (not f.terminal, f.code, f.namespace or "", f.kind, f.name)))


def across(snapshot: Snapshot) -> tuple[Finding, ...]:
    """What only all clusters together show."""
    return tuple(finding for rule in ACROSS for finding in rule(snapshot))
