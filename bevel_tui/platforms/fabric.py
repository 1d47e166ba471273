"""Hyperledger Fabric 2.2 and 2.5: Network -> steps (facts A1.1).

Every organization has its CA; the founding one also orderers and the genesis Job; others may have orderers too. Public
certificates go both ways: the orderers' CA out to the peers' organizations, MSPs and orderers' certificates back into
the genesis Job; what that makes goes out to those who order. Chaincodes come last.
Behind a gateway the enrolment Jobs reach their CA by its public name, so they wait for DNS.
Work-rounds of defects in Bevel's charts stand where they act, each with the facts section that it answers.
"""

from __future__ import annotations

from collections.abc import Mapping

from bevel_tui.network.model import Network
from bevel_tui.platforms.fabric_behaviour import BEHAVIOURS
from bevel_tui.platforms.fabric_chaincodes import Chaincodes
from bevel_tui.platforms.fabric_channels import Channels
from bevel_tui.platforms.fabric_manifests import manifests
from bevel_tui.platforms.fabric_organizations import Organizations
from bevel_tui.records.steps import Step

__all__ = ["behaviours", "manifests", "steps"]

behaviours = BEHAVIOURS


def steps(network: Network, ports: Mapping[tuple[str, str, str], int] | None = None) -> tuple[Step, ...]:
    """All steps of a Fabric network but the gateways'. `ports` is not used: everything is told apart by name."""
    organizations = Organizations(network)
    planned = [step for organization in network.organizations for step in organizations.steps(organization)]
    return (*planned, *Channels(network).steps(), *Chaincodes(network).steps())
