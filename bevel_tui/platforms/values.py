"""Reading a release's values the way its chart does: chart defaults beneath what the plan says.

Sketches and planners look values up by dotted path; a missing one is the chart's default, named at the place that
reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bevel_tui.records.steps import ClusterFact, ReleaseStep

#: what stands in a sketch where only the cluster knows (never sent to a cluster: the engine resolves it first)
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def value(values: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """The value at a dotted path, or `default` where it is missing or null."""
    node: Any = values
    for part in path.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return default
        node = node[part]
    return default if node is None else node


def text(values: Mapping[str, Any], path: str, default: str = "") -> str:
    """The value at a dotted path as a chart prints it (booleans in lower case; a reference as its own words)."""
    found = value(values, path, default)
    return str(found).lower() if isinstance(found, bool) else str(found)


class Chart:
    """A release step as its sketch reads it: the names and values that every chart of Bevel uses."""

    def __init__(self, step: ReleaseStep) -> None:
        if step.namespace is None:
            raise ValueError(f"release step {step.id} has no namespace")
        self.step = step
        self.release = step.release
        self.namespace = step.namespace
        self.values = step.values
        self.account = text(step.values, "global.serviceAccountName", "vault-auth")
        self.vault = text(step.values, "global.vault.type", "hashicorp")
        self.proxy = text(step.values, "global.proxy.provider", "none")
        self.suffix = text(step.values, "global.proxy.externalUrlSuffix")

    @property
    def hashicorp(self) -> bool:
        """Keys live in HashiCorp Vault, and in Secrets as copies."""
        return self.vault == "hashicorp"

    def value(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path, or the chart's default."""
        return value(self.values, path, default)

    def text(self, path: str, default: str = "") -> str:
        """The value at a dotted path as the chart prints it."""
        return text(self.values, path, default)

    def on(self, path: str, default: bool = False) -> bool:
        """A switch."""
        return bool(self.value(path, default))

    @property
    def pull_secret(self) -> str | None:
        """Name of the registry's Secret."""
        found: str | None = self.value("image.pullSecret")
        return found

    @property
    def vault_env(self) -> dict[str, str]:
        """The environment by which scripts reach Vault."""
        return {
            "VAULT_ADDR": self.text("global.vault.address"),
            "VAULT_SECRET_ENGINE": self.text("global.vault.secretEngine", "secretsv2"),
            "VAULT_SECRET_PREFIX": self.text("global.vault.secretPrefix", "data/supplychain"),
            "KUBERNETES_AUTH_PATH": self.text("global.vault.authPath", "supplychain"),
            "VAULT_APP_ROLE": self.text("global.vault.role", "vault-role"),
            "VAULT_TYPE": self.vault,
        }

    @property
    def placement(self) -> dict[str, Any]:
        """``nodeSelector`` and ``tolerations`` that a patch of the private copy puts into every pod."""
        return dict(self.value("global.placement", {}))

    def storage_provisioner(self, alias: str = "storage") -> str:
        """The provisioner that bevel-storageclass, vendored as `alias`, renders (facts F)."""
        given = self.value(f"{alias}.provisioner")
        if isinstance(given, ClusterFact):
            return NO_PROVISIONER
        return str(given or PROVISIONERS.get(self.text("global.cluster.provider", "aws"), NO_PROVISIONER))

    def storage_parameters(self, alias: str = "storage") -> dict[str, str]:
        """The parameters that bevel-storageclass, vendored as `alias`, renders (facts F)."""
        provider = self.text("global.cluster.provider", "aws")
        given = self.value(f"{alias}.parameters.{provider}", {})
        return {} if isinstance(given, ClusterFact) else {**PARAMETERS.get(provider, {}), **given}


#: provisioners that bevel-storageclass knows (facts F)
PROVISIONERS = {
    "aws": "kubernetes.io/aws-ebs",
    "gcp": "pd.csi.storage.gke.io",
    "azure": "disk.csi.azure.com",
    "minikube": "k8s.io/minikube-hostpath",
}
PARAMETERS: dict[str, dict[str, str]] = {
    "aws": {"encrypted": "true"},
    "gcp": {"type": "pd-standard", "fstype": "ext4", "replicationtype": "none"},
    "minikube": {"encrypted": "true"},
    "azure": {"skuName": "StandardSSD_LRS", "kind": "Managed"},
}
