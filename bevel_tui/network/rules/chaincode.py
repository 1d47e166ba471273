"""Fabric's chaincodes: where they go, who agrees, and the words that the charts' scripts look for."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import fabric
from bevel_tui.network.fabric_model import Chaincode
from bevel_tui.network.model import Fabric, Network
from bevel_tui.network.problem import Problem, YamlPath, error, warning
from bevel_tui.network.wording import meant


def members(network: Network) -> Iterator[Problem]:
    """A chaincode belongs to a channel that exists, and is approved by a majority of its participants."""
    if not isinstance(network.platform, Fabric):
        return
    known = {channel.name: channel.participants for channel in fabric.channels(network)}
    for i, chaincode in enumerate(fabric.chaincodes(network)):
        path: YamlPath = ("platform", "chaincodes", i)
        if chaincode.channel not in known:
            yield error(
                "channel-unknown",
                (*path, "channel"),
                f"there is no channel called {chaincode.channel}{meant(str(chaincode.channel), known)}",
            )
            continue
        participants = known[chaincode.channel]
        seen: set[str] = set()
        for j, organization in enumerate(chaincode.organizations):
            here = (*path, "organizations", j)
            if organization in seen:
                yield error("organization-duplicate", here, f"{organization} is listed twice")
            elif organization not in participants:
                yield error(
                    "chaincode-organization",
                    here,
                    f"{organization} is no participant of {chaincode.channel}{meant(organization, participants)}",
                )
            seen.add(organization)
        if participants and len(seen.intersection(participants)) * 2 <= len(participants):
            yield error(
                "chaincode-majority",
                (*path, "organizations"),
                f"{len(seen)} of the {len(participants)} participants of {chaincode.channel} cannot commit "
                f"{chaincode.name}: more than half of them must approve it",
            )


def distinct(network: Network) -> Iterator[Problem]:
    """One chaincode of a name; and no ``<name>_<version>`` within another.

    Jobs and servers are named after the chaincode, whatever its channel; approvals look for the package by grep.
    [fabric-chaincode-approve/templates/approve_chaincode.yaml]
    """
    listed = fabric.chaincodes(network)
    for i, chaincode in enumerate(listed):
        path = ("platform", "chaincodes", i, "name")
        label = f"{chaincode.name}_{chaincode.version}"
        for other in listed[:i]:
            if other.name == chaincode.name:
                yield error(
                    "chaincode-duplicate",
                    path,
                    f"two chaincodes are called {chaincode.name}; Bevel's charts name their Jobs after the chaincode "
                    "alone, so each needs a name of its own, in other channels too",
                )
                continue
            labels = sorted((label, f"{other.name}_{other.version}"), key=len)
            if labels[0] in labels[1] and set(other.organizations) & set(chaincode.organizations):
                yield error(
                    "chaincode-label",
                    path,
                    f"the script that approves looks for {labels[0]} and would find {labels[1]}, too; rename one",
                )


def kinds(network: Network) -> Iterator[Problem]:
    """What servers need that built chaincodes do not, and the other way round."""
    for i, chaincode in enumerate(fabric.chaincodes(network)):
        yield from _external(network, chaincode, ("platform", "chaincodes", i))


def _external(network: Network, chaincode: Chaincode, path: YamlPath) -> Iterator[Problem]:
    if chaincode.external is None:
        yield warning(
            "chaincode-docker",
            (*path, "repository"),
            f"peers build {chaincode.name} with Docker, which clusters on containerd do not have; `external` needs none",
        )
        return
    if fabric.syschannel(network):
        yield error(
            "chaincode-external-version",
            (*path, "external"),
            "Fabric's 2.2 peers have no builder for chaincodes that are servers; use 2.5.4, or a repository",
        )
    if chaincode.external.image and "." in chaincode.version:
        yield error(
            "chaincode-version",
            (*path, "version"),
            f"the chart names a container {chaincode.name}-{chaincode.version}, and container names have no dots; "
            f"write {chaincode.version.replace('.', '-')}",
        )


RULES = (members, distinct, kinds)
