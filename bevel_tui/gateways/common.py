"""What all gateways plan alike: which ports are opened, whose names lead there, and the two waits behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

from bevel_tui.gateways.catalogue import GatewayChart
from bevel_tui.network.model import Cluster, Network
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.platforms.groundwork import expects
from bevel_tui.platforms.ids import (
    address_step_id,
    dns_step_id,
    external_dns_id,
    gateway_crds_id,
    gateway_ready_id,
    namespace_id,
)
from bevel_tui.records.steps import (
    AddressStep,
    ChartOrigin,
    DnsStep,
    DnsUpdate,
    Endpoint,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    SecretValue,
    Step,
)

#: read by external-dns on Services; names joined by commas, since the annotation holds one value and a second
#: ``kubectl annotate --overwrite`` would drop the first suffix (facts C.4)
EXTERNAL_DNS = "external-dns.alpha.kubernetes.io/hostname"

#: nominal seconds until a cloud's load balancer has an address, and until a person has created the records
ADDRESS_SECONDS, DNS_SECONDS = 1.0, 2.0


@dataclass(frozen=True, slots=True)
class About:
    """A gateway in words: `what` it is, which `ports` it opens, its `licence`; `notice` is what a user must know."""

    title: str
    what: str
    ports: str
    licence: str
    notice: str | None = None


def managed(network: Network, cluster: str) -> bool:
    """Whether we set up this cluster's edge: unless all of its organizations are run by their owners."""
    return any(o.managed for o in network.organizations if o.cluster == cluster)


def opened(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints that are reached through the gateway."""
    return tuple(endpoint for endpoint in endpoints if endpoint.exposed)


def ports_of(endpoints: Iterable[Endpoint]) -> tuple[int, ...]:
    """The ports to open: exactly those that endpoints use, ascending."""
    return tuple(sorted({endpoint.port for endpoint in endpoints}))


def hosts_of(endpoints: Iterable[Endpoint]) -> tuple[str, ...]:
    """The DNS names behind which endpoints are found, sorted; addresses (Indy) need no record."""
    return tuple(sorted({e.host for e in endpoints if e.address is None and not _is_address(e.host)}))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def service_annotations(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """The gateway Service's annotations: the preset's, and in external-dns mode the names that are to lead here.

    ``*.<domain>.`` as Bevel writes it, final dot included (facts C.4); it covers Fabric's two labels too (RFC 4592,
    section 2.1.1: a wildcard matches any number of labels). Hosts outside the domain are named one by one.
    """
    if network.dns_mode(cluster) != "external-dns":
        return dict(cluster.gateway_annotations)
    domain = cluster.domain
    hosts = hosts_of(endpoints)
    names = [] if domain is None or not hosts else [f"*.{domain}."]
    names += [f"{host}." for host in hosts if domain is None or not host.endswith(f".{domain}")]
    return {**cluster.gateway_annotations, **({EXTERNAL_DNS: ",".join(names)} if names else {})}


def placement(network: Network) -> dict[str, Any]:
    """``nodeSelector`` and ``tolerations`` as gateway charts take them; empty where the preset has none."""
    values: dict[str, Any] = {}
    if network.placement.node_selector:
        values["nodeSelector"] = dict(network.placement.node_selector)
    if network.placement.tolerations:
        values["tolerations"] = [t.model_dump(exclude_none=True) for t in network.placement.tolerations]
    return values


# ---------------------------------------------------------------- steps


def namespace_step(network: Network, cluster: Cluster, name: str) -> NamespaceStep:
    """A namespace of the gateway's."""
    return NamespaceStep(
        id=namespace_id(cluster.name, name),
        cluster=cluster.name,
        namespace=name,
        managed=managed(network, cluster.name),
        estimate=0.1,
    )


def release_step(
    network: Network,
    cluster: Cluster,
    *,
    id: str,
    namespace: str,
    release: str,
    chart: GatewayChart,
    values: Mapping[str, Any],
    needs: tuple[str, ...],
    origin: ChartOrigin = "gateways",
) -> ReleaseStep:
    """A release of the gateway's, yet without what its sketch says of it (`finish`)."""
    return ReleaseStep(
        id=id,
        cluster=cluster.name,
        namespace=namespace,
        managed=managed(network, cluster.name),
        needs=needs,
        release=release,
        chart=chart.name,
        chart_version=chart.version,
        origin=origin,
        values=values,
    )


def finish(step: ReleaseStep, manifests: Sequence[Manifest], behaviour: ChartBehaviour) -> ReleaseStep:
    """Complete a release step with what its chart renders and how long its slowest pod takes."""
    seconds = max((entry.seconds for entry in behaviour.pods), default=0.0)
    return replace(step, expects=expects(manifests), estimate=round(0.5 + seconds, 2))


def closing_steps(
    network: Network,
    cluster: Cluster,
    endpoints: Sequence[Endpoint],
    *,
    service: ObjectRef,
    ready: Sequence[str] = (),
    existing: bool = False,
) -> tuple[Step, ...]:
    """The address of the gateway's `service` and the DNS gate. `ready`: steps after which both can be asked for.

    `existing`: the gateway was there before, so that its Service is annotated by the gate itself."""
    address = AddressStep(
        id=address_step_id(cluster.name),
        cluster=cluster.name,
        namespace=service.namespace,
        managed=managed(network, cluster.name),
        needs=tuple(ready),
        estimate=ADDRESS_SECONDS,
        service=service,
        ports=ports_of(endpoints),
    )
    hosts = hosts_of(endpoints)
    if not hosts:
        return (address,)
    mode = network.dns_mode(cluster)
    # a controller of our own makes the records, so there is nothing to wait for before it runs
    controller = mode == "external-dns" and network.dns.external_dns is not None
    dns = DnsStep(
        id=dns_step_id(cluster.name),
        cluster=cluster.name,
        managed=address.managed,
        needs=(address.id, *((external_dns_id(cluster.name),) if controller else ())),
        estimate=0.0 if mode == "skip" else DNS_SECONDS,
        domain=cluster.domain or "",
        hosts=hosts,
        mode=mode,
        address_step=address.id,
        annotate=existing and mode == "external-dns",
        update=_update(network) if mode == "rfc2136" else None,
    )
    return (address, dns)


def _update(network: Network) -> DnsUpdate | None:
    given = network.dns.rfc2136
    if given is None:
        return None
    key = SecretValue(env=given.key.env, file=given.key.file)
    return DnsUpdate(given.server, given.key_name, given.key_algorithm, key)


def existing_steps(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> tuple[Step, ...] | None:
    """The steps for a gateway that is there already: nothing is installed. None if one is to be installed."""
    found = cluster.existing_gateway
    if found is None:
        return None
    service = ObjectRef("v1", "Service", found.service, found.namespace)
    return closing_steps(network, cluster, endpoints, service=service, existing=True)


def ready_id(cluster: Cluster) -> str:
    """The id of the release after which the gateway's pods run."""
    return gateway_ready_id(cluster.name)


def crds_id(cluster: Cluster) -> str:
    """The id of the release that brings the gateway's CRDs."""
    return gateway_crds_id(cluster.name)
