"""Indy in network.yaml: trustee, stewards and endorser of organizations, and the addresses of stewards."""

from __future__ import annotations

import re

from bevel_tui.network.bevel.reading import Part, Reading
from bevel_tui.network.bevel.source import Node

_ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}")


def read(reading: Reading) -> Part:
    """What network.yaml says of an Indy network."""
    part = Part({"type": "indy"}, "indy", {}, founds=lambda node: bool(node.get("services", "trustee").data))
    version = reading.network.text("version")
    if version:
        part.platform["version"] = version
        part.origins["platform", "version"] = reading.network.get("version")
    state = reading.network.get("genesis").get("state")
    if state.data == "present":
        state.note(
            "refused",
            "this file adds to a pool that runs. Its genesis is made for good; a steward joins by transactions of a "
            "trustee, for which Bevel has no chart (docs/day-two.md)",
        )
    for organization in reading.organizations:
        _organization(part, organization)
    return part


def _organization(part: Part, organization: Node) -> None:
    name = organization.text("name")
    services = organization.get("services")
    stewards = services.items("stewards")
    part.roles[name] = {
        "trustee": bool(services.get("trustee").data),
        "endorser": bool(services.get("endorser").data),
        "stewards": len(stewards),
    }
    for word in ("trustee", "endorser"):
        if services.get(word):
            services.get(word).get("genesis")
            part.names[name, word, 0] = services.get(word).get("name")
    listed = {str(node.data) for node in organization.items("publicIps")}
    for i, steward in enumerate(stewards):
        part.names[name, "steward", i] = steward.get("name")
        part.ports[name, "steward", i] = steward.get("node").get("ambassador")
        steward.get("client").get("ambassador")
        steward.get("genesis")
        address = steward.get("publicIp")
        if not isinstance(address.data, str) or not _ADDRESS.fullmatch(address.data):
            continue
        part.addresses.setdefault(name, address)
        if address.data not in listed:
            address.note("doubt", "is none of the organization's publicIps")
        if address.data != part.addresses[name].data:
            address.note(
                "changed",
                f"a cluster has one address in a preset; this steward gets {part.addresses[name].data}, as the first one does",
            )
