"""What may cross from one organization to another: an allow-list, and a second look for anything private.

Bevel's README hands over whole Secrets, private administrator keys included (facts A1.2 h2, h3b). Here a handoff
names the data keys that may go; what is left is still searched for private keys and refused when one is found.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import HandoffStep

_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
#: a secp256k1 node key as Besu and Quorum store it: 32 bytes in hexadecimal, nothing else
_NODE_KEY = re.compile(rb"\s*(0x)?[0-9a-fA-F]{64}\s*")
#: Ethereum keystore (v3), Tessera key file, JSON Web Key; Indy's seed and keys (facts A4.2)
_JSON_KEYS = (
    re.compile(rb'"(?i:crypto)"\s*:\s*\{[^}]*"ciphertext"'),
    re.compile(rb'"type"\s*:\s*"(un)?locked"'),
    re.compile(rb'"kty"\s*:.*"d"\s*:', re.DOTALL),
    re.compile(rb'"(seed|bls_sk)"\s*:'),
    re.compile(rb'secret-key\s*=\s*\\?"'),
    # Substrate's key files, and those of its nodes (facts A7)
    re.compile(rb'"secret(Phrase|Seed)"\s*:'),
    re.compile(rb'"(node_key|(aura|grandpa|account)_(seed|file_b64))"\s*:'),
)
#: BIP-39 words, from which Substrate derives keys
_PHRASE = re.compile(rb"\s*([a-z]{3,8} ){11,23}[a-z]{3,8}\s*")
_BASE64 = re.compile(rb"\s*[A-Za-z0-9+/\s]{16,}={0,2}\s*")
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Material:
    """What a handoff carries: the bytes for a chart file, the data for an object, and the keys held back."""

    content: bytes
    data: Mapping[str, str]
    stripped: tuple[str, ...] = ()


def looks_private(content: bytes, depth: int = _DEPTH) -> str | None:
    """Why `content` looks like private key material, or None. Looks into base64 layers."""
    if _PEM.search(content):
        return "a PEM private key"
    if _NODE_KEY.fullmatch(content):
        return "a bare 32-byte key"
    if any(pattern.search(content) for pattern in _JSON_KEYS):
        return "a key file"
    if _PHRASE.fullmatch(content):
        return "a secret phrase"
    if depth and _BASE64.fullmatch(content):
        try:
            inner = base64.b64decode(b"".join(content.split()), validate=True)
        except (binascii.Error, ValueError):
            return None
        return looks_private(inner, depth - 1)
    return None


def extract(step: HandoffStep, source: Mapping[str, Any], private: Iterable[str] = ()) -> Material:
    """What `step` may take from its source object.

    `private` are data keys that the source's maker declared private. Raises BevelError(STEP_FAILED) when a key is
    missing, when a private key is asked for, or when what would go looks like one.
    """
    held: tuple[str, ...] = ()
    if step.keep_fields:
        # The key may be private as a whole: what is private in it stays behind.
        source, held = _reduced(step, source)
        private = ()
    data: dict[str, str] = {**(source.get("data") or {}), **(source.get("binaryData") or {})}
    encoded = source.get("kind") == "Secret"
    binary = set(source.get("binaryData") or ())
    wanted = (step.key,) if step.key is not None else (step.keep or tuple(sorted(data)) if not encoded else step.keep)
    where = f"{step.source.kind} {step.source.namespace}/{step.source.name}"
    for key in wanted:
        if key in set(private):
            raise _refused(step, where, key, "its maker declares it private")
    missing = [key for key in wanted if key not in data]
    if step.key is not None and missing:
        raise BevelError(
            Code.STEP_FAILED,
            f"{where} has no key {step.key}, which {step.id} hands over.",
            remedy=f"Look at what made it: kubectl --context CONTEXT -n {step.source.namespace} describe "
            f"{step.source.kind.lower()} {step.source.name}",
        )
    kept = {key: data[key] for key in wanted if key in data}
    for key, value in kept.items():
        why = next(_reasons(value, encoded or key in binary), None)
        if why:
            raise _refused(step, where, key, f"it looks like {why}")
    stripped = tuple(sorted(set(data) - set(kept))) if step.key is None else held
    if step.key is not None:
        value = kept[step.key]
        raw = encoded or step.key in binary
        content = base64.b64decode(value) if raw and not step.keep_base64 else value.encode()
        if step.member is not None:
            content = _member(step, where, content)
    else:
        # Data only: annotations may repeat the whole object (kubectl's last-applied-configuration).
        reduced = {
            "apiVersion": source.get("apiVersion", "v1"),
            "kind": source.get("kind"),
            "metadata": {"name": step.source.name, "namespace": step.source.namespace},
            "data": kept,
        }
        content = json.dumps(reduced, sort_keys=True).encode()
    return Material(content, kept, stripped)


def recoded(data: Mapping[str, str], source: str, target: str) -> dict[str, str]:
    """Data of an object of kind `source` as one of kind `target` holds it: Secrets hold base64, all others text."""
    if source == target:
        return dict(data)
    if source == "Secret":
        return {key: base64.b64decode(value).decode() for key, value in data.items()}
    if target == "Secret":
        return {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return dict(data)


def _reduced(step: HandoffStep, source: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The source with nothing but `keep_fields` in the JSON of its key, and the fields held back.

    Raises BevelError(STEP_FAILED) when the value is no JSON object or lacks one of the fields.
    """
    key, encoded = str(step.key), source.get("kind") == "Secret"
    value = (source.get("data") or {}).get(key)
    if value is None:
        return source, ()
    where = f"{step.source.kind} {step.source.namespace}/{step.source.name}"
    try:
        document = json.loads(base64.b64decode(value) if encoded else value)
    except (ValueError, binascii.Error):
        document = None
    known = dict(_leaves(document))
    lacking = [field for field in step.keep_fields if field not in known]
    if lacking:
        raise BevelError(
            Code.STEP_FAILED,
            f"Key {key} of {where} has no {' and no '.join(lacking)}, which {step.id} hands over.",
            remedy=f"Look at what made it: kubectl --context CONTEXT -n {step.source.namespace} get jobs,pods",
        )
    reduced: dict[str, Any] = {}
    for field in step.keep_fields:
        *path, last = field.split(".")
        node = reduced
        for part in path:
            node = node.setdefault(part, {})
        node[last] = known[field]
        why = looks_private(str(known[field]).encode())
        if why:
            raise _refused(step, where, f"{key} ({field})", f"it looks like {why}")
    text = json.dumps(reduced, sort_keys=True)
    data = {**source["data"], key: base64.b64encode(text.encode()).decode() if encoded else text}
    return {**source, "data": data}, tuple(sorted(set(known) - set(step.keep_fields)))


def _leaves(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of everything in JSON objects that is neither an object nor a list."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif path and not isinstance(document, list):
        yield path, document


def _member(step: HandoffStep, where: str, content: bytes) -> bytes:
    """The member `step.member` of a JSON object, as JSON, searched for private keys by itself."""
    try:
        document = json.loads(content)
        member = document[step.member] if isinstance(document, dict) else None
    except (ValueError, KeyError):
        member = None
    if member is None:
        raise BevelError(
            Code.STEP_FAILED,
            f"Key {step.key} of {where} has no member {step.member}, which {step.id} hands over.",
            remedy=f"Look at what made it: kubectl --context CONTEXT -n {step.source.namespace} get jobs,pods",
        )
    why = looks_private(str(member).encode())
    if why:
        raise _refused(step, where, str(step.member), f"it looks like {why}")
    return json.dumps(member).encode()


def _reasons(value: str, encoded: bool) -> Iterator[str]:
    content = value.encode()
    if encoded:
        try:
            content = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            content = value.encode()
    why = looks_private(content)
    if why:
        yield why


def _refused(step: HandoffStep, where: str, key: str, why: str) -> BevelError:
    return BevelError(
        Code.STEP_FAILED,
        f"{step.id} would carry key {key} of {where} to {step.target_cluster}, but {why}. Nothing was sent.",
        remedy="Private keys never leave their cluster. Look at what the object holds; report it if this is public.",
    )
