"""Making a finding of a code: severity from the catalogue, object from the snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from bevel_tui.diagnosis.catalogue import BY_CODE
from bevel_tui.diagnosis.evidence import name, namespace, quote
from bevel_tui.records.findings import Finding, Severity
from bevel_tui.records.snapshot import ClusterSnapshot, Object


def say(
    code: str,
    snapshot: ClusterSnapshot | str,
    kind: str,
    about: Object | str,
    cause: str,
    remedy: str,
    *,
    command: str | None = None,
    evidence: Iterable[object] = (),
    blames: Iterable[str] = (),
    where: str | None = None,
    severity: Severity | None = None,
    terminal: bool = False,
) -> Finding:
    """A finding. `about` is the object, or the name of a thing that is none (then `where` is its namespace).

    Evidence is quoted: cut to one line each, without control characters.
    """
    return Finding(
        code=code,
        severity=severity or BY_CODE[code].severity,
        cluster=snapshot if isinstance(snapshot, str) else snapshot.cluster,
        namespace=where if isinstance(about, str) else namespace(about),
        kind=kind,
        name=about if isinstance(about, str) else name(about),
        cause=cause,
        evidence=tuple(dict.fromkeys(line for line in map(quote, evidence) if line)),
        remedy=remedy,
        command=command,
        blames=tuple(blames),
        terminal=terminal,
    )


def kubectl(where: str | None, words: str) -> str:
    """A kubectl command; the context is put in at the end."""
    return f"kubectl --context CONTEXT {f'-n {where} ' if where else ''}{words}"


def ours(network: str, words: str = "") -> str:
    """A command of bevel-tui on a network that can be typed: its preset is what its clusters remember of it."""
    kept = kubectl("bevel-tui", f"get configmap bevel-tui-{network} -o 'jsonpath={{.data.network\\.yaml}}'")
    return f"{kept} > {network}.yaml && bevel-tui {words}--preset {network}.yaml"
