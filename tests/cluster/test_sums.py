"""ClusterRoles that the real controller fills do not stop Helm's second apply, and do not come back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bevel_tui.engine import sums
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.steps import Expected, ObjectRef, ReleaseStep
from tests.cluster.planes import Plane, write_kubeconfig

RBAC = "rbac.authorization.k8s.io/v1"
SUM = ObjectRef(RBAC, "ClusterRole", "sum-of-parts")
PART = ObjectRef(RBAC, "ClusterRole", "sum-part")
RULES = [{"apiGroups": [""], "resources": ["services"], "verbs": ["watch"]}]
STEP = ReleaseStep(
    id="x", cluster="east", namespace="gw", release="gateway", chart="c", chart_version="1",
    expects=(Expected(ObjectRef("v1", "ServiceAccount", SUM.name, "gw")), Expected(SUM), Expected(PART)),
)  # fmt: skip


def role(ref: ObjectRef, **more: Any) -> dict[str, Any]:
    notes = {"meta.helm.sh/release-name": "gateway", "meta.helm.sh/release-namespace": "gw"}
    meta = {"name": ref.name, "annotations": notes, "labels": {"sum-of": "parts"} if ref == PART else {}}
    return {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": meta, **more}


async def filled(client: KubeClient) -> None:
    async with asyncio.timeout(60):
        async for _, obj in client.watch(RBAC, "ClusterRole", fields=f"metadata.name={SUM.name}"):
            if obj.get("rules"):
                return


async def test_the_sum_of_roles_is_applied_again_and_goes_for_good(shared_plane: Plane, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", [shared_plane])
    aggregate = {"clusterRoleSelectors": [{"matchLabels": {"sum-of": "parts"}}]}
    async with await KubeClient.connect(shared_plane.name, str(kubeconfig)) as client:
        client.manager = "helm"
        await client.apply(role(PART, rules=RULES))
        await client.apply(role(SUM, aggregationRule=aggregate, rules=[]))
        await filled(client)
        try:
            await client.apply(role(SUM, aggregationRule=aggregate, rules=[]))
            raise AssertionError("the controller does not own the rules: nothing is tested")
        except ApiError as error:
            assert error.status == 409
        await sums.release_rules(client, STEP)
        standing = await client.get(SUM)
        assert standing is not None
        assert standing["rules"] == RULES
        await client.apply(role(SUM, aggregationRule=aggregate, rules=[]))
        await filled(client)
        await sums.remove(client, STEP)
        assert await client.get(SUM) is None
        assert await client.get(PART) is not None
        await client.delete(PART)
