"""Request bodies in Kubernetes' protobuf: what Go's typed clients send.

Helm stores its releases so (a 415 does not make it fall back to JSON; engineering notes 3), kubectl asks what it may
do. Answers are JSON, which every client accepts. Field numbers are in data/ (`tools/kubernetes_api.py`), types are the
schema's.
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bevel_tui.sandbox.apiserver import schema
from bevel_tui.sandbox.apiserver.errors import bad_request

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_OTHERS = {
    "DeleteOptions": "apis.meta.v1.DeleteOptions",
    "Scale": "autoscaling.v1.Scale",
    "Eviction": "policy.v1.Eviction",
}
_TIMES = {"apis.meta.v1.Time", "apis.meta.v1.MicroTime"}
#: Go encodes empty strings of plain fields too, so they are taken as absent; here they say something
_EMPTY_MATTERS = {"storageClassName"}


def decode(body: bytes) -> dict[str, Any]:
    """The JSON tree of a body. Raises Refusal(400) for a malformed body or a kind that is not known here."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(_fields(body[4:]))
        meta = {n: _bytes(v).decode() for n, v in _fields(_bytes(envelope.get(1, b"")))}
        version, kind = meta.get(1, ""), meta.get(2, "")
        type_ = _type(version, kind)
        return {"apiVersion": version, "kind": kind, **_struct(_bytes(envelope.get(2, b"")), type_)}
    except (IndexError, UnicodeDecodeError, ValueError, TypeError, OverflowError) as error:
        raise bad_request(f"the protobuf body is malformed: {error}") from None


def _type(version: str, kind: str) -> schema.Type:
    if kind in _OTHERS:
        return schema.named(_OTHERS[kind])
    group, _, name = version.rpartition("/")
    try:
        found = schema.builtin(group, name, kind)
    except KeyError:
        found = None
    if found is None or found.title not in schema.document()["protobuf"]:
        raise bad_request(f"the simulated API server does not read {kind or 'this'} in protobuf")
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


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


def _struct(data: bytes, type_: schema.Type) -> dict[str, Any]:
    numbers: Mapping[str, Any] = schema.document()["protobuf"].get(type_.title, {})
    out: dict[str, Any] = {}
    _members(data, type_, numbers, out)
    return out


def _members(data: bytes, type_: schema.Type, numbers: Mapping[str, Any], out: dict[str, Any]) -> None:
    for number, raw in _fields(data):
        name = numbers.get(str(number))
        if isinstance(name, Mapping):  # what JSON inlines is a message of its own
            _members(_bytes(raw), type_, name, out)
            continue
        field = type_.field(name) if name else None
        if name is None or field is None:
            continue
        if field.shape == "list":
            out.setdefault(name, []).append(_value(raw, field.element))
        elif field.shape == "map":
            pair = dict(_fields(_bytes(raw)))
            out.setdefault(name, {})[_bytes(pair.get(1, b"")).decode()] = _value(pair.get(2, b""), field.element)
        else:
            value = _value(raw, field)
            if value is not None and (value != "" or name in _EMPTY_MATTERS):
                out[name] = value


def _value(raw: int | bytes, type_: schema.Type) -> Any:
    if isinstance(raw, int):
        if type_.shape == "boolean":
            return bool(raw)
        return raw - (1 << 64) if raw >> 63 else raw
    if type_.title in _TIMES:
        return _time(raw, micro=type_.title.endswith("MicroTime"))
    match type_.shape:
        case "string":
            return base64.b64encode(raw).decode() if type_.raw.get("format") == "byte" else raw.decode()
        case "quantity":
            return _bytes(dict(_fields(raw)).get(1, b"")).decode()
        case "int-or-string":
            parts = dict(_fields(raw))
            return _bytes(parts.get(3, b"")).decode() if parts.get(1) else _value(parts.get(2, 0), type_)
        case "any":  # FieldsV1, RawExtension: JSON in a bytes field
            inner = _bytes(dict(_fields(raw)).get(1, b""))
            return json.loads(inner) if inner else None
        case "map" | "list":
            return None  # a map of lists (ExtraValue): nothing reads it
    return _struct(raw, type_)


def _time(raw: bytes, *, micro: bool) -> str | None:
    parts = dict(_fields(raw))
    seconds, nanos = int(parts.get(1, 0)), int(parts.get(2, 0))
    if not raw or seconds >> 63:  # Go's zero time lies before 1970
        return None
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{nanos // 1000:06d}Z" if micro else "Z")


def _bytes(raw: int | bytes) -> bytes:
    if not isinstance(raw, bytes):
        raise TypeError("a number where a message belongs")
    return raw
