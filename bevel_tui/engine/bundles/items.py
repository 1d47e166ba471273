"""A handoff's material as an item of a bundle, and back. One filter for both ways: `material.extract`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from bevel_tui.engine.bundles.document import Item
from bevel_tui.engine.material import Material, extract
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import HandoffStep, ReleaseStep, Step


def declared_private(steps: Iterable[Step], handoff: HandoffStep) -> tuple[str, ...]:
    """Data keys of a handoff's source that its maker declares private."""
    return tuple(
        key
        for step in steps
        if isinstance(step, ReleaseStep) and step.cluster == handoff.cluster
        for made in step.produces
        if made.ref == handoff.source
        for key in made.private
    )


def item_of(step: HandoffStep, source: Mapping[str, Any], private: Iterable[str] = ()) -> Item:
    """What `step` may take from its source object, as an item.

    Raises BevelError(STEP_FAILED) where a handoff would fail, for anything private above all.
    """
    private = tuple(private)
    material = extract(step, source, private)
    item = Item.of(step.id, step.source, _values(step, source, material))
    if extract(step, item.as_object(), private).content != material.content:
        raise BevelError(
            Code.STEP_FAILED,
            f"{step.id} would not come out of a bundle as it went in.",
            remedy="This is a bug in bevel-tui; please report it with the kinds of the values in that object.",
        )
    return item


def fits(step: HandoffStep, item: Item, private: Iterable[str] = ()) -> str | None:
    """Why an item is not exactly what `step` lets through; None when it is."""
    if item.source.ref != step.source:
        return f"it was taken from {item.source.kind} {item.source.namespace}/{item.source.name}"
    try:
        again = item_of(step, item.as_object(), private)
    except (BevelError, ValueError) as error:
        return error.message if isinstance(error, BevelError) else str(error)
    return None if again.sha256 == item.sha256 else "it holds more than may cross, or in another form"


def _values(step: HandoffStep, source: Mapping[str, Any], material: Material) -> dict[str, bytes]:
    """Raw values by data key, reduced as `extract` did."""
    secret, binary = source.get("kind") == "Secret", set(source.get("binaryData") or ())
    if step.key is None:
        return {
            key: base64.b64decode(value) if secret or key in binary else value.encode()
            for key, value in material.data.items()
        }
    if step.member is not None:
        return {step.key: json.dumps({step.member: json.loads(material.content)}).encode()}
    if step.keep_base64 and (secret or step.key in binary):
        return {step.key: base64.b64decode(material.content)}
    return {step.key: material.content}
