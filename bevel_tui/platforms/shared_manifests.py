"""What Bevel's shared sub-charts render: bevel-vault-mgmt, bevel-scripts and bevel-storageclass (facts 0.4, F)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bevel_tui.platforms import sketch
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

ALPINE = "ghcr.io/hyperledger/bevel-alpine:latest"
VAULT_SCRIPT = "bevel-vault-script"
PACKAGES = "package-manager"


def scripts_volume() -> Json:
    """The volume of the Vault script that most pods mount, Vault or not (G06)."""
    return sketch.from_config_map("scripts-volume", VAULT_SCRIPT)


def packages_volume() -> Json:
    """The volume of the package script."""
    return sketch.from_config_map("package-manager", PACKAGES)


def placed(objects: Sequence[Json], chart: Chart) -> tuple[Json, ...]:
    """The objects with every pod where the preset wants it (helm.patches, pod-placement)."""
    for manifest in objects:
        if "template" in manifest.get("spec", {}):
            manifest["spec"]["template"]["spec"].update(chart.placement)
    return tuple(objects)


def vault_ca(chart: Chart, key: str = "ca.crt.pem") -> list[Json]:
    """The volume with Vault's own CA, where the preset names one (facts E: the Fabric CA asks for another key)."""
    name = chart.value("global.vault.tls")
    if not name:
        return []
    return [{"name": "vaultca", "secret": {"secretName": name, "items": [{"key": key, "path": "ca-certificates.crt"}]}}]


def own_vault_ca(chart: Chart) -> list[Json]:
    """The same where a patch of the private copy puts it beside the public CAs (helm.patches, fabric-vault-ca)."""
    name = chart.value("global.vault.tls")
    return [sketch.from_secret("own-vault-ca", name)] if name and "fabric-vault-ca" in chart.step.patches else []


def first_of_namespace(chart: Chart) -> list[Json]:
    """What the first release of a namespace makes for all: ServiceAccount, rights, scripts (facts 0.4)."""
    namespace, account = chart.namespace, chart.account
    objects = [
        sketch.config_map(VAULT_SCRIPT, namespace, {"bevel-vault.sh": "# reads and writes the key store\n"}),
        sketch.config_map(PACKAGES, namespace, {"package-manager.sh": "# installs what scripts need\n"}),
        sketch.config_map(
            "policies-config-bevel-vault-mgmt",
            namespace,
            {"policies-config.json": json.dumps({"policy": chart.text("global.vault.network", "besu")})},
        ),
        sketch.service_account(account, namespace, pull_secret=chart.value("global.pullSecret")),
        sketch.role(
            "bevel-vault-mgmt-role",
            namespace,
            [
                {
                    "apiGroups": [""],
                    "resources": ["secrets", "configmaps"],
                    "verbs": ["create", "get", "list", "update", "delete", "patch"],
                },
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]},
            ],
        ),
        sketch.role_binding("bevel-vault-mgmt-rb", namespace, role="bevel-vault-mgmt-role", account=account),
    ]
    if chart.hashicorp:
        objects += _vault(chart)
    return objects


def _vault(chart: Chart) -> list[Json]:
    namespace, account = chart.namespace, chart.account
    pod_labels = {"app": "bevel-vault-mgmt", "app.kubernetes.io/name": "bevel-vault-mgmt"}
    environment = [
        *sketch.env(
            {
                "VAULT_ADDR": chart.text("global.vault.address"),
                "VAULT_SECRET_PATH": chart.text("global.vault.secretEngine", "secretsv2"),
                "KUBERNETES_AUTH_PATH": chart.text("global.vault.authPath", "supplychain"),
                "VAULT_ROLE": chart.text("global.vault.role", "vault-role"),
                "VAULT_SA": account,
                "KUBERNETES_URL": chart.text("global.cluster.kubernetesUrl"),
                "NAMESPACE": namespace,
            }
        ),
        sketch.secret_env("ROOT_TOKEN", "roottoken", "token"),
    ]
    setup = sketch.job(
        "bevel-vault-mgmt",
        namespace,
        sketch.pod(
            pod_labels,
            account,
            [
                sketch.container(
                    "vault-kubernetes",
                    ALPINE,
                    script=["# enables the key engine and this namespace's login"],
                    env=environment,
                    mounts={"policies-config": "/policies"},
                )
            ],
            volumes=[
                *vault_ca(chart),
                sketch.from_config_map("policies-config", "policies-config-bevel-vault-mgmt", "policies-config.json"),
            ],
            pull_secret=chart.value("bevel-vault-mgmt.image.pullSecret"),
        ),
        backoff=6,
    )
    cleanup = sketch.job(
        "bevel-vault-mgmt-cleanup",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "bevel-vault-mgmt-job-cleanup"},
            account,
            [sketch.container("vault-cleanup", ALPINE, script=["# removes policy and login"], env=environment)],
            volumes=vault_ca(chart),
            restart="Never",
        ),
        backoff=3,
    )
    return [
        sketch.cluster_role_binding(
            f"{namespace}-tokenreview-crb", role="system:auth-delegator", account=account, namespace=namespace
        ),
        setup,
        sketch.hook(cleanup, "pre-delete", delete="hook-succeeded"),
    ]


def storage_class(chart: Chart, alias: str = "storage") -> Json:
    """The release's own StorageClass ``<alias>-<release>``, cluster-scoped; `alias` as which it is vendored (facts F)."""
    return sketch.storage_class(
        f"{alias}-{chart.release}",
        provisioner=chart.storage_provisioner(alias),
        parameters=chart.storage_parameters(alias),
        binding=chart.text(f"{alias}.volumeBindingMode", "Immediate"),
    )
