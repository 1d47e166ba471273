"""Which gateway serves which platform over how many clusters, and what it needs (facts B, C)."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import names
from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem, error, warning

#: ports of an Ambassador that are taken: HTTP(S) outside and inside the pod, health, diagnostics
TAKEN_PORTS = frozenset({80, 443, 8005, 8006, 8080, 8443, 8877, 8878})
#: where Kubernetes takes node ports from unless its administrator says otherwise
NODE_PORTS = range(30000, 32768)
#: platforms that reach other clusters without a gateway, through node ports (facts A4.3)
NODE_PORT_PLATFORMS = frozenset({"indy"})


def matrix(network: Network) -> Iterator[Problem]:
    """Platform x gateway: what the charts really render (facts B)."""
    platform, gateway = network.platform.type, network.gateway.type
    reason = None
    if gateway == "istio":
        other = "haproxy" if platform == "fabric" else "ambassador"
        reason = f"no chart of Bevel holds an Istio object, so nothing would be routed; use {other}"
    elif platform == "fabric" and gateway == "ambassador":
        reason = (
            "Fabric needs its TLS passed through to peers and orderers, and its charts hold no Ambassador object; "
            "use haproxy, or none within one cluster"
        )
    elif platform != "fabric" and gateway == "haproxy":
        reason = (
            f"the charts of {platform} hold routes for Ambassador only; use ambassador"
            + ("" if platform in NODE_PORT_PLATFORMS else ", or none within one cluster")
        )  # fmt: skip
    if reason:
        yield error("gateway-platform", ("gateway", "type"), f"{gateway} does not serve {platform}: {reason}")


def none_is_one_cluster(network: Network) -> Iterator[Problem]:
    """Without a gateway nothing leads from one cluster to another, Indy's node ports excepted (facts B)."""
    used = {o.cluster for o in network.organizations}
    if network.gateway.type == "none" and len(used) > 1 and network.platform.type not in NODE_PORT_PLATFORMS:
        other = "haproxy" if network.platform.type == "fabric" else "ambassador"
        yield error(
            "gateway-none-clusters",
            ("gateway", "type"),
            f"none works within one cluster only, and organizations live in {len(used)} ({', '.join(sorted(used))}): "
            f"names inside a cluster mean nothing in another; use {other}",
        )


def domains(network: Network) -> Iterator[Problem]:
    """A gateway needs a domain per cluster, and each cluster its own (facts C.4); Indy has no names at all (A4.3)."""
    if network.platform.type == "indy":
        for i, cluster in enumerate(network.clusters):
            if cluster.domain is not None:
                yield warning(
                    "domain-unused",
                    ("clusters", i, "domain"),
                    "Indy's nodes know one another by address, so no name is used and no record is needed",
                )
        return
    seen: dict[str, str] = {}
    for i, cluster in enumerate(network.clusters):
        if network.gateway.type != "none" and cluster.domain is None:
            yield error(
                "domain-missing",
                ("clusters", i, "domain"),
                f"cluster {cluster.name} needs a domain: with gateway {network.gateway.type} every host name ends in it",
            )
        if cluster.domain is None:
            continue
        if cluster.domain in seen:
            yield error(
                "domain-duplicate",
                ("clusters", i, "domain"),
                f"clusters {seen[cluster.domain]} and {cluster.name} have the same domain {cluster.domain}; "
                "names can lead to one gateway only, so each cluster needs its own",
            )
        seen.setdefault(cluster.domain, cluster.name)


def existing(network: Network) -> Iterator[Problem]:
    """An existing gateway goes with a gateway type; its class with haproxy."""
    for i, cluster in enumerate(network.clusters):
        if cluster.existing_gateway is None:
            continue
        path = ("clusters", i, "existing_gateway")
        if network.gateway.type == "none":
            yield error(
                "existing-gateway-none",
                path,
                "gateway.type is none, so no gateway is used; say there what kind this one is, or remove it here",
            )
        elif network.gateway.type != "haproxy" and cluster.existing_gateway.ingress_class:
            yield error(
                "existing-gateway-class",
                (*path, "ingress_class"),
                f"IngressClasses belong to haproxy; {network.gateway.type} has none",
            )
        if network.gateway.type != "none" and network.dns_mode(cluster) == "external-dns":
            yield warning(
                "external-dns-existing",
                path,
                "external-dns reads an annotation of the gateway's Service; bevel-tui will add it to this Service, "
                "which it did not install",
            )


def edition(network: Network) -> Iterator[Problem]:
    """Ambassador's editions: one needs a licence, and no other gateway has any."""
    if "edition" not in network.gateway.model_fields_set:
        return
    if network.gateway.type != "ambassador":
        yield warning(
            "edition-unused",
            ("gateway", "edition"),
            f"only ambassador has editions; {network.gateway.type} ignores this",
        )
    elif network.gateway.edition == "edge-stack":
        yield warning(
            "edge-stack-licence",
            ("gateway", "edition"),
            "Edge Stack 8.7.2 needs a licence from its maker and stops routing without one; emissary needs none",
        )


def p2p_ports(network: Network) -> Iterator[Problem]:
    """The range of p2p ports makes sense and is long enough: raw TCP has no host name to tell nodes apart by, so every
    node needs a port of its own at its gateway (facts A2.3)."""
    path = ("gateway", "p2p_ports")
    ports = names.p2p_range(network)
    if not ports:
        yield error("p2p-range", path, f"{network.gateway.p2p_ports} runs backwards")
        return
    if ports[0] < 1 or ports[-1] > 65535:
        yield error("p2p-range", path, f"{network.gateway.p2p_ports} leaves the ports that there are (1 to 65535)")
        return
    nodes = network.gateway.type == "none" and network.platform.type in NODE_PORT_PLATFORMS
    if nodes and not (ports[0] in NODE_PORTS and ports[-1] in NODE_PORTS):
        yield error(
            "node-port-range",
            path,
            f"without a gateway stewards are reached through node ports, which lie in {NODE_PORTS[0]}-{NODE_PORTS[-1]}; "
            "say for example 30010-30050",
        )
        return
    if network.gateway.type != "ambassador" and not nodes:
        return
    taken = sorted(TAKEN_PORTS.intersection(ports))
    if taken:
        yield error("p2p-taken", path, f"Ambassador uses {', '.join(map(str, taken))} itself; choose another range")
    for cluster, count in names.p2p_needed(network).items():
        if count > len(ports):
            yield error(
                "p2p-too-few",
                path,
                f"the nodes of cluster {cluster} need {count} p2p ports of their own at the gateway, "
                f"but {network.gateway.p2p_ports} has {len(ports)}",
            )


def annotated(network: Network) -> Iterator[Problem]:
    """Annotations go to a Service that is installed."""
    for i, cluster in enumerate(network.clusters):
        if cluster.gateway_annotations and (network.gateway.type == "none" or cluster.existing_gateway is not None):
            yield warning(
                "annotations-unused",
                ("clusters", i, "gateway_annotations"),
                "no gateway is installed in this cluster, so nothing is annotated",
            )


RULES = (annotated, matrix, none_is_one_cluster, domains, existing, edition, p2p_ports)
