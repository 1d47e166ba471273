"""Name lengths, judged on the final names: what Helm, Kubernetes and DNS accept.

Namespaces need no rule: a name of 30 characters and the longest suffix stay below 63.
"""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network import ethereum, names
from bevel_tui.network.model import Network
from bevel_tui.network.naming import NamedRelease, full_name
from bevel_tui.network.problem import Problem, YamlPath, error
from bevel_tui.network.rules.releases import path_of

HELM_RELEASE = 53
LABEL = 63
#: a pod's label controller-revision-hash is ``<StatefulSet>-<up to 10 characters>`` and a label value
STATEFUL_SET = LABEL - 11
HOST = 253


def derived(network: Network, release: NamedRelease) -> Iterator[tuple[str, str, int]]:
    """(what it is, name, most characters) of what a chart names after its release, longest first per kind.

    A Job's name becomes a label of its pods. [the charts' _helpers.tpl and Job templates; facts A1.3, A2.2]
    """
    name = release.name
    yield "Helm release", name, HELM_RELEASE
    full = full_name(release.chart, name)
    match release.chart:
        case "besu-node" | "quorum-node":
            wholes = [full_of(release.chart, name)]
            if ethereum.has_tessera(network, release):
                wholes.append(full_of("tessera", name))
            for whole in wholes:
                yield "StatefulSet", whole, STATEFUL_SET
                yield "Job", f"{whole}-pre-install-hook", LABEL
        case "indy-node":
            yield "StatefulSet", name, STATEFUL_SET
        case "substrate-node":
            yield "StatefulSet", f"{name}-substrate-node", STATEFUL_SET
            yield "Service", f"{name}-substrate-node-0-rc-p2p", LABEL
        case "dscp-ipfs-node":
            yield "StatefulSet", name, STATEFUL_SET
            yield "container", f"{name}-dscp-ipfs-node-ipfs-config", LABEL
        case "substrate-key-gen":
            yield "Job", f"{name}-generate-keys", LABEL
        case "corda-network-service" | "corda-node":
            longest = "doorman" if release.role == "network-service" else "db"
            yield "StatefulSet", f"{full_of(release.chart, name)}-{longest}", STATEFUL_SET
            yield "Job", f"{full_of(release.chart, name)}-pre-install-hook", LABEL
        case "enterprise-node":
            yield "StatefulSet", full_of(release.chart, name), STATEFUL_SET
            yield "Job", f"{name}-tls-cleanup", LABEL
        case "fabric-ca-server":
            yield "StatefulSet", full, STATEFUL_SET
        case "fabric-orderernode" | "fabric-peernode":
            yield "StatefulSet", full, STATEFUL_SET
            yield "Job", f"{name}-certs-cleanup", LABEL
        case "fabric-osnadmin-channel-create":
            yield "Job", f"channel-create-{name}", LABEL
        case "fabric-channel-join":
            yield "Job", f"joinchannel-{name}", LABEL


def full_of(chart: str, release: str) -> str:
    """`naming.full_name` without the cut at 63 that would hide a name too long."""
    return release if chart in release else f"{chart}-{release}"


def releases(network: Network) -> Iterator[Problem]:
    """Final names fit; one problem per organization, the worst one."""
    for i, organization in enumerate(network.organizations):
        worst: tuple[int, Problem] | None = None
        for release in names.releases(network, organization):
            for what, name, most in derived(network, release):
                over = len(name) - most
                if over > 0 and (worst is None or over > worst[0]):
                    cut = (
                        "shorten the channel's name"
                        if release.role == "channel"
                        else f"shorten the organization's name to {max(len(organization.name) - over, 1)} characters"
                    )
                    worst = (
                        over,
                        error(
                            "name-too-long",
                            path_of(network, i, release),
                            f"{what} {name} of {organization.name} would have {len(name)} characters and may have {most}; {cut}",
                        ),
                    )
        if worst:
            yield worst[1]


def hosts(network: Network) -> Iterator[Problem]:
    """DNS: 63 characters per label, 253 in all; one problem per organization."""
    ports = names.p2p_ports(network)
    for i, organization in enumerate(network.organizations):
        for release in names.releases(network, organization):
            bad = next(
                (
                    h.host
                    for h in names.hosts(network, organization, release, ports)
                    if len(h.host) > HOST or max(map(len, h.host.split("."))) > LABEL
                ),
                None,
            )
            if bad:
                over = len(bad) > HOST
                label = max(bad.split("."), key=len)
                if over:
                    at = [c.name for c in network.clusters].index(organization.cluster)
                    path: YamlPath = ("clusters", at, "domain")
                    message = f"host {bad} would have {len(bad)} characters and may have {HOST}; shorten the domain"
                else:
                    path = ("organizations", i, "name")
                    message = (
                        f"host {bad} would hold the label {label} of {len(label)} characters; a label may have {LABEL}"
                    )
                yield error("host-too-long", path, message)
                break


RULES = (releases, hosts)
