"""Records what faults look like: `python -m tests.diagnosis.record` plays every fault of the sandbox and writes, beside
the fixtures that were built by hand, its namespace or cluster as diagnosis saw it, struck and mended.

A recording is cut to where its fault was played, and made comparable: uids are numbered, times are moved so that it was
taken at `TAKEN`, versions of objects are left out. Nothing else is touched. What does not yield its code is not written.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bevel_tui.diagnosis.diagnose import diagnose
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.records.snapshotfile import from_tree, to_tree

FIXTURES = Path(__file__).parent / "fixtures"
#: seconds since the epoch: 2026-01-01
TAKEN = 1767225600.0
SERVER = "192.0.2.10:6443"

_UID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_STAMP = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?:Z|\+00:00)")
#: where API servers of tests listen
_LOCAL = re.compile(r"\b127\.0\.0\.1:\d+")
#: kinds without a namespace that tell of one: by the field that names it
_CLAIMED = {"PersistentVolume": ("spec", "claimRef", "namespace"), "Namespace": ("metadata", "name")}
#: of each object: what differs from run to run and no rule reads
_DROPPED = {"resourceVersion", "generation", "managedFields", "nodeInfo", "daemonEndpoints"}


def cut(snapshot: Snapshot, cluster: str, space: str | None) -> Snapshot:
    """What a snapshot holds of one cluster, or of one namespace in it and the cluster as a whole."""
    one = next(c for c in snapshot.clusters if c.cluster == cluster)
    if space is not None:
        one = dataclasses.replace(
            one,
            objects={kind: tuple(o for o in held if _belongs(kind, o, space)) for kind, held in one.objects.items()},
            logs={key: lines for key, lines in one.logs.items() if key.startswith(f"{space}/")},
            releases=tuple(r for r in one.releases if r.namespace == space),
            certificates=tuple(c for c in one.certificates if c.namespace == space),
            namespaces=(space,),
        )
    return comparable(Snapshot(taken=snapshot.taken, clusters=(one,)))


def _belongs(kind: str, obj: Mapping[str, Any], space: str) -> bool:
    where = obj["metadata"].get("namespace")
    if kind == "Event" and obj.get("type") == "Normal":
        return False
    if kind in _CLAIMED:
        found: Any = obj
        for key in _CLAIMED[kind]:
            found = (found or {}).get(key)
        where = found or ""
    return where is None or where == space or (kind == "Event" and obj["involvedObject"].get("name") == space)


def comparable(snapshot: Snapshot) -> Snapshot:
    """The same snapshot with numbered uids, as if it had been taken at `TAKEN` from a server at `SERVER`."""
    moved = round(TAKEN - snapshot.taken)
    snapshot = dataclasses.replace(snapshot, clusters=tuple(_moved(c, moved) for c in snapshot.clusters))
    text = json.dumps(_without(to_tree(dataclasses.replace(snapshot, taken=TAKEN))))
    text = _LOCAL.sub(SERVER, text)
    numbers: dict[str, str] = {}
    text = _UID.sub(lambda found: numbers.setdefault(found[0], f"uid-{len(numbers) + 1}"), text)

    def move(found: re.Match[str]) -> str:
        then = datetime.fromisoformat(found[0].replace("Z", "+00:00")) + timedelta(seconds=moved)
        spec = "microseconds" if found[1] else "seconds"
        return then.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")

    return from_tree(json.loads(_STAMP.sub(move, text)))


def _moved(cluster: ClusterSnapshot, seconds: int) -> ClusterSnapshot:
    return dataclasses.replace(
        cluster,
        now=round(cluster.now + seconds, 1),
        access=dataclasses.replace(
            cluster.access, skew=_tenths(cluster.access.skew), latency=_tenths(cluster.access.latency)
        ),
        releases=tuple(
            dataclasses.replace(r, modified=None if r.modified is None else _tenths(r.modified + seconds))
            for r in cluster.releases
        ),
        certificates=tuple(dataclasses.replace(c, not_after=c.not_after + seconds) for c in cluster.certificates),
    )


def _tenths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(one) for key, one in value.items() if key not in _DROPPED}
    return [_without(one) for one in value] if isinstance(value, list) else value


def _brief(value: Any) -> Any:
    """A tree without the fields that have their default anyway. Kinds of which there is nothing stay: they were asked."""
    if not isinstance(value, dict):
        return value
    return {
        key: _brief(one) if key in {"access", "clusters"} else one
        for key, one in value.items()
        if key in {"objects", "version"} or one not in (None, "", [], {}, False)
    }


def write(snapshot: Snapshot, code: str, name: str, source: str, *, struck: bool) -> str | None:
    """Write a recording as a fixture of a code, ``must-NAME.yaml`` or (mended) ``near-NAME.yaml``; why it is none, or
    None."""
    found = diagnose(snapshot)
    codes = [finding.code for finding in found.findings]
    if [finding.code for finding in found.roots] != ([code] if struck else []):
        return f"{code} ({name}): {'struck' if struck else 'mended'} it yields {codes or 'nothing'}"
    tree = _brief(to_tree(snapshot))
    tree["clusters"] = [_brief(one) for one in tree["clusters"]]
    head = "must be found" if struck else "near miss: must not be found"
    fixture = {"source": source, **({"consequences": codes[1:]} if codes[1:] else {}), "snapshot": tree}
    path = FIXTURES / code.lower() / f"{'must' if struck else 'near'}-{name}.yaml"
    text = yaml.safe_dump(fixture, sort_keys=False, width=120, default_flow_style=None, allow_unicode=True)
    path.write_text(f"# {head}: {code}\n{text}", encoding="utf-8")
    return None


def words(code: str) -> str:
    """Where the words that a fault of the sandbox says come from: the sources of the fixtures built by hand."""
    built = (path for path in sorted((FIXTURES / code.lower()).glob("must*.yaml")) if "sandbox" not in path.stem)
    heads = (path.read_text(encoding="utf-8").partition("\nsnapshot:")[0] for path in built)
    said = (str(yaml.safe_load(head)["source"]) for head in heads)
    return "; ".join(dict.fromkeys(one for one in said if not one.startswith("recorded")))


def main() -> None:
    """Play all faults of the sandbox and write what they look like."""
    from bevel_tui.sandbox.faults.catalogue import Fault
    from tests.sandbox import test_faults_play as plays
    from tests.virtual import play

    refused: list[str | None] = []

    def keep(snapshot: Snapshot, faults: list[Fault], struck: bool) -> None:
        for fault in faults:
            clusters = {c.cluster for c in snapshot.clusters}
            place = (fault.name, None) if fault.name in clusters else ("east", fault.name)
            source = f"recorded from the sandbox's fault {fault.name} by tests/diagnosis/record.py; its words: {words(fault.code)}"
            if not struck and not fault.script:
                continue  # its world outside is well again: nothing but a healthy namespace, as the others'
            said = write(cut(snapshot, *place), fault.code, f"sandbox-{fault.name}", source, struck=struck)
            refused.append(said)

    logging.disable()  # servers that are struck complain of it
    with tempfile.TemporaryDirectory() as folder:
        for number, group in enumerate(plays.GROUPS):
            play(plays.play_objects(Path(folder) / str(number), group, keep))
        play(plays.play_clusters(Path(folder) / "clusters", keep))
    print("\n".join(sorted(said for said in refused if said)), file=sys.stderr)


if __name__ == "__main__":
    main()
