"""What the node charts render, reduced: orderers and peers with their enrolment, and the CLI (facts A1.3)."""

from __future__ import annotations

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.platforms.fabric_certs_manifests import certs
from bevel_tui.platforms.fabric_charts import (
    CRYPTO,
    ORDERER_TLS,
    TOOLS_IMAGE,
    channel_participation,
    fullname,
    ingresses,
    orderer_ca_map,
)
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart


def _waits_for_certificates(chart: Chart, name: str) -> Json:
    return sketch.container(
        "certificates-init",
        shared.ALPINE,
        script=["# waits for the Secrets that the certificate Job writes"],
        env=sketch.env({**chart.vault_env, "MOUNT_PATH": "/secret", name: chart.release}),
        mounts={"certificates": "/secret", "scripts-volume": "/scripts"},
    )


def _grpc_web(chart: Chart, grpc: int) -> Json:
    return sketch.container(
        "grpc-web",
        "ghcr.io/hyperledger-labs/grpc-web:latest",
        env=sketch.env(
            {
                "BACKEND_ADDRESS": f"{chart.release}.{chart.namespace}:{grpc}",
                "SERVER_TLS_CERT_FILE": "/certs/tls/server.crt",
                "SERVER_TLS_KEY_FILE": "/certs/tls/server.key",
                "SERVER_HTTP_TLS_PORT": "7443",
            }
        ),
        mounts={"certificates": "/certs"},
        ports={"grpc-web": 7443},
    )


#: the charts' core.yaml lacks the builder for chaincodes that are servers, which Fabric's image brings (helm.patches)
CCAAS_BUILDER = "fabric-ccaas-builder"

# ---------------------------------------------------------------- fabric-orderernode


def orderer(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("fabric-orderernode", release)
    version = chart.text("global.version", "2.5.4")
    modern = channel_participation(version)
    mounts = {"datadir": "/var/hyperledger/production/orderer", "certificates": "/var/hyperledger/orderer/crypto"}
    volumes = [sketch.empty("certificates"), *shared.vault_ca(chart), shared.scripts_volume()]
    bootstrap = {"ORDERER_GENERAL_BOOTSTRAPMETHOD": "none", "ORDERER_ADMIN_LISTENADDRESS": "0.0.0.0:7055"}
    if not modern:
        volumes.append(
            {
                "name": f"{release}-genesis-volume",
                "configMap": {
                    "name": "syschannel-genesis",
                    "items": [{"key": "syschannel-genesis_base64", "path": "genesis.block.base64"}],
                },
            }
        )
        mounts[f"{release}-genesis-volume"] = "/var/hyperledger/orderer/genesis"
        bootstrap = {
            "ORDERER_GENERAL_GENESISMETHOD": "file",
            "ORDERER_GENERAL_GENESISFILE": "/var/hyperledger/orderer/orderer.genesis.block",
        }
    server = sketch.container(
        "fabric-orderer",
        f"ghcr.io/hyperledger/bevel-fabric-orderer:{version}",
        script=["orderer"],
        env_from=f"{release}-config",
        mounts=mounts,
        ports={"grpc": 7050, "operations": 9443, "onsadmin": 7055},
    )
    return [
        *certs(chart),
        shared.storage_class(chart),
        sketch.config_map(
            f"{release}-config",
            namespace,
            {
                **bootstrap,
                "ORDERER_GENERAL_LOCALMSPID": chart.text("orderer.localMspId", "supplychainMSP"),
                "ORDERER_GENERAL_TLS_ENABLED": chart.text("orderer.tlsStatus", "true"),
                "ORDERER_CHANNELPARTICIPATION_ENABLED": "true",
                "ORDERER_OPERATIONS_LISTENADDRESS": "0.0.0.0:9443",
            },
        ),
        sketch.service(
            release,
            namespace,
            selector={"app": release},
            ports=[
                ("grpc", 7050),
                ("grpc-web", 7443),
                ("operations", 9443),
                *([("onsadmin", 7055)] if modern else []),
            ],
            headless=True,
        ),
        sketch.stateful_set(
            name,
            namespace,
            sketch.pod(
                sketch.labels(release, namespace, name=release, component="fabric", part_of=name, app=release),
                chart.account,
                [server, _grpc_web(chart, 7050)],
                init=[
                    sketch.container("kafka-healthcheck", "busybox", script=["true"]),
                    _waits_for_certificates(chart, "ORDERER_NAME"),
                ],
                volumes=volumes,
                pull_secret=chart.pull_secret,
            ),
            service=release,
            claims=[
                sketch.claim("datadir", storage_class=f"storage-{release}", size=chart.text("storage.size", "512Mi"))
            ],
        ),
        *ingresses(chart, 7050),
    ]


# ---------------------------------------------------------------- fabric-peernode


def _core(chart: Chart) -> str:
    """As much of the peer's core.yaml as decides which chaincodes it can build."""
    builders = ["sampleBuilder", *(["ccaas_builder"] if CCAAS_BUILDER in chart.step.patches else [])]
    return "chaincode:\n  externalBuilders:\n" + "".join(f"  - name: {name}\n" for name in builders)


def peer(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("fabric-peernode", release)
    version = chart.text("global.version", "2.5.4")
    external = f"{release}.{namespace}:7051"
    if chart.proxy != "none":
        external = f"{release}.{namespace}.{chart.suffix}:{chart.value('global.proxy.port', 443)}"
    server = sketch.container(
        release,
        f"ghcr.io/hyperledger/bevel-fabric-peer:{version}",
        script=["peer node start"],
        env_from=f"{release}-config",
        mounts={
            "datadir": "/var/hyperledger/production",
            "dockersocket": "/host/var/run/docker.sock",
            "certificates": "/etc/hyperledger/fabric/crypto",
            f"{release}-msp-config-volume": "/etc/hyperledger/fabric/NodeOUconfig",
            "builders-config": "/builders/external",
        },
        ports={"grpc": 7051, "events": 7053, "operations": 9443},
    )
    couchdb = sketch.container(
        "couchdb",
        f"ghcr.io/hyperledger/bevel-fabric-couchdb:{version}",
        mounts={"datadir-couchdb": "/opt/couchdb/data", "certificates": "/etc/hyperledger/fabric/crypto"},
        ports={"couchdb": 5984},
    )
    stateful_set = sketch.stateful_set(
        name,
        namespace,
        sketch.pod(
            sketch.labels(release, namespace, name=release, component="fabric", part_of=name, app=release),
            chart.account,
            [couchdb, server, _grpc_web(chart, 7051)],
            init=[_waits_for_certificates(chart, "PEER_NAME")],
            volumes=[
                sketch.from_config_map("builders-config", f"{release}-builders-config"),
                sketch.empty("certificates"),
                *shared.vault_ca(chart),
                {"name": "dockersocket", "hostPath": {"path": "/var/run/docker.sock"}},
                sketch.from_config_map(f"{release}-msp-config-volume", f"{release}-msp-config", "mspConfig"),
                shared.scripts_volume(),
            ],
            pull_secret=chart.pull_secret,
        ),
        service=release,
        claims=[
            sketch.claim(claim, storage_class=f"storage-{release}", size=chart.text(f"storage.{key}", "512Mi"))
            for claim, key in (("datadir", "peer"), ("datadir-couchdb", "couchdb"))
        ],
    )
    configs: list[tuple[str, dict[str, str | ChartFile]]] = [
        (
            f"{release}-config",
            {
                "CORE_PEER_ID": f"{release}.{namespace}",
                "CORE_PEER_ADDRESS": f"{release}.{namespace}:7051",
                "CORE_PEER_GOSSIP_BOOTSTRAP": chart.text("peer.gossipPeerAddress") or f"{release}.{namespace}:7051",
                "CORE_PEER_GOSSIP_EXTERNALENDPOINT": external,
                "CORE_PEER_LOCALMSPID": chart.text("peer.localMspId", "supplychainMSP"),
                "CORE_OPERATIONS_LISTENADDRESS": "0.0.0.0:9443",
            },
        ),
        (f"{release}-msp-config", {"mspConfig": "NodeOUs:\n  Enable: true\n"}),
        (f"{release}-builders-config", {"core.yaml": _core(chart)}),
    ]
    if "files/orderer.crt" in chart.step.files:
        configs.append((f"{release}-{ORDERER_TLS}", {"cacert": ChartFile("files/orderer.crt")}))
    return [
        *certs(chart),
        *([shared.storage_class(chart)] if chart.on("storage.enabled", True) else []),
        *(sketch.config_map(config, namespace, data) for config, data in configs),
        sketch.service(
            release,
            namespace,
            selector={"app": release},
            ports=[("grpc", 7051), ("events", 7053), ("couchdb", 5984), ("grpc-web", 7443), ("operations", 9443)],
            headless=True,
        ),
        stateful_set,
        *ingresses(chart, 7051),
        *(_cli(chart, version) if chart.on("peer.cliEnabled") else []),
    ]


def _cli(chart: Chart, version: str) -> list[Json]:
    """fabric-cli, alias peer: named after the peer when that name contains "peer" (facts A1.3)."""
    release, namespace = chart.release, chart.namespace
    name = f"{release}-cli" if "peer" in release else f"peer-{release}"
    address = chart.text("peer.ordererAddress")
    init = sketch.container(
        "certificates-init",
        shared.ALPINE,
        script=["# waits for admin-msp and admin-tls"],
        env=sketch.env({**chart.vault_env, "MOUNT_PATH": "/secret"}),
        mounts={"certificates": "/secret", "scripts-volume": "/scripts"},
    )
    cli = sketch.container(
        "cli",
        f"{TOOLS_IMAGE}:{version}",
        script=["/bin/bash"],
        env=sketch.env(
            {
                "CORE_PEER_ADDRESS": f"{release}.{namespace}:7051",
                "CORE_PEER_LOCALMSPID": chart.text("peer.localMspId", "supplychainMSP"),
                "ORDERER_URL": address,
            }
        ),
        mounts={
            "certificates": CRYPTO,
            f"{release}-cli-pv": "/opt/gopath/src/github.com/chaincode",
            "orderer-tls-cacert": "/opt/gopath/src/github.com/hyperledger/fabric/orderer/tls",
        },
    )
    return [
        sketch.deployment(
            name,
            namespace,
            sketch.pod(
                {"app": "cli", "app.kubernetes.io/name": release, "app.kubernetes.io/component": "fabric"},
                chart.account,
                [cli],
                init=[init],
                volumes=[
                    {
                        "name": f"{release}-cli-pv",
                        "persistentVolumeClaim": {"claimName": f"{release}-cli-pvc"},
                    },
                    sketch.empty("certificates"),
                    *shared.vault_ca(chart),
                    shared.scripts_volume(),
                    shared.packages_volume(),
                    sketch.from_config_map("orderer-tls-cacert", orderer_ca_map(chart, release, address), "cacert"),
                ],
                pull_secret=chart.value("peer.image.pullSecret"),
            ),
        ),
        sketch.claim(
            f"{release}-cli-pvc",
            storage_class=chart.text("peer.storageClass") or f"storage-{release}",
            size="256Mi",
            namespace=namespace,
        ),
    ]
