"""What the GoQuorum charts render, reduced: the one source of `expects`, of stand-in charts and of what players read.

Names, hooks and inputs as in quorum/charts of Bevel v1.3.0 (facts A3), with the patches of their private copies.
"""

from __future__ import annotations

from bevel_tui.platforms import ethereum_manifests as ethereum
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile, Manifest
from bevel_tui.platforms.ethereum_charts import QUORUM, enode_address, fullname, tessera_name
from bevel_tui.platforms.ethereum_tessera_manifests import tessera, tls
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

#: patches of the private chart copies that change what is rendered (helm.patches, helm.quorum_patches)
DROP_WS = "drop-ws-mapping"
WS_UPGRADE = "quorum-ws-upgrade"
PTM_URL = "quorum-ptm-url"
DATA_VOLUME = "quorum-data-volume"


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a GoQuorum release. Raises KeyError for a chart of another platform."""
    chart = Chart(step)
    return shared.placed({"quorum-genesis": _genesis, "quorum-node": _node}[step.chart](chart), chart)


# ---------------------------------------------------------------- quorum-genesis


def _genesis(chart: Chart) -> list[Json]:
    return ethereum.genesis(
        chart,
        QUORUM,
        script=_genesis_script(chart),
        handed={
            "quorum-genesis": {"genesis.json": ChartFile("files/genesis.json")},
            "quorum-peers": {"static-nodes.json": ChartFile("files/static-nodes.json")},
        },
        removed=("quorum-genesis",),
        with_env=chart.hashicorp,
    )


def _genesis_script(chart: Chart) -> list[str]:
    if chart.on("settings.secondaryGenesis"):
        return ["# Secondary Genesis, configmaps are created from local files."]
    raw = "rawGenesisConfig.genesis"
    empty = chart.text(f"{raw}.config.algorithm.emptyBlockPeriod", "60")
    size = chart.text(f"{raw}.contractSizeLimit", "2.147483647e+09")
    return [
        ethereum.genesis_tool(chart, f"--emptyBlockPeriod {empty}", f"--maxCodeSize {size}"),
        f'secret_name="quorum-node-validator-${{i}}-{chart.namespace}-keys"',
    ]


# ---------------------------------------------------------------- quorum-node


def keys_name(release: str, namespace: str) -> str:
    """The Secret that a node's StatefulSet mounts (facts A3, NAME RULE)."""
    return f"{fullname('quorum-node', release)}-{namespace}-keys"


def _node(chart: Chart) -> list[Json]:
    name = fullname("quorum-node", chart.release)
    objects = [
        shared.storage_class(chart),
        ethereum.cleanup_hook(chart, name, _cleanup_script(chart, name)),
        ethereum.key_hook(chart, name, _key_script(chart)),
        ethereum.service(chart, name),
        _node_set(chart, name),
        *ethereum.routes(chart, name),
    ]
    if DROP_WS not in chart.step.patches:  # rendered whatever the provider (facts A3, "CRD PREREQUISITE")
        ws = {
            "hostname": f"{chart.release}ws.{chart.suffix}",
            **({"allow_upgrade": ["websocket"]} if WS_UPGRADE in chart.step.patches else {}),
            "prefix": "/",
            "service": f"http://{name}.{chart.namespace}:8546",
        }
        objects.append(sketch.ambassador("Mapping", f"{name}-json-ws", chart.namespace, ws))
    if chart.on("tessera.enabled"):
        objects += tessera(chart, QUORUM)
    if chart.on("tls.enabled"):
        objects += tls(chart, QUORUM)
    return objects


def _key_script(chart: Chart) -> list[str]:
    password = chart.text("node.quorum.account.password", "password")
    return [
        f'secret_name="{keys_name(chart.release, chart.namespace)}"',
        f"quorum-genesis-tool --validators 0 --members 1 --bootnodes 0 --accountPassword {password}",
        # the folder is called `dir` above, and this is never set (facts A3 Q1)
        'readSecretData "$current_validator_dir"',
        f'newStaticNode="enode://$node_key_pub@"{enode_address(chart)}"?discport=0"',
    ]


def _cleanup_script(chart: Chart, name: str) -> list[str]:
    return [
        # the name without the namespace, as it was before 1.3.0 (facts A3 Q3)
        f'kubectl get secret "{name}-keys" --namespace {chart.namespace}',
        f'deleteNode="enode://$nodekey_pub@"{enode_address(chart)}"?discport=0"',
        "kubectl create configmap quorum-peers --from-file=./static-nodes.json",
    ]


def _node_set(chart: Chart, name: str) -> Json:
    release = chart.release
    image = chart.text("image.quorum.repository", "quorumengineering/quorum")
    command = [
        f"geth --datadir data --networkid {chart.text('node.quorum.networkId', '10')}"
        f" --istanbul.blockperiod {chart.text('node.quorum.miner.blockPeriod', '5')}"
    ]
    if chart.on("tessera.enabled") and PTM_URL in chart.step.patches:
        command.append(f"--ptm.url http://{tessera_name(release)}.{chart.namespace}:9101")
    node = sketch.container(
        f"{name}-quorum",
        f"{image}:{chart.text('image.quorum.tag', 'latest')}",
        script=command,
        mounts={
            **({"data": f"/{release}/data"} if DATA_VOLUME in chart.step.patches else {}),
            "static-nodes": "/staticNode/",
            "genesis": "/genesis/",
            "node-keys": "/nodeSecrets/",
        },
        ports={"json-rpc": 8545, "ws": 8546, "graphql": 8547, "rlpx": 30303, "metrics": 9545},
    )
    return ethereum.node_set(
        chart,
        QUORUM,
        name,
        node,
        [
            sketch.from_config_map("static-nodes", "quorum-peers"),
            sketch.from_config_map("genesis", "quorum-genesis"),
            sketch.from_secret("node-keys", keys_name(release, chart.namespace)),
        ],
    )
