"""Objects from what Helm rendered: the manifest in a release's record, and rendered YAML."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from typing import Any

from bevel_tui.engine.ports import Cluster
from bevel_tui.records.steps import ObjectRef


def parse(text: str) -> tuple[dict[str, Any], ...]:
    """The objects of a stream of YAML documents; lists are taken apart. Raises nothing: what is no object is left out."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[dict[str, Any]] = []
    try:
        for document in yaml.load_all(text, loader):
            items = (
                document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else [document]
            )
            found += [item for item in items or () if isinstance(item, dict) and item.get("kind")]
    except yaml.YAMLError:
        return tuple(found)
    return tuple(found)


def decode(data: str) -> dict[str, Any]:
    """A release record from the ``release`` value of its Secret: base64 of base64 of gzipped JSON.

    Raises ValueError when it is none.
    """
    try:
        packed = base64.b64decode(base64.b64decode(data))
        text = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
        release = json.loads(text)
    except (binascii.Error, OSError, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"not a Helm release record: {error}") from None
    if not isinstance(release, dict):
        raise ValueError("not a Helm release record")
    return release


async def installed_objects(client: Cluster, namespace: str, secret: str) -> tuple[dict[str, Any], ...]:
    """What a revision of a release rendered, without hooks; empty when its record cannot be read. Raises ApiError."""
    found = await client.get(ObjectRef("v1", "Secret", secret, namespace))
    packed = ((found or {}).get("data") or {}).get("release")
    if not packed:
        return ()
    try:
        return parse(str(decode(packed).get("manifest") or ""))
    except ValueError:
        return ()
