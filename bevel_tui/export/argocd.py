"""A plan for Argo CD: an Application for each release, in sync waves, and one that holds them all.

Argo CD renders charts itself, so secret values have no way into an Application: where a release needs some, the README
says which. An Application that waits for what a person carries or makes (`holds`) is not synced by itself.
"""

from __future__ import annotations

import re
from typing import Any

from bevel_tui.export import groundwork
from bevel_tui.export.flux import crossing
from bevel_tui.export.handoffs import Manifest
from bevel_tui.export.holds import holds
from bevel_tui.export.work import Work, place, values
from bevel_tui.export.yamltext import documents
from bevel_tui.records.steps import ReleaseStep

NAMESPACE = "argocd"
WAVE = "argocd.argoproj.io/sync-wave"


def files(work: Work, *, repository: str, branch: str, store: str | None) -> dict[str, str]:
    """Texts by path. Clusters must be known to Argo CD under the names of their contexts."""
    found = {"root.yaml": documents([_root(work, repository, branch)])}
    for cluster in work.clusters():
        objects = groundwork.namespaces(work, cluster)
        if store is not None:
            objects += [*groundwork.stored(work, cluster, store), *crossing(work, cluster, store)]
        found[f"groundwork/{cluster}/objects.yaml"] = documents(objects)
        found[f"apps/{cluster}-groundwork.yaml"] = documents([_groundwork(work, cluster, repository, branch)])
    held = holds(work, "argocd", store)
    for step in work.releases:
        made = application(work, step, repository, branch, held=step.id in held)
        found[f"apps/{name(work, step)}.yaml"] = documents([made])
    return found


def name(work: Work, step: ReleaseStep) -> str:
    """The Application of a release, unique over all clusters; 63 characters at most."""
    return re.sub(r"[^a-z0-9-]", "-", f"{step.cluster}-{step.namespace}-{step.release}")[:63].strip("-")


def application(work: Work, step: ReleaseStep, repository: str, branch: str, *, held: bool) -> Manifest:
    """The Application of a release; `held`: until a person lets it go on."""
    plain, _ = values(step)
    sync: dict[str, Any] = {
        "syncOptions": ["CreateNamespace=true", "ServerSideApply=true", "RespectIgnoreDifferences=true"]
    }
    if not held:
        sync["automated"] = {"prune": False, "selfHeal": False}
    sync["retry"] = {"limit": 5, "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}}
    return _application(
        name(work, step),
        # 1: below that are the groundworks
        work.wave(step) + 1,
        {
            "repoURL": repository,
            "targetRevision": branch,
            "path": f"charts/{place(step)}",
            "helm": {"releaseName": step.release, "valuesObject": plain},
        },
        {"name": work.context(step.cluster), "namespace": step.namespace},
        sync,
    )


def _groundwork(work: Work, cluster: str, repository: str, branch: str) -> Manifest:
    return _application(
        f"{cluster}-groundwork",
        0,
        {"repoURL": repository, "targetRevision": branch, "path": f"groundwork/{cluster}"},
        {"name": work.context(cluster), "namespace": "default"},
        {"automated": {"prune": False, "selfHeal": True}},
    )


def _root(work: Work, repository: str, branch: str) -> Manifest:
    return _application(
        work.network.name,
        None,
        {"repoURL": repository, "targetRevision": branch, "path": "apps"},
        {"name": "in-cluster", "namespace": NAMESPACE},
        {"automated": {"prune": False, "selfHeal": True}},
    )


def _application(
    title: str, wave: int | None, source: dict[str, Any], destination: dict[str, Any], sync: dict[str, Any]
) -> Manifest:
    metadata: dict[str, Any] = {"name": title, "namespace": NAMESPACE}
    if wave is not None:
        metadata["annotations"] = {WAVE: str(wave)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": {"project": "default", "source": source, "destination": destination, "syncPolicy": sync},
    }
