"""A plan for Flux: per cluster namespaces, one GitRepository and a HelmRelease for each release, with dependsOn.

Each cluster's Flux reads its own folder. dependsOn reaches no further than a cluster, so a release that waits for
something from another one, or from a person, is suspended (`holds`) until a person lets it go on (README).
"""

from __future__ import annotations

from typing import Any

from bevel_tui.export import groundwork
from bevel_tui.export.handoffs import Manifest, external
from bevel_tui.export.holds import holds
from bevel_tui.export.work import Work, place, values
from bevel_tui.export.yamltext import documents
from bevel_tui.records.steps import ReleaseStep

#: where Flux's own objects live
NAMESPACE = "flux-system"
#: as long as bevel-tui waits for a release
TIMEOUT = "15m"
#: what Flux does after a failure; needs Flux 2.7 (helm-controller 1.4) or newer
_AGAIN = {"name": "RetryOnFailure", "retryInterval": "1m"}


def files(work: Work, *, repository: str, branch: str, store: str | None) -> dict[str, str]:
    """Texts by path. `repository`: URL of the Git repository that will hold them; `store`: a ClusterSecretStore."""
    found: dict[str, str] = {}
    held = holds(work, "flux", store)
    for cluster in work.clusters():
        folder = f"clusters/{cluster}"
        found[f"{folder}/00-namespaces.yaml"] = documents(groundwork.namespaces(work, cluster))
        found[f"{folder}/01-source.yaml"] = documents([_source(work, repository, branch)])
        if store is not None:
            wanted = [*groundwork.stored(work, cluster, store), *crossing(work, cluster, store)]
            if wanted:
                found[f"{folder}/02-external-secrets.yaml"] = documents(wanted)
        for step in work.releases:
            if step.cluster == cluster:
                found[f"{folder}/releases/{step.namespace}-{step.release}.yaml"] = documents(
                    [release(work, step, held=step.id in held)]
                )
    return found


def _source(work: Work, repository: str, branch: str) -> Manifest:
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": work.network.name, "namespace": NAMESPACE},
        "spec": {"interval": "1m", "url": repository, "ref": {"branch": branch}},
    }


def release(work: Work, step: ReleaseStep, *, held: bool) -> Manifest:
    """The HelmRelease of a release; `held`: until a person lets it go on."""
    plain, _ = values(step)
    spec: dict[str, Any] = {
        "interval": "10m",
        "timeout": TIMEOUT,
        "releaseName": step.release,
        "chart": {
            "spec": {
                "chart": f"./charts/{place(step)}",
                "reconcileStrategy": "Revision",
                "sourceRef": {"kind": "GitRepository", "name": work.network.name, "namespace": NAMESPACE},
            }
        },
        # never by uninstalling what failed: hooks of Bevel's charts would delete keys with it (facts G)
        "install": {"strategy": dict(_AGAIN), **_waiting(step)},
        "upgrade": {"strategy": dict(_AGAIN), **_waiting(step)},
        "values": plain,
    }
    needs = [
        {"name": other.release, "namespace": other.namespace}
        for other in work.before(step)
        if other.cluster == step.cluster
    ]
    if needs:
        spec["dependsOn"] = needs
    if held:
        spec["suspend"] = True
    secret = groundwork.VALUES_SECRET.format(step.release)
    gaps = groundwork.secret_gaps(step)
    if gaps:
        spec["valuesFrom"] = [
            {"kind": "Secret", "name": secret, "valuesKey": groundwork.key_of(gap), "targetPath": gap.dotted}
            for gap in gaps
        ]
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": step.release, "namespace": step.namespace},
        "spec": spec,
    }


def _waiting(step: ReleaseStep) -> dict[str, Any]:
    """Objects that become ready only through a later release must not be waited for."""
    return {"disableWait": True} if step.later else {}


def crossing(work: Work, cluster: str, store: str) -> list[Manifest]:
    """What External Secrets needs in a cluster to carry handoffs from it and to it."""
    found = []
    for handoff in work.handoffs:
        pair = external(handoff, store)
        if pair is None:
            continue
        if handoff.cluster == cluster:
            found.append(pair[0])
        if handoff.target_cluster == cluster:
            found.append(pair[1])
    return found
