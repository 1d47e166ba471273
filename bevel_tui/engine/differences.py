"""What differs between an installed release and the plan: observed and wanted, value by value, secrets masked.

Helm keeps the values that a release was given in its record. They may hold secrets, so nothing of them is shown
under a key that sounds like one, or in a place where the plan has a reference.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.decide import Decision
from bevel_tui.kube.client import ApiError
from bevel_tui.plan.plain import MASK, hides, masked
from bevel_tui.records.steps import ClusterFact, ObjectRef, ObjectValue, ReleaseStep, SecretValue

#: more than this is not read, it is counted
LIMIT = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, by its dotted path. None: it is not there."""

    path: str
    observed: str | None
    wanted: str | None

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.observed)} -> {_shown(self.wanted)}"


def _shown(value: str | None) -> str:
    return "(absent)" if value is None else value


async def differences(ctx: RunContext, step: ReleaseStep, decision: Decision) -> tuple[Difference, ...]:
    """Values of an installed release that the plan has otherwise; none when nothing can be read."""
    if not decision.records:
        return ()
    ref = ObjectRef("v1", "Secret", decision.records[-1].secret, step.namespace)
    try:
        record = await ctx.access(step).client.get(ref)
    except ApiError:
        return ()
    about = _record(record or {})
    if about is None:
        return ()
    found = list(compare(about.get("config") or {}, step.values, ctx))
    chart = ((about.get("chart") or {}).get("metadata") or {}).get("version")
    wanted = decision.located.version if decision.located is not None else step.chart_version
    if chart is not None and str(chart) != wanted:
        found.insert(0, Difference("(chart version)", str(chart), wanted))
    return tuple(found)


def compare(observed: Any, wanted: Any, ctx: RunContext | None = None, path: str = "") -> Iterator[Difference]:
    """The leaves in which two values trees differ. What only the cluster can tell is taken for equal."""
    if isinstance(wanted, ClusterFact | ObjectValue):
        return
    key = path.rpartition(".")[2]
    if isinstance(wanted, SecretValue):
        value = None if ctx is None else ctx.secrets.fill(wanted)
        if observed is not None and (value is None or observed == value):
            return
        yield Difference(path, None if observed is None else MASK, masked(wanted))
        return
    if isinstance(wanted, Mapping) and isinstance(observed, Mapping):
        for name in dict.fromkeys((*wanted, *observed)):
            there = f"{path}.{name}" if path else str(name)
            yield from compare(observed.get(name), wanted.get(name), ctx, there)
        return
    was, now = _by_name(observed), _by_name(wanted)
    if was and now and was.keys() != now.keys():  # ports, variables: one more, or one less, is what there is to say
        for name in dict.fromkeys((*now, *was)):
            yield from compare(was.get(name), now.get(name), ctx, f"{path}[{name}]")
        return
    if isinstance(wanted, list | tuple) and isinstance(observed, list | tuple) and len(wanted) == len(observed):
        for index, (one, other) in enumerate(zip(observed, wanted, strict=True)):
            yield from compare(one, other, ctx, f"{path}[{index}]")
        return
    if observed == wanted or (observed in (None, {}, [], ()) and wanted in (None, {}, [], ())):
        return
    yield Difference(path, _text(observed, key), _text(wanted, key))


def _by_name(elements: Any) -> dict[str, Any]:
    """The elements of a list by their names; empty where not each has one of its own that a dotted path can hold."""
    if not isinstance(elements, list | tuple) or not all(isinstance(one, Mapping) for one in elements):
        return {}
    found = {one.get("name"): one for one in elements}
    plain = all(isinstance(name, str) and "." not in name for name in found)
    return found if plain and len(found) == len(elements) else {}


def _text(value: Any, key: str) -> str | None:
    if value is None:
        return None
    if hides(key.partition("[")[0]):
        return MASK
    text = json.dumps(masked(value, key), sort_keys=True, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _record(secret: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        packed = base64.b64decode(base64.b64decode((secret.get("data") or {})["release"]))
        if packed[:2] == b"\x1f\x8b":
            packed = gzip.decompress(packed)
        found = json.loads(packed)
        return found if isinstance(found, dict) else None
    except (KeyError, TypeError, binascii.Error, OSError, zlib.error, EOFError, ValueError):
        return None
