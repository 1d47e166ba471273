"""Both Cordas in network.yaml: services of the founder, notaries and nodes, CorDapps, legal names."""

from __future__ import annotations

from typing import Any

from bevel_tui.network.bevel.reading import Part, Reading
from bevel_tui.network.bevel.source import Node

#: types of organizations that run the network's services
FOUNDERS = ("network-service", "cenm")


def read(reading: Reading) -> Part:
    """What network.yaml says of a Corda network, open source or Enterprise."""
    kind = reading.network.text("type")
    part = Part({"type": kind}, "corda", {}, founds=lambda node: node.text("type") in FOUNDERS)
    version = reading.network.text("version")
    if kind == "corda" and version:
        part.platform["version"] = version
        part.origins["platform", "version"] = reading.network.get("version")
    elif version:
        reading.network.get("version").note(
            "changed",
            "Bevel's playbooks install the images that Bevel's charts name, whatever stands here, and so does the preset "
            "(platform.version, platform.cenm_version)",
        )
    validating: list[tuple[bool, Node]] = []
    for organization in reading.organizations:
        _organization(reading, part, organization, validating)
    if validating:
        part.platform["validating"] = validating[0][0]
        for value, node in validating[1:]:
            if value != validating[0][0]:
                node.note("changed", "all notaries of a preset are as its first one")
    apps = [_cordapps(reading, organization) for organization in reading.organizations]
    given = [found for found in apps if found is not None]
    if given:
        part.platform["cordapps"] = given[0]
        if any(found != given[0] for found in given):
            reading.network.get("organizations").note("changed", "all nodes get the CorDapps of the first organization")
        elif None in apps:
            reading.network.get("organizations").note(
                "changed", "all nodes get the same CorDapps, also where the file has none"
            )
    return part


def _organization(reading: Reading, part: Part, organization: Node, validating: list[tuple[bool, Node]]) -> None:
    name = organization.text("name")
    services = organization.get("services")
    notaries = services.items("notaries")
    if services.get("notary"):
        notaries.append(services.get("notary"))
    nodes = services.items("peers")
    part.roles[name] = {"notaries": len(notaries), "nodes": len(nodes)}
    for role, listed in (("notary", notaries), ("node", nodes)):
        for i, node in enumerate(listed):
            part.names[name, role, i] = node.get("name")
            part.ports[name, role, i] = node.get("p2p").get("ambassador")
    for notary in notaries:
        if notary.get("validating"):
            validating.append((notary.on("validating"), notary.get("validating")))
    subject = _legal_name(reading, name, organization, notaries, nodes)
    if subject:
        part.subjects[name] = subject
    for holder in (organization, *notaries, *nodes):
        for key in ("keystore", "truststore"):
            word = holder.get("credentials").get(key)
            found = reading.secret(word, "CORDA_PASSWORD")
            if found and part.platform["type"] == "corda-enterprise":
                part.platform["password"] = found
    for path in (("auth", "credentials", "userpwd"), ("auth", "credentials", "username")):
        services.get(*path)


def _legal_name(reading: Reading, name: str, organization: Node, notaries: list[Node], nodes: list[Node]) -> str | None:
    """The subject from which a preset's plan makes the nodes' legal names: the first node's own one.

    Of an organization with notaries only it is the notary's without its unit, which the plan puts in again.
    """
    for others in (nodes[1:], notaries[1:] if not nodes else notaries):
        for node in others:
            if node.get("subject"):
                node.get("subject").note(
                    "changed", "legal names follow from the organization's subject and the node's number"
                )
    if nodes:
        return reading.subject(nodes[0].get("subject"), name)
    if notaries:
        subject = reading.subject(notaries[0].get("subject"), name)
        units = [part for part in (subject or "").split(",") if part and not part.upper().startswith("OU=")]
        notaries[0].get("serviceName")
        return reading.subject(Node(notaries[0].source, notaries[0].path, ",".join(units)), name) if units else None
    return reading.subject(organization.get("subject"), name)


def _cordapps(reading: Reading, organization: Node) -> dict[str, Any] | None:
    """CorDapps of an organization; the login is needed by the charts even where the server asks for none."""
    node = organization.get("cordapps")
    jars = [item.get("jar").text("url") for item in node.items("jars")]
    if not jars:
        return None
    username = reading.secret(node.get("username"), "CORDAPPS_USERNAME") or {"env": "CORDAPPS_USERNAME"}
    password = reading.secret(node.get("password"), "CORDAPPS_PASSWORD") or {"env": "CORDAPPS_PASSWORD"}
    return {"jars": jars, "username": username, "password": password}
