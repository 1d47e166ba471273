"""What fabric-catools renders, reduced: the enrolment Job of an orderer or peer, alias certs (facts A1.3)."""

from __future__ import annotations

import base64
import json

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.fabric_charts import CA_IMAGE, ORDERER_TLS
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart


def certs(chart: Chart) -> list[Json]:
    """The enrolment Job, its clean-up, and (once in a namespace) the scripts that all such Jobs share (F19-F21)."""
    release, namespace = chart.release, chart.namespace
    kind = chart.text("certs.orgData.type", "orderer")
    pod_labels = sketch.labels(
        release,
        namespace,
        name="certs",
        component="ca-tools",
        part_of=release if "certs" in release else f"certs-{release}",
    )
    users = chart.value("certs.users.usersList", ())
    script = [
        "# enrols the organization's administrator and the node at the CA, stores what it gets as Secrets",
        f"./{'orderer-script.sh' if kind == 'orderer' else 'generate-crypto-peer.sh'} {release}",
        *(f"checkSecrets users {user['identity']}-msp" for user in users),
        f"./store-vault-{kind}.sh {release}",
    ]
    volumes = {
        "generate-crypto": ("crypto-scripts-cm", "generate-crypto-orderer.sh"),
        "generate-orderer-crypto": ("crypto-scripts-cm", "orderer-script.sh"),
        "generate-crypto-peer": ("crypto-scripts-cm", "generate-crypto-peer.sh"),
        "generate-crypto-add-peer": ("crypto-scripts-cm", "generate-crypto-add-peer.sh"),
        "generate-user-crypto": ("crypto-scripts-cm", "generate-user-crypto.sh"),
        "store-vault-orderer": ("orderer-script-store-vault", "store-vault-orderer.sh"),
        "store-vault-peer": ("peer-script-store-vault", "store-vault-peer.sh"),
        "store-vault-users": ("users-script-store-vault", "store-vault-users.sh"),
    }
    generate = sketch.job(
        f"{release}-certs-job",
        namespace,
        sketch.pod(
            pod_labels,
            chart.account,
            [
                sketch.container(
                    "generate-certs",
                    CA_IMAGE,
                    script=script,
                    env=sketch.env(
                        {
                            "COMPONENT_TYPE": kind,
                            "COMPONENT_NAME": namespace,
                            "ADD_PEER": chart.text("certs.settings.addPeerValue", "false"),
                            "REFRESH_CERT_VALUE": chart.text("certs.settings.refreshCertValue", "false"),
                            "USERS": base64.b64encode(json.dumps(users).encode()).decode(),
                            **(chart.vault_env if chart.hashicorp else {}),
                        }
                    ),
                    mounts={"certificates": "/crypto-config", **{volume: f"/mnt/{volume}" for volume in volumes}},
                )
            ],
            volumes=[
                sketch.empty("certificates"),
                *(sketch.from_config_map(volume, *source) for volume, source in volumes.items()),
                shared.scripts_volume(),
                shared.packages_volume(),
                *shared.own_vault_ca(chart),
            ],
            pull_secret=chart.value("certs.image.pullSecret"),
        ),
        backoff=6,
    )
    remove = ["true"]
    if chart.on("certs.settings.removeCertsOnDelete"):
        names = ["admin-tls", "admin-msp", f"{release}-msp", f"{release}-tls"]
        names += [f"{user['identity']}-{part}" for user in users for part in ("msp", "tls")]
        remove += [f"deleteSecret {name}" for name in names]
    if chart.on("certs.settings.removeOrdererTlsOnDelete"):
        remove.append(f"kubectl delete configmap --namespace {namespace} {ORDERER_TLS}")
    cleanup = sketch.job(
        f"{release}-certs-cleanup",
        namespace,
        sketch.pod(
            dict(pod_labels),
            chart.account,
            [sketch.container("delete-secrets", shared.ALPINE, script=remove)],
            restart="Never",
        ),
        backoff=3,
    )
    objects = _crypto_scripts(chart) if chart.on("certs.settings.createConfigMaps", kind == "orderer") else []
    return [*objects, generate, sketch.hook(cleanup, "pre-delete", delete="hook-succeeded")]


def _crypto_scripts(chart: Chart) -> list[Json]:
    data = "certs.orgData"
    names = [
        f"{chart.namespace}.svc.cluster.local",
        f"{chart.text(f'{data}.orgName')}.net",
        f"{chart.namespace}.{chart.suffix}",
    ]
    alternatives = " ".join(f'"{name}"' for name in names)
    lines = [
        "#!/bin/bash",
        f'FULLY_QUALIFIED_ORG_NAME="{chart.namespace}"',
        f"ALTERNATIVE_ORG_NAMES=({alternatives})",
        f'EXTERNAL_URL_SUFFIX="{chart.suffix}"',
        f'SUBJECT="{chart.text(f"{data}.componentSubject")}"',
        f'AFFILIATION="{chart.text(f"{data}.orgName")}"',
        f'CA="{chart.text(f"{data}.caAddress")}"',
        f'CA_ADMIN_USER="{chart.text(f"{data}.caAdminUser")}"',
        f'CA_ADMIN_PASS="{chart.text(f"{data}.caAdminPassword")}"',
    ]
    inputs = "\n".join(lines) + "\n"
    keys = ("generate-crypto-orderer", "orderer-script", "generate-crypto-peer", "generate-crypto-add-peer")
    return [
        sketch.config_map(
            "crypto-scripts-cm", chart.namespace, {f"{key}.sh": inputs for key in (*keys, "generate-user-crypto")}
        ),
        *(
            sketch.config_map(
                f"{kind}-script-store-vault", chart.namespace, {f"store-vault-{kind}.sh": "#!/bin/bash\n"}
            )
            for kind in ("orderer", "peer", "users")
        ),
    ]
