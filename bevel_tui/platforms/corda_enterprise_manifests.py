"""What the charts of Corda Enterprise render, reduced: first releases and nodes; CENM's are in `cenm_manifests` (facts A6)."""

from __future__ import annotations

from collections.abc import Callable

from bevel_tui.network.corda import P2P_ROUTE
from bevel_tui.platforms import corda_charts as parts
from bevel_tui.platforms import p2p_route, sketch
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.cenm_manifests import CERTS, cenm, network_map
from bevel_tui.platforms.corda_manifests import init
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a chart, reduced. Raises KeyError for a chart that Corda Enterprise does not have."""
    if step.chart == P2P_ROUTE:
        return p2p_route.manifests(step)
    renderers: dict[str, Callable[[Chart], list[Json]]] = {
        "enterprise-init": init,
        "cenm": cenm,
        "cenm-networkmap": network_map,
        "enterprise-node": node,
    }
    chart = Chart(step)
    return shared.placed(renderers[step.chart](chart), chart)


def node(chart: Chart) -> list[Json]:
    """A notary or a node."""
    release, namespace = chart.release, chart.namespace
    name = parts.fullname(chart)
    labels = sketch.labels(release, namespace, name="node-statefulset", component="node", part_of=name)
    objects = [
        shared.storage_class(chart),
        sketch.config_map(
            f"{name}-conf",
            namespace,
            {
                "node.conf": _node_conf(chart),
                "node-initial-registration.sh": "# registers, again and again\n",
                "run.sh": "# runs the node\n",
            },
        ),
        sketch.service(release, namespace, selector=labels, ports=[("p2p", 10002), ("rpc", 10003), ("ssh", 2222)]),
        _set(chart, name),
    ]
    if chart.proxy == "ambassador":
        hostname = f"{release}.{chart.suffix}"
        objects += [
            parts.host(f"{release}-node", namespace, hostname, f"{release}-tls-certs", insecure="Reject"),
            parts.mapping(f"{release}-mapping", namespace, hostname, f"{release}.{namespace}:10002"),
        ]
    return [*objects, *parts.tls(chart)]


def _node_conf(chart: Chart) -> str:
    port = chart.value("global.proxy.p2p", 443) if parts.ADVERTISED_PORT in chart.step.patches else 443
    lines = [
        f'myLegalName : "{chart.text("nodeConf.legalName", "O=Node,OU=Node,L=London,C=GB")}"',
        f'p2pAddress: "{chart.release}.{chart.namespace}:10002"',
        f'    doormanURL="{chart.text("nodeConf.doormanURL")}"',
        f'    networkMapURL="{chart.text("nodeConf.networkMapURL")}"',
        f'additionalP2PAddresses: ["{chart.release}.{chart.suffix}:{port}"]',
    ]
    if chart.value("nodeConf.notary"):
        lines.append(f'notary {{ serviceLegalName = "{chart.text("nodeConf.notary.serviceLegalName")}" }}')
    return "\n".join(lines) + "\n"


def _set(chart: Chart, name: str) -> Json:
    release = chart.release
    image = f"{chart.text('image.node.repository', 'corda/corda-enterprise')}:{chart.text('image.node.tag', '4.10.3-zulu-openjdk8-alpine')}"
    notary = bool(chart.value("nodeConf.notary"))
    trust, trust_mounts = parts.service_certificates(chart)
    info = {"notary-nodeinfo": "/opt/corda/additional-node-infos"} if notary else {}
    scripts = {"scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh"}
    keys = {"node-certificates": "/opt/corda/certificates"}
    work = {"node-logs": "/opt/corda/logs", "node-h2": "/opt/corda/h2", "node-cordapps": "/opt/corda/cordapps"}
    network = {"cenm-certs": "/certs", **trust_mounts}
    maven = parts.maven(chart)
    init = [
        sketch.container(
            "init-certs",
            shared.ALPINE,
            script=["# takes the stores of an earlier registration"],
            env=parts.vault_env(chart),
            mounts={**scripts, **keys},
        ),
        _with_conf(
            sketch.container(
                "init-registration",
                image,
                script=["bin/node-initial-registration.sh"],
                mounts={"node-conf": "/opt/corda/etc/node.conf#node.conf", **keys, **network, **info, **work},
            ),
            "bin/node-initial-registration.sh",
        ),
        sketch.container(
            "store-certs",
            shared.ALPINE,
            script=_store(chart, notary),
            env=parts.vault_env(chart),
            mounts={**scripts, **info, **keys},
        ),
        sketch.container(
            "init-cordapps",
            shared.ALPINE,
            script=_downloads(chart) or ["true"],
            mounts={"node-cordapps": "/opt/corda/cordapps", **({"maven-secrets": "/secret"} if maven else {})},
        ),
    ]
    containers = [
        _with_conf(
            sketch.container(
                "node",
                image,
                script=["bin/run.sh"],
                mounts={"node-conf": "/opt/corda/etc/node.conf#node.conf", **keys, **network, **info, **work},
            ),
            "bin/run.sh",
        ),
        sketch.container(
            "logs",
            image,
            script=["while true; do tail -f logs/*.log; sleep 5; done"],
            mounts={"node-logs": "/opt/corda/logs"},
        ),
    ]
    volumes = [
        sketch.from_config_map("node-conf", f"{name}-conf"),
        sketch.from_secret("cenm-certs", CERTS),
        shared.scripts_volume(),
        sketch.empty("node-certificates"),
        *maven,
        *trust,
    ]
    labels = sketch.labels(release, chart.namespace, name="node-statefulset", component="node", part_of=name, app=name)
    size, db_size = chart.text("storage.size", "1Gi"), chart.text("storage.dbSize", "5Gi")
    claims = {
        "node-h2": db_size,
        **({"notary-nodeinfo": size} if notary else {}),
        "node-cordapps": size,
        "node-logs": size,
    }
    return sketch.stateful_set(
        name,
        chart.namespace,
        sketch.pod(labels, chart.account, containers, init=init, volumes=volumes, pull_secret=chart.pull_secret),
        service=name,
        claims=[sketch.claim(claim, storage_class=f"storage-{release}", size=of) for claim, of in claims.items()],
    )


def _with_conf(container: Json, file: str) -> Json:
    """The container with a second file of the node's ConfigMap mounted."""
    mount = {"name": "node-conf", "mountPath": f"/opt/corda/{file}", "subPath": file.rpartition("/")[2]}
    container["volumeMounts"].append(mount)
    return container


def _store(chart: Chart, notary: bool) -> list[str]:
    lines = [f"safeWriteSecret {chart.release} /opt/corda/certificates"]
    if notary:
        lines += [
            f"validating={chart.text('nodeConf.notary.validating', 'true')}",
            "safeWriteNotaryNodeInfo notary /opt/corda/additional-node-infos",
        ]
    return lines


def _downloads(chart: Chart) -> list[str]:
    if not chart.on("cordApps.getCordApps"):
        return []
    return [f"curl -u $REPO_USER:$REPO_USER_PASS -O -L {jar['url']}" for jar in chart.value("cordApps.jars", ())]
