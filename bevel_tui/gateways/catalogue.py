"""The gateway charts: names, pinned versions, where the public finds them, and under which licence they come.

One table, because the planner pins what `helm.sources` fetches and what `plan` explains. Where each entry was read:

* haproxy-ingress 0.14.6 is the archive that Bevel v1.3.0 bundles (``platforms/shared/charts/haproxy-ingress``,
  facts C.1); its Chart.yaml names the public repository's project.
* Emissary-ingress 4.1.0: tag v4.1.0 of github.com/emissary-ingress/emissary (``charts/``, ``build-aux/charts.mk``,
  CHANGELOG 4.0: charts only in GitHub's registry, chart and app share one version). The 3.x charts came from the
  former owner's site; 4.x serves the same ``getambassador.io/v3alpha1`` objects that Bevel's charts render, without
  a conversion webhook, for amd64 and arm64.
* Edge Stack 8.7.2 (app 3.7.2) is what Bevel's role ``setup/edge-stack`` pins (facts C.2); read in branch
  rel/v3.7.2 of github.com/datawire/edge-stack. Its CRDs are no chart anywhere: Bevel applies a file.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GatewayChart:
    """One chart. `name` is the bare name in Chart.yaml; exactly one of `repository`, `oci` and `manifest` is set.

    `oci` is the parent of the chart (``<oci>/<name>:<version>``). `manifest` is a path in a Bevel checkout: plain
    manifests that are installed as one release, since no chart of them is published.
    """

    name: str
    version: str
    licence: str
    repository: str | None = None
    oci: str | None = None
    manifest: str | None = None
    #: another name under which a Bevel checkout holds the chart, as a path from its root
    in_bevel: str | None = None


HAPROXY = GatewayChart(
    "haproxy-ingress",
    "0.14.6",
    "Apache-2.0",
    repository="https://haproxy-ingress.github.io/charts",
    in_bevel="platforms/shared/charts/haproxy-ingress/haproxy-ingress-0.14.6.tgz",
)
EMISSARY_CRDS = GatewayChart("emissary-crds-chart", "4.1.0", "Apache-2.0", oci="oci://ghcr.io/emissary-ingress")
EMISSARY = GatewayChart("emissary-ingress", "4.1.0", "Apache-2.0", oci="oci://ghcr.io/emissary-ingress")
EDGE_STACK_CRDS = GatewayChart(
    "edge-stack-crds",
    "3.7.2",
    "proprietary",
    manifest="platforms/shared/configuration/roles/setup/edge-stack/templates/aes-crds.yaml",
)
EDGE_STACK = GatewayChart("edge-stack", "8.7.2", "proprietary", repository="https://app.getambassador.io")

#: tag external-dns-helm-chart-1.21.1 of github.com/kubernetes-sigs/external-dns; the app is 0.21.0
EXTERNAL_DNS_CHART = GatewayChart(
    "external-dns", "1.21.1", "Apache-2.0", repository="https://kubernetes-sigs.github.io/external-dns/"
)

#: by bare chart name; charts of origin ``own`` are not here, `gateways.registry.manifests` is their source
CHARTS: dict[str, GatewayChart] = {
    chart.name: chart for chart in (HAPROXY, EMISSARY_CRDS, EMISSARY, EDGE_STACK_CRDS, EDGE_STACK, EXTERNAL_DNS_CHART)
}
