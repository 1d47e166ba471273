"""What fabric-genesis renders, reduced: the Job that makes first blocks, and what it makes them of (facts A1.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.platforms.fabric_charts import TOOLS_IMAGE, channel_participation, fullname
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

#: patch of the private copy that makes the directory which the genesis script forgets (helm.patches; F10)
FOREIGN_ORDERERS = "fabric-foreign-orderers"


def genesis(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    files = [file.removeprefix("files/") for file in chart.step.files]
    channels = [channel["name"] for channel in chart.value("channels", ())]
    volumes = [shared.scripts_volume(), shared.packages_volume(), *shared.own_vault_ca(chart)]
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
                script=_genesis_script(chart),
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
    suffixes = ("genesis",) if channel_participation(chart.text("global.version", "2.5.4")) else ("channeltx",)
    remove = [
        f"kubectl delete configmap --namespace {namespace} {channel}-{suffix}"
        for channel in channels
        for suffix in suffixes
    ]
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


def _genesis_script(chart: Chart) -> list[str]:
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
            file, tls = (
                f"/templates/{orderer['name']}-orderer-tls.json",
                f"{folder}/{name}/orderers/{orderer['name']}/tls",
            )
            lines.append(f"if [ -e {file} ]; then")
            if FOREIGN_ORDERERS in chart.step.patches:
                lines.append(f"mkdir -p {tls}")
            lines += [
                f"jq -r .data.servercrt {file} | base64 -d > {tls}/server.crt",
                f"else getOrdererTLSCerts {orderer['name']} {folder}/{name}",
                "fi",
            ]
    channels = chart.value("channels", ())
    newcomers = [
        line
        for new in (chart.value("newOrgs", ()) if chart.on("add_new_org") else ())
        for line in (
            f"configtxgen -printOrg {new['name']}MSP > {new['name']}_new.json",
            f"writeNewOrg {new['name']}-new-data {new['name']}_new.json",
        )
    ]
    if not channel_participation(chart.text("global.version", "2.5.4")):
        return [*lines, *_transactions(channels, system=chart.on("settings.generateGenesis", True)), *newcomers]
    for channel in channels:
        name = channel["name"]
        lines.append(
            f'configtxgen -configPath "/templates" -profile {name} -channelID {name} -outputBlock {name}.genesis.block'
        )
        lines.append(f"writeSafeSecret {name}-genesis {name}.genesis.block")
    return [*lines, *newcomers]


def _transactions(channels: Sequence[Mapping[str, Any]], *, system: bool) -> list[str]:
    """2.2: the system channel's block, and per channel the transaction that makes it and those that set anchors."""
    lines = []
    if system:
        lines.append("configtxgen -profile OrdererGenesis -channelID syschannel -outputBlock genesis.block")
        lines.append("writeSafeSecret syschannel-genesis genesis.block")
    for channel in channels:
        name = channel["name"]
        lines.append(f"configtxgen -profile {name} -channelID {name} -outputCreateChannelTx {name}.tx")
        lines.append(f"writeSafeSecret {name}-channeltx {name}.tx")
        for participant in channel["participants"]:
            file = f"{name}{participant}MSPAnchor.tx"
            lines.append(
                f"configtxgen -profile {name} -channelID {name} -asOrg {participant}MSP -outputAnchorPeersUpdate {file}"
            )
            lines.append(f"writeSafeSecret {name}-{participant}-anchortx {file}")
    return lines


def _configtx(chart: Chart) -> str:
    """The input of configtxgen as far as it differs between networks, in JSON (which is YAML)."""
    modern = channel_participation(chart.text("global.version", "2.5.4"))
    organizations: dict[str, Json] = {}
    consenters = []
    for organization in chart.value("organizations", ()):
        name = organization["name"]
        orderers = organization.get("orderers") or ()
        anchors = [peer["peerAddress"].split(":") for peer in organization.get("peers") or ()]
        organizations[name] = {
            "Name": f"{name}MSP",
            "ID": f"{name}MSP",
            "MSPDir": f"./crypto-config/organizations/{name}/msp",
            **({"OrdererEndpoints": [orderer["ordererAddress"] for orderer in orderers]} if orderers else {}),
            **({} if modern else {"AnchorPeers": [{"Host": host, "Port": int(port)} for host, port in anchors]}),
        }
        for orderer in orderers:
            host, _, port = orderer["ordererAddress"].partition(":")
            certificate = f"./crypto-config/organizations/{name}/orderers/{orderer['name']}/tls/server.crt"
            consenters.append(
                {"Host": host, "Port": int(port), "ClientTLSCert": certificate, "ServerTLSCert": certificate}
            )
    channels = chart.value("channels", ())

    def ordering(channel: Mapping[str, Any]) -> Json:
        return {
            "OrdererType": "etcdraft",
            "EtcdRaft": {"Consenters": consenters},
            "Organizations": [organizations[name] for name in channel["orderers"]],
        }

    def members(channel: Mapping[str, Any]) -> Json:
        return {"Organizations": [organizations[name] for name in channel["participants"]]}

    if modern:
        profiles = {c["name"]: {"Orderer": ordering(c), "Application": members(c)} for c in channels}
    else:
        system = {}
        if channels:  # whose first one's participants the consortium consists of
            first = channels[0]
            consortiums = {first["consortium"]: members(first)}
            system["OrdererGenesis"] = {"Orderer": ordering(first), "Consortiums": consortiums}
        profiles = {
            **system,
            **{c["name"]: {"Consortium": c["consortium"], "Application": members(c)} for c in channels},
        }
    return json.dumps({"Organizations": list(organizations.values()), "Profiles": profiles}, indent=1) + "\n"
