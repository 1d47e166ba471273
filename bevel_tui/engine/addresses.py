"""Addresses that nobody knows when planning: of gateways and nodes, and those that a ledger has written down.

Indy's pool genesis holds the IPv4 address of every steward for good (facts A4.3), so it must be known before the
genesis is made, and must never change afterwards: the closing checks compare the two.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bevel_tui.engine.clusterfacts import AddressOf
from bevel_tui.engine.context import PlanLike, RunContext
from bevel_tui.engine.ports import Cluster
from bevel_tui.engine.readiness import addresses
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import AddressStep, ClusterFact, DnsStep, Endpoint, ObjectRef, Recorded

_SAY = "Say in the preset which IPv4 address leads to it, for good: clusters[].public_ip."


def gateway(plan: PlanLike, cluster: str) -> AddressStep | None:
    """The step that has the address of a cluster's gateway; None where none is planned."""
    return next((step for step in plan.steps if isinstance(step, AddressStep) and step.cluster == cluster), None)


def gateway_of(plan: PlanLike, step: DnsStep) -> AddressStep:
    """The step that has the address to which a domain must lead."""
    return next(other for other in plan.steps if isinstance(other, AddressStep) and other.id == step.address_step)


def in_plan(ctx: RunContext, here: str) -> AddressOf:
    """Answers for the steps of a run that act in cluster `here`."""

    async def address_of(fact: ClusterFact) -> str:
        name = fact.cluster or here
        access = ctx.clusters.get(name)
        told = None if access is not None else ctx.inbox.received.address(replace(fact, cluster=name))
        if told is not None:
            return told
        if access is None:
            raise BevelError(
                Code.STEP_FAILED, f"the address of cluster {name} is needed, which this run cannot ask", remedy=_SAY
            )
        return await address(fact, name, access.client, ctx.plan)

    return address_of


async def address(fact: ClusterFact, cluster: str, client: Cluster, plan: PlanLike) -> str:
    """The IPv4 address that a fact asks for. Raises BevelError(STEP_FAILED), and ApiError."""
    if fact.what == "node-address":
        found = await node_addresses(client)
        if found:
            return found[0]
        raise BevelError(Code.STEP_FAILED, f"no node of cluster {cluster} has an IPv4 address", remedy=_SAY)
    step = gateway(plan, cluster)
    service = await client.get(step.service) if step is not None else None
    known = addresses(service) if service is not None else ()
    for one in known:
        if _is_ipv4(one):
            return one
    what = f"has only {', '.join(known)}" if known else "has none"
    raise BevelError(
        Code.STEP_FAILED,
        f"an IPv4 address of the gateway of cluster {cluster} is needed, but its Service {what}",
        remedy=f"Reserve fixed addresses for the load balancer (AWS: a network load balancer with Elastic IPs). {_SAY}",
    )


async def node_addresses(client: Cluster) -> tuple[str, ...]:
    """The IPv4 addresses of a cluster's nodes, by the nodes' names: of each the outer one, else the inner. Raises ApiError."""
    found = []
    for node in sorted(await client.list("v1", "Node"), key=lambda n: str(n["metadata"]["name"])):
        listed = (node.get("status") or {}).get("addresses") or ()
        by_type = {str(a.get("type")): str(a.get("address")) for a in listed if _is_ipv4(str(a.get("address")))}
        one = by_type.get("ExternalIP") or by_type.get("InternalIP")
        if one is not None:
            found.append(one)
    return tuple(found)


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- endpoints


async def located(endpoints: Iterable[Endpoint], client: Cluster, plan: PlanLike) -> tuple[Endpoint, ...]:
    """Endpoints of one cluster with their addresses: what the ledger has recorded, else what is true now.

    An address that is not known yet stays in words. Raises ApiError.
    """
    objects: dict[ObjectRef, Mapping[str, Any]] = {}
    facts: dict[ClusterFact, str | None] = {}
    found = []
    for endpoint in endpoints:
        recorded = endpoint.recorded
        if recorded is not None and recorded.ref not in objects:
            objects[recorded.ref] = (await client.get(recorded.ref) or {}).get("data") or {}
        written = None if recorded is None else read(recorded, str(objects[recorded.ref].get(recorded.key, "")))
        fact = endpoint.address
        if fact is not None and fact not in facts:
            try:
                facts[fact] = await address(fact, endpoint.cluster, client, plan)
            except BevelError:
                facts[fact] = None
        host = written or (facts[fact] if fact is not None else None) or endpoint.host
        if fact is None and host != endpoint.host:
            # The ledger holds another address than the preset: whether that one still leads here is to be seen.
            fact = ClusterFact("node-address" if endpoint.node_port else "gateway-address")
        found.append(replace(endpoint, host=host, address=fact))
    return tuple(found)


def read(recorded: Recorded, text: str) -> str | None:
    """The address that `recorded` points at in the value of its key; None when it is not there."""
    for document in _documents(text):
        if _at(document, recorded.name_at) == recorded.name:
            value = _at(document, recorded.address_at)
            return str(value) if value else None
    return None


def _documents(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


async def nodes_or_none(client: Cluster) -> tuple[str, ...]:
    """As `node_addresses`, empty where they may not be read."""
    try:
        return await node_addresses(client)
    except ApiError as error:
        if error.status == 403:
            return ()
        raise
