"""What the charts of open-source Corda render, reduced (facts A5)."""

from __future__ import annotations

from collections.abc import Callable

from bevel_tui.network.corda import P2P_ROUTE
from bevel_tui.platforms import corda_charts as parts
from bevel_tui.platforms import p2p_route, sketch
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms.behaviour import ChartFile, Manifest
from bevel_tui.platforms.corda_node_manifests import node
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

#: chart files that a handoff fills, by the Secret that the chart makes of each (facts A5, HANDOFF)
HANDED = {parts.DOORMAN_TLS: "files/doorman.crt", parts.NMS_TLS: "files/nms.crt"}
DB_PORT = 27017


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a chart, reduced. Raises KeyError for a chart that open-source Corda does not have."""
    if step.chart == P2P_ROUTE:
        return p2p_route.manifests(step)
    renderers: dict[str, Callable[[Chart], list[Json]]] = {
        "corda-init": init,
        "corda-network-service": network_service,
        "corda-node": node,
    }
    chart = Chart(step)
    return shared.placed(renderers[step.chart](chart), chart)


def init(chart: Chart) -> list[Json]:
    """The first release of every namespace."""
    namespace = chart.namespace
    objects = [
        *shared.first_of_namespace(chart),
        sketch.config_map(parts.OPENSSL, namespace, {"openssl.conf": "[v3_ca]\nbasicConstraints = CA:TRUE\n"}),
    ]
    if chart.on("settings.secondaryInit"):
        for name, file in HANDED.items():
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": sketch.meta(name, namespace)}
            # as the chart has it: the file holds what stands in a Secret, base64 as it is
            objects.append({**secret, "data": {"tls.crt": ChartFile(file)}})
    return objects


# ---------------------------------------------------------------- corda-network-service


def network_service(chart: Chart) -> list[Json]:
    """Doorman and network map, with the database that both use."""
    release, namespace = chart.release, chart.namespace
    name = parts.fullname(chart)
    return [
        shared.storage_class(chart),
        parts.cleanup_job(chart, f"{release}-certs", "settings.removeKeysOnDelete"),
        _certificates(chart),
        *(_service(chart, *entry) for entry in _SERVICES),
        _set(chart, f"{name}-db", "mongodb", "database", _database(chart), "data-mongodb", ["network-certs"]),
        _set(
            chart, f"{name}-doorman", "doorman", "doorman", _doorman(chart), "data", ["network-certs", "doorman-certs"]
        ),
        _set(chart, f"{name}-nms", "nms", "nms", _network_map(chart), "data", ["network-certs", "nms-certs"]),
        *_routes(chart, release, namespace),
        *parts.tls(chart),
    ]


#: Service's suffix, label of the pods it selects, component, name of its port, port
_SERVICES = (
    ("mongodb", "mongodb", "database", "mongo-db", DB_PORT),
    ("doorman", "doorman", "doorman", "doorman", 8080),
    ("nms", "nms", "nms", "nms", 8080),
)


def _labels(chart: Chart, name: str, component: str, app: str | None = None) -> Json:
    whole = parts.fullname(chart)
    return sketch.labels(
        chart.release, chart.namespace, name=f"{name}-statefulset", component=component, part_of=whole, app=app
    )


def _service(chart: Chart, suffix: str, name: str, component: str, port_name: str, port: int) -> Json:
    return sketch.service(
        f"{chart.release}-{suffix}",
        chart.namespace,
        selector=_labels(chart, name, component),
        ports=[(port_name, port)],
    )


def _certificates(chart: Chart) -> Json:
    script = [f"vaultBevelFunc 'readJson' {chart.release}-certs"] if chart.hashicorp else []
    script += [
        f"openssl req -x509 -subj '/{chart.text('settings.rootSubject', _ROOT).replace(',', '/')}' -out cordarootca.pem",
        f"openssl req -x509 -subj '/{chart.text('settings.mongoSubject', _MONGO).replace(',', '/')}' -out mongoCA.crt",
        f"kubectl create secret generic {chart.release}-certs --namespace {chart.namespace}",
    ]
    mounts = {
        "generated-config": "/home",
        "scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh",
        "openssl-conf": "/home/openssl.conf#openssl.conf",
    }
    container = sketch.container(
        "corda-certgen", parts.HOOKS_IMAGE, script=script, env=parts.vault_env(chart), mounts=mounts
    )
    volumes = (
        {"name": "generated-config", "emptyDir": {}},
        shared.scripts_volume(),
        sketch.from_config_map("openssl-conf", parts.OPENSSL),
    )
    return parts.hook_job(chart, "certgen", container, backoff=1, volumes=volumes)


_ROOT = "CN=DLT Root CA,OU=DLT,O=DLT,L=New York,C=US"
_MONGO = "C=US,ST=New York,L=New York,O=Lite,OU=DBA,CN=mongoDB"


def _set(chart: Chart, name: str, label: str, component: str, container: Json, claim: str, secrets: list[str]) -> Json:
    """One of the three StatefulSets; the database is the only one that mounts no keys without TLS."""
    known = {
        "network-certs": sketch.from_secret("network-certs", f"{chart.release}-certs"),
        "doorman-certs": sketch.from_secret("doorman-certs", parts.DOORMAN_TLS),
        "nms-certs": sketch.from_secret("nms-certs", parts.NMS_TLS),
    }
    database = label == "mongodb"
    used = [s for s in secrets if parts.secure(chart) or (s == "network-certs" and not database)]
    app = name if database else parts.fullname(chart)
    size = chart.text("storage.dbSize" if database else "storage.size", "1Gi")
    return sketch.stateful_set(
        name,
        chart.namespace,
        sketch.pod(
            _labels(chart, label, component, app),
            chart.account,
            [container],
            volumes=[shared.scripts_volume(), *(known[secret] for secret in used)],
            pull_secret=chart.pull_secret,
        ),
        service=name if database else parts.fullname(chart),
        claims=[sketch.claim(claim, storage_class=f"storage-{chart.release}", size=size)],
    )


def _database(chart: Chart) -> Json:
    tls = parts.secure(chart)
    return sketch.container(
        "mongodb",
        "mongo:3.6.6",
        script=["mongod --sslMode requireSSL --auth"] if tls else (),
        env=sketch.env(
            {
                "MONGO_INITDB_ROOT_USERNAME": chart.text("doorman.username", "doorman"),
                "MONGO_INITDB_ROOT_PASSWORD": chart.text("doorman.dbPassword", "newdbnm"),
            }
        ),
        mounts={"data-mongodb": "/data/db", **({"network-certs": "/certs"} if tls else {})},
        ports={"mongo": DB_PORT},
    )


def _doorman(chart: Chart) -> Json:
    return _java(
        chart,
        "doorman",
        "ghcr.io/hyperledger/bevel-doorman-linuxkit:latest",
        "/opt/doorman/db",
        "doorman-certs",
        {"DOORMAN_TLS": chart.text("tls.enabled", "false"), "DB_USERNAME": chart.text("doorman.username", "doorman")},
        [f"export DB_PASSWORD={chart.text('doorman.dbPassword', 'newdbnm')}", "cp /certs/doormankeystore keys.jks"],
    )


def _network_map(chart: Chart) -> Json:
    return _java(
        chart,
        "nms",
        "ghcr.io/hyperledger/bevel-networkmap-linuxkit:latest",
        "/opt/networkmap/db",
        "nms-certs",
        {"NETWORKMAP_TLS": chart.text("tls.enabled", "false"), "DB_USERNAME": chart.text("nms.username", "networkmap")},
        [
            f"export DB_PASSWORD={chart.text('nms.dbPassword', 'newdbnm')}",
            f"export NETWORKMAP_AUTH_PASSWORD={chart.text('nms.authPassword', 'admin')}",
            "cp /certs/nmskeystore keys.jks",
        ],
    )


def _java(
    chart: Chart, name: str, image: str, data: str, certificate: str, env: dict[str, str], script: list[str]
) -> Json:
    return sketch.container(
        name,
        image,
        script=script,
        env=sketch.env({**env, "DB_URL": f"{chart.release}-mongodb", "DB_PORT": str(DB_PORT)}),
        mounts={"data": data, "network-certs": "/certs", **({certificate: "/secret"} if parts.secure(chart) else {})},
        ports={name: 8080},
    )


def _routes(chart: Chart, release: str, namespace: str) -> list[Json]:
    if chart.proxy != "ambassador":
        return []
    routes = []
    tls = parts.secure(chart)
    for what, secret, named in (
        ("doorman", parts.DOORMAN_TLS, f"{release}-mapping"),
        ("nms", parts.NMS_TLS, f"{release}-nms-mapping"),
    ):
        hostname, context = f"{release}-{what}.{chart.suffix}", f"{release}-{what}-tlscontext"
        service = f"{release}-{what}.{namespace}:8080"
        if tls:
            routes += [
                parts.host(f"{release}-{what}", namespace, hostname, secret, insecure="Reject"),
                parts.tls_context(context, namespace, hostname, secret),
            ]
        routes.append(parts.mapping(named, namespace, hostname, service, context=context if tls else None))
    return routes
