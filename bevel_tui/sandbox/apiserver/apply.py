"""Field ownership: server-side apply, and the bookkeeping of every other write (metadata.managedFields).

The algorithm is structured-merge-diff's: an apply owns exactly what it mentions; what it mentioned last time and no
longer does, and nobody else owns, is removed; changing what another manager owns is a conflict unless forced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bevel_tui.sandbox.apiserver import fieldset, structure
from bevel_tui.sandbox.apiserver.errors import Refusal, apply_conflict, bad_request
from bevel_tui.sandbox.apiserver.fieldset import FieldSet, Path
from bevel_tui.sandbox.apiserver.schema import Type
from bevel_tui.sandbox.clock import timestamp

Object = dict[str, Any]

#: never owned: identity and what the server itself writes
_UNOWNED: set[Path] = {
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    ("f:metadata", "f:name"),
    ("f:metadata", "f:namespace"),
    ("f:metadata", "f:uid"),
    ("f:metadata", "f:resourceVersion"),
    ("f:metadata", "f:generation"),
    ("f:metadata", "f:creationTimestamp"),
    ("f:metadata", "f:deletionTimestamp"),
    ("f:metadata", "f:deletionGracePeriodSeconds"),
    ("f:metadata", "f:selfLink"),
    ("f:metadata", "f:generateName"),
}
Operation = Literal["Apply", "Update"]


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, in which version and through which subresource: the identity of an entry in managedFields."""

    manager: str
    operation: Operation
    api_version: str
    subresource: str = ""

    def shown(self) -> str:
        """As conflict messages name it."""
        sub = f' with subresource "{self.subresource}"' if self.subresource else ""
        version = f" using {self.api_version}" if self.operation == "Update" else ""
        return f'"{self.manager}"{sub}{version}'

    def same_applier(self, other: Writer) -> bool:
        """Whether both are one applier: whoever applies in another version is still the same."""
        mine, theirs = (
            (self.manager, self.operation, self.subresource),
            (other.manager, other.operation, other.subresource),
        )
        return mine == theirs


@dataclass(slots=True)
class Entry:
    """What one writer owns, since when."""

    fields: FieldSet
    time: str


Managers = dict[Writer, Entry]


def managers_of(obj: Object | None) -> Managers:
    """The managers in an object's metadata. Raises ValueError when managedFields is malformed."""
    found: Managers = {}
    for item in ((obj or {}).get("metadata") or {}).get("managedFields") or ():
        try:
            writer = Writer(item["manager"], item["operation"], item["apiVersion"], item.get("subresource", ""))
            found[writer] = Entry(fieldset.decode(item.get("fieldsV1") or {}), item.get("time") or "")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"metadata.managedFields is malformed: {error}") from None
    return found


def written(obj: Object, managers: Managers) -> Object:
    """The object with these managers in its metadata."""
    entries = []
    for writer, entry in sorted(managers.items(), key=lambda m: (m[0].operation, m[1].time, m[0].manager)):
        item: Object = {
            "manager": writer.manager,
            "operation": writer.operation,
            "apiVersion": writer.api_version,
            **({"time": entry.time} if entry.time else {}),
            "fieldsType": "FieldsV1",
            "fieldsV1": fieldset.encode(entry.fields),
        }
        if writer.subresource:
            item["subresource"] = writer.subresource
        entries.append(item)
    meta = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    if entries:
        meta["managedFields"] = entries
    return {**obj, "metadata": meta}


def now() -> str:
    """The present as Kubernetes writes it, in whole seconds."""
    return timestamp()


def owned(obj: Object, type_: Type, reset: tuple[str, ...] = ()) -> dict[Path, Any]:
    """The fields of an object that can be owned, without the top-level members in `reset`."""
    body = {k: v for k, v in obj.items() if k not in reset}
    if "managedFields" in (body.get("metadata") or {}):
        body["metadata"] = {k: v for k, v in body["metadata"].items() if k != "managedFields"}
    flat = fieldset.flatten(body, type_)
    return {path: value for path, value in flat.items() if path not in _UNOWNED}


def update(live: Object | None, new: Object, type_: Type, writer: Writer, reset: tuple[str, ...] = ()) -> Object:
    """`new` with the ownership that this write leads to: the writer owns what it changed, others lose that.

    managedFields that a client sends are taken (it may hand fields over), ``[{}]`` resets them, absent ones are the
    live ones.
    """
    sent = new["metadata"].get("managedFields")
    if sent == [{}]:
        managers: Managers = {}
    else:
        try:
            managers = managers_of(new) if sent else managers_of(live)
        except ValueError:  # a client that does not understand them must not destroy them
            managers = managers_of(live)
    before = owned(live, type_, reset) if live else {}
    after = owned(new, type_, reset)
    changed = {path for path, value in after.items() if path not in before or not _same(before[path], value)}
    held = fieldset.containers(live, type_) if live else {}
    holds = fieldset.containers(new, type_)
    # containers that come with this write are owned as such too (``f:labels: {".": {}}``)
    changed |= {
        path for path, implied in holds.items() if path not in held and not implied and path[0][2:] not in reset
    }
    changed -= _UNOWNED
    removed = (before.keys() - after.keys()) | (held.keys() - holds.keys())
    lost = changed | removed
    if lost:
        for other, entry in list(managers.items()):
            if other != writer and entry.fields & lost:
                managers[other] = Entry(entry.fields - lost, entry.time)
        mine = managers.get(writer)
        fields = ((mine.fields if mine else set()) | changed) - removed
        if mine is None or fields != mine.fields:
            managers[writer] = Entry(fields, now())
    return written(new, {w: e for w, e in managers.items() if e.fields})


def apply(
    live: Object | None, config: Object, type_: Type, writer: Writer, *, force: bool, reset: tuple[str, ...] = ()
) -> Object:
    """The object after an apply of `config`, with its ownership. Raises Refusal: 409 on conflicts unless forced."""
    if (config.get("metadata") or {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    config = {k: v for k, v in config.items() if k not in reset}
    managers = managers_of(live)
    same = next((e for w, e in managers.items() if w.same_applier(writer)), None)
    last = same.fields if same else set()
    if live is not None and not managers:
        # an object from before ownership was tracked: what it holds belongs to nobody in particular
        everything = set(owned(live, type_, reset))
        managers[Writer("before-first-apply", "Update", writer.api_version)] = Entry(everything, now())
    mine = set(owned(config, type_))
    base: Object = live or {"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": {}}
    merged = fieldset.merge(base, _without_nulls(config), type_)
    before = owned(base, type_, reset)
    after = owned(merged, type_, reset)
    changed = {path for path, value in after.items() if path not in before or not _same(before[path], value)}
    others = {w: e for w, e in managers.items() if not w.same_applier(writer)}
    conflicts = [(w.shown(), fieldset.shown(path)) for w, e in others.items() for path in e.fields & changed]
    if conflicts and not force:
        raise apply_conflict(sorted(conflicts))
    kept = fieldset.prefixes(mine).union(*(fieldset.prefixes(e.fields) for e in others.values()))
    doomed = fieldset.prefixes(last) - kept - _UNOWNED
    result = fieldset.remove(merged, doomed, type_) if doomed else merged
    gone = before.keys() - owned(result, type_, reset).keys()
    lost = changed | gone
    final: Managers = {}
    for other, entry in others.items():
        fields = entry.fields - lost
        if fields:
            final[other] = Entry(fields, entry.time)
    # what changes nothing of the object changes no time, and a new owner of what was there already has none
    final[writer] = Entry(mine, now() if changed or gone else same.time if same else "")
    return written(result, {w: e for w, e in final.items() if e.fields})


def check_typed(config: Object, type_: Type, group: str, *, custom: bool) -> None:
    """Raises Refusal(500, as the real server) for an apply configuration that does not fit its type: fields that are
    not there, values of another type, list items that are named twice. `config` is as it was sent."""
    texts = [] if custom else structure.misfits(config, type_)
    for path, element in fieldset.duplicates(config, type_):
        kind, rest = element[:2], element[2:]
        item = fieldset.shown((element,)) if kind == "k:" else f"[={rest}]"
        texts.append(f"{fieldset.shown(path)}: duplicate entries for key {item}")
    if not texts:
        return
    meta = config.get("metadata") or {}
    listed = texts[0] if len(texts) == 1 else "errors:\n" + "\n".join(f"  {text}" for text in texts)
    version = str(config.get("apiVersion")).rpartition("/")[2]
    what = f"({meta.get('namespace', '')}/{meta.get('name', '')}; {group}/{version}, Kind={config.get('kind')})"
    raise Refusal(500, f"failed to create typed patch object {what}: {listed}", reason="")


def same_but_for_times(left: Object, right: Object) -> bool:
    """Whether two states of an object differ in nothing but the times inside managedFields."""
    return _timeless(left) == _timeless(right)


def _timeless(obj: Object) -> Object:
    entries = obj["metadata"].get("managedFields")
    if not entries:
        return obj
    meta = {**obj["metadata"], "managedFields": [{k: v for k, v in e.items() if k != "time"} for e in entries]}
    return {**obj, "metadata": meta}


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return value
