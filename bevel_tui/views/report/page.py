"""A report as one HTML file: no script, nothing loaded from anywhere, readable in light and dark and on paper."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bevel_tui.views.report.markdown import OUTCOMES
from bevel_tui.views.report.picture import shown, timeline, topology
from bevel_tui.views.words import duration, word

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --dim: #5f6b76; --line: #c9d1d9; --page: #ffffff; --box: #f4f6f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9aa5b1; --line: #3d444d; --page: #0d1117; --box: #161b22; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; } td, th { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .title { font-weight: 600; } svg .dim { fill: var(--dim); font-size: 11px; }
svg .box { fill: var(--box); stroke: var(--line); } svg .grid { stroke: var(--line); stroke-width: .5; } svg .arrow { stroke: var(--dim); fill: none; } svg .critical { stroke: var(--ink); stroke-width: 1.6; }
.bad { color: #c62828; font-weight: 600; } .good { color: #2e7d32; font-weight: 600; } .simulated { border: 2px solid #f9a825; padding: .4rem .8rem; } ul { padding-left: 1.2rem; } li { overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .bad { color: #ff7b72; } .good { color: #7ee787; } }
"""


def render(report: dict[str, Any]) -> str:
    """The whole page."""
    title = f"{report['network'] or report['run']}: {report['command']} {OUTCOMES[report['outcome']]}"
    kind = "good" if report["outcome"] == "ok" else "bad"
    parts = [
        f'<h1>{shown(report["network"] or report["run"])}: <span class="{kind}">{report["command"]} {OUTCOMES[report["outcome"]]}</span></h1>'
    ]
    if report["simulated"]:
        parts.append(
            f'<p class="simulated"><b>Simulated</b> clusters: {shown(", ".join(report["simulated"]))}. No container ran.</p>'
        )
    if report["error"]:
        said = (*report["error"].splitlines(), *filter(None, [report["remedy"]]))
        parts += [f"<p>{shown(line, 2000)}</p>" for line in said]
    parts += [
        _facts(report),
        _section("Where", topology(report)),
        _section("Failures", _list((f"{f['step']} {word(f['state'])}: {f['reason'] or ''}", [f["remedy"]]) for f in report["failures"])),
        _section("Findings", _list(_finding(f) for f in report["findings"])),
        _section("Endpoints", _table(("Organization", "Endpoint", "Address"), [(e["organization"], e["id"], e["url"]) for e in report["endpoints"]])),
        _section("Names", _names(report)),
        _section("Checks", _checks(report)),
        _section("When", timeline(report)),
        _section("Critical path", _list((f"{p['step']}: {duration(p['seconds'])}", []) for p in report["critical_path"])),
        _section("Skipped", _table(("Step", "Why"), [(s["step"], s["reason"] or "") for s in report["skipped"]])),
        _section("Handoffs", _table(("From", "To", "Bytes", "Held back"), [(h["source"], h["target"], h["bytes"], ", ".join(h["held_back"])) for h in report["handoffs"]])),
        _section("Versions", _versions(report)),
        _section("Notices", _list((f"{n['level']}: {n['text']}", []) for n in report["notices"])),
    ]  # fmt: skip
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{shown(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<h2>{title}</h2>\n{body}" if body else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{shown(cell, 2000)}</td>' for cell in row)}</tr>" for row in rows)
    if not body:
        return ""
    return f"<table><tr>{''.join(f'<th>{shown(name)}</th>' for name in head)}</tr>{body}</table>"


def _list(items: Iterable[tuple[str, list[Any]]]) -> str:
    found = []
    for text, below in items:
        inner = "".join(f"<li>{shown(line, 2000)}</li>" for line in below if line)
        found.append(f"<li>{shown(text, 2000)}{f'<ul>{inner}</ul>' if inner else ''}</li>")
    return f"<ul>{''.join(found)}</ul>" if found else ""


def _facts(report: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {word(state)}" for state, count in report["counts"].items())
    rows = [
        ("Platform", report["platform"]),
        ("Run", report["run"]),
        ("Begun", report["started"]),
        ("Took", duration(report["duration"])),
        ("Steps", counts),
        ("Exit code", report["exit_code"]),
        ("Plan", report["plan"]),
    ]
    return _table(("", ""), [(name, value) for name, value in rows if value not in (None, "")])


def _finding(finding: dict[str, Any]) -> tuple[str, list[Any]]:
    parts = (finding["cluster"], finding["namespace"], finding["kind"], finding["name"])
    state = "" if finding["open"] else " (healed since)"
    text = f"{finding['code']} {finding['severity']}{state}: {'/'.join(str(p) for p in parts if p)}: {finding['cause']}"
    return text, [*finding["evidence"], f"Remedy: {finding['remedy']}"]


def _names(report: dict[str, Any]) -> str:
    rows = [
        (
            c["name"],
            d["domain"],
            ", ".join(d["ready"]) if d["ready"] is not None else "does not lead to the gateway yet",
        )
        for c in report["clusters"]
        for d in c["domains"]
    ]
    return _table(("Cluster", "Domain", "Leads to"), rows)


def _checks(report: dict[str, Any]) -> str:
    rows = [
        (word(c["status"]), c["id"], c["cluster"], c["target"], c["vantage"], c["summary"]) for c in report["checks"]
    ]
    bad = [c for c in report["checks"] if c["status"] in ("failed", "warning")]
    told = _list((f"{c['id']} {c['target']}: {c['summary']}", [*c["evidence"], c["remedy"]]) for c in bad)
    return told + _table(("Status", "Check", "Cluster", "Target", "From", "Answer"), rows)


def _versions(report: dict[str, Any]) -> str:
    tools = (
        f"<p>bevel-tui {shown(report['bevel_tui'])}"
        + (f", Helm {shown(report['helm'])}" if report["helm"] else "")
        + "</p>"
    )
    rows = [
        (
            c["chart"],
            c["version"],
            c["source"] + (" (stand-in)" if c["stand_in"] else ""),
            c["digest"],
            len(c["releases"]),
        )
        for c in report["charts"]
    ]
    return tools + _table(("Chart", "Version", "Source", "Digest", "Releases"), rows)
