"""What a node's chart renders of its sub-charts, reduced: Tessera and the certificates (facts A2.2, A2.3, A3)."""

from __future__ import annotations

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.ethereum_charts import ALPINE_EXT, BESU, HOOKS_IMAGE, Flavour, tessera_name, tessera_url
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

#: patches of the private copies of GoQuorum's charts (helm.quorum_patches)
TLS_HOST = "quorum-tls-host"
TESSERA_SCRIPT = "quorum-tessera-script"

# ---------------------------------------------------------------- (besu|quorum)-tessera-node, alias tessera


def tessera(chart: Chart, flavour: Flavour) -> list[Json]:
    """The objects of the sub-chart Tessera."""
    release, namespace = chart.release, chart.namespace
    name = tessera_name(release)
    port = int(chart.value("tessera.tessera.port", 9000))
    pod_labels = sketch.labels(
        release, namespace, name="tessera-statefulset", component=flavour.name, part_of=name, app=name
    )
    objects = [
        *([shared.storage_class(chart)] if chart.on("tessera.storage.enabled", True) else []),
        sketch.config_map(f"{name}-tessera-config", namespace, {"tessera-config.json.tmpl": _tessera_config(chart)}),
        sketch.hook(_tessera_job(chart, name, "pre-delete"), "pre-delete", delete="hook-succeeded"),
        sketch.hook(_tessera_job(chart, name, "pre-install"), "pre-install"),
        sketch.service(
            name,
            namespace,
            selector={
                "app.kubernetes.io/part-of": name,
                "app.kubernetes.io/namespace": namespace,
                "app.kubernetes.io/release": release,
            },
            ports=[
                ("tm-manager", port),
                ("clientport", 9101),
                ("tm-tessera-third-part", 9080),
                ("mysql-db", 3306),
            ],
        ),
        sketch.stateful_set(
            name,
            namespace,
            _tessera_pod(chart, flavour, pod_labels, name, port),
            service=name,
            claims=[
                sketch.claim(claim, storage_class=f"storage-{release}", size=chart.text(f"tessera.storage.{key}", size))
                for claim, key, size in (("data", "size", "1Gi"), ("data-mysql", "dbSize", "1Gi"))
            ],
        ),
    ]
    return [*objects, *_tessera_routes(chart, name, port)]


def _tessera_pod(chart: Chart, flavour: Flavour, pod_labels: Json, name: str, port: int) -> Json:
    # quorum-tessera-node mounts it with Vault only, although the script sources it always
    script = flavour is BESU or chart.hashicorp or TESSERA_SCRIPT in chart.step.patches
    return sketch.pod(
        pod_labels,
        chart.account,
        [
            sketch.container(
                "mysql-db",
                flavour.mysql,
                mounts={"tessera-keys": "/keys", "data-mysql": "/var/lib/mysql"},
                ports={"mysql": 3306},
            ),
            sketch.container(
                "tessera",
                flavour.tessera,
                script=["/tessera/bin/tessera --configfile /data/tessera/tm/tessera-config-with-hosts.json"],
                mounts={"tessera-keys": "/keys", "data": "/data/tessera", "tessera-config": "/config"},
                ports={"tessera": port, "tessera-tp": 9080, "tessera-q2t": 9101},
            ),
        ],
        init=[
            sketch.container(
                "certificates-init",
                ALPINE_EXT,
                script=[f'tlsMode="{chart.text("tessera.tessera.tlsMode", "STRICT")}"'],
                env=sketch.env({**(chart.vault_env if script else {}), "MOUNT_PATH": "/secret"}),
                mounts={"certificates": "/secret", **({"scripts-volume": "/scripts"} if script else {})},
            ),
            sketch.container("mysql-init", "busybox", script=["true"], mounts={"tessera-keys": "/keys"}),
        ],
        volumes=[
            sketch.empty("certificates"),
            sketch.from_config_map("tessera-config", f"{name}-tessera-config", "tessera-config.json.tmpl"),
            *([shared.scripts_volume()] if script else []),
            sketch.from_secret("tessera-keys", f"{name}-keys"),
        ],
        pull_secret=chart.value("tessera.image.pullSecret"),
    )


def _tessera_config(chart: Chart) -> str:
    peers = [tessera_url(chart), *(peer["url"] for peer in chart.value("tessera.tessera.peerNodes", ()))]
    listed = ", ".join(f'{{"url": "{url}"}}' for url in peers)
    return (
        f'{{"mode": "orion", "serverConfigs": [{{"app": "P2P", "serverAddress": "{tessera_url(chart)}", '
        f'"sslConfig": {{"tls": "{chart.text("tessera.tessera.tlsMode", "STRICT")}"}}}}], "peer": [{listed}]}}\n'
    )


def _tessera_job(chart: Chart, name: str, phase: str) -> Json:
    if phase == "pre-install":
        container = f"{name}-keygen"
        script = [
            "quorum-genesis-tool --validators 0 --members 1 --bootnodes 0 --tesseraEnabled true"
            f" --tesseraPassword {chart.text('tessera.tessera.password', 'password')}",
            f"safeWriteSecret {name} $FOLDER_PATH/member0",
            f'NEEDLE=""{tessera_url(chart)}""',
        ]
    else:
        container = f"{name}-cleanup"
        script = [f'jq --arg NEEDLE "{chart.release}"']
        if chart.on("tessera.tessera.removeKeysOnDelete", True):
            script.append(f"deleteSecret {name}-keys")
    install = phase == "pre-install"
    return sketch.job(
        f"{name}-{phase}-hook",
        chart.namespace,
        sketch.pod(
            {"app.kubernetes.io/name": f"{phase}-hook", "app.kubernetes.io/instance": chart.release},
            chart.account,
            [
                sketch.container(
                    container,
                    HOOKS_IMAGE,
                    script=script,
                    env=sketch.env(chart.vault_env) if install and chart.hashicorp else (),
                    mounts={"scripts-volume": "/scripts"} if install and chart.hashicorp else None,
                )
            ],
            volumes=[shared.scripts_volume()] if install else (),
        ),
        backoff=3,
    )


def _tessera_routes(chart: Chart, name: str, port: int) -> list[Json]:
    if chart.proxy != "ambassador":
        return []
    release, namespace = chart.release, chart.namespace
    host = f"{release}.{chart.suffix}"
    return [
        sketch.ambassador(
            "Host",
            f"{release}-host",
            namespace,
            {
                "hostname": host,
                "acmeProvider": {"authority": "none"},
                "requestPolicy": {"insecure": {"action": "Reject"}},
                "tlsSecret": {"name": "tls-tls-certs", "namespace": namespace},
            },
        ),
        sketch.ambassador(
            "Mapping",
            f"{release}-mapping",
            namespace,
            {"host": host, "prefix": "/", "service": f"{name}.{namespace}:{port}", "tls": f"{release}-tlscontext"},
        ),
        sketch.ambassador(
            "TLSContext",
            f"{release}-tlscontext",
            namespace,
            {
                "hosts": [host],
                "secret": f"tls-tls-certs.{namespace}",
                "secret_namespacing": True,
                "min_tls_version": "v1.2",
            },
        ),
    ]


# ---------------------------------------------------------------- (besu|quorum)-tlscert-gen, alias tls


def tls(chart: Chart, flavour: Flavour) -> list[Json]:
    """The objects of the sub-chart for certificates; GoQuorum's charts use it with Vault only."""
    release, namespace = chart.release, chart.namespace
    name = chart.text("tls.nameOverride", flavour.tls_name)
    ours = flavour is BESU or TLS_HOST in chart.step.patches
    host = f"{release if ours else name}.{chart.suffix}"
    pod_labels = {"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": release}
    mounts = {"certificates": "/certificates", "scripts-volume": "/scripts"}
    generate = sketch.job(
        name,
        namespace,
        sketch.pod(
            pod_labels,
            chart.account,
            [
                sketch.container(
                    "generate-certs",
                    shared.ALPINE,
                    script=[
                        "DNS.1 = ${EXTERNAL_URL}",
                        f"DNS.2 = {release if 'tls' in release else 'tls-' + release}.{namespace}",
                        f"DNS.3 = tessera-{release}.{namespace}",
                        f"kubectl create secret tls --namespace {namespace} {name}-tls-certs",
                    ],
                    env=sketch.env(
                        {
                            **chart.vault_env,
                            "TM_TLS_ENABLED": chart.text("tls.settings.tmTls", "true"),
                            "CERT_SUBJECT": chart.text(
                                "tls.settings.certSubject", "CN=DLT Root CA,OU=DLT,O=DLT,L=London,C=GB"
                            ),
                            "EXTERNAL_URL": host,
                            "COMPONENT_NS": namespace,
                        }
                    ),
                    mounts=mounts,
                )
            ],
            init=[
                sketch.container(
                    "init-check-certificates",
                    shared.ALPINE,
                    script=["# is there a certificate in Vault already?"],
                    env=sketch.env(chart.vault_env),
                    mounts=mounts,
                )
            ],
            volumes=[sketch.empty("certificates"), shared.scripts_volume()],
            pull_secret=chart.value("tls.image.pullSecret"),
        ),
        backoff=6,
    )
    cleanup = sketch.job(
        f"{name}-cleanup",
        namespace,
        sketch.pod(
            {
                "app.kubernetes.io/name": f"{flavour.name}-tlscert-gen-job-cleanup",
                "app.kubernetes.io/namespace": namespace,
            },
            chart.account,
            [
                sketch.container(
                    "delete-certs",
                    shared.ALPINE,
                    script=[f"kubectl delete secret --namespace {namespace} {name}-tls-certs"],
                )
            ],
            restart="Never",
        ),
        backoff=3,
    )
    return [generate, sketch.hook(cleanup, "pre-delete", delete="hook-succeeded")]
