"""What several Besu charts have in common: images, and the names and addresses that their helpers make."""

from __future__ import annotations

from bevel_tui.platforms.values import Chart

HOOKS_IMAGE = "ghcr.io/hyperledger/bevel-k8s-hooks:qgt-0.2.12"
ALPINE_EXT = "ghcr.io/hyperledger/bevel-alpine-ext:latest"


def fullname(release: str) -> str:
    """Name of a node's objects: the chart's name goes in front unless the release's contains it (_helpers.tpl)."""
    return release if "besu-node" in release else f"besu-node-{release}"


def tessera_name(release: str) -> str:
    """The same for the tessera sub-chart."""
    return release if "tessera" in release else f"tessera-{release}"


def enode_address(chart: Chart) -> str:
    """Where other nodes dial this one (besu-node/_helpers.tpl, enodeURL)."""
    if chart.proxy == "ambassador":
        return f"{chart.release}.{chart.suffix}:{chart.value('global.proxy.p2p', 15010)}"
    name = fullname(chart.release)
    return f"{name}-0.{name}.{chart.namespace}.svc.cluster.local:30303"


def tessera_url(chart: Chart) -> str:
    """Where other transaction managers dial this one (besu-tessera-node/_helpers.tpl, tesseraURL)."""
    scheme = "https" if chart.text("tessera.tessera.tlsMode", "STRICT") == "STRICT" else "http"
    if chart.proxy == "ambassador":
        return f"{scheme}://{chart.release}.{chart.suffix}:{chart.value('global.proxy.tmport', 443)}"
    return f"{scheme}://{tessera_name(chart.release)}.{chart.namespace}:{chart.value('tessera.tessera.port', 9000)}"
