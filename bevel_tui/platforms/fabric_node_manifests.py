"""What the node charts render, reduced: orderers and peers with their enrolment, and the CLI (facts A1.3)."""

from __future__ import annotations

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.platforms.fabric_charts import (
    CA_IMAGE,
    CRYPTO,
    ORDERER_TLS,
    TOOLS_IMAGE,
    fullname,
    ingresses,
    orderer_ca_map,
)
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

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


def orderer(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("fabric-orderernode", release)
    version = chart.text("global.version", "2.5.4")
    server = sketch.container(
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
                [server, _grpc_web(chart, 7050)],
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
        *ingresses(chart, 7050),
    ]


# ---------------------------------------------------------------- fabric-peernode


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
