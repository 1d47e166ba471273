"""What the Besu charts render, reduced: the one source of `expects`, of stand-in charts and of what players read.

Names, hooks and inputs as in hyperledger-besu/charts of Bevel v1.3.0 (facts A2.2, A2.3).
"""

from __future__ import annotations

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile, Manifest
from bevel_tui.platforms.besu_charts import HOOKS_IMAGE, enode_address, fullname, tessera_name
from bevel_tui.platforms.besu_tessera_manifests import tessera, tls
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

DROP_WS = "drop-ws-mapping"


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a Besu release. Raises KeyError for a chart of another platform."""
    chart = Chart(step)
    return shared.placed({"besu-genesis": _genesis, "besu-node": _node}[step.chart](chart), chart)


# ---------------------------------------------------------------- besu-genesis


def _genesis(chart: Chart) -> list[Json]:
    namespace = chart.namespace
    secondary = chart.on("settings.secondaryGenesis")
    objects = shared.first_of_namespace(chart)
    if secondary:
        data: dict[str, dict[str, str | ChartFile]] = {
            "besu-peers": {"static-nodes.json": ChartFile("files/static-nodes.json")},
            "besu-genesis": {"genesis.json": ChartFile("files/genesis.json")},
            "besu-bootnodes": {"bootnodes-json": ChartFile("files/bootnodes.json"), "bootnodes-string": ""},
        }
        objects += [sketch.config_map(name, namespace, content) for name, content in data.items()]
    init = sketch.job(
        "besu-genesis-init",
        namespace,
        sketch.pod(
            {
                "app": chart.release,
                "app.kubernetes.io/name": "besu-genesis-job",
                "app.kubernetes.io/component": "genesis-job",
                "app.kubernetes.io/namespace": namespace,
            },
            chart.account,
            [
                sketch.container(
                    "generate-genesis",
                    HOOKS_IMAGE,
                    script=_genesis_script(chart, secondary),
                    env=sketch.env(chart.vault_env),
                    mounts={
                        "generated-config": "/generated-config",
                        **({"scripts-volume": "/scripts"} if chart.hashicorp else {}),
                    },
                )
            ],
            volumes=[sketch.empty("generated-config"), *([shared.scripts_volume()] if chart.hashicorp else [])],
        ),
        backoff=3,
    )
    remove = [
        f"kubectl delete configmap --namespace {namespace} {name}"
        for name in ("besu-genesis", "besu-peers")
        if chart.on("settings.removeGenesisOnDelete", True)
    ]
    cleanup = sketch.job(
        "besu-genesis-cleanup",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "besu-genesis-job-cleanup", "app.kubernetes.io/namespace": namespace},
            chart.account,
            [sketch.container("delete-genesis", HOOKS_IMAGE, script=remove or ["true"])],
            restart="Never",
        ),
        backoff=3,
    )
    return [*objects, init, sketch.hook(cleanup, "pre-delete", delete="hook-succeeded")]


def _genesis_script(chart: Chart, secondary: bool) -> list[str]:
    if secondary:
        return ["# Secondary Genesis, config maps are created from local files."]
    raw = "rawGenesisConfig.genesis"
    algorithm = f"{raw}.config.algorithm"
    count = chart.value("rawGenesisConfig.blockchain.nodes.count", 4)
    password = chart.text("rawGenesisConfig.blockchain.accountPassword", "password")
    return [
        "# Primary Genesis",
        f"quorum-genesis-tool --consensus {chart.text(f'{algorithm}.consensus', 'qbft')}"
        f" --validators {count} --members 0 --bootnodes 0"
        f" --chainID {chart.text(f'{raw}.config.chainId', '1337')}"
        f" --blockperiod {chart.text(f'{algorithm}.blockperiodseconds', '10')}"
        f" --epochLength {chart.text(f'{algorithm}.epochlength', '30000')}"
        f" --requestTimeout {chart.text(f'{algorithm}.requesttimeoutseconds', '20')}"
        f" --difficulty {chart.text(f'{raw}.difficulty', '0x1')}"
        f" --gasLimit {chart.text(f'{raw}.gasLimit', '0x1fffffffffffff')}"
        f" --coinbase {chart.text(f'{raw}.coinbase', '0x' + '0' * 40)}"
        f" --accountPassword {password}",
        "safeWriteSecret besu-node-validator-${i}",
        f"enode://$pubkey@besu-node-validator-$i.{chart.namespace}:30303?discport=0",
    ]


# ---------------------------------------------------------------- besu-node


def _node(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname(release)
    privacy = chart.on("tessera.enabled")
    selector = {
        "app.kubernetes.io/part-of": name,
        "app.kubernetes.io/namespace": namespace,
        "app.kubernetes.io/release": release,
    }
    objects = [
        shared.storage_class(chart),
        sketch.config_map(f"{name}-besu-config", namespace, {"config.toml": _config_toml(chart, privacy)}),
        sketch.hook(_node_cleanup(chart, name), "pre-delete", delete="hook-succeeded"),
        sketch.hook(_node_keys(chart, name), "pre-install"),
        sketch.service(
            name,
            namespace,
            selector=selector,
            ports=[
                ("json-rpc", 8545),
                ("ws", 8546),
                ("graphql", 8547),
                ("rlpx", 30303),
                ("discovery", 30303, "UDP"),
                ("metrics", 9545),
            ],
        ),
        _node_set(chart, name, privacy),
        *_node_routes(chart, name),
    ]
    if privacy:
        objects += tessera(chart)
    if chart.on("tls.enabled"):
        objects += tls(chart)
    return objects


def _config_toml(chart: Chart, privacy: bool) -> str:
    lines = [
        'data-path="/data/besu"',
        'genesis-file="/etc/genesis/genesis.json"',
        'node-private-key-file="/keys/nodekey"',
        f"tx-pool-layer-max-capacity={chart.value('node.besu.txPool.maxCapacity', 12)}",
        f"discovery-enabled={chart.text('node.besu.p2p.discovery', 'false')}",
        'static-nodes-file="/config/static/static-nodes.json"',
        "p2p-port=30303",
        "rpc-http-port=8545",
        "rpc-ws-port=8546",
    ]
    if privacy:
        lines.append(f'privacy-url="http://{tessera_name(chart.release)}.{chart.namespace}:9101"')
    return "\n".join(lines) + "\n"


def _node_keys(chart: Chart, name: str) -> Json:
    script = [
        f"safeWriteSecret {name} $FOLDER_PATH/member0",
        f"jq --arg NEEDLE \"{chart.release}\" 'map(select(test($NEEDLE) | not))'",
        f'NEEDLE="enode://$pubkey@"{enode_address(chart)}"?discport=0"',
        "update_peers_configmap /tmp/enode",
    ]
    if chart.on("node.isBootnode"):
        script.append("update_bootnodes_configmap /tmp/enode")
    hook = chart.hashicorp
    return sketch.job(
        f"{name}-pre-install-hook",
        chart.namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "pre-install-hook", "app.kubernetes.io/instance": chart.release},
            chart.account,
            [
                sketch.container(
                    f"{name}-keygen",
                    HOOKS_IMAGE,
                    script=script,
                    env=sketch.env(chart.vault_env) if hook else (),
                    mounts={"scripts-volume": "/scripts"} if hook else None,
                )
            ],
            volumes=[shared.scripts_volume()] if hook else (),
            pull_secret=chart.pull_secret,
        ),
        backoff=1,
    )


def _node_cleanup(chart: Chart, name: str) -> Json:
    script = [
        f"jq --arg NEEDLE \"{chart.release}\" 'map(select(test($NEEDLE) | not))'",
        f"kubectl delete configmap {name}-address --namespace {chart.namespace}",
    ]
    if chart.on("node.removeKeysOnDelete"):
        script.append(f"deleteSecret {name}-keys")
    return sketch.job(
        f"{name}-pre-delete-hook",
        chart.namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "pre-delete-hook", "app.kubernetes.io/instance": chart.release},
            chart.account,
            [sketch.container(f"{name}-cleanup", HOOKS_IMAGE, script=script)],
            pull_secret=chart.pull_secret,
        ),
        backoff=3,
    )


def _node_set(chart: Chart, name: str, privacy: bool) -> Json:
    release, namespace = chart.release, chart.namespace
    image = f"{chart.text('image.besu.repository', 'hyperledger/besu')}:{chart.text('image.besu.tag', '23.10.2')}"
    environment: list[Json] = []
    if chart.on("node.usesBootnodes"):
        reference = {"name": "besu-bootnodes", "key": "bootnodes-string"}
        environment.append({"name": "BESU_BOOTNODES", "valueFrom": {"configMapKeyRef": reference}})
    besu = sketch.container(
        f"{release}-besu",
        image,
        script=["exec /opt/besu/bin/besu --config-file=/etc/besu/config.toml"],
        env=environment,
        mounts={
            "besu-keys": "/keys",
            **({"tessera-keys": "/tessera"} if privacy else {}),
            "genesis": "/etc/genesis",
            "static-nodes": "/config/static",
            "besu-config": "/etc/besu",
            "data": "/data/besu",
        },
        ports={"json-rpc": 8545, "ws": 8546, "graphql": 8547, "rlpx": 30303, "metrics": 9545},
    )
    fix = chart.text("global.cluster.provider", "aws") in chart.value("volumePermissionsFix", ["minikube", "aws"])
    init = [sketch.container("volume-permission-besu", "busybox", script=["true"], mounts={"data": "/data"})]
    return sketch.stateful_set(
        name,
        namespace,
        sketch.pod(
            sketch.labels(release, namespace, name="besu-statefulset", component="besu", part_of=name, app=release),
            chart.account,
            [besu],
            init=init if fix else (),
            volumes=[
                sketch.from_config_map("genesis", "besu-genesis", "genesis.json"),
                sketch.from_config_map("static-nodes", "besu-peers", "static-nodes.json"),
                sketch.from_config_map("besu-config", f"{name}-besu-config"),
                sketch.from_secret("besu-keys", f"{name}-keys"),
                *([sketch.from_secret("tessera-keys", f"{tessera_name(release)}-keys")] if privacy else []),
            ],
            pull_secret=chart.pull_secret,
        ),
        service=name,
        claims=[sketch.claim("data", storage_class=f"storage-{release}", size=chart.text("storage.size", "2Gi"))],
    )


def _node_routes(chart: Chart, name: str) -> list[Json]:
    release, namespace, suffix = chart.release, chart.namespace, chart.suffix
    routes = []
    if chart.proxy == "ambassador":
        port = chart.value("global.proxy.p2p", 15010)
        routes += [
            sketch.ambassador(
                "Listener",
                f"{name}-rlpx",
                namespace,
                {
                    "port": port,
                    "protocol": "TCP",
                    "securityModel": "XFP",
                    "hostBinding": {"namespace": {"from": "SELF"}},
                },
            ),
            sketch.ambassador(
                "Mapping",
                f"{name}-json-rpc",
                namespace,
                {"hostname": f"{release}rpc.{suffix}", "prefix": "/", "service": f"http://{name}.{namespace}:8545"},
            ),
            sketch.ambassador(
                "TCPMapping", f"{name}-rlpx", namespace, {"port": port, "service": f"{name}.{namespace}:30303"}
            ),
        ]
    if DROP_WS not in chart.step.patches:  # rendered whatever the provider (facts A2, "CRD PREREQUISITE")
        routes.append(
            sketch.ambassador(
                "Mapping",
                f"{name}-ws",
                namespace,
                {
                    "hostname": f"{release}ws.{suffix}",
                    "prefix": "/",
                    "service": f"{name}.{namespace}:8546",
                    "allow_upgrade": ["websocket"],
                },
            )
        )
    return routes
