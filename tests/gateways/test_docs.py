"""docs/gateways.md names the charts, versions and licences that are installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from bevel_tui.gateways import catalogue
from bevel_tui.network.model import Gateway

PAGE = (Path(__file__).parents[2] / "docs" / "gateways.md").read_text(encoding="utf-8")
ROWS = [row.split(" | ") for row in re.findall(r"^\| (`.*) \|$", PAGE, re.MULTILINE)]


def test_charts_are_those_of_the_catalogue() -> None:
    told = {name: (version, row[2]) for row in ROWS for name, version in re.findall(r"([a-z-]+) (\d[\d.]+)", row[1])}
    charts = [
        catalogue.HAPROXY,
        catalogue.EMISSARY,
        catalogue.EMISSARY_CRDS,
        catalogue.EDGE_STACK,
        catalogue.EDGE_STACK_CRDS,
    ]
    assert told == {chart.name: (chart.version, chart.licence) for chart in charts}


def test_every_type_and_edition_is_told() -> None:
    fields = Gateway.model_fields
    for choice in (*get_args(fields["type"].annotation), *get_args(fields["edition"].annotation)):
        assert choice in PAGE.lower(), choice
