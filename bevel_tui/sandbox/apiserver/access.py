"""Who may do what: users by bearer token, and Kubernetes' RBAC evaluated over the objects in the store."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bevel_tui.sandbox.apiserver.errors import Cause, Refusal, forbidden, invalid
from bevel_tui.sandbox.apiserver.store import Object, Store

#: may do everything, whatever the roles say
MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
_ROLES = "roles.rbac.authorization.k8s.io"
_ROLE_BINDINGS = "rolebindings.rbac.authorization.k8s.io"
_CLUSTER_ROLES = "clusterroles.rbac.authorization.k8s.io"
_CLUSTER_ROLE_BINDINGS = "clusterrolebindings.rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class User:
    """Someone with a token. Members of ``system:masters`` may do everything; others what RBAC grants them."""

    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


@dataclass(frozen=True, slots=True)
class Attributes:
    """One action, as authorizers see it. `path` for what is no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Access:
    """The users of one cluster and their rights."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_token: dict[str, User] = {}

    def add(self, user: User) -> User:
        self._by_token[user.token] = user
        return user

    def remove(self, user: User) -> None:
        """The user's token is refused from now on."""
        self._by_token.pop(user.token, None)

    def authenticate(self, header: str | None) -> User:
        """The user of an Authorization header. Raises Refusal(401)."""
        scheme, _, token = (header or "").partition(" ")
        user = self._by_token.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise Refusal(401, "Unauthorized")
        return user

    def impersonate(self, user: User, name: str, groups: list[str]) -> User:
        """The user that a request acts as (``kubectl --as``). Raises Refusal(403)."""
        self.check(user, Attributes(verb="impersonate", resource="users", name=name))
        for group in groups:
            self.check(user, Attributes(verb="impersonate", resource="groups", name=group))
        return User(name, (*groups, AUTHENTICATED))

    def check(self, user: User, wanted: Attributes) -> None:
        """Raises Refusal(403), worded as Kubernetes does."""
        if self.allowed(user, wanted):
            return
        if wanted.path:
            raise Refusal(403, f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"', details={})
        what = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
        where = f' in the namespace "{wanted.namespace}"' if wanted.namespace else " at the cluster scope"
        why = f'User "{user.name}" cannot {wanted.verb} resource "{what}" in API group "{wanted.group}"{where}'
        full = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
        subject = f'{full} "{wanted.name}"' if wanted.name else full
        details = {"kind": wanted.resource}
        if wanted.name:
            details["name"] = wanted.name
        if wanted.group:
            details["group"] = wanted.group
        raise Refusal(403, f"{subject} is forbidden: {why}", details=details)

    def allowed(self, user: User, wanted: Attributes) -> bool:
        """Whether the user may do this."""
        if MASTERS in user.groups:
            return True
        if wanted.path and wanted.verb == "get" and _public(wanted.path):
            return True
        if wanted.resource.startswith("selfsubject"):
            return True
        return any(_covers(rule, wanted) for rule in self.rules(user, wanted.namespace))

    def check_grant(self, user: User, resource: str, obj: Object) -> None:
        """Nobody gives away more than they have. Raises Refusal(403) for a role or a binding (of collection `resource`)
        with rights that its writer lacks, unless they may ``escalate`` (roles) or ``bind``."""
        if MASTERS in user.groups or resource not in {_ROLES, _CLUSTER_ROLES, _ROLE_BINDINGS, _CLUSTER_ROLE_BINDINGS}:
            return
        plural, _, group = resource.partition(".")
        namespace, name = obj["metadata"].get("namespace") or "", obj["metadata"]["name"]
        if resource in {_ROLES, _CLUSTER_ROLES}:
            free = Attributes("escalate", group, plural, "", namespace, name)
            rules = obj.get("rules") or ()
        else:
            ref = obj.get("roleRef") or {}
            role = "roles" if ref.get("kind") == "Role" else "clusterroles"
            free = Attributes("bind", group, role, "", namespace, ref.get("name", ""))
            rules = tuple(self._role(obj, namespace or None))
        if self.allowed(user, free):
            return
        mine = list(self.rules(user, namespace))
        missing = [rule for rule in rules if not all(any(_covers(m, a) for m in mine) for a in _actions(rule))]
        if missing:
            groups = " ".join(f'"{one}"' for one in user.groups)
            listed = "\n".join(_shown(rule) for rule in missing)
            why = f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:'
            raise forbidden(plural, group, name, f"{why}\n{listed}")

    def rules(self, user: User, namespace: str) -> Iterator[Mapping[str, Any]]:
        """The RBAC rules that hold for a user in a namespace (and cluster-wide)."""
        if MASTERS in user.groups:
            yield {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            yield {"verbs": ["*"], "nonResourceURLs": ["*"]}
            return
        for binding in self._store.collection(_CLUSTER_ROLE_BINDINGS).all(None):
            if _binds(binding, user):
                yield from self._role(binding, None)
        if namespace:
            for binding in self._store.collection(_ROLE_BINDINGS).all(namespace):
                if _binds(binding, user):
                    yield from self._role(binding, namespace)

    def _role(self, binding: Object, namespace: str | None) -> Iterator[Mapping[str, Any]]:
        ref = binding.get("roleRef") or {}
        local = ref.get("kind") == "Role"
        role = self._store.get(_ROLES if local else _CLUSTER_ROLES, namespace if local else None, ref.get("name", ""))
        yield from (role or {}).get("rules") or ()


def _public(path: str) -> bool:
    """What every authenticated user may read (ClusterRole system:discovery)."""
    return path.startswith(("/api", "/openapi", "/version", "/healthz", "/livez", "/readyz"))


def _binds(binding: Object, user: User) -> bool:
    for subject in binding.get("subjects") or ():
        kind, name = subject.get("kind"), subject.get("name")
        if kind == "User" and name == user.name:
            return True
        if kind == "Group" and name in user.groups:
            return True
        if kind == "ServiceAccount" and user.name == f"system:serviceaccount:{subject.get('namespace')}:{name}":
            return True
    return False


def _actions(rule: Mapping[str, Any]) -> Iterator[Attributes]:
    """Every single thing that a rule allows."""
    for verb in rule.get("verbs") or ():
        for path in rule.get("nonResourceURLs") or ():
            yield Attributes(verb, path=path)
        for group in rule.get("apiGroups") or ():
            for full in rule.get("resources") or ():
                resource, _, subresource = full.partition("/")
                for name in rule.get("resourceNames") or ("",):
                    yield Attributes(verb, group, resource, subresource, name=name)


def _shown(rule: Mapping[str, Any]) -> str:
    """A rule as messages show it."""
    names = {"apiGroups": "APIGroups", "resources": "Resources", "resourceNames": "ResourceNames",
             "nonResourceURLs": "NonResourceURLs", "verbs": "Verbs"}  # fmt: skip
    parts = (f"{shown}:[{' '.join(json.dumps(v) for v in rule[key])}]" for key, shown in names.items() if rule.get(key))
    return "{" + ", ".join(parts) + "}"


def _covers(rule: Mapping[str, Any], wanted: Attributes) -> bool:
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and wanted.verb not in verbs:
        return False
    if wanted.path:
        urls = rule.get("nonResourceURLs") or ()
        return any(u in {"*", wanted.path} or (u.endswith("*") and wanted.path.startswith(u[:-1])) for u in urls)
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and wanted.group not in groups:
        return False
    full = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    accepted = {"*", full} | ({f"*/{wanted.subresource}"} if wanted.subresource else set())
    if not accepted & set(rule.get("resources") or ()):
        return False
    names = rule.get("resourceNames")
    return not names or wanted.name in names


# ---------------------------------------------------------------- reviews


def review(access: Access, user: User, kind: str, body: Any, namespace: str | None) -> Object:
    """The answer to a POST of an access review or of a SelfSubjectReview. Raises Refusal(422)."""
    obj: Object = dict(body) if isinstance(body, dict) else {}
    spec = obj.get("spec") or {}
    obj.setdefault("metadata", {})
    if kind == "SelfSubjectReview":
        info = {"username": user.name, "groups": list(user.groups)}
        return {**obj, "status": {"userInfo": info}}
    if kind == "SelfSubjectRulesReview":
        rules = list(access.rules(user, spec.get("namespace") or ""))
        status = {
            "resourceRules": [
                _only(r, "verbs", "apiGroups", "resources", "resourceNames") for r in rules if r.get("resources")
            ],
            "nonResourceRules": [_only(r, "verbs", "nonResourceURLs") for r in rules if r.get("nonResourceURLs")],
            "incomplete": False,
        }
        return {**obj, "status": status}
    if kind in {"SubjectAccessReview", "LocalSubjectAccessReview"}:
        user = User(spec.get("user") or "", tuple(spec.get("groups") or ()))
    if bool(spec.get("resourceAttributes")) == bool(spec.get("nonResourceAttributes")):
        text = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = Cause("FieldValueInvalid", text, "spec.resourceAttributes")
        raise invalid("", "authorization.k8s.io", "", [cause])
    asked = spec.get("resourceAttributes") or {}
    path = (spec.get("nonResourceAttributes") or {}).get("path", "")
    wanted = Attributes(
        verb=asked.get("verb") or (spec.get("nonResourceAttributes") or {}).get("verb", ""),
        group=asked.get("group", ""),
        resource=asked.get("resource", ""),
        subresource=asked.get("subresource", ""),
        namespace=asked.get("namespace") or namespace or "",
        name=asked.get("name", ""),
        path=path,
    )
    return {**obj, "status": {"allowed": access.allowed(user, wanted)}}


def _only(rule: Mapping[str, Any], *keys: str) -> Object:
    return {key: rule[key] for key in keys if rule.get(key)}
