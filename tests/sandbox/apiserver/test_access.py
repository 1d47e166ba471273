"""Who is let in, and what RBAC lets them do."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bevel_tui.sandbox.apiserver import SimulatedCluster, write_kubeconfig

pytestmark = pytest.mark.sandbox

PODS = "/api/v1/namespaces/default/pods"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic eDp5"}, 401),
        ({"Origin": "https://example.org"}, 403),
        ({"Host": "example.org"}, 403),
        ({"Host": "example.org:6443"}, 403),
    ],
)
async def test_strangers_are_refused(client: Any, headers: dict[str, str], status: int) -> None:
    own = {} if status == 401 else dict(client.headers)
    async with client.session.get(client.cluster.url + PODS, headers={**own, **headers}) as response:
        answer = await response.json()
    assert (response.status, answer["kind"], answer["code"]) == (status, "Status", status)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1"])
async def test_a_tunnel_may_stand_before_a_cluster(client: Any, host: str) -> None:
    headers = {**client.headers, "Host": host}
    async with client.session.get(client.cluster.url + PODS, headers=headers) as response:
        assert response.status == 200


async def test_the_certificate_is_verified_and_names_the_server(cluster: SimulatedCluster) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(cluster.url)
    other = SimulatedCluster("other")
    context = ssl.create_default_context(cadata=other.authority.pem.decode())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(cluster.url)


async def test_a_user_without_roles_is_forbidden(as_user: Callable[..., Any]) -> None:
    client = as_user("joe")
    status, answer = await client("GET", PODS)
    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == (
        'pods is forbidden: User "joe" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    status, answer = await client("DELETE", "/api/v1/nodes/n")
    assert answer["message"] == (
        'nodes "n" is forbidden: User "joe" cannot delete resource "nodes" in API group "" at the cluster scope'
    )
    assert (await client.get("/version"))["major"] == "1"


async def test_roles_grant_what_they_say_where_they_say(client: Any, as_user: Callable[..., Any]) -> None:
    joe = as_user("joe", "team")
    rules = [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]},
    ]
    await client.post(f"{RBAC}/namespaces/default/roles", {"metadata": {"name": "r"}, "rules": rules})
    binding = {
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "Group", "name": "team"}],
    }
    await client.post(f"{RBAC}/namespaces/default/rolebindings", binding)
    await joe.get(PODS)
    assert (await joe("GET", "/api/v1/namespaces/kube-system/pods"))[0] == 403
    assert (await joe("GET", "/api/v1/pods"))[0] == 403
    assert (await joe("GET", PODS, watch="true"))[0] == 403
    assert (await joe("GET", "/api/v1/namespaces/default/secrets/mine"))[0] == 404
    assert (await joe("GET", "/api/v1/namespaces/default/secrets/other"))[0] == 403

    async def may(**attributes: str) -> bool:
        body = {"spec": {"resourceAttributes": {"namespace": "default", **attributes}}}
        answer = await joe.post(f"{REVIEWS}/selfsubjectaccessreviews", body)
        return bool(answer["status"]["allowed"])

    assert await may(verb="list", resource="pods")
    assert await may(verb="get", resource="pods", subresource="log")
    assert await may(verb="update", group="apps", resource="deployments", subresource="scale")
    assert not await may(verb="update", group="apps", resource="deployments")
    assert not await may(verb="create", resource="pods")
    answer = await joe.post(f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})
    assert answer["status"]["resourceRules"][0] == {
        "verbs": ["get", "list"],
        "apiGroups": [""],
        "resources": ["pods", "pods/log"],
    }


async def test_cluster_roles_bound_in_a_namespace_hold_there_only(client: Any, as_user: Callable[..., Any]) -> None:
    joe = as_user("joe")
    binding = {
        "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "User", "name": "joe"}],
    }
    await client.post(f"{RBAC}/namespaces/default/rolebindings", binding)
    await joe.post("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}})
    assert (await joe("POST", "/api/v1/namespaces/kube-public/configmaps", {"metadata": {"name": "a"}}))[0] == 403
    assert (await joe("GET", f"{RBAC}/namespaces/default/roles"))[0] == 403


async def test_the_user_is_told_who_they_are(as_user: Callable[..., Any]) -> None:
    answer = await as_user("joe", "team").post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert answer["status"]["userInfo"] == {"username": "joe", "groups": ["team", "system:authenticated"]}


async def test_a_removed_user_is_refused(cluster: SimulatedCluster, as_user: Callable[..., Any]) -> None:
    joe = as_user("joe", "system:masters")
    await joe.get(PODS)
    token = joe.headers["Authorization"].split()[1]
    cluster.access.remove(cluster.access._by_token[token])
    assert (await joe("GET", PODS))[0] == 401


async def test_the_kubeconfig_is_private_complete_and_atomic(cluster: SimulatedCluster, tmp_path: Path) -> None:
    other = SimulatedCluster("there")
    path = tmp_path / "config"
    path.write_text("old")
    path.chmod(0o644)
    write_kubeconfig([cluster, other], path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["config"]
    document = yaml.safe_load(path.read_text())
    assert [c["name"] for c in document["contexts"]] == ["here", "there"]
    assert document["current-context"] == "here"
    assert document["users"][0]["user"]["token"] != document["users"][1]["user"]["token"]
    assert document["clusters"][0]["cluster"]["server"] == cluster.url


def test_tokens_do_not_show_in_representations() -> None:
    cluster = SimulatedCluster("x")
    assert cluster.admin.token not in repr(cluster.admin) + repr(cluster.kubeconfig_entry)


async def test_acting_as_another_needs_the_right_to(as_user: Callable[..., Any]) -> None:
    joe = as_user("joe")
    joe.headers["Impersonate-User"] = "kubernetes-admin"
    joe.headers["Impersonate-Group"] = "system:masters"
    status, answer = await joe("GET", PODS)
    assert status == 403 and 'User "joe" cannot impersonate resource "users"' in answer["message"]
