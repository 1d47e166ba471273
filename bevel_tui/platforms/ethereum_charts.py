"""What the Besu and GoQuorum charts have in common: images, and the names and addresses that their helpers make."""

from __future__ import annotations

from dataclasses import dataclass

from bevel_tui.platforms.values import Chart

HOOKS_IMAGE = "ghcr.io/hyperledger/bevel-k8s-hooks:qgt-0.2.12"
ALPINE_EXT = "ghcr.io/hyperledger/bevel-alpine-ext:latest"

#: what Secret ``quorum-node-<release>-<namespace>-keys`` holds (facts A3), in the order in which scripts pass it on
QUORUM_KEYS = (
    "address",
    "nodekey",
    "nodekey.pub",
    "accountPrivateKey",
    "accountPassword",
    "accountKeystore",
    "accountAddress",
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """In what the two platforms' copies of the same charts differ. `name` begins their names and is a pod label."""

    name: str
    #: images of the Tessera sub-chart
    tessera: str
    mysql: str
    #: name of the tls sub-chart's objects unless tls.nameOverride is given (facts I)
    tls_name: str

    @property
    def node(self) -> str:
        """The node chart."""
        return f"{self.name}-node"


BESU = Flavour("besu", "quorumengineering/tessera:23.4.0", "mysql/mysql-server:8.0.32", "tls")
QUORUM = Flavour("quorum", "quorumengineering/tessera:22.1.7", "mysql/mysql-server:5.7", "ambassador-tls-gen")


def fullname(chart: str, release: str) -> str:
    """Name of a node's objects: the chart's name goes in front unless the release's contains it (_helpers.tpl)."""
    return release if chart in release else f"{chart}-{release}"


def tessera_name(release: str) -> str:
    """The same for the tessera sub-chart."""
    return fullname("tessera", release)


def enode_address(chart: Chart) -> str:
    """Where other nodes dial this one (besu-node and quorum-node, _helpers.tpl, enodeURL)."""
    if chart.proxy == "ambassador":
        return f"{chart.release}.{chart.suffix}:{chart.value('global.proxy.p2p', 15010)}"
    name = fullname(chart.step.chart, chart.release)
    return f"{name}-0.{name}.{chart.namespace}.svc.cluster.local:30303"


def tessera_url(chart: Chart) -> str:
    """Where other transaction managers dial this one (_helpers.tpl of the tessera charts, tesseraURL)."""
    scheme = "https" if chart.text("tessera.tessera.tlsMode", "STRICT") == "STRICT" else "http"
    if chart.proxy == "ambassador":
        return f"{scheme}://{chart.release}.{chart.suffix}:{chart.value('global.proxy.tmport', 443)}"
    return f"{scheme}://{tessera_name(chart.release)}.{chart.namespace}:{chart.value('tessera.tessera.port', 9000)}"
