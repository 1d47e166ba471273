"""What several Fabric charts have in common: images, names that their helpers make, routes at the gateway."""

from __future__ import annotations

from bevel_tui.platforms import sketch
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

CA_IMAGE = "ghcr.io/hyperledger/bevel-fabric-ca:latest"
TOOLS_IMAGE = "ghcr.io/hyperledger/bevel-fabric-tools"
CA_CERTS = "fabric-ca-server-certs"
ORDERER_TLS = "orderer-tls-cacert"
#: entries of the administrator's MSP in its Secret, and the files that the peer command wants of them
ADMIN_MSP = (
    ("admincerts", "admin.crt"),
    ("cacerts", "ca.crt"),
    ("keystore", "server.key"),
    ("signcerts", "server.crt"),
    ("tlscacerts", "tlsca.crt"),
)
CRYPTO = "/opt/gopath/src/github.com/hyperledger/fabric/crypto"


def channel_participation(version: str) -> bool:
    """Flow of 2.5: no system channel. The charts look for these characters in the version (F24)."""
    return "2.5" in version


def ingress_class(chart: Chart) -> str:
    """``haproxy``, as the charts write it, unless a patch of the private copy puts another one there."""
    return chart.text("global.ingressClass", "haproxy")


def fullname(chart: str, release: str) -> str:
    """Name of a StatefulSet: the chart's name goes in front unless the release's contains it (_helpers.tpl)."""
    return release if chart in release else f"{chart}-{release}"


def ca_host(chart: Chart) -> str:
    """The name in the CA's certificate (fabric-ca-server/_helpers.tpl, serverURL; F05)."""
    return f"ca.{chart.namespace}" if chart.proxy == "none" else f"ca.{chart.namespace}.{chart.suffix}"


def orderer_ca_map(chart: Chart, peer: str, orderer_address: str) -> str:
    """The ConfigMap that holds the orderers' CA: the namespace's own, or the one that a handoff filled (facts 0.10).

    The charts look in the cluster whether the first one is there; it is where the orderers live in this namespace.
    """
    own = orderer_address.partition(":")[0].split(".")[1:2] == [chart.namespace]
    return ORDERER_TLS if own else f"{peer}-{ORDERER_TLS}"


def ingresses(chart: Chart, grpc: int) -> list[Json]:
    if chart.proxy != "haproxy":
        return []
    release, namespace = chart.release, chart.namespace
    zone = f"{namespace}.{chart.suffix}"
    return [
        sketch.ingress(
            release,
            namespace,
            [(f"{release}.{zone}", release, grpc), (f"{release}-proxy.{zone}", release, 7443)],
            passthrough=True,
            ingress_class=ingress_class(chart),
        ),
        sketch.ingress(
            f"{release}-ops",
            namespace,
            [(f"{release}-ops.{zone}", release, 9443)],
            passthrough=False,
            ingress_class=ingress_class(chart),
        ),
    ]
