"""Contract: who may do what, how denials are worded, and what access reviews answer. Answers in ``answers/``."""

from __future__ import annotations

from typing import Any

MAPS = "/api/v1/namespaces/{ns}/configmaps"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def let(ask: Any, user: str, rules: list[dict[str, Any]]) -> None:
    """Give a user these rights in the namespace."""
    group = "rbac.authorization.k8s.io"
    await ask.raw("POST", f"{RBAC}/roles", {"metadata": {"name": user}, "rules": rules})
    binding = {
        "metadata": {"name": user},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": user},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    await ask.raw("POST", f"{RBAC}/rolebindings", binding)
    review = {"spec": {"resourceAttributes": {"namespace": "{ns}", "verb": "get", "resource": "configmaps"}}}
    for _ in range(200):  # an authorizer learns of roles through a watch
        _, answer = await ask.raw("POST", REVIEWS, review, user=user)
        if answer["status"]["allowed"]:
            return
    raise AssertionError("the role does not work")


async def test_denials(ask: Any) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    await ask("GET", MAPS, user="nobody-has-this-token")
    await ask("POST", MAPS, body, user="reader")
    await ask("GET", f"{MAPS}/a", user="reader")
    await ask("GET", "/api/v1/namespaces/{ns}/secrets", user="reader")
    await ask("GET", "/api/v1/namespaces/{ns}/secrets/a", user="reader")
    await ask("PATCH", "/apis/apps/v1/namespaces/{ns}/deployments/a", {}, patch="merge", user="reader")
    await ask("DELETE", "/apis/batch/v1/namespaces/{ns}/jobs/a", user="reader")
    await ask("GET", MAPS, user="deployer")
    await ask("GET", "/api/v1/nodes", user="deployer")
    await ask("POST", "/api/v1/namespaces", {"metadata": {"name": "x"}}, user="deployer")
    await ask("GET", "/apis/storage.k8s.io/v1/storageclasses", user="deployer")
    await ask("GET", "/api/v1/namespaces/{ns}/pods/a/log", user="deployer")
    await ask("GET", "/metrics", user="deployer")
    status, _ = await ask.raw("GET", "/version", user="deployer")
    ask.note("everybody reads the version", status)


async def test_a_deployer_of_one_namespace(ask: Any) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch", "create", "patch"]}]
    await let(ask, "deployer", rules)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    await ask("POST", MAPS, body, user="deployer")
    await ask("PATCH", f"{MAPS}/a", body, patch="apply", user="deployer", fieldManager="helm")
    await ask("DELETE", f"{MAPS}/a", user="deployer")
    await ask("GET", "/api/v1/configmaps", user="deployer")
    await ask("GET", "/api/v1/namespaces/default/configmaps", user="deployer")
    # nobody gives away more than they have
    await ask("POST", f"{RBAC}/roles", {"metadata": {"name": "more"}, "rules": []}, user="deployer")


async def test_nobody_gives_away_more_than_they_have(ask: Any) -> None:
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create", "update"]},
    ]  # fmt: skip
    await let(ask, "deployer", rules)
    same = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    more = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    await ask("POST", f"{RBAC}/roles", {"metadata": {"name": "same"}, "rules": same}, user="deployer")
    status, answer = await ask.raw(
        "POST", f"{RBAC}/roles", {"metadata": {"name": "more"}, "rules": more}, user="deployer"
    )
    ask.note("a role with more", [status, answer["reason"], "attempting to grant RBAC permissions not currently held" in answer["message"]])  # fmt: skip
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    body = {"metadata": {"name": "x"}, "roleRef": ref, "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "{ns}"}]}  # fmt: skip
    status, answer = await ask.raw("POST", f"{RBAC}/rolebindings", body, user="deployer")
    ask.note("a binding with more", [status, answer["reason"], "attempting to grant RBAC permissions not currently held" in answer["message"]])  # fmt: skip


async def test_access_reviews(ask: Any) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create"]}]
    await let(ask, "deployer", rules)

    async def may(user: str, verb: str, resource: str, group: str = "", namespace: str = "{ns}", **more: str) -> None:
        about = {"verb": verb, "resource": resource, "group": group, "namespace": namespace, **more}
        review = {"spec": {"resourceAttributes": about}}
        status, answer = await ask.raw("POST", REVIEWS, review, user=user)
        ask.note(f"{user} {verb} {resource} {group} {namespace} {more}", [status, answer["status"]["allowed"]])

    for verb in ("get", "create", "delete", "*"):
        await may("deployer", verb, "configmaps")
    await may("deployer", "get", "configmaps", namespace="default")
    await may("deployer", "get", "configmaps", namespace="")
    await may("deployer", "get", "*")
    await may("deployer", "get", "configmaps", subresource="status")
    await may("reader", "get", "deployments", "apps")
    await may("reader", "get", "secrets")
    await may("reader", "get", "pods", subresource="log")
    await may("reader", "create", "pods", subresource="exec")
    await may("reader", "list", "nodes", namespace="")
    await may("admin", "*", "*", "*")
    await ask("POST", REVIEWS, {"spec": {}}, user="deployer")
    await ask(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {},
        user="deployer",
        only="status.userInfo.username",
    )
    rulesreview = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    _, answer = await ask.raw("POST", rulesreview, {"spec": {"namespace": "{ns}"}}, user="deployer")
    ask.note("the rules", [r for r in answer["status"]["resourceRules"] if "configmaps" in r["resources"]])


async def test_acting_as_somebody_else(ask: Any) -> None:
    await ask("GET", MAPS, headers={"Impersonate-User": "jane"})
    await ask("GET", MAPS, user="reader", headers={"Impersonate-User": "jane"})
