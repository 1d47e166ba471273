"""What fabric-ca-server renders, reduced (facts A1.3)."""

from __future__ import annotations

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.fabric_charts import CA_CERTS, CA_IMAGE, ca_host, fullname, ingress_class
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart


def ca(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    name = fullname("fabric-ca-server", release)
    host = ca_host(chart)
    remove = [f"deleteSecret {CA_CERTS}"] if chart.on("server.removeCertsOnDelete", True) else ["true"]
    cleanup = sketch.job(
        "fabric-ca-server-cleanup",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "fabric-ca-server-job-cleanup", "app.kubernetes.io/namespace": namespace},
            chart.account,
            [sketch.container("delete-secrets", shared.ALPINE, script=remove)],
            restart="Never",
        ),
        backoff=3,
    )
    login = f"{chart.text('server.adminUsername', 'admin')}:{chart.text('server.adminPassword', 'adminpw')}"
    server = sketch.container(
        "ca",
        CA_IMAGE,
        script=[f"fabric-ca-server start -b {login} -d"],
        env=sketch.env(
            {
                "FABRIC_CA_SERVER_CA_NAME": f"{release}.{namespace}",
                "FABRIC_CA_SERVER_TLS_ENABLED": chart.text("server.tlsStatus", "true"),
                "FABRIC_CA_SERVER_OPERATIONS_LISTENADDRESS": "0.0.0.0:9443",
            }
        ),
        mounts={
            "certificates": "/etc/hyperledger/fabric-ca-server-config",
            "ca-server-db-pvc": "/var/hyperledger/fabric-ca-server/db/",
        },
        ports={"tcp": 7054, "operations": 9443},
    )
    init = sketch.container(
        "ca-certs-init",
        shared.ALPINE,
        script=[f"safeWriteSecret /secret {CA_CERTS}"],
        env=sketch.env(
            {
                "CA_URL": host,
                "CA_SUBJECT": f"{chart.text('server.subject', '/C=GB/ST=London/L=London/O=Orderer')}/CN={host}",
                "COMPONENT_NAME": namespace,
                **(chart.vault_env if chart.hashicorp else {}),
            }
        ),
        mounts={
            "certificates": "/secret",
            "package-manager": "/scripts",
            "openssl-config": "/openssl",
            **({"scripts-volume": "/scripts/vault"} if chart.hashicorp else {}),
        },
    )
    pod_labels = sketch.labels(
        release, namespace, name=release, component="fabric-ca-statefulset", part_of=name, app=release
    )
    objects = [
        *shared.first_of_namespace(chart),
        shared.storage_class(chart),
        sketch.hook(cleanup, "pre-delete", delete="hook-succeeded"),
        sketch.config_map("openssl-config-file", namespace, {"openssl.conf": "[req]\n"}),
        sketch.service(
            "ca",
            namespace,
            selector={
                "app.kubernetes.io/part-of": name,
                "app.kubernetes.io/namespace": namespace,
                "app.kubernetes.io/release": release,
            },
            ports=[("tcp", 7054), ("operations", 9443)],
        ),
        sketch.stateful_set(
            name,
            namespace,
            sketch.pod(
                pod_labels,
                chart.account,
                [server],
                init=[init],
                volumes=[
                    sketch.empty("certificates"),
                    *shared.vault_ca(chart, "ca-crt.pem"),
                    *([shared.scripts_volume()] if chart.hashicorp else []),
                    shared.packages_volume(),
                    sketch.from_config_map("openssl-config", "openssl-config-file", "openssl.conf"),
                ],
                pull_secret=chart.pull_secret,
            ),
            service=release,
            claims=[
                sketch.claim(
                    "ca-server-db-pvc", storage_class=f"storage-{release}", size=chart.text("storage.size", "512Mi")
                )
            ],
        ),
    ]
    if chart.proxy == "haproxy":
        objects += [
            sketch.ingress(
                release, namespace, [(host, "ca", 7054)], passthrough=True, ingress_class=ingress_class(chart)
            ),
            sketch.ingress(
                f"{release}-ops",
                namespace,
                [(f"ca-ops.{namespace}.{chart.suffix}", "ca", 9443)],
                passthrough=False,
                ingress_class=ingress_class(chart),
            ),
        ]
    return objects
