"""What the channel charts render, reduced: genesis, the orderers' joining, the peers' joining (facts A1.3)."""

from __future__ import annotations

import json

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.platforms.fabric_charts import CRYPTO, TOOLS_IMAGE, fullname, orderer_ca_map
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

# ---------------------------------------------------------------- fabric-genesis


def genesis(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    files = [file.removeprefix("files/") for file in chart.step.files]
    channels = [channel["name"] for channel in chart.value("channels", ())]
    volumes = [shared.scripts_volume(), shared.packages_volume()]
    volumes.append(sketch.from_config_map("configtx-file", f"{release}-configtx-yaml"))
    mounts = {
        "scripts-volume": "/scripts",
        "package-manager": "/packages",
        "configtx-file": "/templates/configtx.yaml#configtx.yaml",
        "certificates": "/templates/crypto-config",
    }
    for index, file in enumerate(files):
        volumes.append(sketch.from_config_map(f"handed-{index}", f"{release}-admin-msp-certs", file))
        mounts[f"handed-{index}"] = f"/templates/{file}#{file}"
    volumes.append(sketch.empty("certificates"))
    template = sketch.pod(
        sketch.labels(
            release,
            namespace,
            name=f"{release}-job",
            component="fabric-genesis-job",
            part_of=fullname("fabric-genesis", release),
            app=release,
        ),
        chart.account,
        [
            sketch.container(
                "generate-artifacts",
                f"{TOOLS_IMAGE}:{chart.text('global.version', '2.5.4')}",
                script=_genesis_script(chart, channels),
                env=sketch.env(
                    {
                        **chart.vault_env,
                        "NETWORK_VERSION": chart.text("global.version", "2.5.4"),
                        "PROXY": chart.proxy,
                        "EXTERNAL_URL_SUFFIX": chart.suffix,
                        "COMPONENT_NAME": namespace,
                    }
                ),
                mounts=mounts,
            )
        ],
        volumes=volumes,
        pull_secret=chart.pull_secret,
    )
    remove = [f"kubectl delete configmap --namespace {namespace} {channel}-genesis" for channel in channels]
    cleanup = sketch.job(
        f"{release}-cleanup",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": f"{release}-cleanup", "app.kubernetes.io/namespace": namespace},
            chart.account,
            [
                sketch.container(
                    "delete-secrets",
                    shared.ALPINE,
                    script=remove if chart.on("settings.removeConfigMapOnDelete", True) else ["true"],
                )
            ],
            restart="Never",
        ),
        backoff=3,
    )
    return [
        sketch.config_map(f"{release}-configtx-yaml", namespace, {"configtx.yaml": _configtx(chart)}),
        sketch.config_map(
            f"{release}-admin-msp-certs", namespace, {file: ChartFile(f"files/{file}") for file in files}
        ),
        sketch.job(f"{release}-job", namespace, template, backoff=6),
        sketch.hook(cleanup, "pre-delete", delete="hook-succeeded"),
    ]


def _genesis_script(chart: Chart, channels: list[str]) -> list[str]:
    folder = "${OUTPUT_PATH_PEER}"
    lines = ['OUTPUT_PATH_PEER="/templates/crypto-config/organizations"']
    for organization in chart.value("organizations", ()):
        name = organization["name"]
        lines.append(f"[ -e /templates/{name}.json ] || getMSPCerts admin-msp {folder}/{name}")
        peers = organization.get("peers") or ()
        if peers:
            lines.append(
                f"[ -e /templates/{name}-config-file.json ] || kubectl get configmap {peers[0]['name']}-msp-config"
                " --namespace ${COMPONENT_NAME} -o json"
            )
        for orderer in organization.get("orderers") or ():
            lines.append(
                f"[ -e /templates/{orderer['name']}-orderer-tls.json ]"
                f" || getOrdererTLSCerts {orderer['name']} {folder}/{name}"
            )
    for channel in channels:
        lines.append(
            f'configtxgen -configPath "/templates" -profile {channel} -channelID {channel}'
            f" -outputBlock {channel}.genesis.block"
        )
        lines.append(f"writeSafeSecret {channel}-genesis {channel}.genesis.block")
    return lines


def _configtx(chart: Chart) -> str:
    """The input of configtxgen as far as it differs between networks, in JSON (which is YAML)."""
    organizations = {}
    consenters = []
    for organization in chart.value("organizations", ()):
        name = organization["name"]
        orderers = organization.get("orderers") or ()
        organizations[name] = {
            "Name": f"{name}MSP",
            "ID": f"{name}MSP",
            "MSPDir": f"./crypto-config/organizations/{name}/msp",
            **({"OrdererEndpoints": [orderer["ordererAddress"] for orderer in orderers]} if orderers else {}),
        }
        for orderer in orderers:
            host, _, port = orderer["ordererAddress"].partition(":")
            certificate = f"./crypto-config/organizations/{name}/orderers/{orderer['name']}/tls/server.crt"
            consenters.append(
                {"Host": host, "Port": int(port), "ClientTLSCert": certificate, "ServerTLSCert": certificate}
            )
    profiles = {
        channel["name"]: {
            "Orderer": {
                "OrdererType": "etcdraft",
                "EtcdRaft": {"Consenters": consenters},
                "Organizations": [organizations[name] for name in channel["orderers"]],
            },
            "Application": {"Organizations": [organizations[name] for name in channel["participants"]]},
        }
        for channel in chart.value("channels", ())
    }
    return json.dumps({"Organizations": list(organizations.values()), "Profiles": profiles}, indent=1) + "\n"


# ---------------------------------------------------------------- channels


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
    grows = chart.on("peer.addPeerValue") or chart.on("peer.addnewOrgValue")
    if chart.text("peer.type", "anchor") == "anchor" and not grows:
        jobs.append(_join_job(chart, peer, "anchorpeer", 3, ["peer channel fetch config", "peer channel update"], 1))
    return [sketch.config_map(f"{release}-config", namespace, settings), *jobs]


def _join_job(chart: Chart, peer: str, what: str, backoff: int, script: list[str], weight: int) -> Json:
    release, namespace = chart.release, chart.namespace
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
                mounts={
                    "certificates": CRYPTO,
                    "orderer-tls-cacert": "/opt/gopath/src/github.com/hyperledger/fabric/orderer/tls",
                },
            )
        ],
        init=[
            sketch.container(
                "certificates-init",
                shared.ALPINE,
                script=["getAdminMspSecret admin-msp"],
                env=sketch.env({**chart.vault_env, "MOUNT_PATH": "/secret"}),
                mounts={"certificates": "/secret", "scripts-volume": "/scripts"},
            )
        ],
        volumes=[
            sketch.empty("certificates"),
            *shared.vault_ca(chart),
            shared.scripts_volume(),
            sketch.from_config_map(
                "orderer-tls-cacert", orderer_ca_map(chart, peer, chart.text("peer.ordererAddress")), "cacert"
            ),
        ],
        pull_secret=chart.pull_secret,
    )
    return sketch.hook(
        sketch.job(f"{what}-{release}", namespace, template, backoff=backoff), "post-install", weight=weight
    )
