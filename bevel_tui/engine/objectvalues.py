"""Texts that stand in an object of the cluster, put into values just before Helm is given them.

Substrate's nodes are told the id of the node that they meet the others through; it is known only once that node's keys
are made (facts A7). Only what matches the value's own pattern is taken: a chart puts it into a script as it is.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bevel_tui.engine.ports import Cluster
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ObjectRef, ObjectValue


async def fill(tree: Any, client: Cluster) -> Any:
    """A copy of a values tree with every `ObjectValue` replaced.

    Raises BevelError(STEP_FAILED) when an object is not there or does not hold such a text, and ApiError.
    """
    wanted = tuple(dict.fromkeys(_values(tree)))
    objects: dict[ObjectRef, Mapping[str, Any] | None] = {}
    for value in wanted:
        if value.ref not in objects:
            objects[value.ref] = await client.get(value.ref)
    texts = {value: value.form.replace("{}", read(value, objects[value.ref])) for value in wanted}

    def put(node: Any) -> Any:
        if isinstance(node, ObjectValue):
            return texts[node]
        if isinstance(node, Mapping):
            return {key: put(item) for key, item in node.items()}
        if isinstance(node, list | tuple):
            return [put(item) for item in node]
        return node

    return put(tree) if wanted else tree


def read(value: ObjectValue, found: Mapping[str, Any] | None) -> str:
    """The text that `value` asks for. Raises BevelError(STEP_FAILED); what stands there instead is not repeated."""
    where = f"{value.ref.kind} {value.ref.namespace}/{value.ref.name}"
    if found is None:
        raise BevelError(Code.STEP_FAILED, f"{where} is not there, though the step that makes it is done.")
    text: Any = (found.get("data") or {}).get(value.key)
    try:
        if text is not None and value.ref.kind == "Secret":
            text = base64.b64decode(text).decode()
        if text is not None and value.field is not None:
            text = json.loads(text)
            for part in value.field.split("."):
                text = text.get(part) if isinstance(text, dict) else None
    except (ValueError, binascii.Error):
        text = None
    if not isinstance(text, str) or not re.fullmatch(value.pattern, text):
        what = f"{value.field} in key {value.key}" if value.field else f"key {value.key}"
        raise BevelError(
            Code.STEP_FAILED,
            f"{where} does not hold what is expected as {what}.",
            remedy=f"Look at what made it: kubectl --context CONTEXT -n {value.ref.namespace} get jobs,pods",
        )
    return text


def _values(tree: Any) -> Iterator[ObjectValue]:
    if isinstance(tree, ObjectValue):
        yield tree
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from _values(item)
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from _values(item)
