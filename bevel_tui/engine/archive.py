"""The support archive: everything that somebody elsewhere needs to see what we see, and nothing secret.

It is a .tar.gz of text files: the snapshot (which `bevel-tui diagnose --snapshot` reads again), findings, events, logs,
checks, the networks' documents and plans, versions, and an account of what was masked.
"""

from __future__ import annotations

import gzip
import io
import json
import platform
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bevel_tui
from bevel_tui.engine.redaction import Redaction
from bevel_tui.network.load import parse
from bevel_tui.records.errors import BevelError
from bevel_tui.records.findings import Diagnosis
from bevel_tui.records.snapshot import ClusterSnapshot, Snapshot
from bevel_tui.records.snapshotfile import from_tree, to_tree


def write(snapshot: Snapshot, diagnosis: Diagnosis, path: Path, *, secrets: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Write the archive, readable by its owner only; the names of its files. `secrets` are values to mask wherever they
    stand. Raises OSError."""
    redaction = Redaction(secrets)
    files = dict(_files(snapshot, diagnosis, redaction))
    files["REDACTED.txt"] = redaction.page()
    path.touch(mode=0o600)
    path.chmod(0o600)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"bevel-tui-bundle/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(snapshot.taken)
            archive.addfile(entry, io.BytesIO(content))
    path.write_bytes(gzip.compress(raw.getvalue(), mtime=0))
    return tuple(files)


def _files(snapshot: Snapshot, diagnosis: Diagnosis, redaction: Redaction) -> Iterator[tuple[str, str]]:
    clean = redaction.tree("snapshot.json", to_tree(snapshot))
    from_tree(clean)  # what is sent can be read again, or it is not sent
    yield "snapshot.json", json.dumps(clean, indent=1, sort_keys=True, ensure_ascii=False)
    findings = [{"id": f.id, **f.model_dump(mode="json")} for f in diagnosis.findings]
    yield "findings.json", _json(redaction.tree("findings.json", findings))
    yield "checks.json", _json(redaction.tree("checks.json", [c.model_dump(mode="json") for c in snapshot.checks]))
    yield "versions.json", _json(_versions(snapshot))
    for cluster in snapshot.clusters:
        name = f"clusters/{_safe(cluster.cluster)}"
        yield f"{name}/events.txt", redaction.text(f"{name}/events.txt", _events(cluster))
        yield f"{name}/releases.txt", redaction.text(f"{name}/releases.txt", _releases(cluster))
        for key, lines in sorted(cluster.logs.items()):
            file = f"{name}/logs/{_safe(key)}.log"
            yield file, redaction.text(file, "\n".join(lines) + "\n")
    for network in snapshot.networks:
        name = f"networks/{_safe(network.name)}"
        yield f"{name}/network.yaml", redaction.text(f"{name}/network.yaml", network.document)
        plan = _plan(network.document)
        if plan:
            yield f"{name}/plan.txt", redaction.text(f"{name}/plan.txt", plan)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _safe(name: str) -> str:
    """A name as one part of a path."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name).strip(".") or "_"


def _events(cluster: ClusterSnapshot) -> str:
    rows = []
    for event in cluster.of("Event"):
        about = event.get("involvedObject") or {}
        when = event.get("lastTimestamp") or event.get("eventTime") or ""
        who = f"{about.get('namespace') or '-'} {about.get('kind')}/{about.get('name')}"
        rows.append(
            f"{when} {event.get('type')} {event.get('reason')} x{event.get('count') or 1} {who}: {event.get('message')}"
        )
    return "\n".join(sorted(rows)) + "\n"


def _releases(cluster: ClusterSnapshot) -> str:
    rows = [
        f"{r.namespace}/{r.name} revision {r.revision} {r.status} {r.description}".rstrip() for r in cluster.releases
    ]
    return "\n".join(rows) + "\n"


def _plan(document: str) -> str:
    from bevel_tui.plan.build import build
    from bevel_tui.plan.render import text

    try:
        return text(build(parse(document))) + "\n"
    except BevelError:
        return ""


def _versions(snapshot: Snapshot) -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    packages = {}
    for name in ("kubernetes", "textual", "pydantic", "aiohttp", "dnspython", "helm-python-sdk"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "not installed"
    return {
        "bevel-tui": bevel_tui.__version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": packages,
        "taken": datetime.fromtimestamp(snapshot.taken, UTC).isoformat(),
        "clusters": {
            cluster.cluster: {
                "state": cluster.access.state,
                "kubernetes": cluster.access.version,
                "simulated": cluster.simulated,
                "unreadable": dict(cluster.unreadable),
            }
            for cluster in snapshot.clusters
        },
    }
