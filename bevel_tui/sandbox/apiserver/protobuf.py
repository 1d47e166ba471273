"""Request bodies in Kubernetes' protobuf: what Go's typed clients send for the few kinds that they write.

Helm stores its releases so (a 415 does not make it fall back to JSON; engineering notes 3). Answers are JSON, which
every client accepts. Field numbers: k8s.io/api/core/v1/generated.proto and apimachinery's, v0.34.
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterator
from typing import Any

from bevel_tui.sandbox.apiserver.errors import bad_request

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"

#: message -> field number -> (JSON name, type); a leading ``*`` repeats, ``map:`` maps strings to the type
_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    "Secret": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "map:bytes"),
        3: ("type", "string"),
        4: ("stringData", "map:string"),
        5: ("immutable", "bool"),
    },
    "ConfigMap": {
        1: ("metadata", "ObjectMeta"),
        2: ("data", "map:string"),
        3: ("binaryData", "map:bytes"),
        4: ("immutable", "bool"),
    },
    "Namespace": {1: ("metadata", "ObjectMeta"), 2: ("spec", "NamespaceSpec"), 3: ("status", "Ignored")},
    "NamespaceSpec": {1: ("finalizers", "*string")},
    "ServiceAccount": {
        1: ("metadata", "ObjectMeta"),
        3: ("imagePullSecrets", "*LocalObjectReference"),
        4: ("automountServiceAccountToken", "bool"),
    },
    "LocalObjectReference": {1: ("name", "string")},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "int"),
        2: ("preconditions", "Preconditions"),
        3: ("orphanDependents", "bool"),
        4: ("propagationPolicy", "string"),
        5: ("dryRun", "*string"),
    },
    "Preconditions": {1: ("uid", "string"), 2: ("resourceVersion", "string")},
    "ObjectMeta": {
        1: ("name", "string"),
        2: ("generateName", "string"),
        3: ("namespace", "string"),
        5: ("uid", "string"),
        6: ("resourceVersion", "string"),
        7: ("generation", "int"),
        8: ("creationTimestamp", "Time"),
        9: ("deletionTimestamp", "Time"),
        10: ("deletionGracePeriodSeconds", "int"),
        11: ("labels", "map:string"),
        12: ("annotations", "map:string"),
        13: ("ownerReferences", "*OwnerReference"),
        14: ("finalizers", "*string"),
        17: ("managedFields", "*ManagedFieldsEntry"),
    },
    "OwnerReference": {
        1: ("kind", "string"),
        3: ("name", "string"),
        4: ("uid", "string"),
        5: ("apiVersion", "string"),
        6: ("controller", "bool"),
        7: ("blockOwnerDeletion", "bool"),
    },
    "ManagedFieldsEntry": {
        1: ("manager", "string"),
        2: ("operation", "string"),
        3: ("apiVersion", "string"),
        4: ("time", "Time"),
        6: ("fieldsType", "string"),
        7: ("fieldsV1", "FieldsV1"),
        8: ("subresource", "string"),
    },
}


def decode(body: bytes) -> dict[str, Any]:
    """The JSON tree of a body. Raises Refusal(400) for a malformed body or a kind that is not known here."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(_fields(body[4:]))
        meta = {n: _bytes(v).decode() for n, v in _fields(_bytes(envelope.get(1, b"")))}
        kind = meta.get(2, "")
        if kind not in _MESSAGES:
            raise bad_request(f"the simulated API server does not read {kind or 'this'} in protobuf")
        return {"apiVersion": meta.get(1, ""), "kind": kind, **_message(_bytes(envelope.get(2, b"")), kind)}
    except (IndexError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise bad_request(f"the protobuf body is malformed: {error}") from None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("a field is longer than the message")
            yield number, data[at : at + length]
            at += length
        elif wire in {1, 5}:
            at += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")


def _message(data: bytes, name: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    layout = _MESSAGES[name]
    for number, raw in _fields(data):
        if number not in layout:
            continue
        key, kind = layout[number]
        if kind.startswith("map:"):
            pair = dict(_fields(_bytes(raw)))
            out.setdefault(key, {})[_bytes(pair.get(1, b"")).decode()] = _value(pair.get(2, b""), kind[4:])
        elif kind.startswith("*"):
            out.setdefault(key, []).append(_value(raw, kind[1:]))
        else:
            value = _value(raw, kind)
            if value not in (None, "") or kind == "bool":
                out[key] = value
    return out


def _value(raw: int | bytes, kind: str) -> Any:
    if kind == "int":
        number = int(raw)  # type: ignore[arg-type]
        return number - (1 << 64) if number >> 63 else number
    if kind == "bool":
        return bool(raw)
    data = _bytes(raw)
    match kind:
        case "string":
            return data.decode()
        case "bytes":
            return base64.b64encode(data).decode()
        case "Time":
            seconds = dict(_fields(data)).get(1, 0)
            moment = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC)
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None
        case "FieldsV1":
            return json.loads(_bytes(dict(_fields(data)).get(1, b"{}")))
        case "Ignored":
            return None
    return _message(data, kind)


def _bytes(raw: int | bytes) -> bytes:
    if not isinstance(raw, bytes):
        raise TypeError("a number where a message belongs")
    return raw
