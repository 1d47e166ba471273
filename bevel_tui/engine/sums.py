"""ClusterRoles that Kubernetes fills with the rules of others, and what its controller does to Helm meanwhile.

A chart that holds one (Emissary's) applies it with empty rules; the clusterrole-aggregation-controller then writes the
sum with a forced server-side apply and owns the rules. Both of what follows was seen with Helm 4 and Kubernetes 1.34.
"""

from __future__ import annotations

from typing import Any

from bevel_tui.engine.ports import Cluster
from bevel_tui.records.steps import ObjectRef, ReleaseStep

_CONTROLLER = "clusterrole-aggregation-controller"
_OWNER = "meta.helm.sh/release-name"


async def release_rules(client: Cluster, step: ReleaseStep) -> None:
    """Before Helm applies again: take the rules from the controller, else the apply is a conflict with it.

    Nothing that counts changes: the controller acts when rules differ from the sum, and fills them again after Helm.
    Raises ApiError.
    """
    for found in await _sums(client, step):
        kept = [entry for entry in found["metadata"].get("managedFields") or () if entry.get("manager") != _CONTROLLER]
        if kept and kept != found["metadata"].get("managedFields"):
            found["metadata"]["managedFields"] = kept
            await client.replace(found)


async def remove(client: Cluster, step: ReleaseStep) -> None:
    """Before Helm uninstalls: delete them ahead of the roles that they are the sum of.

    Helm deletes all at once; the controller, told of a role that has gone, applies the sum, and if that has gone
    meanwhile, it is there again: nobody's, and in the way of the next installation. Raises ApiError.
    """
    for found in await _sums(client, step):
        ref = ObjectRef(found["apiVersion"], found["kind"], found["metadata"]["name"])
        await client.delete(ref, uid=found["metadata"].get("uid"))


async def _sums(client: Cluster, step: ReleaseStep) -> list[dict[str, Any]]:
    """Those of a release that are there and are the release's own."""
    roles = [item.ref for item in step.expects if item.ref.kind == "ClusterRole"]
    found = [role for ref in roles if (role := await client.get(ref)) is not None]
    return [
        role
        for role in found
        if role.get("aggregationRule") and (role["metadata"].get("annotations") or {}).get(_OWNER) == step.release
    ]
