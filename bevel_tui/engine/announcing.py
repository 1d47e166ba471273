"""The names on a gateway's Service, from which external-dns makes records: read, added, taken away.

The annotation holds one value, which networks and people may share. So it is read and written whole, again when
somebody else has changed the Service meanwhile. On a Service of a Helm release our mark in ``managedFields`` is taken
out again: Helm applies with server-side apply, and would meet a conflict with us there for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bevel_tui.engine.context import Access
from bevel_tui.kube.client import ApiError
from bevel_tui.reachability.names.externaldns import ANNOTATION
from bevel_tui.records.steps import DnsStep, ObjectRef

#: times that a change is tried when others change the Service too
_TRIES = 5
_HELM = "meta.helm.sh/release-name"


def names_of(step: DnsStep) -> tuple[str, ...]:
    """What a domain's Service has to carry: the wildcard, and hosts outside the domain."""
    inside = f".{step.domain}"
    wild = (f"*{inside}",) if step.domain else ()
    return (*wild, *(host for host in step.hosts if not step.domain or not host.endswith(inside)))


def names_on(service: dict[str, Any] | None) -> tuple[str, ...]:
    """The names that a Service carries, as they stand there."""
    text = (((service or {}).get("metadata") or {}).get("annotations") or {}).get(ANNOTATION, "")
    return tuple(name.strip() for name in str(text).split(",") if name.strip())


def lacking(step: DnsStep, service: dict[str, Any] | None) -> tuple[str, ...]:
    """The names of a domain that its Service does not carry."""
    there = {name.strip(".") for name in names_on(service)}
    return tuple(name for name in names_of(step) if name not in there)


async def announce(access: Access, step: DnsStep, ref: ObjectRef) -> bool:
    """Give the Service the domain's names beside those that it has; whether that was needed. Raises ApiError."""

    def with_ours(service: dict[str, Any]) -> Iterable[str]:
        return (*names_on(service), *(f"{name}." for name in lacking(step, service)))

    return await _change(access, ref, with_ours, own=not step.annotate)


async def unannounce(access: Access, step: DnsStep, ref: ObjectRef) -> bool:
    """Take the domain's names off the Service, so that external-dns removes their records. Raises ApiError."""
    ours = set(names_of(step))

    def without_ours(service: dict[str, Any]) -> Iterable[str]:
        return (name for name in names_on(service) if name.strip(".") not in ours)

    return await _change(access, ref, without_ours, own=not step.annotate)


async def _change(
    access: Access, ref: ObjectRef, names: Callable[[dict[str, Any]], Iterable[str]], *, own: bool
) -> bool:
    """Write what `names` makes of the Service; False when it is so already, or there is no Service."""
    for left in reversed(range(_TRIES)):
        found = await access.client.get(ref)
        wanted = tuple(names(found)) if found is not None else ()
        if found is None or wanted == names_on(found):
            return False
        annotations = found["metadata"].setdefault("annotations", {})
        if wanted:
            annotations[ANNOTATION] = ",".join(wanted)
        else:
            del annotations[ANNOTATION]
        try:
            written = await access.client.replace(found)
        except ApiError as error:
            if error.status != 409 or not left:
                raise
            continue
        if own:
            await _disown(access, written)
        return True
    return False


async def _disown(access: Access, service: dict[str, Any]) -> None:
    """Leave the annotation to Helm. Nothing of the Service itself changes."""
    meta = service["metadata"]
    if _HELM not in (meta.get("annotations") or {}):
        return
    entries = meta.get("managedFields") or []
    kept = [entry for entry in entries if entry.get("operation") != "Update" or not _holds(entry)]
    if kept and kept != entries:
        meta["managedFields"] = kept
        try:
            await access.client.replace(service)
        except ApiError as error:
            if error.status != 409:  # who was quicker changes nothing of whose the annotation is, and Helm says so
                raise


def _holds(entry: dict[str, Any]) -> bool:
    fields = (entry.get("fieldsV1") or {}).get("f:metadata") or {}
    return f"f:{ANNOTATION}" in (fields.get("f:annotations") or {})
