"""The Network: everything a user wants, as one document. A preset is a Network saved as YAML.

A wizard answer, a preset line and a command-line flag are fields of these models and nothing else. Here and in the
parts that are imported here (clusters, platforms, organizations) stand types, defaults and rules that concern one
field; what spans fields is in `network.rules`, where lines are found in `network.load`. Secrets are references: no
field can hold a secret's value.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from bevel_tui.network.basics import DnsMode, DnsName, IPv4, Model, Name, SecretRef, Subject, Text
from bevel_tui.network.cluster_model import Cluster, ExistingGateway, Storage
from bevel_tui.network.fabric_model import Chaincode, Channel, FabricUser
from bevel_tui.network.organization_model import (
    BesuRoles,
    CordaRoles,
    FabricRoles,
    IndyRoles,
    Organization,
    QuorumRoles,
    SubstrateRoles,
)
from bevel_tui.network.platform_model import (
    Besu,
    Corda,
    CordaEnterprise,
    CordApps,
    Fabric,
    Indy,
    Platform,
    Quorum,
    Substrate,
)

__all__ = [
    "API_VERSION",
    "Besu",
    "BesuRoles",
    "Chaincode",
    "Channel",
    "ChartSource",
    "Charts",
    "Cluster",
    "CordApps",
    "Corda",
    "CordaEnterprise",
    "CordaRoles",
    "Dns",
    "DnsMode",
    "DnsName",
    "ExistingGateway",
    "Fabric",
    "FabricRoles",
    "FabricUser",
    "Gateway",
    "GatewayName",
    "IPv4",
    "Indy",
    "IndyRoles",
    "Network",
    "Organization",
    "Placement",
    "Platform",
    "PlatformName",
    "Probe",
    "Quorum",
    "QuorumRoles",
    "Registry",
    "Rfc2136",
    "SecretRef",
    "Storage",
    "Subject",
    "Substrate",
    "SubstrateRoles",
    "Toleration",
    "Vault",
]

API_VERSION = "bevel-tui/v1"

PlatformName = Literal["fabric", "besu", "quorum", "indy", "corda", "corda-enterprise", "substrate"]
GatewayName = Literal["haproxy", "ambassador", "istio", "none"]


class Gateway(Model):
    """What stands at the edge of every cluster."""

    type: GatewayName = Field(
        description="haproxy for Fabric, ambassador for the others, none to stay inside one cluster (facts B)."
    )
    edition: Literal["emissary", "edge-stack"] = Field(
        "emissary",
        description="Ambassador only: Emissary-ingress needs no licence; Edge Stack 8.7.2 is what Bevel pins and needs one.",
    )
    p2p_ports: Annotated[str, Field(pattern=r"^[0-9]{1,5}-[0-9]{1,5}$")] = Field(
        "15010-15050", description="Range from which p2p ports are given out, per gateway."
    )


class Rfc2136(Model):
    """Dynamic updates to an authoritative server."""

    server: Text = Field(description="host or host:port of the primary.")
    key_name: Text = Field(description="Name of the TSIG key.")
    key_algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = Field(
        "hmac-sha256", description="Algorithm of the TSIG key."
    )
    key: SecretRef = Field(description="The TSIG key, base64.")


class ExternalDns(Model):
    """An external-dns to install in every cluster of mode external-dns. Its credentials are a Secret of yours."""

    provider: Literal["aws", "azure", "google", "digitalocean", "cloudflare", "rfc2136"] = Field(
        description="Who serves the zone, in external-dns' words."
    )
    credentials: Name | None = Field(
        None,
        description="Secret in namespace external-dns: key credentials (aws), azure.json, credentials.json (google), token "
        "(digitalocean, cloudflare) or tsig-secret (rfc2136). Absent: the pods' own identity.",
    )
    owner: Name | None = Field(
        None,
        description="First part of the owner id in the TXT registry; the cluster's name follows. Default: the network.",
    )
    zone: DnsName | None = Field(
        None, description="Zone that it may change. Default: the cluster's domain, where that is the zone or inside it."
    )
    policy: Literal["sync", "upsert-only"] = Field(
        "sync", description="sync removes records whose Service is gone; upsert-only leaves them."
    )
    args: Annotated[
        tuple[Annotated[str, Field(pattern=r"^--[a-z0-9][^\s]*$", max_length=256)], ...], Field(max_length=50)
    ] = Field((), description="Further arguments of the provider, such as --azure-resource-group=dns.")


class Dns(Model):
    """How the clusters' domains come to lead to their gateways."""

    mode: DnsMode = Field(
        "manual",
        description="manual: you create the records that are shown; external-dns: a controller in the cluster does; "
        "rfc2136: bevel-tui updates the zone; skip: nobody waits for names.",
    )
    resolvers: tuple[Text, ...] = Field(
        (), description="Resolvers to ask besides the system's (address or address:port).", max_length=16
    )
    ttl: Annotated[int, Field(ge=1, le=86400)] = Field(300, description="Seconds that records may be cached.")
    rfc2136: Rfc2136 | None = Field(None, description="The server for mode rfc2136.")
    external_dns: ExternalDns | None = Field(
        None, description="Install external-dns, for mode external-dns; absent: one is there already."
    )


class ChartSource(Model):
    """Where charts come from: exactly one of a folder, a Helm repository and an OCI registry."""

    path: Text | None = Field(
        None, description="Root of a Bevel checkout or of an unpacked release; for gateways a folder of charts."
    )
    repository: str | None = Field(None, pattern=r"^https?://", description="URL of a Helm repository.")
    oci: str | None = Field(None, pattern=r"^oci://", description="OCI registry and path: oci://registry/path.")
    digests: dict[str, Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]] = Field(
        {}, description="chart name -> sha256:..., refused if it differs."
    )

    @model_validator(mode="after")
    def _one(self) -> ChartSource:
        if sum(v is not None for v in (self.path, self.repository, self.oci)) != 1:
            raise ValueError("exactly one of path, repository and oci must be given")
        return self


class Charts(Model):
    """Chart sources; absent: stand-ins on simulated clusters, else the public repositories."""

    ledger: ChartSource | None = Field(None, description="Bevel's charts.")
    gateways: ChartSource | None = Field(None, description="Charts of the gateways.")


class Registry(Model):
    """A private image registry; makes the pull secret `pull_secret` in every namespace."""

    server: Text = Field(description="Host of the registry, e.g. registry.example.com.")
    username: SecretRef = Field(description="User for pulling.")
    password: SecretRef = Field(description="Password or token for pulling.")
    pull_secret: Name = Field("regcred", description="Name of the pull secret.")


class Vault(Model):
    """HashiCorp Vault. Absent: keys live in Kubernetes Secrets only (facts E)."""

    address: Annotated[str, Field(pattern=r"^https?://", max_length=1024)] = Field(
        description="URL of Vault as pods of every cluster see it, e.g. https://vault.example.com:8200."
    )
    token: SecretRef = Field(description="Root token, for the Secret `roottoken` that Bevel's charts want.")
    secret_engine: Text = Field("secretsv2", description="Mount path of the kv-v2 engine.")
    ca: SecretRef | None = Field(None, description="CA certificate of the Vault server (PEM).")
    kubernetes_urls: dict[Name, str] = Field(
        {}, description="cluster -> API server URL as Vault sees it; default: the kubeconfig's."
    )


class Toleration(Model):
    """As in a pod spec."""

    key: Text | None = Field(None, description="Key of the taint; absent with Exists: any taint.")
    operator: Literal["Exists", "Equal"] = Field("Equal", description="How key and value are compared.")
    value: str | None = Field(None, description="Value of the taint, with Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint; absent: any."
    )


class Placement(Model):
    """On which nodes pods may run (a named patch of the private chart copies: Bevel's charts have no such value)."""

    node_selector: dict[str, str] = Field({}, description="Labels that a node must have.")
    tolerations: tuple[Toleration, ...] = Field((), description="Taints that do not keep pods away.", max_length=50)


class Probe(Model):
    """How reachability is checked."""

    timeout: Annotated[float, Field(gt=0, le=300)] = Field(5.0, description="Seconds for one probe.")
    retry: Annotated[float, Field(ge=0, le=3600)] = Field(
        60.0, description="Seconds for which a failing check is repeated after a deployment."
    )
    pods: bool = Field(
        True,
        description="Whether `check`, and the end of a deployment, may start a short-lived pod in every cluster to look at the gateways from there.",
    )
    image: Text = Field(
        "ghcr.io/hyperledger/bevel-alpine:latest",
        description="Image of that pod: sh, curl and openssl are what it needs. Bevel's charts pull the default anyway.",
    )


class Network(Model):
    """Everything the user wants; the document that a preset holds."""

    api_version: Literal["bevel-tui/v1"] = Field(alias="apiVersion", description="Version of this format.")
    kind: Literal["Network"] = Field(description="What the document is.")
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=40)] = Field(
        description="Name of the network; labels and the inventory in each cluster carry it."
    )
    platform: Platform = Field(description="The distributed ledger, by `type`, and its settings.")
    gateway: Gateway = Field(description="What stands at the edge of every cluster.")
    clusters: Annotated[tuple[Cluster, ...], Field(min_length=1, max_length=50)] = Field(
        description="The Kubernetes clusters."
    )
    organizations: Annotated[tuple[Organization, ...], Field(min_length=1, max_length=100)] = Field(
        description="The members of the consortium; the first one founds the network."
    )
    dns: Dns = Field(Dns(), description="How the clusters' domains come to lead to their gateways.")
    charts: Charts = Field(Charts(), description="Where Helm charts come from.")
    registry: Registry | None = Field(None, description="A private image registry.")
    vault: Vault | None = Field(None, description="HashiCorp Vault; absent: keys live in Kubernetes Secrets only.")
    placement: Placement = Field(Placement(), description="On which nodes pods may run.")
    probe: Probe = Field(Probe(), description="How reachability is checked.")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name. Raises KeyError."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(name)

    def dns_mode(self, cluster: Cluster) -> DnsMode:
        """The DNS mode that holds for a cluster (its own, else the network's)."""
        return cluster.dns or self.dns.mode
