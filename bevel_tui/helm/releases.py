"""Helm's release records: what a Secret ``sh.helm.release.v1.<name>.v<revision>`` holds, without the values.

A record is base64 (the Secret's) of base64 of gzipped JSON [helm: pkg/storage/driver/util.go]. Values may hold
secrets; they are never kept.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from bevel_tui.records.steps import ObjectRef

SECRET_TYPE = "helm.sh/release.v1"  # noqa: S105 - a type name
SECRET_PREFIX = "sh.helm.release.v1."  # noqa: S105 - a name

#: statuses in which an operation is under way, or was when its process died
PENDING = frozenset({"pending-install", "pending-upgrade", "pending-rollback", "uninstalling"})

#: labels that Helm itself sets; the others are those given with ``--labels``
_OWN_LABELS = frozenset({"name", "owner", "status", "version", "createdAt", "modifiedAt"})

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook of a release. `events` as ``pre-install``; `weight` orders them; `phase` how it ended last."""

    kind: str
    name: str
    events: tuple[str, ...]
    weight: int = 0
    delete_policies: tuple[str, ...] = ()
    phase: str | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """One revision of a release. `objects` are its manifest's, `hooks` come apart from them as in Helm."""

    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    chart_version: str
    labels: Mapping[str, str]
    objects: tuple[Mapping[str, Any], ...]
    hooks: tuple[Hook, ...]
    description: str = ""
    modified: str | None = None
    secret: str = ""

    @property
    def pending(self) -> bool:
        """Whether an operation is under way, or its process died."""
        return self.status in PENDING

    def refs(self) -> tuple[ObjectRef, ...]:
        """References of the objects; a namespaced kind without a namespace belongs to the release's, which only
        the cluster's discovery can tell: here the namespace is as written."""
        return tuple(
            ObjectRef(obj["apiVersion"], obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"))
            for obj in self.objects
        )


def objects(text: str | bytes) -> tuple[dict[str, Any], ...]:
    """The Kubernetes objects in a stream of YAML documents; lists are taken apart. Raises ValueError."""
    found: list[dict[str, Any]] = []
    try:
        for document in yaml.load_all(text, _Loader):
            if not isinstance(document, dict):
                continue
            kind = document.get("kind")
            if isinstance(kind, str) and kind.endswith("List") and isinstance(document.get("items"), list):
                found += [item for item in document["items"] if isinstance(item, dict)]
            elif kind:
                found.append(document)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from None
    return tuple(found)


def decode(secret: Mapping[str, Any]) -> ReleaseRecord:
    """The record that a Secret of Helm's holds. Raises ValueError when it is none, or damaged."""
    meta = secret.get("metadata") or {}
    try:
        packed = base64.b64decode(base64.b64decode((secret.get("data") or {})["release"]))
        if packed[:2] == b"\x1f\x8b":
            packed = gzip.decompress(packed)
        release = json.loads(packed)
        info = release.get("info") or {}
        about = ((release.get("chart") or {}).get("metadata")) or {}
        return ReleaseRecord(
            name=release["name"],
            namespace=release.get("namespace") or meta.get("namespace") or "",
            revision=int(release["version"]),
            # The label is what Helm asks by; it and the record are written together.
            status=str(info.get("status") or (meta.get("labels") or {}).get("status") or "unknown"),
            chart=str(about.get("name") or ""),
            chart_version=str(about.get("version") or ""),
            labels={k: v for k, v in (meta.get("labels") or {}).items() if k not in _OWN_LABELS},
            objects=objects(release.get("manifest") or ""),
            hooks=tuple(_hook(raw) for raw in release.get("hooks") or ()),
            description=str(info.get("description") or ""),
            modified=info.get("last_deployed") or None,
            secret=str(meta.get("name") or ""),
        )
    except (KeyError, TypeError, AttributeError, binascii.Error, OSError, zlib.error, EOFError, ValueError) as error:
        name = meta.get("name") or "(no name)"
        raise ValueError(f"Secret {name} is no readable release record: {error}") from None


def newest(secrets: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], ReleaseRecord]:
    """The newest revision of every release in a list of Secrets, by (namespace, name). Others are not decoded.

    Raises ValueError when a newest record is damaged.
    """
    best: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}
    for secret in secrets:
        meta = secret.get("metadata") or {}
        name, dot, revision = str(meta.get("name") or "").removeprefix(SECRET_PREFIX).rpartition(".v")
        if not dot or not revision.isdigit() or not str(meta.get("name")).startswith(SECRET_PREFIX):
            continue
        key = (str(meta.get("namespace") or ""), name)
        if key not in best or int(revision) > best[key][0]:
            best[key] = (int(revision), secret)
    return {key: decode(secret) for key, (_, secret) in best.items()}


def _hook(raw: Mapping[str, Any]) -> Hook:
    found = objects(raw.get("manifest") or "")
    return Hook(
        kind=str(raw.get("kind") or ""),
        name=str(raw.get("name") or ""),
        events=tuple(raw.get("events") or ()),
        weight=int(raw.get("weight") or 0),
        delete_policies=tuple(raw.get("delete_policies") or ()),
        phase=(raw.get("last_run") or {}).get("phase") or None,
        manifest=found[0] if found else {},
    )
