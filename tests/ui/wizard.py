"""A person at the wizard: an application over clusters that answer as a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bevel_tui import api
from bevel_tui.records.survey import FoundGateway, SurveyRow
from bevel_tui.ui.app import BevelApp
from bevel_tui.ui.recent import Recent
from bevel_tui.ui.screens.start import StartScreen
from bevel_tui.ui.setup import Hooks, Setup


def row(context: str, **facts: Any) -> SurveyRow:
    """A context that nobody has asked yet."""
    return SurveyRow(context=context, server=f"https://{context}.example.com:6443", user="admin", **facts)


def ready(context: str, **facts: Any) -> SurveyRow:
    """A context whose cluster has answered."""
    known: dict[str, Any] = {
        "state": "reachable",
        "complete": True,
        "seconds": 0.042,
        "version": "v1.33.1",
        "provider": "plain",
        "nodes": 3,
        "ready_nodes": 3,
        "cpu": 12.0,
        "memory": 48 * 2**30,
        "storage_class": "standard",
        "storage_classes": ("standard",),
        "load_balancer": True,
        "load_balancer_why": "MetalLB is installed",
        "missing_rights": (),
        "gateways": (),
        "external_dns": False,
        "uid": context,
        "simulated": False,
    }
    return row(context, **{**known, **facts})


EAST = ready("arn:aws:eks:eu-west-1:123456789012:cluster/east", version="v1.33.1-eks-4096722", provider="EKS", load_balancer_why="AWS gives Services a load balancer")  # fmt: skip
WEST = ready("west-admin", provider="AKS", gateways=(FoundGateway("haproxy", "edge", "haproxy", "192.0.2.7"),))
DEAD = replace(row("old-lab"), state="dead", complete=True, cause="old-lab.example.com:6443: Connection refused", remedy="Check the network, VPN and the server address.")  # fmt: skip
LOGIN = replace(row("gke-prod"), state="login", complete=True, cause="gke-gcloud-auth-plugin wants to ask you something before it logs in")  # fmt: skip
TWIN = ready(
    "west-reader", uid="west-admin", same_as=("west-admin",), missing_rights=("cluster-wide: create namespaces",)
)
KIND = ready("kind-lab", provider="kind", load_balancer=False, load_balancer_why="kind gives Services no address: install cloud-provider-kind or MetalLB", nodes=1, ready_nodes=1, cpu=4.0)  # fmt: skip

CLUSTERS = (EAST, WEST, DEAD, LOGIN, TWIN, KIND)


class Deployed:
    """What the wizard handed on."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, str | None, Path | None]] = []

    def __call__(self, app: Any, network: Any, kubeconfig: str | None, saved: Path | None) -> None:
        self.calls.append((network, kubeconfig, saved))


def wizard(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    rows: Iterable[SurveyRow] = CLUSTERS,
    *,
    hooks: Hooks | None = None,
) -> tuple[BevelApp, Setup]:
    """The application at its start screen; presets are written into `folder`."""
    found = tuple(rows)

    def contexts(_kubeconfig: str | None = None) -> tuple[SurveyRow, ...]:
        return tuple(row(r.context) for r in found)

    async def look(_kubeconfig: str | None = None, names: Iterable[str] | None = None) -> AsyncIterator[SurveyRow]:
        for r in found:
            if names is None or r.context in names:
                yield r

    monkeypatch.setattr(api, "contexts", contexts)
    monkeypatch.setattr(api, "look", look)
    monkeypatch.chdir(folder)
    setup = Setup(hooks=hooks or Hooks(), recent=Recent(folder / "state" / "recent.json"))
    return BevelApp(StartScreen(setup, clusters=bool(found)), clock=lambda: 0.0), setup
