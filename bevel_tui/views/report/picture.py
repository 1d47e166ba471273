"""Two pictures of a run as SVG: where everything is, and when it happened. Text only, no script, no font to load."""

from __future__ import annotations

from html import escape
from typing import Any

from bevel_tui.views.words import clean, duration, word

WIDTH = 960
#: state -> colour; every one is also told in words (titles, legend)
COLOURS = {
    "ok": "#2e7d32",
    "unchanged": "#7cb342",
    "failed": "#c62828",
    "timed-out": "#c62828",
    "skipped": "#9e9e9e",
    "cancelled": "#f9a825",
    "planned": "#bdbdbd",
    "running": "#0277bd",
}
_BOX, _GAP, _LINE, _DOT = 230, 14, 18, 20


def shown(value: object, most: int = 200) -> str:
    """Text from clusters, cut and harmless in HTML."""
    text = clean(str(value))
    return escape(text if len(text) <= most else text[: most - 1] + "…")


def topology(report: dict[str, Any]) -> str:
    """Clusters side by side, in each its organizations with a dot per release, and what was handed over between them."""
    clusters = [c for c in report["clusters"] if c["organizations"]]
    if not clusters:
        return ""
    per_row = max(1, min(len(clusters), WIDTH // (_BOX + _GAP)))
    width = (WIDTH - _GAP * (per_row - 1)) // per_row
    heights = [_height(cluster, width) for cluster in clusters]
    parts: list[str] = []
    places: dict[str, tuple[int, int]] = {}
    top = 0
    for start in range(0, len(clusters), per_row):
        row = clusters[start : start + per_row]
        tall = max(heights[start : start + per_row])
        for i, cluster in enumerate(row):
            x = i * (width + _GAP)
            places[cluster["name"]] = (x + width // 2, top + tall)
            parts.append(_cluster(cluster, x, top, width, tall))
        top += tall + _GAP
    arrows = _arrows(report, places, top)
    total = top + (24 * len(arrows) if arrows else 0)
    body = "\n".join([*parts, *arrows])
    return f'<svg viewBox="0 0 {WIDTH} {total}" role="img" aria-label="Clusters, organizations and releases">\n{body}\n</svg>'


def _height(cluster: dict[str, Any], width: int) -> int:
    dots = max(1, (width - 24) // _DOT)
    rows = sum(_LINE + _DOT * -(-len(o["releases"]) // dots) + 6 for o in cluster["organizations"])
    return 44 + rows + 8


def _cluster(cluster: dict[str, Any], x: int, y: int, width: int, height: int) -> str:
    about = ", ".join(cluster["addresses"]) or "no gateway"
    simulated = " (simulated)" if cluster["simulated"] else ""
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" class="box"/>',
        f'<text x="{x + 12}" y="{y + 20}" class="title">{shown(cluster["name"] + simulated, 40)}</text>',
        f'<text x="{x + 12}" y="{y + 36}" class="dim">{shown(about, width // 7)}</text>',
    ]
    at = y + 52
    dots = max(1, (width - 24) // _DOT)
    for organization in cluster["organizations"]:
        parts.append(f'<text x="{x + 12}" y="{at + 6}">{shown(organization["name"] or "gateway", 34)}</text>')
        at += _LINE
        for i, release in enumerate(organization["releases"]):
            cx, cy = x + 20 + (i % dots) * _DOT, at + 2 + (i // dots) * _DOT
            title = f"{release['namespace']}/{release['name']}: {word(release['state'])}"
            parts.append(
                f'<circle cx="{cx}" cy="{cy}" r="7" fill="{COLOURS.get(release["state"], "#bdbdbd")}">'
                f"<title>{shown(title)}</title></circle>"
            )
        at += _DOT * -(-len(organization["releases"]) // dots) + 6
    return "\n".join(parts)


def _arrows(report: dict[str, Any], places: dict[str, tuple[int, int]], top: int) -> list[str]:
    """One line under the boxes per pair of clusters between which something was handed over."""
    pairs: dict[tuple[str, str], int] = {}
    homes = {step["step"]: step["cluster"] for step in report["timeline"]}
    carried = {step["step"] for step in report["timeline"] if step["kind"] == "handoff"}
    for step in report["timeline"]:
        for need in step["needs"]:
            pair = (homes.get(need, ""), step["cluster"])
            if need in carried and pair[0] != pair[1] and pair[0] in places and pair[1] in places:
                pairs[pair] = pairs.get(pair, 0) + 1
    found = []
    for i, ((source, target), count) in enumerate(sorted(pairs.items())):
        y = top + 10 + 24 * i
        a, b = places[source][0], places[target][0]
        tip = 8 if b < a else -8
        found.append(
            f'<path d="M{a} {y} L{b} {y} M{b} {y} l{tip} -5 M{b} {y} l{tip} 5" class="arrow"/>'
            f'<text x="{(a + b) // 2}" y="{y - 4}" text-anchor="middle" class="dim">'
            f"{shown(source)} hands over to {shown(target)}: {count}</text>"
        )
    return found


def timeline(report: dict[str, Any]) -> str:
    """A bar per step from when it began to when it ended; the critical path has a dark edge."""
    steps = [step for step in report["timeline"] if step["begin"] is not None]
    if not steps:
        return ""
    left, row = 300, 16
    whole = max(*(step["begin"] + step["seconds"] for step in steps), report["duration"], 0.1)
    scale = (WIDTH - left - 70) / whole
    parts = []
    for i in range(5):
        x = left + (WIDTH - left - 70) * i / 4
        parts.append(f'<path d="M{x:.0f} 14 V{20 + row * len(steps)}" class="grid"/>')
        parts.append(f'<text x="{x:.0f}" y="10" text-anchor="middle" class="dim">{duration(whole * i / 4)}</text>')
    for i, step in enumerate(steps):
        y = 20 + row * i
        x, width = left + step["begin"] * scale, max(2.0, step["seconds"] * scale)
        edge = ' class="critical"' if step["critical"] else ""
        title = f"{step['step']}: {word(step['state'])}, {duration(step['seconds'])} after {duration(step['begin'])}"
        weight = ' class="title"' if step["critical"] else ""
        parts.append(
            f'<text x="{left - 8}" y="{y + 10}" text-anchor="end"{weight}>{shown(step["cluster"] + " " + step["label"], 44)}</text>'
        )
        parts.append(
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="11" fill="{COLOURS.get(step["state"], "#bdbdbd")}"{edge}>'
            f"<title>{shown(title)}</title></rect>"
        )
        parts.append(f'<text x="{x + width + 4:.1f}" y="{y + 10}" class="dim">{duration(step["seconds"])}</text>')
    body = "\n".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {24 + row * len(steps)}" role="img" aria-label="Timeline">\n{body}\n</svg>'
