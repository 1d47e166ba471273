"""What the Fabric charts render, reduced: the one source of `expects`, of stand-in charts and of what players read.

Names, hooks and inputs as in hyperledger-fabric/charts of Bevel v1.3.0, flow of Fabric 2.5 (facts A1.3, A1.4).
"""

from __future__ import annotations

import json

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile, Manifest
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

CA_IMAGE = "ghcr.io/hyperledger/bevel-fabric-ca:latest"
TOOLS_IMAGE = "ghcr.io/hyperledger/bevel-fabric-tools"
CA_CERTS = "fabric-ca-server-certs"
ORDERER_TLS = "orderer-tls-cacert"
CRYPTO = "/opt/gopath/src/github.com/hyperledger/fabric/crypto"


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a Fabric release. Raises KeyError for a chart of another platform."""
    chart = Chart(step)
    return tuple(
        {
            "fabric-ca-server": _ca,
            "fabric-orderernode": _orderer,
            "fabric-peernode": _peer,
            "fabric-genesis": _genesis,
            "fabric-osnadmin-channel-create": _osnadmin,
            "fabric-channel-join": _join,
        }[step.chart](chart)
    )


def fullname(chart: str, release: str) -> str:
    """Name of a StatefulSet: the chart's name goes in front unless the release's contains it (_helpers.tpl)."""
    return release if chart in release else f"{chart}-{release}"


def ca_host(chart: Chart) -> str:
    """The name in the CA's certificate (fabric-ca-server/_helpers.tpl, serverURL; F05)."""
    return f"ca.{chart.namespace}" if chart.proxy == "none" else f"ca.{chart.namespace}.{chart.suffix}"


def orderer_ca_map(chart: Chart, peer: str, orderer_address: str) -> str:
    """The ConfigMap that holds the orderers' CA: the namespace's own, or the one that a handoff filled (facts 0.10).

    The charts look in the cluster whether the first one is there; it is where the orderers live in this namespace.
    """
    own = orderer_address.partition(":")[0].split(".")[1:2] == [chart.namespace]
    return ORDERER_TLS if own else f"{peer}-{ORDERER_TLS}"


def _ingresses(chart: Chart, grpc: int) -> list[Json]:
    if chart.proxy != "haproxy":
        return []
    release, namespace = chart.release, chart.namespace
    zone = f"{namespace}.{chart.suffix}"
    return [
        sketch.ingress(
            release,
            namespace,
            [(f"{release}.{zone}", release, grpc), (f"{release}-proxy.{zone}", release, 7443)],
            passthrough=True,
            ingress_class="haproxy",
        ),
        sketch.ingress(
            f"{release}-ops",
            namespace,
            [(f"{release}-ops.{zone}", release, 9443)],
            passthrough=False,
            ingress_class="haproxy",
        ),
    ]


# ---------------------------------------------------------------- fabric-ca-server


def _ca(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("fabric-ca-server", release)
    host = ca_host(chart)
    remove = [f"deleteSecret {CA_CERTS}"] if chart.on("server.removeCertsOnDelete", True) else ["true"]
    cleanup = sketch.job(
        "fabric-ca-server-cleanup",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "fabric-ca-server-job-cleanup", "app.kubernetes.io/namespace": namespace},
            chart.account,
            [sketch.container("delete-secrets", shared.ALPINE, script=remove)],
            restart="Never",
        ),
        backoff=3,
    )
    login = f"{chart.text('server.adminUsername', 'admin')}:{chart.text('server.adminPassword', 'adminpw')}"
    server = sketch.container(
        "ca",
        CA_IMAGE,
        script=[f"fabric-ca-server start -b {login} -d"],
        env=sketch.env(
            {
                "FABRIC_CA_SERVER_CA_NAME": f"{release}.{namespace}",
                "FABRIC_CA_SERVER_TLS_ENABLED": chart.text("server.tlsStatus", "true"),
                "FABRIC_CA_SERVER_OPERATIONS_LISTENADDRESS": "0.0.0.0:9443",
            }
        ),
        mounts={
            "certificates": "/etc/hyperledger/fabric-ca-server-config",
            "ca-server-db-pvc": "/var/hyperledger/fabric-ca-server/db/",
        },
        ports={"tcp": 7054, "operations": 9443},
    )
    init = sketch.container(
        "ca-certs-init",
        shared.ALPINE,
        script=[f"safeWriteSecret /secret {CA_CERTS}"],
        env=sketch.env(
            {
                "CA_URL": host,
                "CA_SUBJECT": f"{chart.text('server.subject', '/C=GB/ST=London/L=London/O=Orderer')}/CN={host}",
                "COMPONENT_NAME": namespace,
                **(chart.vault_env if chart.hashicorp else {}),
            }
        ),
        mounts={
            "certificates": "/secret",
            "package-manager": "/scripts",
            "openssl-config": "/openssl",
            **({"scripts-volume": "/scripts/vault"} if chart.hashicorp else {}),
        },
    )
    pod_labels = sketch.labels(
        release, namespace, name=release, component="fabric-ca-statefulset", part_of=name, app=release
    )
    objects = [
        *shared.first_of_namespace(chart),
        shared.storage_class(chart),
        sketch.hook(cleanup, "pre-delete", delete="hook-succeeded"),
        sketch.config_map("openssl-config-file", namespace, {"openssl.conf": "[req]\n"}),
        sketch.service(
            "ca",
            namespace,
            selector={
                "app.kubernetes.io/part-of": name,
                "app.kubernetes.io/namespace": namespace,
                "app.kubernetes.io/release": release,
            },
            ports=[("tcp", 7054), ("operations", 9443)],
        ),
        sketch.stateful_set(
            name,
            namespace,
            sketch.pod(
                pod_labels,
                chart.account,
                [server],
                init=[init],
                volumes=[
                    sketch.empty("certificates"),
                    *shared.vault_ca(chart, "ca-crt.pem"),
                    *([shared.scripts_volume()] if chart.hashicorp else []),
                    shared.packages_volume(),
                    sketch.from_config_map("openssl-config", "openssl-config-file", "openssl.conf"),
                ],
                pull_secret=chart.pull_secret,
            ),
            service=release,
            claims=[
                sketch.claim(
                    "ca-server-db-pvc", storage_class=f"storage-{release}", size=chart.text("storage.size", "512Mi")
                )
            ],
        ),
    ]
    if chart.proxy == "haproxy":
        objects += [
            sketch.ingress(release, namespace, [(host, "ca", 7054)], passthrough=True, ingress_class="haproxy"),
            sketch.ingress(
                f"{release}-ops",
                namespace,
                [(f"ca-ops.{namespace}.{chart.suffix}", "ca", 9443)],
                passthrough=False,
                ingress_class="haproxy",
            ),
        ]
    return objects


# ---------------------------------------------------------------- fabric-catools, alias certs


def _certs(chart: Chart) -> list[Json]:
    """The enrolment Job, its clean-up, and (once in a namespace) the scripts that all such Jobs share (F19-F21)."""
    release, namespace = chart.release, chart.namespace
    kind = chart.text("certs.orgData.type", "orderer")
    pod_labels = sketch.labels(
        release,
        namespace,
        name="certs",
        component="ca-tools",
        part_of=release if "certs" in release else f"certs-{release}",
    )
    users = chart.value("certs.users.usersList", ())
    script = [
        "# enrols the organization's administrator and the node at the CA, stores what it gets as Secrets",
        f"./{'orderer-script.sh' if kind == 'orderer' else 'generate-crypto-peer.sh'} {release}",
        *(f"checkSecrets users {user['identity']}-msp" for user in users),
        f"./store-vault-{kind}.sh {release}",
    ]
    volumes = {
        "generate-crypto": ("crypto-scripts-cm", "generate-crypto-orderer.sh"),
        "generate-orderer-crypto": ("crypto-scripts-cm", "orderer-script.sh"),
        "generate-crypto-peer": ("crypto-scripts-cm", "generate-crypto-peer.sh"),
        "generate-crypto-add-peer": ("crypto-scripts-cm", "generate-crypto-add-peer.sh"),
        "generate-user-crypto": ("crypto-scripts-cm", "generate-user-crypto.sh"),
        "store-vault-orderer": ("orderer-script-store-vault", "store-vault-orderer.sh"),
        "store-vault-peer": ("peer-script-store-vault", "store-vault-peer.sh"),
        "store-vault-users": ("users-script-store-vault", "store-vault-users.sh"),
    }
    generate = sketch.job(
        f"{release}-certs-job",
        namespace,
        sketch.pod(
            pod_labels,
            chart.account,
            [
                sketch.container(
                    "generate-certs",
                    CA_IMAGE,
                    script=script,
                    env=sketch.env(
                        {
                            "COMPONENT_TYPE": kind,
                            "COMPONENT_NAME": namespace,
                            "ADD_PEER": chart.text("certs.settings.addPeerValue", "false"),
                            "REFRESH_CERT_VALUE": chart.text("certs.settings.refreshCertValue", "false"),
                            **(chart.vault_env if chart.hashicorp else {}),
                        }
                    ),
                    mounts={"certificates": "/crypto-config", **{volume: f"/mnt/{volume}" for volume in volumes}},
                )
            ],
            volumes=[
                sketch.empty("certificates"),
                *(sketch.from_config_map(volume, *source) for volume, source in volumes.items()),
                shared.scripts_volume(),
                shared.packages_volume(),
            ],
            pull_secret=chart.value("certs.image.pullSecret"),
        ),
        backoff=6,
    )
    remove = ["true"]
    if chart.on("certs.settings.removeCertsOnDelete"):
        names = ["admin-tls", "admin-msp", f"{release}-msp", f"{release}-tls"]
        names += [f"{user['identity']}-{part}" for user in users for part in ("msp", "tls")]
        remove += [f"deleteSecret {name}" for name in names]
    if chart.on("certs.settings.removeOrdererTlsOnDelete"):
        remove.append(f"kubectl delete configmap --namespace {namespace} {ORDERER_TLS}")
    cleanup = sketch.job(
        f"{release}-certs-cleanup",
        namespace,
        sketch.pod(
            dict(pod_labels),
            chart.account,
            [sketch.container("delete-secrets", shared.ALPINE, script=remove)],
            restart="Never",
        ),
        backoff=3,
    )
    objects = _crypto_scripts(chart) if chart.on("certs.settings.createConfigMaps", kind == "orderer") else []
    return [*objects, generate, sketch.hook(cleanup, "pre-delete", delete="hook-succeeded")]


def _crypto_scripts(chart: Chart) -> list[Json]:
    data = "certs.orgData"
    names = [
        f"{chart.namespace}.svc.cluster.local",
        f"{chart.text(f'{data}.orgName')}.net",
        f"{chart.namespace}.{chart.suffix}",
    ]
    alternatives = " ".join(f'"{name}"' for name in names)
    lines = [
        "#!/bin/bash",
        f'FULLY_QUALIFIED_ORG_NAME="{chart.namespace}"',
        f"ALTERNATIVE_ORG_NAMES=({alternatives})",
        f'EXTERNAL_URL_SUFFIX="{chart.suffix}"',
        f'SUBJECT="{chart.text(f"{data}.componentSubject")}"',
        f'AFFILIATION="{chart.text(f"{data}.orgName")}"',
        f'CA="{chart.text(f"{data}.caAddress")}"',
        f'CA_ADMIN_USER="{chart.text(f"{data}.caAdminUser")}"',
        f'CA_ADMIN_PASS="{chart.text(f"{data}.caAdminPassword")}"',
    ]
    inputs = "\n".join(lines) + "\n"
    keys = ("generate-crypto-orderer", "orderer-script", "generate-crypto-peer", "generate-crypto-add-peer")
    return [
        sketch.config_map(
            "crypto-scripts-cm", chart.namespace, {f"{key}.sh": inputs for key in (*keys, "generate-user-crypto")}
        ),
        *(
            sketch.config_map(
                f"{kind}-script-store-vault", chart.namespace, {f"store-vault-{kind}.sh": "#!/bin/bash\n"}
            )
            for kind in ("orderer", "peer", "users")
        ),
    ]


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


# ---------------------------------------------------------------- fabric-orderernode


def _orderer(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("fabric-orderernode", release)
    version = chart.text("global.version", "2.5.4")
    orderer = sketch.container(
        "fabric-orderer",
        f"ghcr.io/hyperledger/bevel-fabric-orderer:{version}",
        script=["orderer"],
        env_from=f"{release}-config",
        mounts={"datadir": "/var/hyperledger/production/orderer", "certificates": "/var/hyperledger/orderer/crypto"},
        ports={"grpc": 7050, "operations": 9443, "onsadmin": 7055},
    )
    return [
        *_certs(chart),
        shared.storage_class(chart),
        sketch.config_map(
            f"{release}-config",
            namespace,
            {
                "ORDERER_GENERAL_BOOTSTRAPMETHOD": "none",
                "ORDERER_GENERAL_LOCALMSPID": chart.text("orderer.localMspId", "supplychainMSP"),
                "ORDERER_GENERAL_TLS_ENABLED": chart.text("orderer.tlsStatus", "true"),
                "ORDERER_CHANNELPARTICIPATION_ENABLED": "true",
                "ORDERER_OPERATIONS_LISTENADDRESS": "0.0.0.0:9443",
                "ORDERER_ADMIN_LISTENADDRESS": "0.0.0.0:7055",
            },
        ),
        sketch.service(
            release,
            namespace,
            selector={"app": release},
            ports=[("grpc", 7050), ("grpc-web", 7443), ("operations", 9443), ("onsadmin", 7055)],
            headless=True,
        ),
        sketch.stateful_set(
            name,
            namespace,
            sketch.pod(
                sketch.labels(release, namespace, name=release, component="fabric", part_of=name, app=release),
                chart.account,
                [orderer, _grpc_web(chart, 7050)],
                init=[
                    sketch.container("kafka-healthcheck", "busybox", script=["true"]),
                    _waits_for_certificates(chart, "ORDERER_NAME"),
                ],
                volumes=[sketch.empty("certificates"), *shared.vault_ca(chart), shared.scripts_volume()],
                pull_secret=chart.pull_secret,
            ),
            service=release,
            claims=[
                sketch.claim("datadir", storage_class=f"storage-{release}", size=chart.text("storage.size", "512Mi"))
            ],
        ),
        *_ingresses(chart, 7050),
    ]


# ---------------------------------------------------------------- fabric-peernode


def _peer(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("fabric-peernode", release)
    version = chart.text("global.version", "2.5.4")
    external = f"{release}.{namespace}:7051"
    if chart.proxy != "none":
        external = f"{release}.{namespace}.{chart.suffix}:{chart.value('global.proxy.port', 443)}"
    peer = sketch.container(
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
            [couchdb, peer, _grpc_web(chart, 7051)],
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
        (f"{release}-builders-config", {"core.yaml": "{}\n"}),
    ]
    if "files/orderer.crt" in chart.step.files:
        configs.append((f"{release}-{ORDERER_TLS}", {"cacert": ChartFile("files/orderer.crt")}))
    return [
        *_certs(chart),
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
        *_ingresses(chart, 7051),
        *(_cli(chart, version) if chart.on("peer.cliEnabled") else []),
    ]


def _cli(chart: Chart, version: str) -> list[Json]:
    """fabric-cli, alias peer: named after the peer when that name contains "peer" (facts A1.3)."""
    release, namespace = chart.release, chart.namespace
    name = f"{release}-cli" if "peer" in release else f"peer-{release}"
    orderer = chart.text("peer.ordererAddress")
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
                "ORDERER_URL": orderer,
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
                    sketch.from_config_map("orderer-tls-cacert", orderer_ca_map(chart, release, orderer), "cacert"),
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


# ---------------------------------------------------------------- fabric-genesis


def _genesis(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    files = [file.removeprefix("files/") for file in chart.step.files]
    channels = [channel["name"] for channel in chart.value("channels", ())]
    volumes = [shared.scripts_volume(), shared.packages_volume()]
    volumes.append(sketch.from_config_map("configtx-file", f"{release}-configtx-yaml"))
    mounts = {
        "scripts-volume": "/scripts",
        "package-manager": "/packages",
        "configtx-file": "/templates",
        "certificates": "/templates/crypto-config",
    }
    for index, file in enumerate(files):
        volumes.append(sketch.from_config_map(f"handed-{index}", f"{release}-admin-msp-certs", file))
        mounts[f"handed-{index}"] = f"/templates/{file}"
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


def _osnadmin(chart: Chart) -> list[Json]:
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
    genesis = {
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
        volumes=[genesis, sketch.empty("certificates"), *shared.vault_ca(chart), shared.scripts_volume()],
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


def _join(chart: Chart) -> list[Json]:
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
