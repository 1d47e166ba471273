"""What the Substrate charts render, reduced: the one source of `expects`, of stand-in charts and of what players read.

Names, hooks and inputs as in substrate/charts of Bevel v1.3.0 (facts A7).
"""

from __future__ import annotations

from typing import Any

from bevel_tui.network.substrate import STORAGE_ALIAS, SWARM_PORT, node_name, storage_class
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.substrate_charts import (
    GENESIS,
    HOOKS_IMAGE,
    IMAGE,
    INIT,
    IPFS_IMAGE,
    IPFS_INIT_IMAGE,
    keys_secret,
)
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

PACKAGES_MOUNT = {"package-manager": "/scripts/package-manager.sh#package-manager.sh"}
VAULT_MOUNT = {"scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh"}


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a Substrate release. Raises KeyError for a chart of another platform."""
    chart = Chart(step)
    render = {
        "substrate-key-gen": _keys,
        "substrate-genesis": _genesis,
        "substrate-node": _node,
        "dscp-ipfs-node": _ipfs,
    }[step.chart]
    return shared.placed(render(chart), chart)


# ---------------------------------------------------------------- substrate-key-gen, substrate-genesis


def _keys(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    member, validator = chart.text("node.isMember", "false"), chart.text("node.isValidator", "false")
    script = [
        "command=./dscp-node",
        f'if [[ {member} == true ]]; then generate_nodekey "member"; fi',
        f'if [[ {validator} == true ]]; then generate_nodekey "validator"; fi',
        f'kubectl create secret generic "{keys_secret(release)}" --from-file="substrate-node-keys"="finalJSON.json"',
    ]
    job = sketch.job(
        f"{release}-generate-keys",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "pre-install-hook", "app.kubernetes.io/instance": release},
            chart.account,
            [
                sketch.container(
                    "generate-keys",
                    chart.text("node.image", IMAGE),
                    script=script,
                    env=sketch.env(chart.vault_env) if chart.hashicorp else (),
                    mounts={**PACKAGES_MOUNT, **(VAULT_MOUNT if chart.hashicorp else {})},
                )
            ],
            volumes=[shared.packages_volume(), *([shared.scripts_volume()] if chart.hashicorp else [])],
        ),
        backoff=1,
    )
    tags = chart.on("tags.bevel-vault-mgmt") and chart.on("tags.bevel-scripts")
    objects = shared.first_of_namespace(chart) if tags else []
    return [*objects, job, _cleanup(chart, f'secret "{keys_secret(release)}"')]


def _cleanup(chart: Chart, what: str) -> Json:
    """The pre-delete hook that both charts have."""
    enabled = chart.on("removeGenesisOnDelete.enabled", True)
    script = [f"kubectl delete {what} --namespace {chart.namespace}"] if enabled else ["true"]
    container = sketch.container("generate-genesis", HOOKS_IMAGE, script=script)
    labels = {
        "app": chart.release,
        "app.kubernetes.io/name": chart.release,
        "app.kubernetes.io/instance": chart.release,
    }
    job = sketch.job(
        f"{chart.release}-cleanup", chart.namespace, sketch.pod(labels, chart.account, [container]), backoff=6
    )
    return sketch.hook(job, "pre-delete", delete="hook-succeeded")


def _genesis(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    labels = {"app": release, "app.kubernetes.io/name": release, "app.kubernetes.io/instance": release}
    container = sketch.container(
        "generate-genesis",
        f"{chart.text('node.image', IMAGE)}:{chart.text('node.imageTag', 'v4.3.1')}",
        script=_genesis_script(chart),
        env=sketch.env({**(chart.vault_env if chart.hashicorp else {}), "MOUNT_PATH": "certcheck"}),
        mounts={"certcheck": "certcheck", **PACKAGES_MOUNT, **(VAULT_MOUNT if chart.hashicorp else {})},
    )
    job = sketch.job(
        release,
        namespace,
        sketch.pod(
            labels,
            chart.account,
            [container],
            volumes=[
                sketch.empty("certcheck"),
                shared.packages_volume(),
                *([shared.scripts_volume()] if chart.hashicorp else []),
            ],
        ),
        backoff=6,
    )
    return [_cleanup(chart, f'configmap "{GENESIS}"'), sketch.hook(job, "post-install", weight=2)]


def _genesis_script(chart: Chart) -> list[str]:
    """Its inputs in the order in which the chart reads them: authorities, then members with the nodes they vouch for."""
    entries: list[tuple[str, dict[str, Any]]] = [
        next(iter(entry.items())) for entry in chart.value("org_namespaces", ())
    ]

    def read(variable: str, key: str, namespace: str) -> str:
        return f'{variable}=$(kubectl get secret "{key}-keys" --namespace {namespace} -o json)'

    lines = [f"jq '.name |= \"{chart.text('chain', 'inteli')}\"'"]
    for namespace, roles in entries:
        lines += [read("secret_data", key, namespace) for key in roles.get("validator") or ()]
    for namespace, roles in entries:
        nodes = [*(roles.get("validator") or ()), *(roles.get("member") or ())]
        for key in roles.get("member") or ():
            lines.append(read("account_addr", key, namespace))
            lines += [read("node_id", node, namespace) for node in nodes]
    lines += [
        f'kubectl create configmap "{GENESIS}" --namespace {namespace} --from-file=genesis="${{MOUNT_PATH}}/genesis_base64"'
        ' --from-file=sudoKeygenOutput="${MOUNT_PATH}/sudoKeygenOutput.json"'
        for namespace, _ in entries
    ]
    return lines


# ---------------------------------------------------------------- substrate-node


def _node(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = node_name(release)
    selector = {
        "name": "substrate-node",
        "app.kubernetes.io/name": "substrate-node",
        "app.kubernetes.io/instance": release,
    }
    first = {**selector, "statefulset.kubernetes.io/pod-name": f"{name}-0"}
    rpc: list[tuple[str, int]] = [("http-rpc", 9933), ("websocket-rpc", 9944)]
    # what the chart leaves to Kubernetes is left to it here too: prometheus and p2p have no protocol
    api = sketch.service(f"{name}-0", namespace, selector=first, ports=rpc)
    api["spec"]["ports"].append({"name": "prometheus", "port": 9615})
    p2p = sketch.service(f"{name}-0-rc-p2p", namespace, selector=first, ports=())
    p2p["spec"]["ports"] = [{"name": "p2p", "port": 30333, "targetPort": 30333}]
    objects = [
        shared.storage_class(chart, STORAGE_ALIAS),
        sketch.service(name, namespace, selector=selector, ports=rpc, headless=True),
        api,
        p2p,
        _node_set(chart, name, selector),
    ]
    return objects + _routes(chart, name, "p2p", f"{name}-0-rc-p2p.{namespace}:30333")


def _node_set(chart: Chart, name: str, selector: dict[str, str]) -> Json:
    release, namespace = chart.release, chart.namespace
    labels = {**selector, "chain": chart.text("node.chain", "inteli"), "release": release}
    container = sketch.container(
        chart.text("node.chain", "inteli"),
        f"{chart.text('image.repository', IMAGE)}:{chart.text('image.tag', 'v4.3.1')}",
        script=_node_script(chart, name),
        mounts={"keystore": "/secrets", "chain-data": "/data", **PACKAGES_MOUNT},
        ports={"http-rpc": 9933, "websocket-rpc": 9944, "prometheus": 9615, "p2p": 30333},
    )
    secrets = chart.value("imagePullSecrets", ())
    template = sketch.pod(
        {**labels, "role": chart.text("node.role", "validator")},
        chart.account,
        [container],
        volumes=[sketch.empty("keystore"), shared.packages_volume()],
        pull_secret=secrets[0]["name"] if secrets else None,
    )
    for key in ("nodeSelector", "tolerations"):
        if chart.value(key):
            template["spec"][key] = chart.value(key)
    claim = sketch.claim("chain-data", storage_class=storage_class(release), size=chart.text("storage.size", "10Gi"))
    return _selected(sketch.stateful_set(name, namespace, template, service=name, claims=[claim]), selector)


def _selected(manifest: Json, selector: dict[str, str]) -> Json:
    """These charts select their pods by fewer labels than they give them."""
    manifest["spec"]["selector"]["matchLabels"] = dict(selector)
    return manifest


def _node_script(chart: Chart, name: str) -> list[str]:
    namespace = chart.namespace
    boot = chart.on("node.isBootnode.enabled")
    lines = [
        f'chain_spec=$(kubectl get configmap "{GENESIS}" --namespace {namespace} -o json)',
        f'secretName="{chart.text("node_keys_k8s")}"',
    ]
    if boot:
        lines.append(f'BOOTNODE_ID="{chart.text("node.isBootnode.boot_node_id")}"')
    if chart.text("proxy.provider", "none") == "ambassador":
        lines += [
            f'EXTERNAL_ADDRESS="{name}-${{POD_INDEX}}.{chart.text("proxy.external_url")}"',
            f'EXTERNAL_P2P_PORT="{chart.text("proxy.p2p")}"',
        ]
    else:
        lines += [
            f"EXTERNAL_ADDRESS={name}-${{POD_INDEX}}-rc-p2p.{namespace}.svc.cluster.local",
            'EXTERNAL_P2P_PORT="30333"',
        ]
    lines.append("exec ./dscp-node --base-path=/data/ --node-key=${NODE_KEY} --chain=/data/chainspec.json")
    if chart.text("node.role", "validator") == "validator":
        lines.append("--validator")
    if boot:
        address = chart.text("node.isBootnode.bootnodeAddr")
        port = chart.text("node.isBootnode.bootnodePort", "30333")
        lines.append(f'--bootnodes "/dns4/{address}/tcp/{port}/p2p/${{BOOTNODE_ID}}"')
    return lines


def _routes(chart: Chart, name: str, port: str, service: str) -> list[Json]:
    """Raw TCP through Ambassador, on a port of its own."""
    if chart.text("proxy.provider", "none") != "ambassador":
        return []
    number = chart.value(f"proxy.{port}", 15010)
    return [
        sketch.tcp_listener(f"{name}-listener", chart.namespace, number),
        sketch.ambassador("TCPMapping", f"{name}-tcpmapping", chart.namespace, {"port": number, "service": service}),
    ]


# ---------------------------------------------------------------- dscp-ipfs-node


def _ipfs(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    config = {
        "healthCheckPollPeriod": "30000",
        "healthCheckTimeout": "2000",
        "healthCheckPort": "80",
        "logLevel": "info",
        "ipfsCommand": "/usr/local/bin/ipfs",
        "ipfsLogLevel": "info",
        "ipfsArgs": '["daemon","--migrate"]',
        "ipfsSwarmAddrFilters": "null",
        "ipfsApiPort": "5001",
        "ipfsSwarmPort": str(SWARM_PORT),
        "dataVolumeSize": chart.text("storage.dataVolumeSize", "1"),
    }
    for key in ("nodeHost", "ipfsBootNodeAddress"):
        if chart.text(f"config.{key}"):
            config[key] = chart.text(f"config.{key}")
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": sketch.meta(f"substrate-node-{release}-keys", namespace),
        "data": {},
    }
    objects = [
        shared.storage_class(chart, STORAGE_ALIAS),
        sketch.config_map(f"{release}-config", namespace, config),
        secret,
        _ipfs_service(f"{release}-swarm", chart, SWARM_PORT),
        _ipfs_service(f"{release}-api", chart, 5001),
        _ipfs_set(chart),
    ]
    return objects + _routes(chart, release, "port", f"{release}-swarm.{namespace}:{SWARM_PORT}")


def _ipfs_service(name: str, chart: Chart, port: int) -> Json:
    service = sketch.service(name, chart.namespace, selector={"name": chart.release}, ports=[("", port)])
    del service["spec"]["ports"][0]["name"]
    return service


def _ipfs_set(chart: Chart) -> Json:
    release, namespace = chart.release, chart.namespace
    data = {"ipfs-data": "/ipfs"}
    settings = ("nodeHost", "healthCheckPort", "ipfsCommand", "ipfsArgs")
    variables = ("NODE_HOST", "PORT", "IPFS_EXECUTABLE", "IPFS_ARGS")
    environment: list[Json] = [
        {"name": variable, "valueFrom": {"configMapKeyRef": {"name": f"{release}-config", "key": key}}}
        for variable, key in zip(variables, settings, strict=True)
    ]
    secrets = chart.value("image.pullSecrets", ())
    template = sketch.pod(
        {"name": release},
        chart.account,
        [
            sketch.container(
                release,
                IPFS_IMAGE,
                env=[*environment, {"name": "NODE_PORT", "value": chart.text("config.nodePort", "9944")}],
                mounts=data,
                ports={"http-health": 80, "ipfs-swarm": SWARM_PORT, "ipfs-http-api": 5001},
            )
        ],
        init=[
            sketch.container(
                f"{release}-dscp-ipfs-node-ipfs-config",
                IPFS_IMAGE,
                script=["$ipfsCommand init --profile server", "$ipfsCommand bootstrap add $ipfsBootNodeAddress"],
                env=sketch.env({"IPFS_PATH": "/ipfs"}),
                env_from=f"{release}-config",
                mounts=data,
            ),
            sketch.container(
                INIT,
                IPFS_INIT_IMAGE,
                script=['echo "peer_id: ${peer_id}"'],
                env=sketch.env(
                    {
                        "MOUNT_PATH": "/ipfs",
                        **({k: v for k, v in chart.vault_env.items() if k != "VAULT_TYPE"} if chart.hashicorp else {}),
                    }
                ),
                mounts={**data, **PACKAGES_MOUNT},
            ),
        ],
        volumes=[shared.packages_volume()],
        pull_secret=secrets[0] if secrets else None,
    )
    claim = sketch.claim(
        "ipfs-data",
        storage_class=storage_class(release),
        size=f"{chart.text('storage.dataVolumeSize', '1')}Gi",
    )
    found = sketch.stateful_set(release, namespace, template, service=release, claims=[claim])
    # the chart leaves the number of pods to Kubernetes: one
    del found["spec"]["replicas"]
    return found
