"""Names, labels and annotations: what Kubernetes accepts, and how it words what it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bevel_tui.sandbox.apiserver.errors import Cause
from bevel_tui.sandbox.apiserver.kinds import Kind

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_LABEL = re.compile(_LABEL)
_DNS_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_LABEL_KEY_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
#: finalizers that need no domain
_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}
#: resources whose names are path segments only (RBAC names hold colons)
_PATH_NAMES = {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}


def required(field: str, text: str = "Required value") -> Cause:
    return Cause("FieldValueRequired", text, field)


def wrong(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {_go(value)}: {why}", field)


def unsupported(field: str, value: Any, allowed: Iterable[str]) -> Cause:
    listed = ", ".join(f'"{a}"' for a in allowed)
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {listed}', field)


def _go(value: Any) -> str:
    return (
        json.dumps(value) if isinstance(value, str | int | float | bool) else json.dumps(value, separators=(",", ":"))
    )


def metadata(kind: Kind, meta: Mapping[str, Any]) -> list[Cause]:
    causes = []
    name = meta.get("name") or ""
    if not name:
        causes.append(required("metadata.name", "Required value: name or generateName is required"))
    elif kind.plural in _PATH_NAMES:
        if name in {".", ".."} or "/" in name or "%" in name:
            causes.append(wrong("metadata.name", name, "may not contain '/' or '%', or be '.' or '..'"))
    elif kind.resource == "services":
        causes += matched("metadata.name", name, _DNS_1035, 63, _1035_TEXT)
    elif kind.resource == "namespaces":
        causes += matched("metadata.name", name, DNS_LABEL, 63, LABEL_TEXT)
    else:
        causes += matched("metadata.name", name, _DNS_SUBDOMAIN, 253, _SUBDOMAIN_TEXT)
    causes += check_labels(meta.get("labels") or {}, "metadata.labels")
    for key in meta.get("annotations") or {}:
        causes += _qualified(key.lower(), "metadata.annotations", shown=key)
    size = sum(len(k) + len(v) for k, v in (meta.get("annotations") or {}).items())
    if size > 256 * 1024:
        causes.append(Cause("FieldValueTooLong", "Too long: may not be more than 262144 bytes", "metadata.annotations"))
    for n, finalizer in enumerate(meta.get("finalizers") or ()):
        wrong_name = _qualified(finalizer, "metadata.finalizers")
        causes += wrong_name
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(wrong(f"metadata.finalizers[{n}]", finalizer, text))
    for n, ref in enumerate(meta.get("ownerReferences") or ()):
        for key in ("apiVersion", "kind", "name", "uid"):
            if not ref.get(key):
                causes.append(wrong(f"metadata.ownerReferences[{n}].{key}", "", f"{key} must not be empty"))
    return causes


def check_labels(labels: Mapping[str, str], field: str) -> list[Cause]:
    """What is wrong with a map of labels."""
    causes = []
    for key, value in labels.items():
        causes += _qualified(key, field)
        if len(value) > 63:
            causes.append(wrong(field, value, "must be no more than 63 characters"))
        elif not _LABEL_VALUE.fullmatch(value):
            causes.append(wrong(field, value, _LABEL_VALUE_TEXT))
    return causes


def _qualified(key: str, field: str, shown: str | None = None) -> list[Cause]:
    prefix, slash, name = key.rpartition("/")
    shown = shown or key
    if slash and (not prefix or not _DNS_SUBDOMAIN.fullmatch(prefix)):
        return [wrong(field, shown, f"prefix part {_SUBDOMAIN_TEXT}")]
    if len(name) > 63:
        return [wrong(field, shown, "name part must be no more than 63 characters")]
    return [] if _QUALIFIED.fullmatch(name) else [wrong(field, shown, _LABEL_KEY_TEXT)]


def matched(field: str, value: str, pattern: re.Pattern[str], limit: int, text: str) -> list[Cause]:
    causes = []
    if len(value) > limit:
        causes.append(wrong(field, value, f"must be no more than {limit} characters"))
    if not pattern.fullmatch(value):
        dotted = pattern is DNS_LABEL and _DNS_SUBDOMAIN.fullmatch(value)
        causes.append(wrong(field, value, "must not contain dots" if dotted else text))
    return causes
