"""What the channel charts render, reduced: channels made, orderers and peers joining (facts A1.3)."""

from __future__ import annotations

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.platforms.fabric_charts import (
    CRYPTO,
    TOOLS_IMAGE,
    channel_participation,
    fullname,
    orderer_ca_map,
)
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

ORDERER_TLS_FOLDER = "/opt/gopath/src/github.com/hyperledger/fabric/orderer/tls"
ARTIFACTS = "/opt/gopath/src/github.com/hyperledger/fabric/peer/channel-artifacts"


def osnadmin(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    orderers = chart.value("orderers", ())
    script = ["cat ./genesis/genesis.block.base64 | base64 -d > orderer.genesis.block"]
    for orderer in orderers:
        script += [f"ORDERER_NAME={orderer['name']}", f'ORDERER_URL="{orderer["adminAddress"]}"']
        script.append('osnadmin channel join --channelID "${CHANNEL_NAME}" -o "${ORDERER_URL}"')
    init_script = ["getOrdererMspSecret users admin-msp"]
    for orderer in orderers:
        init_script += [
            f"ORDERER_NAME={orderer['name']}",
            "getOrdererMspSecret orderers ${ORDERER_NAME}-msp",
            "getOrdererTlsSecret ${ORDERER_NAME}-tls",
        ]
    block = {
        "name": "genesis",
        "configMap": {
            "name": f"{release}-genesis",
            "items": [{"key": f"{release}-genesis_base64", "path": "genesis.block.base64"}],
        },
    }
    folder = "/opt/gopath/src/github.com/hyperledger/fabric/orderer/genesis"
    template = sketch.pod(
        sketch.labels(
            release,
            namespace,
            name=f"osn-createchannel-{release}",
            component="fabric-osnadmin-channel-create-job",
            part_of=fullname("fabric-osnadmin-channel-create", release),
            app=release,
        ),
        chart.account,
        [
            sketch.container(
                "createchannel",
                f"{TOOLS_IMAGE}:{chart.text('global.version', '2.5.4')}",
                script=script,
                env=sketch.env({"ADD_ORDERER": chart.text("orderer.addOrderer", "false")}),
                env_from=f"{release}-osnadmin-config",
                mounts={"certificates": CRYPTO, "genesis": folder},
            )
        ],
        init=[
            sketch.container(
                "certificates-init",
                shared.ALPINE,
                script=init_script,
                env=sketch.env({**chart.vault_env, "MOUNT_PATH": "/secret"}),
                mounts={"certificates": "/secret", "scripts-volume": "/scripts"},
            )
        ],
        volumes=[block, sketch.empty("certificates"), *shared.vault_ca(chart), shared.scripts_volume()],
        pull_secret=chart.pull_secret,
    )
    return [
        sketch.config_map(
            f"{release}-osnadmin-config",
            namespace,
            {"CHANNEL_NAME": release, "ADMIN_TLS_CERTS": CRYPTO, "GENESIS_FILE": folder},
        ),
        sketch.job(f"channel-create-{release}", namespace, template, backoff=6),
    ]


def join(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    peer = chart.text("peer.name", "peer0")
    settings = {
        "CHANNEL_NAME": chart.text("peer.channelName", "AllChannel").lower(),
        "CORE_PEER_ID": f"{peer}.{namespace}",
        "CORE_PEER_ADDRESS": chart.text("peer.address"),
        "CORE_PEER_LOCALMSPID": chart.text("peer.localMspId", "supplychainMSP"),
        "CORE_PEER_TLS_ENABLED": chart.text("peer.tlsStatus", "true"),
        "ORDERER_URL": chart.text("peer.ordererAddress"),
        "NETWORK_VERSION": chart.text("global.version", "2.5.4"),
    }
    jobs = [_join_job(chart, peer, "joinchannel", 6, ["peer channel fetch 0", "peer channel join"], 0)]
    modern = channel_participation(settings["NETWORK_VERSION"])
    grows = chart.on("peer.addPeerValue") or chart.on("peer.addnewOrgValue")
    if chart.text("peer.type", "anchor") == "anchor" and not grows:
        jobs.append(_join_job(chart, peer, "anchorpeer", 3, ["peer channel fetch config", "peer channel update"], 1))
    objects = [sketch.config_map(f"{release}-config", namespace, settings), *jobs]
    if not modern:
        anchor = ChartFile("files/anchortx.json") if "files/anchortx.json" in chart.step.files else ""
        objects.append(sketch.config_map(f"{release}-anchor-artifacts", namespace, {"anchors.tx.json": anchor}))
    return objects


def _join_job(chart: Chart, peer: str, what: str, backoff: int, script: list[str], weight: int) -> Json:
    release, namespace = chart.release, chart.namespace
    mounts = {"certificates": CRYPTO, "orderer-tls-cacert": ORDERER_TLS_FOLDER}
    artifacts = []
    if what == "anchorpeer" and not channel_participation(chart.text("global.version", "2.5.4")):
        artifacts.append(sketch.from_config_map("anchorpeer-artifacts", f"{release}-anchor-artifacts"))
        mounts["anchorpeer-artifacts"] = ARTIFACTS
    template = sketch.pod(
        sketch.labels(
            release,
            namespace,
            name=f"{'channel-join' if what == 'joinchannel' else what}-{release}",
            component=f"fabric-{'channel-join' if what == 'joinchannel' else what}-job",
            part_of=fullname("fabric-channel-join", release) if what == "joinchannel" else f"{what}-{release}",
            app=release,
        ),
        chart.account,
        [
            sketch.container(
                what,
                f"{TOOLS_IMAGE}:{chart.text('global.version', '2.5.4')}",
                script=script,
                env_from=f"{release}-config",
                mounts=mounts,
            )
        ],
        init=[_admin_certificates(chart)],
        volumes=[*_client_volumes(chart, peer), *artifacts],
        pull_secret=chart.pull_secret,
    )
    return sketch.hook(
        sketch.job(f"{what}-{release}", namespace, template, backoff=backoff), "post-install", weight=weight
    )


def _admin_certificates(chart: Chart) -> Json:
    """The init container that fetches the administrator's MSP."""
    return sketch.container(
        "certificates-init",
        shared.ALPINE,
        script=["getAdminMspSecret admin-msp"],
        env=sketch.env({**chart.vault_env, "MOUNT_PATH": "/secret"}),
        mounts={"certificates": "/secret", "scripts-volume": "/scripts"},
    )


def _client_volumes(chart: Chart, peer: str) -> list[Json]:
    """The volumes of a Job that talks to peers and orderers."""
    return [
        sketch.empty("certificates"),
        *shared.vault_ca(chart),
        shared.scripts_volume(),
        sketch.from_config_map(
            "orderer-tls-cacert", orderer_ca_map(chart, peer, chart.text("peer.ordererAddress")), "cacert"
        ),
    ]


def create(chart: Chart) -> list[Json]:
    """fabric-channel-create (2.2): a peer's administrator sends the transaction that makes a channel."""
    release, namespace = chart.release, chart.namespace
    peer, version = chart.text("peer.name", "peer0"), chart.text("global.version", "2.2.2")
    transaction = ChartFile("files/channeltx.json") if "files/channeltx.json" in chart.step.files else ""
    template = sketch.pod(
        sketch.labels(
            release,
            namespace,
            name=f"createchannel-{release}",
            component="fabric-channel-create-job",
            part_of=fullname("fabric-channel-create", release),
            app=release,
        ),
        chart.account,
        [
            sketch.container(
                "createchannel",
                f"{TOOLS_IMAGE}:{version}",
                script=["peer channel fetch 0", "peer channel create"],
                env_from=f"{release}-config",
                mounts={
                    "certificates": CRYPTO,
                    f"{release}-channel-artifacts": ARTIFACTS,
                    "orderer-tls-cacert": ORDERER_TLS_FOLDER,
                },
            )
        ],
        init=[_admin_certificates(chart)],
        volumes=[
            sketch.from_config_map(f"{release}-channel-artifacts", f"{release}-channel-artifacts"),
            *_client_volumes(chart, peer),
        ],
        pull_secret=chart.pull_secret,
    )
    settings = {
        "CHANNEL_NAME": release,
        "CORE_PEER_ID": f"{peer}.{namespace}",
        "CORE_PEER_ADDRESS": chart.text("peer.address"),
        "CORE_PEER_LOCALMSPID": chart.text("peer.localMspId", "carrierMSP"),
        "CORE_PEER_TLS_ENABLED": chart.text("peer.tlsStatus", "true"),
        "ORDERER_URL": chart.text("peer.ordererAddress"),
        "NETWORK_VERSION": version,
    }
    return [
        sketch.config_map(f"{release}-config", namespace, settings),
        sketch.config_map(f"{release}-channel-artifacts", namespace, {"channeltx_base64": transaction}),
        sketch.job(f"createchannel-{release}", namespace, template, backoff=6),
    ]
