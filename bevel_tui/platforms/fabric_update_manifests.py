"""Our own chart for an update of a channel's configuration, which Bevel does with playbooks in a CLI pod (facts A1.1b).

One Job per organization that must sign. The first reads the configuration from an orderer and makes the update, each
looks at what it is about to sign, all but the last hand it on in a ConfigMap, the last one submits it. What leaves a
namespace is an envelope with signatures and certificates: nothing private is in it. The commands are those of Bevel's
playbooks (new_organization/create_block, config_block/sign_and_update, delete_org_script); the image is the one in which
fabric-channel-join runs ``configtxlator`` and ``jq`` as well.
"""

from __future__ import annotations

from typing import Any

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Manifest
from bevel_tui.platforms.fabric_charts import ADMIN_MSP, TOOLS_IMAGE
from bevel_tui.platforms.fabric_update_script import KEEP, script
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

CHART, VERSION = "bevel-channel-update", "1.0.0"
#: data key of the ConfigMaps that hold an update, and what stands there when there was nothing left to do
UPDATE_KEY, NOTHING = "update_base64", "none"

behaviours = {
    CHART: ChartBehaviour(
        name=CHART,
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+-update-[0-9]+)",
                container=r"channel-update",
                player="fabric-channel-update",
                seconds=1.0,
                init=True,
                source="our own; commands of Bevel's playbooks, see fabric_update_manifests",
            ),
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+-update-[0-9]+)",
                container=r"keep",
                seconds=0.2,
                source="our own",
            ),
        ),
    )
}


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of the chart, complete."""
    chart = Chart(step)
    release, namespace = chart.release, chart.namespace
    makes, submits, joins = chart.on("update.makes"), chart.on("update.submits"), chart.on("update.joins")
    orderer = chart.text("update.orderer")
    host, _, port = orderer.partition(":")
    environment = {
        "CHANNEL_NAME": chart.text("update.channel"),
        "MEMBER": chart.text("update.member"),
        "JOINS": "true" if joins else "false",
        **({"ORDERER_HOST": host, "ORDERER_PORT": port} if orderer else {}),
        "ORDERER_URL": chart.text("peer.ordererAddress"),
        "ORDERER_CA": "/orderer/tls/cacert",
        "CORE_PEER_ADDRESS": chart.text("peer.address"),
        "CORE_PEER_LOCALMSPID": chart.text("peer.localMspId"),
        "CORE_PEER_MSPCONFIGPATH": "/crypto/msp",
        "CORE_PEER_TLS_ENABLED": "true",
        "CORE_PEER_TLS_ROOTCERT_FILE": "/crypto/msp/tlscacerts/tlsca.crt",
    }
    mounts = {"admin-msp": "/crypto/msp", "orderer-ca": "/orderer/tls", "package-manager": "/scripts", "work": "/work"}
    items = [{"key": key, "path": f"{key}/{file}"} for key, file in ADMIN_MSP]
    volumes: list[dict[str, Any]] = [
        {"name": "admin-msp", "secret": {"secretName": "admin-msp", "items": items}},
        sketch.from_config_map("orderer-ca", chart.text("peer.ordererCa"), "cacert"),
        shared.packages_volume(),
        sketch.empty("work"),
    ]
    if not makes:
        volumes.append(sketch.from_config_map("handed", chart.text("update.handed"), UPDATE_KEY))
        mounts["handed"] = "/handed"
    elif joins and orderer:
        source = {"secretName": chart.text("update.certificate"), "items": [{"key": "servercrt", "path": "servercrt"}]}
        volumes.append({"name": "certificate", "secret": source})
        mounts["certificate"] = "/certificate"
    elif joins:
        definition = chart.text("update.definition")
        anchor, _, at = chart.text("update.anchor").partition(":")
        environment |= {"DEFINITION": definition, "ANCHOR_HOST": anchor, "ANCHOR_PORT": at}
        volumes.append(sketch.from_config_map("definition", definition, definition))
        mounts["definition"] = "/definition"
    labels = sketch.labels(
        release, namespace, name=release, component="fabric-channel-update-job", part_of=CHART, app=release
    )
    template = sketch.pod(
        labels,
        chart.account,
        [
            sketch.container(
                "keep",
                shared.ALPINE,
                script=KEEP.splitlines(),
                env=sketch.env({"NAME": release, "NAMESPACE": namespace}),
                mounts={"work": "/work"},
            )
        ],
        init=[
            sketch.container(
                "channel-update",
                f"{TOOLS_IMAGE}:{chart.text('global.version', '2.5.4')}",
                script=script(makes=makes, submits=submits, joins=joins, orderer=bool(orderer)).splitlines(),
                env=sketch.env(environment),
                mounts=mounts,
            )
        ],
        volumes=volumes,
        pull_secret=chart.pull_secret,
    )
    return shared.placed([sketch.job(release, namespace, template, backoff=6)], chart)
