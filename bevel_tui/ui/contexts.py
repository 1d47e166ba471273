"""A context as a line of the table of clusters, in the columns that have room, and all that is known of it."""

from __future__ import annotations

import re

from rich.text import Text
from textual.content import Content

from bevel_tui.records.survey import SurveyRow

_STATES = {
    "waiting": "· waiting",
    "asking": "… asking",
    "login": "? log in",
    "reachable": "● ready",
    "dead": "✗ no",
}
#: columns and the width of what they mostly hold; those with a number are left out where there is no room, the highest
#: first: the lines below the table tell all of it anyway
_COLUMNS: tuple[tuple[str, int, int], ...] = (
    ("Use", 3, 0),
    ("Context", 22, 0),
    ("State", 8, 0),
    ("Version", 8, 0),
    ("Run by", 9, 0),
    ("Nodes", 5, 0),
    ("Storage", 12, 2),
    ("LB", 3, 0),
    ("Rights", 9, 1),
    ("There already", 14, 3),
)


def cells(row: SurveyRow, columns: dict[str, int], *, used: bool) -> tuple[Text, ...]:
    """What these columns say of a context."""
    grey = "dim" if row.state in ("dead", "waiting") else ""
    mark = Text("[x]" if used else "[ ]", style="bold" if used else grey)
    state = Text(_STATES[row.state], style=grey)
    context = shortened(row.context, columns["Context"])
    if row.state == "dead":
        told = {"Use": mark, "Context": Text(context, style=grey), "State": state}
        return tuple(told.get(name, Text("")) for name in columns)
    found = {
        "Version": re.split(r"[-+]", row.version, maxsplit=1)[0],
        "Run by": "simulated" if row.simulated else row.provider or "",
        "Nodes": "" if row.nodes is None else f"{row.ready_nodes}/{row.nodes}",
        "Storage": row.storage_class or ("none" if row.storage_classes is not None else ""),
        "LB": {True: "yes", False: "no", None: "?" if row.complete else ""}[row.load_balancer],
        "Rights": _rights(row),
        "There already": _there(row),
    }
    told = {
        "Use": mark,
        "Context": Text(context, style="bold" if used else ""),
        "State": state,
        **{name: Text(_cut(words, columns.get(name, 0)), style=grey) for name, words in found.items()},
    }
    return tuple(told[name] for name in columns)


def widths(room: int) -> dict[str, int]:
    """The columns that fit into `room` cells, and how wide each may be. What is left over the names have."""
    shown = {name: width for name, width, _ in _COLUMNS}
    for name, _, _ in sorted((c for c in _COLUMNS if c[2]), key=lambda column: -column[2]):
        if sum(shown.values()) + 2 * len(shown) > room:
            del shown[name]
    left = max(0, room - sum(shown.values()) - 2 * len(shown))
    if "There already" in shown:
        more = left // 3
        shown["There already"] += more
        left -= more
    shown["Context"] = min(64, shown["Context"] + left)
    return shown


def shortened(context: str, room: int) -> str:
    """A long name (an ARN of EKS) without its middle: the end tells it from the others, the start says what it is."""
    if len(context) <= room:
        return context
    start = room // 3
    return f"{context[:start]}…{context[start + 1 - room :]}"


def _cut(words: str, room: int) -> str:
    return words if len(words) <= room else f"{words[: room - 1]}…" if room else ""


def _rights(row: SurveyRow) -> str:
    if row.missing_rights is None:
        return ""
    return f"{len(row.missing_rights)} missing" if row.missing_rights else "all"


def _there(row: SurveyRow) -> str:
    words: list[str] = [gateway.kind for gateway in row.gateways or ()]
    if row.external_dns:
        words.append("external-dns")
    words += [f"network {name}" for name in row.networks]
    if row.same_as:
        words.append(f"= {row.same_as[0]}")
    return ", ".join(dict.fromkeys(words))


def about(row: SurveyRow, *, low: bool) -> Content:
    """All that is known of a context: a line for each fact, or where there is little height one after the other."""
    lines: list[tuple[str, str]] = [("server", row.server or "none")]
    if row.state == "dead":
        lines += [("cause", row.cause), ("remedy", row.remedy)]
    elif row.state == "login":
        lines += [("log in", f"{row.cause}: press L")]
    elif row.state in ("waiting", "asking"):
        lines += [("state", "being asked")]
    else:
        took = f", answered in {row.seconds * 1000:.0f} ms" if row.seconds is not None else ""
        lines += [("version", f"{row.version}{took}")]
        if row.simulated:
            lines += [("simulated", "on this machine; no container runs")]
        if row.cpu is not None and row.memory is not None:
            lines += [
                ("nodes", f"{row.ready_nodes} of {row.nodes} ready: {row.cpu:g} cores, {row.memory / 2**30:.0f} GiB")
            ]
        if row.complete and not row.simulated:
            lines += [("run by", row.provider or "?")]
        if row.storage_classes is not None:
            lines += [("storage", row.storage_class or "no default StorageClass: name one for this cluster")]
        if row.complete:
            answer = {True: "yes", False: "no", None: "unknown"}[row.load_balancer]
            lines += [("balancer", f"{answer}: {row.load_balancer_why}")]
        if row.missing_rights is not None:
            lines += [("rights", "; ".join(row.missing_rights) or "all that a deployment needs")]
        for gateway in row.gateways or ():
            where = f" at {gateway.address}" if gateway.address else ""
            lines += [("gateway", f"{gateway.kind} {gateway.namespace}/{gateway.service}{where}")]
        if row.external_dns:
            lines += [("DNS", "external-dns is here")]
        if row.networks:
            lines += [("networks", ", ".join(row.networks))]
        if row.unread:
            lines += [("unread", "; ".join(row.unread))]
    if row.same_as:
        lines += [("same as", ", ".join(row.same_as))]
    if row.insecure:
        lines += [("TLS", "the kubeconfig switches verification off for this cluster")]
    if low:
        told = [(f"{name} ", words) for name, words in lines if name not in ("server", "version", "simulated")]
        flow = [Content.assemble((name, "$text-muted"), words) for name, words in told]
        return Content("\n").join(
            [Content.assemble((row.context, "bold"), f"  {row.server}"), Content(" · ").join(flow)]
        )
    parts = [Content.assemble((f"{name:<10}", "$text-muted"), words) for name, words in lines]
    return Content("\n").join([Content.styled(row.context, "bold"), *parts])
