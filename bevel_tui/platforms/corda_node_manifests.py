"""What corda-node renders, reduced: a notary or a node of open-source Corda with its database (facts A5)."""

from __future__ import annotations

from bevel_tui.platforms import corda_charts as parts
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

DB_IMAGE = "ghcr.io/hyperledger/h2:2018"


def node(chart: Chart) -> list[Json]:
    """The objects of a node: keys, database, node, and its route for HTTPS (p2p has none, C11)."""
    release, namespace = chart.release, chart.namespace
    name = parts.fullname(chart)

    def selector(component: str) -> dict[str, str]:
        return {
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/part-of": name,
            "app.kubernetes.io/namespace": namespace,
            "app.kubernetes.io/release": release,
        }

    database = sketch.service(
        f"{release}-db", namespace, selector=selector("database"), ports=[("tcp", 9101), ("web", 8080)]
    )
    for port, target in zip(database["spec"]["ports"], (1521, 81), strict=True):
        port["targetPort"] = target
    return [
        shared.storage_class(chart),
        parts.cleanup_job(chart, f"{release}-certs", "nodeConf.removeKeysOnDelete"),
        _keys(chart),
        database,
        sketch.service(
            release, namespace, selector=selector("corda"), ports=[("p2p", 10002), ("rpc", 10003), ("rpcadmin", 10005)]
        ),
        _database(chart, name),
        _node(chart, name),
        *_routes(chart),
        *parts.tls(chart),
    ]


def _keys(chart: Chart) -> Json:
    script = [f"vaultBevelFunc 'readJson' {chart.release}-certs"] if chart.hashicorp else []
    script += [
        f"openssl req -new -x509 -key node.key -out node.cer -subj '/{_legal_name(chart).replace(',', '/')}'",
        f"wget --no-check-certificate {chart.text('nodeConf.networkMapURL')}/network-map/truststore"
        " -O network-map-truststore.jks",
        f"kubectl create secret generic {chart.release}-certs --namespace {chart.namespace}",
    ]
    container = sketch.container(
        "corda-certgen",
        parts.HOOKS_IMAGE,
        script=script,
        env=parts.vault_env(chart),
        mounts={"generated-config": "/home", "scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh"},
    )
    volumes = ({"name": "generated-config", "emptyDir": {}}, shared.scripts_volume())
    return parts.hook_job(chart, "certgen", container, backoff=1, volumes=volumes)


def _legal_name(chart: Chart) -> str:
    return chart.text("nodeConf.legalName", "O=Notary,OU=Notary,L=London,C=GB")


def _database(chart: Chart, name: str) -> Json:
    pod = sketch.pod(
        sketch.labels(
            chart.release, chart.namespace, name="h2-statefulset", component="database", part_of=name, app=name
        ),
        "",
        [sketch.container("database", DB_IMAGE, mounts={"data-h2": "/opt/h2-data"}, ports={"p2p": 1521, "web": 81})],
        pull_secret=chart.pull_secret,
    )
    del pod["spec"]["serviceAccountName"]  # the one pod of the chart without
    size = chart.text("storage.dbSize", "2Gi")
    claim = sketch.claim("data-h2", storage_class=f"storage-{chart.release}", size=size)
    return sketch.stateful_set(f"{name}-db", chart.namespace, pod, service=name, claims=[claim])


def _node(chart: Chart, name: str) -> Json:
    release = chart.release
    image = f"{chart.text('image.corda.repository', 'ghcr.io/hyperledger/bevel-corda')}:{chart.text('image.corda.tag', '4.9')}"
    trust, trust_mounts = parts.service_certificates(chart)
    work = {"node-volume": "/base/corda", "certificates": "/base/corda/certificates"}
    conf = {"nodeconf": "/base/corda/node.conf#node.conf"}
    scripts = {"scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh"}
    containers = [
        sketch.container(
            "node",
            image,
            script=["java -jar ${CORDA_HOME}/corda.jar --base-directory=${BASE_DIR}"],
            env=sketch.env({"BASE_DIR": "/base/corda"}),
            mounts={**work, **conf, **trust_mounts},
            ports={"p2p": 10002, "rpc": 10003, "rpcadmin": 10005},
        ),
        sketch.container(
            "corda-logs",
            shared.ALPINE,
            script=_after_start(chart),
            env=[*sketch.env({"BASE_DIR": "/base/corda"}), *parts.vault_env(chart)],
            mounts={**work, **scripts},
        ),
    ]
    init = [
        sketch.container("db-healthcheck", shared.ALPINE, script=[f"DB_NODE={release}-db:9101", "nc -vz $DB_NODE"]),
        sketch.container(
            "init-nodeconf",
            shared.ALPINE,
            script=_node_conf(chart),
            env=[*sketch.env({"BASE_DIR": "/base/corda"}), *parts.vault_env(chart)],
            mounts={"nodeconf": "/base/corda", "certificates": "/base/corda/certificates", **scripts},
        ),
        sketch.container(
            "init-registration",
            image,
            script=[
                "java -jar ${CORDA_HOME}/corda.jar initial-registration"
                " --network-root-truststore ${BASE_DIR}/certificates/network-map-truststore.jks",
                'echo "Initial Registration Complete"',
            ],
            env=sketch.env({"BASE_DIR": "/base/corda"}),
            mounts={**work, "node-certs": "/opt/corda/certificates", **conf, **trust_mounts},
        ),
        sketch.container(
            "init-cordapps",
            shared.ALPINE,
            script=["mkdir -p /base/corda/cordapps", *_downloads(chart)],
            mounts={"node-volume": "/base/corda", "maven-secrets": "/secret"},
        ),
    ]
    volumes = [
        shared.scripts_volume(),
        sketch.empty("nodeconf"),
        sketch.empty("certificates"),
        sketch.from_secret("node-certs", f"{release}-certs"),
        *trust,
        *parts.maven(chart),
    ]
    labels = sketch.labels(release, chart.namespace, name="node-statefulset", component="corda", part_of=name, app=name)
    size = chart.text("storage.size", "1Gi")
    return sketch.stateful_set(
        name,
        chart.namespace,
        sketch.pod(labels, chart.account, containers, init=init, volumes=volumes, pull_secret=chart.pull_secret),
        service=name,
        claims=[sketch.claim("node-volume", storage_class=f"storage-{release}", size=size)],
    )


def _node_conf(chart: Chart) -> list[str]:
    lines = [
        f'p2pAddress : "{chart.release}.{chart.namespace}:10002"',
        f'myLegalName : "{_legal_name(chart)}"',
        f'additionalP2PAddresses = ["{chart.release}.{chart.suffix}:{chart.value("global.proxy.p2p", 15010)}"]',
        f'doormanURL = "{chart.text("nodeConf.doormanURL")}"',
        f'networkMapURL = "{chart.text("nodeConf.networkMapURL")}"',
    ]
    if chart.on("nodeConf.notary.enabled", True):
        name = chart.text("nodeConf.notary.serviceLegalName", "O=Notary Service,OU=Notary,L=London,C=GB")
        lines.append(f'serviceLegalName : "{name}"')
    return lines


def _after_start(chart: Chart) -> list[str]:
    """A notary registers with the network map; every node's key stores go into its Secret."""
    lines = []
    if chart.on("nodeConf.notary.enabled", True):
        kind = "validating" if chart.on("nodeConf.notary.validating", True) else "nonValidating"
        lines += [
            f"NMS_USER_ID={chart.text('nodeConf.dataSourceUser', 'sa')}",
            f"NMS_USER_PASSWORD={chart.text('nodeConf.dataSourcePassword', 'admin')}",
            f"url={chart.text('nodeConf.networkMapURL')}",
            f"section=/admin/api/notaries/{kind}",
        ]
    return [*lines, f"kubectl patch secret {chart.release}-certs"]


def _downloads(chart: Chart) -> list[str]:
    if not chart.on("cordApps.getCordApps"):
        return []
    return [f"curl -u $REPO_USER:$REPO_USER_PASS -O -L {jar['jar']['url']}" for jar in chart.value("cordApps.jars", ())]


def _routes(chart: Chart) -> list[Json]:
    if chart.proxy != "ambassador":
        return []
    release, namespace = chart.release, chart.namespace
    hostname, secret, context = f"{release}.{chart.suffix}", f"{release}-tls-certs", f"{release}-tlscontext"
    service = f"{release}.{namespace}:10002"
    if not parts.secure(chart):
        return [parts.mapping(f"{release}-p2p-mapping", namespace, hostname, service)]
    return [
        parts.host(f"{release}-host", namespace, hostname, secret, insecure="Route"),
        parts.mapping(f"{release}-p2p-mapping", namespace, hostname, service, context=context),
        parts.tls_context(context, namespace, hostname, secret),
    ]
