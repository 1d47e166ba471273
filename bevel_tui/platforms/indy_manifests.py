"""What the Indy charts render, reduced: the one source of `expects`, of stand-in charts and of what players read.

Names, hooks and inputs as in hyperledger-indy/charts of Bevel v1.3.0 (facts A4.2, A4.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bevel_tui.network.naming import full_name
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import ChartFile, Manifest
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

ALPINE_EXT = "ghcr.io/hyperledger/bevel-alpine-ext:latest"
LEDGER_TXN = "ghcr.io/hyperledger/bevel-indy-ledger-txn:latest"

#: keeps a genesis that is there already and the same (helm.patches)
GENESIS_ONCE = "genesis-once"

#: genesis ConfigMap -> its one data key, which is also the name of the chart file without its ending
GENESIS = {"dtg": "domain_transactions_genesis", "ptg": "pool_transactions_genesis"}


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of an Indy release. Raises KeyError for a chart of another platform."""
    chart = Chart(step)
    render = {
        "indy-key-mgmt": _keys,
        "indy-genesis": _genesis,
        "indy-node": _node,
        "indy-register-identity": _register,
    }[step.chart]
    return shared.placed(render(chart), chart)


def _labels(chart: Chart, name: str, component: str, full: str) -> Json:
    return sketch.labels(
        chart.release, chart.namespace, name=name, component=component, part_of=full, app=chart.release
    )


def _script_mounts(chart: Chart) -> dict[str, str]:
    """The scripts that keys and genesis Jobs mount, file by file."""
    return {
        "package-manager": "/scripts/package-manager.sh#package-manager.sh",
        **({"scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh"} if chart.hashicorp else {}),
    }


def _script_volumes(chart: Chart) -> list[Json]:
    return [*([shared.scripts_volume()] if chart.hashicorp else []), shared.packages_volume()]


# ---------------------------------------------------------------- indy-key-mgmt


def _identities(chart: Chart) -> list[tuple[str, str]]:
    """(identity, its kind as the generator calls it), as the chart lists them."""
    found = [(chart.text("settings.identities.trustee", "authority-trustee"), "trustees")]
    found.append((chart.text("settings.identities.endorser"), "endorsers"))
    found += [(str(name), "stewards") for name in chart.value("settings.identities.stewards", [])]
    return [(name, kind) for name, kind in found if name]


def _keys(chart: Chart) -> list[Json]:
    namespace = chart.namespace
    image = chart.text("image.keyUtils", "ghcr.io/hyperledger/bevel-indy-key-mgmt:1.12.6")
    full = full_name("indy-key-mgmt", chart.release)
    calls = [
        f"{kind}_json=$(generate_identity {name} {kind}) && writeAllSecret {name}" for name, kind in _identities(chart)
    ]
    job = sketch.job(
        "indy-key-mgmt-job",
        namespace,
        sketch.pod(
            _labels(chart, "indy-key-mgmt-job", "key-mgmt-job", full),
            chart.account,
            [
                sketch.container(
                    "generate-keys",
                    image,
                    script=calls,
                    env=sketch.env(chart.vault_env) if chart.hashicorp else (),
                    mounts=_script_mounts(chart),
                )
            ],
            volumes=_script_volumes(chart),
            pull_secret=chart.pull_secret,
        ),
        backoff=3,
    )
    removed = [f"deleteAllSecret $(generate_identity {name} {kind})" for name, kind in _identities(chart)]
    cleanup = sketch.job(
        "indy-key-mgmt-cleanup",
        namespace,
        sketch.pod(
            _labels(chart, "indy-key-mgmt-cleanup", "key-mgmt-cleanup", full),
            chart.account,
            [
                sketch.container(
                    "cleanup-keys",
                    image,
                    script=removed if chart.on("settings.removeKeysOnDelete", True) else ["true"],
                    mounts={"package-manager": "/scripts/package-manager.sh#package-manager.sh"},
                )
            ],
            volumes=[shared.packages_volume()],
            restart="Never",
            pull_secret=chart.pull_secret,
        ),
        backoff=3,
    )
    return [*shared.first_of_namespace(chart), sketch.hook(cleanup, "pre-delete", delete="hook-succeeded"), job]


# ---------------------------------------------------------------- indy-genesis


def _genesis(chart: Chart) -> list[Json]:
    namespace = chart.namespace
    full = full_name("indy-genesis", chart.release)
    secondary = chart.on("settings.secondaryGenesis")
    trustees: Sequence[Mapping[str, Any]] = () if secondary else chart.value("settings.trustees", [])
    objects = []
    if secondary:
        objects += [
            sketch.config_map(name, namespace, {key: ChartFile(f"files/{key}.json")}) for name, key in GENESIS.items()
        ]
    for trustee in trustees:
        objects.append(_public_keys(namespace, trustee["name"], "did", "verkey"))
        for steward in trustee.get("stewards", ()):
            objects.append(_public_keys(namespace, steward["name"], "did", "verkey", "blspop", "blspub"))
    image = chart.text("image.alpineutils", ALPINE_EXT)
    cleanup = sketch.job(
        "indy-genesis-cleanup",
        namespace,
        sketch.pod(
            _labels(chart, "indy-genesis-cleanup", "genesis-cleanup", full),
            chart.account,
            [
                sketch.container(
                    "genesis-cleanup",
                    image,
                    script=[f"kubectl delete configmap --namespace {namespace} {name}" for name in GENESIS]
                    if chart.on("settings.removeGenesisOnDelete", True)
                    else ["true"],
                )
            ],
            restart="Never",
            pull_secret=chart.pull_secret,
        ),
        backoff=5,
    )
    job = sketch.job(
        "indy-genesis",
        namespace,
        sketch.pod(
            _labels(chart, "indy-genesis-job", "genesis-job", full),
            chart.account,
            [
                sketch.container(
                    "genesis",
                    image,
                    script=_genesis_script(chart, trustees, secondary),
                    env=sketch.env(chart.vault_env) if chart.hashicorp else (),
                    mounts=_script_mounts(chart),
                )
            ],
            volumes=_script_volumes(chart),
            pull_secret=chart.pull_secret,
        ),
        backoff=5,
    )
    return [*objects, sketch.hook(cleanup, "pre-delete", delete="hook-succeeded"), job]


def _public_keys(namespace: str, identity: str, *what: str) -> Json:
    """The map of an identity's public keys, from the files handed in (facts A4.1 k1)."""
    return sketch.config_map(
        f"{identity}-keys", namespace, {key: ChartFile(f"files/{identity}-{key}.json") for key in what}
    )


def _genesis_script(chart: Chart, trustees: Sequence[Mapping[str, Any]], secondary: bool) -> list[str]:
    if secondary:
        return ['echo "Secondary Genesis, config maps are created from local files."']
    lines = []
    for trustee in trustees:
        lines.append(f'echo "Trustee: {trustee["name"]}"')
        for steward in trustee.get("stewards", ()):
            lines += [
                f'echo "Steward: {steward["name"]}"',
                f'--arg client_ip "{steward["publicIp"]}"',
                f"--arg client_port {steward['clientPort']}",
                f'--arg node_ip "{steward["publicIp"]}"',
                f"--arg node_port {steward['nodePort']}",
            ]
    for name, key in GENESIS.items():
        there = f"kubectl get configmap --namespace {chart.namespace} {name}"
        once = f'[ "$({there})" = "$genesis" ] || ' if GENESIS_ONCE in chart.step.patches else ""
        lines.append(f"{once}kubectl create configmap --namespace {chart.namespace} {name} --from-literal={key}")
    return lines


# ---------------------------------------------------------------- indy-node


def _node(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    full = full_name("indy-node", release)
    ports = {
        "indy-node-node": (
            chart.value("settings.node.port", 9711),
            chart.value("settings.node.externalPort", 15011),
        ),
        "indy-node-client": (
            chart.value("settings.client.port", 9712),
            chart.value("settings.client.externalPort", 15012),
        ),
    }
    labels = _labels(chart, "indy-node-statefulset", "indy", full)
    selector = {
        key: labels[key]
        for key in (
            "app",
            "app.kubernetes.io/part-of",
            "app.kubernetes.io/namespace",
            "app.kubernetes.io/release",
        )
    }
    network = chart.text("settings.network", "bevel")
    home = f"/var/lib/indy/genesis/{network}"
    image = chart.text("image.indyNode.repository", "ghcr.io/hyperledger/bevel-indy-node")
    node = sketch.container(
        "indy-node",
        f"{image}:{chart.text('image.indyNode.tag', '1.12.6')}",
        env=sketch.env({"INDY_NODE_NAME": release, "INDY_NETWORK_NAME": network}),
        mounts={
            "ebs-indy-node-data": "/var/lib/indy/data",
            "ebs-indy-node-keys": "/var/lib/indy/keys",
            f"{release}-config": "/etc/indy/indy_config.py#indy_config.py",
            "domain-transactions-genesis": f"{home}/{GENESIS['dtg']}#{GENESIS['dtg']}",
            "pool-transactions-genesis": f"{home}/{GENESIS['ptg']}#{GENESIS['ptg']}",
        },
        ports={name.removeprefix("indy-node-"): inner for name, (inner, _) in ports.items()},
    )
    keys = sketch.container(
        "format-certs",
        chart.text("image.initContainer", ALPINE_EXT),
        script=[f"kubectl get secret -n {namespace} ${{NODE_ID}}-node-public-bls-keys"],
        env=sketch.env({"KEY_PATH": f"/keys/{network}/keys/{release}", "NODE_ID": release}),
        mounts={"ebs-indy-node-keys": "/keys"},
    )
    volumes = [
        sketch.from_config_map(f"{release}-config", f"{release}-config"),
        sketch.from_config_map("domain-transactions-genesis", "dtg"),
        sketch.from_config_map("pool-transactions-genesis", "ptg"),
    ]
    claims = [
        sketch.claim(f"ebs-indy-node-{what}", storage_class=f"storage-{release}", size=chart.text(f"storage.{what}"))
        for what in ("data", "keys")
    ]
    pod = sketch.pod(labels, chart.account, [node], init=[keys], volumes=volumes, pull_secret=chart.pull_secret)
    return [
        shared.storage_class(chart),
        sketch.config_map(f"{release}-config", namespace, {"indy_config.py": f"NETWORK_NAME = '{network}'\n"}),
        _service(chart, selector, ports),
        *_routes(chart, ports),
        sketch.stateful_set(release, namespace, pod, service=release, claims=claims),
    ]


def _service(chart: Chart, selector: Mapping[str, str], ports: Mapping[str, tuple[int, int]]) -> Json:
    """The Service; of type NodePort where nodes are reached without a gateway (facts A4.3)."""
    service = sketch.service(
        chart.release, chart.namespace, selector=selector, ports=[(name, inner) for name, (inner, _) in ports.items()]
    )
    service["spec"]["type"] = kind = chart.text("settings.serviceType", "ClusterIP")
    for port in service["spec"]["ports"]:
        del port["protocol"]
        if kind == "NodePort":
            port["nodePort"] = ports[port["name"]][1]
    return service


def _routes(chart: Chart, ports: Mapping[str, tuple[int, int]]) -> list[Json]:
    """Two Listeners and two TCPMappings, raw TCP (facts A4.3)."""
    if chart.proxy != "ambassador":
        return []
    routes = []
    for name, (inner, outer) in ports.items():
        what = f"{chart.release}-{name.removeprefix('indy-node-')}"
        routes += [
            sketch.tcp_listener(f"{what}-listener", chart.namespace, outer),
            sketch.ambassador(
                "TCPMapping",
                f"{what}-mapping",
                chart.namespace,
                {"port": outer, "service": f"{chart.release}.{chart.namespace}:{inner}"},
            ),
        ]
    return routes


# ---------------------------------------------------------------- indy-register-identity


def _register(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    full = full_name("indy-register-identity", release)
    identity = chart.text("newIdentity.name", "university-endorser")
    admin = chart.text("admin", "authority-trustee")
    genesis = f"/var/lib/indy/genesis/{chart.text('network', 'bevel')}/{GENESIS['ptg']}"
    keys = {key: ChartFile(f"files/{identity}-{key}.json") for key in ("did", "verkey")}
    environment = {"IDENTITY_ROLE": chart.text("newIdentity.role", "ENDORSER"), "POOL_GENESIS_PATH": genesis}
    template = sketch.pod(
        _labels(chart, "indy-register-identity-job", "register-identity-job", full),
        "",
        [
            sketch.container(
                "register-endorser",
                chart.text("image.cli", LEDGER_TXN),
                script=["./home/indy-ledger.sh"],
                env=sketch.env(environment),
                mounts={
                    f"{release}-ptg": f"{genesis}#{GENESIS['ptg']}",
                    "identity-keys": "/data/identity",
                    "admin-public": "/data/admin/public",
                    "admin-private": "/data/admin/private",
                },
            )
        ],
        volumes=[
            sketch.from_config_map(f"{release}-ptg", "ptg"),
            sketch.from_config_map("identity-keys", f"{release}-keys"),
            sketch.from_secret("admin-public", f"{admin}-identity-public"),
            sketch.from_secret("admin-private", f"{admin}-identity-private"),
        ],
        pull_secret=chart.pull_secret,
    )
    del template["spec"]["serviceAccountName"]  # the namespace's default one
    return [
        sketch.config_map(f"{release}-keys", namespace, keys),
        sketch.job(release, namespace, template, backoff=7),
    ]
