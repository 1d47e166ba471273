"""Label and field selectors, parsed and matched as Kubernetes does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bevel_tui.sandbox.apiserver.errors import bad_request
from bevel_tui.sandbox.apiserver.kinds import Kind

Predicate = Callable[[Mapping[str, Any]], bool]

_SET = re.compile(r"^\s*(\S+?)\s+(in|notin)\s*\(([^()]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^\s=!<>]+)\s*(==|=|!=|<|>)\s*([^\s=!,]*)\s*$")
_EXISTS = re.compile(r"^\s*(!?)\s*([^\s=!(),]+)\s*$")


def labels(selector: str) -> Predicate:
    """A predicate on objects. Raises Refusal(400) when the selector cannot be parsed."""
    tests = [_requirement(part) for part in _split(selector)]
    return lambda obj: all(test((obj.get("metadata") or {}).get("labels") or {}) for test in tests)


def label_map(selector: Mapping[str, Any] | None) -> Predicate:
    """A metav1.LabelSelector (matchLabels, matchExpressions) as a predicate on labels maps."""
    tests: list[Predicate] = []
    for key, value in ((selector or {}).get("matchLabels") or {}).items():
        tests.append(_equal(key, value))
    for expression in (selector or {}).get("matchExpressions") or ():
        key, values = expression.get("key", ""), set(expression.get("values") or ())
        match expression.get("operator"):
            case "In":
                tests.append(_among(key, values))
            case "NotIn":
                tests.append(_not(_among(key, values)))
            case "Exists":
                tests.append(_has(key))
            case _:
                tests.append(_not(_has(key)))
    return lambda found: all(test(found) for test in tests)


def _split(selector: str) -> list[str]:
    """Parts between commas that are not inside parentheses."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(selector):
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            parts.append(selector[start:position])
            start = position + 1
    parts.append(selector[start:])
    return [part for part in parts if part.strip()]


def _requirement(part: str) -> Predicate:
    if found := _SET.match(part):
        values = {value.strip() for value in found[3].split(",")}
        among = _among(found[1], values)
        return among if found[2] == "in" else _not(among)
    if found := _EQUAL.match(part):
        key, operator, value = found.groups()
        if operator in "<>":
            return _ordered(key, operator, value)
        return _equal(key, value) if operator != "!=" else _not(_equal(key, value))
    if found := _EXISTS.match(part):
        return _not(_has(found[2])) if found[1] else _has(found[2])
    words = part.split()
    if part.strip()[:1] in {"=", "<", ">", "(", ")"}:
        raise bad_request(f"found '{part.strip()[:1]}', expected: !, identifier, or 'end of string'")
    if len(words) > 2 and words[1] in {"in", "notin"}:
        raise bad_request(f"unable to parse requirement: found '{words[2]}' expected: '('")
    raise bad_request(f"unable to parse requirement: {part.strip()!r} is not a label requirement")


def _equal(key: str, value: str) -> Predicate:
    return lambda found: found.get(key) == value


def _among(key: str, values: set[str]) -> Predicate:
    return lambda found: key in found and found[key] in values


def _has(key: str) -> Predicate:
    return lambda found: key in found


def _not(test: Predicate) -> Predicate:
    return lambda found: not test(found)


def _ordered(key: str, operator: str, value: str) -> Predicate:
    def test(found: Mapping[str, Any]) -> bool:
        try:
            number = int(found[key])
            return number > int(value) if operator == ">" else number < int(value)
        except (KeyError, ValueError):
            return False

    return test


# ---------------------------------------------------------------- fields

_EVERYWHERE = {"metadata.name", "metadata.namespace"}
#: what each resource can be selected by besides name and namespace (Kubernetes: its ToSelectableFields)
_FIELDS: dict[str, set[str]] = {
    "pods": {
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    },
    "events": {
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    },
    "events.events.k8s.io": {
        "regarding.kind",
        "regarding.namespace",
        "regarding.name",
        "regarding.uid",
        "reason",
        "reportingController",
        "type",
    },
    "secrets": {"type"},
    "namespaces": {"status.phase"},
    "nodes": {"spec.unschedulable"},
    "services": {"spec.clusterIP", "spec.type"},
    "jobs.batch": {"status.successful"},
    "replicasets.apps": {"status.replicas"},
    "replicationcontrollers": {"status.replicas"},
}


def fields(selector: str, kind: Kind) -> Predicate:
    """A predicate on objects of `kind`. Raises Refusal(400) for a field that the kind cannot be selected by."""
    allowed = _EVERYWHERE | _FIELDS.get(kind.resource, set())
    tests: list[Predicate] = []
    for part in _split(selector):
        found = re.match(r"^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$", part)
        if not found:
            raise bad_request(f"invalid field selector: {part!r}")
        path, operator, value = found.groups()
        if path not in allowed:
            if kind.resource in _FIELDS:  # those with a conversion of their own
                raise bad_request(f"field label not supported: {path}")
            raise bad_request(f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"')
        test = _field(path, value)
        tests.append(test if operator != "!=" else _not(test))
    return lambda obj: all(test(obj) for test in tests)


def _field(path: str, value: str) -> Predicate:
    keys = path.split(".")
    if path == "source":
        keys = ["source", "component"]

    def test(obj: Mapping[str, Any]) -> bool:
        node: Any = obj
        for key in keys:
            node = node.get(key) if isinstance(node, Mapping) else None
        if node is None:
            node = {"spec.unschedulable": False, "spec.hostNetwork": False, "status.replicas": 0}.get(path, "")
        return (str(node).lower() if isinstance(node, bool) else str(node)) == value

    return test


def both(first: Predicate | None, second: Predicate | None) -> Predicate | None:
    """The conjunction; None stands for everything."""
    if first is None or second is None:
        return first or second
    return lambda obj: first(obj) and second(obj)
