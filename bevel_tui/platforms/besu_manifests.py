"""What the Besu charts render, reduced: the one source of `expects`, of stand-in charts and of what players read.

Names, hooks and inputs as in hyperledger-besu/charts of Bevel v1.3.0 (facts A2.2, A2.3).
"""

from __future__ import annotations

from bevel_tui.platforms import ethereum_manifests as ethereum
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile, Manifest
from bevel_tui.platforms.ethereum_charts import BESU, enode_address, fullname, tessera_name
from bevel_tui.platforms.ethereum_tessera_manifests import tessera, tls
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
    return ethereum.genesis(
        chart,
        BESU,
        script=_genesis_script(chart),
        handed={
            "besu-peers": {"static-nodes.json": ChartFile("files/static-nodes.json")},
            "besu-genesis": {"genesis.json": ChartFile("files/genesis.json")},
            "besu-bootnodes": {"bootnodes-json": ChartFile("files/bootnodes.json"), "bootnodes-string": ""},
        },
        removed=("besu-genesis", "besu-peers"),
        volumes=[sketch.empty("generated-config")],
    )


def _genesis_script(chart: Chart) -> list[str]:
    if chart.on("settings.secondaryGenesis"):
        return ["# Secondary Genesis, config maps are created from local files."]
    return [
        "# Primary Genesis",
        ethereum.genesis_tool(chart),
        "safeWriteSecret besu-node-validator-${i}",
        f"enode://$pubkey@besu-node-validator-$i.{chart.namespace}:30303?discport=0",
    ]


# ---------------------------------------------------------------- besu-node


def _node(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("besu-node", release)
    privacy = chart.on("tessera.enabled")
    objects = [
        shared.storage_class(chart),
        sketch.config_map(f"{name}-besu-config", namespace, {"config.toml": _config_toml(chart, privacy)}),
        ethereum.cleanup_hook(chart, name, _cleanup_script(chart, name)),
        ethereum.key_hook(chart, name, _key_script(chart, name)),
        ethereum.service(chart, name),
        _node_set(chart, name, privacy),
        *ethereum.routes(chart, name),
    ]
    if DROP_WS not in chart.step.patches:  # rendered whatever the provider (facts A2, "CRD PREREQUISITE")
        ws = {
            "hostname": f"{release}ws.{chart.suffix}",
            "prefix": "/",
            "service": f"{name}.{namespace}:8546",
            "allow_upgrade": ["websocket"],
        }
        objects.append(sketch.ambassador("Mapping", f"{name}-ws", namespace, ws))
    if privacy:
        objects += tessera(chart, BESU)
    if chart.on("tls.enabled"):
        objects += tls(chart, BESU)
    return objects


#: the chart's default: none for Clique
_APIS = '["DEBUG","ETH", "ADMIN", "WEB3", "IBFT", "NET", "TRACE", "EEA", "PRIV", "QBFT", "PERM", "TXPOOL"]'


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
        f"rpc-http-api={chart.text('node.besu.rpc.api', _APIS)}",
        "rpc-ws-port=8546",
    ]
    if privacy:
        lines.append(f'privacy-url="http://{tessera_name(chart.release)}.{chart.namespace}:9101"')
    return "\n".join(lines) + "\n"


def _key_script(chart: Chart, name: str) -> list[str]:
    script = [
        f"safeWriteSecret {name} $FOLDER_PATH/member0",
        f"jq --arg NEEDLE \"{chart.release}\" 'map(select(test($NEEDLE) | not))'",
        f'NEEDLE="enode://$pubkey@"{enode_address(chart)}"?discport=0"',
        "update_peers_configmap /tmp/enode",
    ]
    if chart.on("node.isBootnode"):
        script.append("update_bootnodes_configmap /tmp/enode")
    return script


def _cleanup_script(chart: Chart, name: str) -> list[str]:
    script = [
        f"jq --arg NEEDLE \"{chart.release}\" 'map(select(test($NEEDLE) | not))'",
        f"kubectl delete configmap {name}-address --namespace {chart.namespace}",
    ]
    if chart.on("node.removeKeysOnDelete"):
        script.append(f"deleteSecret {name}-keys")
    return script


def _node_set(chart: Chart, name: str, privacy: bool) -> Json:
    release = chart.release
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
    return ethereum.node_set(
        chart,
        BESU,
        name,
        besu,
        [
            sketch.from_config_map("genesis", "besu-genesis", "genesis.json"),
            sketch.from_config_map("static-nodes", "besu-peers", "static-nodes.json"),
            sketch.from_config_map("besu-config", f"{name}-besu-config"),
            sketch.from_secret("besu-keys", f"{name}-keys"),
            *([sketch.from_secret("tessera-keys", f"{tessera_name(release)}-keys")] if privacy else []),
        ],
    )
