"""`bevel-tui dns`: a Network's domains as a table for people, as text that DNS takes, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bevel_tui import api
from bevel_tui.output.paper import Paper
from bevel_tui.records.dns import DomainState
from bevel_tui.views.words import style

if TYPE_CHECKING:
    from bevel_tui.reachability.recipes import Form

JSON_VERSION = 1


def text(paper: Paper, states: Sequence[DomainState]) -> None:
    """Every domain's records and what each server answers now."""
    if not states:
        paper.line("No name leads to a gateway in this network, so no record is needed.")
    for state in states:
        ready = ("leads to its gateway", style("ok")) if state.ready else ("does not lead there yet", style("waiting"))
        zone = f", zone {state.zone}" if state.zone else ""
        paper.line((state.domain, "bold"), f"  ({state.cluster}, mode {state.mode}{zone}): ", ready)
        if state.records:
            for line in api.dns_recipe(state, "table").splitlines():
                paper.line(f"  {line}")
        for server, answer in state.servers.items():
            paper.line((f"  {server} answers: {answer}", "dim"))
        if state.problem:
            paper.line(f"  waits for {state.problem}")
        if state.hindrance:
            paper.line((f"  but {state.hindrance}", style("warning")))
        paper.line("")
    if any(state.records for state in states):
        forms = ", ".join(form for form in api.dns_forms() if form != "table")
        paper.line(("Other forms with -o: ", "dim"), (forms, "dim"))


def recipes(states: Sequence[DomainState], form: Form) -> None:
    """One text per domain on stdout, as it is: it goes into files and shells. JSON documents follow one another."""
    for state in states:
        if state.records:
            sys.stdout.write(api.dns_recipe(state, form) + "\n")
        else:
            sys.stderr.write(f"{state.domain}: {state.problem or 'nothing to create'}\n")


def to_json(states: Sequence[DomainState], *, network: str) -> str:
    """One JSON object: `version`, `network`, `domains` (each as `records.dns.DomainState`)."""
    return json.dumps(
        {
            "version": JSON_VERSION,
            "network": network,
            "domains": [state.model_dump(mode="json") for state in states],
        },
        indent=2,
    )
