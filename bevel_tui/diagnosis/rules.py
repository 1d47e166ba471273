"""All rules. A new diagnosis is one function, listed here, with a fixture that it fires on and one it does not."""

from __future__ import annotations

from bevel_tui.diagnosis import (
    access,
    answered,
    containers,
    ground,
    helm,
    images,
    jobs,
    missing,
    mounts,
    owners,
    pods,
    refusals,
    routes,
    scheduling,
    services,
    storage,
    vaults,
    words,
    workloads,
)
from bevel_tui.diagnosis.catalogue import BY_CODE
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
    missing.accounts,
    missing.volumes,
    missing.claims,
    storage.not_provisioned,
    words.log_says,
    pods.failing,
    pods.unready,
    pods.not_set_up,
    pods.gone,
    workloads.stuck,
    workloads.scaled_down,
    services.balancers,
    services.endpoints,
    services.gateways,
    services.ingresses,
    services.mappings,
    services.nobody_makes_records,
    owners.rivals,
    routes.certificates,
    routes.routes,
    helm.releases,
    helm.flux,
    vaults.health,
    ground.nodes,
    ground.namespaces,
    ground.webhooks,
    ground.definitions,
    ground.name_service,
    access.poor_access,
)

#: rules over all clusters together
ACROSS: tuple[WideRule, ...] = (
    access.same_cluster,
    access.shared_domain,
    owners.shared_owners,
    answered.checks,
    answered.ledgers,
    helm.unfinished,
    helm.deleted,
    helm.without_result,
)

#: groups whose findings are about the cluster, wherever the object stands that shows it
_WHOLE = {"access", "nodes", "cluster"}
_NOTHING: Pending = frozenset()


def findings(snapshot: ClusterSnapshot, pending: Pending = _NOTHING) -> tuple[Finding, ...]:
    """Every finding of every rule, terminal ones first, the same problem once.

    `pending` names objects that steps of a run have still to make: waiting for those is no problem. Of a cluster that
    does not answer only that is said: what its snapshot holds is old.
    """
    if not access.answers(snapshot):
        return tuple(access.no_access(snapshot, pending))
    found = {
        (finding.code, finding.namespace, finding.kind, finding.name): finding
        for rule in RULES
        for finding in rule(snapshot, pending)
    }
    kept = [f for f in found.values() if snapshot.covers(f.namespace) or BY_CODE[f.code].group in _WHOLE]
    return tuple(sorted(kept, key=lambda f: (not f.terminal, f.code, f.namespace or "", f.kind, f.name)))


def across(snapshot: Snapshot) -> tuple[Finding, ...]:
    """What only all clusters together show."""
    return tuple(finding for rule in ACROSS for finding in rule(snapshot))
