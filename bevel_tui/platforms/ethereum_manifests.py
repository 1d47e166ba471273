"""What the Besu and GoQuorum charts render alike, reduced: frames of Jobs, a node's Service and routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.platforms.ethereum_charts import HOOKS_IMAGE, Flavour
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

# ---------------------------------------------------------------- genesis


def genesis(
    chart: Chart,
    flavour: Flavour,
    *,
    script: Sequence[str],
    handed: Mapping[str, Mapping[str, str | ChartFile]],
    removed: Sequence[str],
    volumes: Sequence[Json] = (),
    with_env: bool = True,
) -> list[Json]:
    """The first release of a namespace. `handed` are ConfigMaps of a secondary genesis, `removed` those that the
    clean-up deletes under settings.removeGenesisOnDelete, `volumes` the Job's besides that of the Vault script."""
    namespace = chart.namespace
    objects = shared.first_of_namespace(chart)
    if chart.on("settings.secondaryGenesis"):
        objects += [sketch.config_map(name, namespace, content) for name, content in handed.items()]
    mounts = {volume["name"]: f"/{volume['name']}" for volume in volumes}
    init = sketch.job(
        f"{flavour.name}-genesis-init",
        namespace,
        sketch.pod(
            {
                "app": chart.release,
                "app.kubernetes.io/name": f"{flavour.name}-genesis-job",
                "app.kubernetes.io/component": "genesis-job",
                "app.kubernetes.io/namespace": namespace,
            },
            chart.account,
            [
                sketch.container(
                    "generate-genesis",
                    HOOKS_IMAGE,
                    script=script,
                    env=sketch.env(chart.vault_env) if with_env else (),
                    mounts={**mounts, **({"scripts-volume": "/scripts"} if chart.hashicorp else {})},
                )
            ],
            volumes=[*volumes, *([shared.scripts_volume()] if chart.hashicorp else [])],
        ),
        backoff=3,
    )
    remove = [
        f"kubectl delete configmap --namespace {namespace} {name}"
        for name in removed
        if chart.on("settings.removeGenesisOnDelete", True)
    ]
    cleanup = sketch.job(
        f"{flavour.name}-genesis-cleanup",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": f"{flavour.name}-genesis-job-cleanup", "app.kubernetes.io/namespace": namespace},
            chart.account,
            [sketch.container("delete-genesis", HOOKS_IMAGE, script=remove or ["true"])],
            restart="Never",
        ),
        backoff=3,
    )
    return [*objects, init, sketch.hook(cleanup, "pre-delete", delete="hook-succeeded")]


def genesis_tool(chart: Chart, *options: str) -> str:
    """The command line that makes genesis and keys; `options` are the platform's own."""
    raw = "rawGenesisConfig.genesis"
    algorithm = f"{raw}.config.algorithm"
    count = chart.value("rawGenesisConfig.blockchain.nodes.count", 4)
    password = chart.text("rawGenesisConfig.blockchain.accountPassword", "password")
    return " ".join(
        (
            f"quorum-genesis-tool --consensus {chart.text(f'{algorithm}.consensus', 'qbft')}",
            f"--validators {count} --members 0 --bootnodes 0",
            f"--chainID {chart.text(f'{raw}.config.chainId', '1337')}",
            f"--blockperiod {chart.text(f'{algorithm}.blockperiodseconds', '10')}",
            f"--epochLength {chart.text(f'{algorithm}.epochlength', '30000')}",
            f"--requestTimeout {chart.text(f'{algorithm}.requesttimeoutseconds', '20')}",
            f"--difficulty {chart.text(f'{raw}.difficulty', '0x1')}",
            f"--gasLimit {chart.text(f'{raw}.gasLimit', '0x1fffffffffffff')}",
            f"--coinbase {chart.text(f'{raw}.coinbase', '0x' + '0' * 40)}",
            *options,
            f"--accountPassword {password}",
        )
    )


# ---------------------------------------------------------------- nodes


def key_hook(chart: Chart, name: str, script: Sequence[str]) -> Json:
    """The pre-install hook of a node."""
    vault = chart.hashicorp
    job = sketch.job(
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
                    env=sketch.env(chart.vault_env) if vault else (),
                    mounts={"scripts-volume": "/scripts"} if vault else None,
                )
            ],
            volumes=[shared.scripts_volume()] if vault else (),
            pull_secret=chart.pull_secret,
        ),
        backoff=1,
    )
    return sketch.hook(job, "pre-install")


def cleanup_hook(chart: Chart, name: str, script: Sequence[str]) -> Json:
    """The pre-delete hook of a node."""
    job = sketch.job(
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
    return sketch.hook(job, "pre-delete", delete="hook-succeeded")


def service(chart: Chart, name: str) -> Json:
    """The Service of a node."""
    return sketch.service(
        name,
        chart.namespace,
        selector={
            "app.kubernetes.io/part-of": name,
            "app.kubernetes.io/namespace": chart.namespace,
            "app.kubernetes.io/release": chart.release,
        },
        ports=[
            ("json-rpc", 8545),
            ("ws", 8546),
            ("graphql", 8547),
            ("rlpx", 30303),
            ("discovery", 30303, "UDP"),
            ("metrics", 9545),
        ],
    )


def node_set(chart: Chart, flavour: Flavour, name: str, container: Json, volumes: Sequence[Json]) -> Json:
    """The StatefulSet of a node, with a container that mends permissions where the provider needs one."""
    release, namespace = chart.release, chart.namespace
    fix = chart.text("global.cluster.provider", "aws") in chart.value("volumePermissionsFix", ["minikube", "aws"])
    permission = sketch.container(
        f"volume-permission-{flavour.name}", "busybox", script=["true"], mounts={"data": "/data"}
    )
    return sketch.stateful_set(
        name,
        namespace,
        sketch.pod(
            sketch.labels(
                release,
                namespace,
                name=f"{flavour.name}-statefulset",
                component=flavour.name,
                part_of=name,
                app=release,
            ),
            chart.account,
            [container],
            init=[permission] if fix else (),
            volumes=volumes,
            pull_secret=chart.pull_secret,
        ),
        service=name,
        claims=[sketch.claim("data", storage_class=f"storage-{release}", size=chart.text("storage.size", "2Gi"))],
    )


def routes(chart: Chart, name: str) -> list[Json]:
    """The routes of a node behind Ambassador: devp2p as raw TCP, JSON-RPC by host (facts A2.3)."""
    if chart.proxy != "ambassador":
        return []
    release, namespace, suffix = chart.release, chart.namespace, chart.suffix
    port = chart.value("global.proxy.p2p", 15010)
    listener = {
        "port": port,
        "protocol": "TCP",
        "securityModel": "XFP",
        "hostBinding": {"namespace": {"from": "SELF"}},
    }
    rpc = {"hostname": f"{release}rpc.{suffix}", "prefix": "/", "service": f"http://{name}.{namespace}:8545"}
    p2p = {"port": port, "service": f"{name}.{namespace}:30303"}
    return [
        sketch.ambassador("Listener", f"{name}-rlpx", namespace, listener),
        sketch.ambassador("Mapping", f"{name}-json-rpc", namespace, rpc),
        sketch.ambassador("TCPMapping", f"{name}-rlpx", namespace, p2p),
    ]
