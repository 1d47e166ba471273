"""The Network: everything a user wants, as one document. A preset is a Network saved as YAML.

A wizard answer, a preset line and a command-line flag are fields of these models and nothing else. Here stand
types, defaults and rules that concern one field; what spans fields is in `network.rules`, where lines are found
in `network.load`. Secrets are references: no field can hold a secret's value.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

API_VERSION = "bevel-tui/v1"

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", min_length=1, max_length=63)]
DnsName = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        examples=["east.example.com"],
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|[KMGTPE]i?)?$", examples=["2Gi"])]

PlatformName = Literal["fabric", "besu", "quorum", "indy", "corda", "corda-enterprise", "substrate"]
GatewayName = Literal["haproxy", "ambassador", "istio", "none"]
DnsMode = Literal["manual", "external-dns", "rfc2136", "skip"]


class Model(BaseModel):
    """Base of all: unknown keys are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretRef(Model):
    """Where a secret's value is found when it is needed: exactly one of `env` and `file`."""

    env: str | None = Field(None, description="Name of an environment variable.", min_length=1)
    file: str | None = Field(
        None, description="Path of a file holding the value (a final newline is dropped).", min_length=1
    )

    @model_validator(mode="after")
    def _one(self) -> SecretRef:
        if (self.env is None) == (self.file is None):
            raise ValueError("exactly one of env and file must be given")
        return self


# ---------------------------------------------------------------- clusters


class Storage(Model):
    """How ledger volumes are provisioned. Bevel's charts make one StorageClass per release (facts F)."""

    provisioner: str | None = Field(None, description="CSI provisioner, for providers that Bevel does not know.")
    parameters: dict[str, str] = Field({}, description="Parameters of that provisioner.")
    class_name: str | None = Field(
        None,
        alias="class",
        description="Copy provisioner and parameters from this existing StorageClass of the cluster.",
    )

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _one(self) -> Storage:
        if self.class_name and self.provisioner:
            raise ValueError("class and provisioner exclude each other")
        return self


class ExistingGateway(Model):
    """A gateway that is there already and is used instead of installing one."""

    namespace: Name
    service: Name
    ingress_class: str | None = Field(None, description="IngressClass (HAProxy).")


class Cluster(Model):
    """One Kubernetes cluster, reached through a kubeconfig context."""

    name: Name
    context: str = Field(min_length=1, description="Context in the kubeconfig.")
    kubeconfig: str | None = Field(None, description="kubeconfig file, when it is not the merged $KUBECONFIG.")
    domain: DnsName | None = Field(None, description="DNS name under which the gateway is found (external_url_suffix).")
    provider: Literal[
        "aws", "aws-baremetal", "azure", "gcp", "minikube", "digitalocean", "openshift", "kind", "k3s", "other"
    ] = "other"
    storage: Storage = Storage()
    existing_gateway: ExistingGateway | None = None
    dns: DnsMode | None = Field(None, description="Overrides dns.mode for this cluster.")


# ---------------------------------------------------------------- platforms


class Besu(Model):
    """Hyperledger Besu."""

    type: Literal["besu"]
    version: str = Field(
        "23.10.2", description="Tag of hyperledger/besu; older ones lack options the chart writes (facts A2.2)."
    )
    consensus: Literal["qbft", "ibft2", "clique"] = "qbft"
    chain_id: Annotated[int, Field(ge=1)] = 1337
    block_period: Annotated[int, Field(ge=1, le=3600)] = Field(10, description="Seconds between blocks.")
    transaction_manager: Literal["none", "tessera"] = "none"
    bootnodes: bool = Field(False, description="Members and validators find each other through bootnodes.")
    account_password: SecretRef | None = Field(None, description="Password of the genesis accounts.")


class Channel(Model):
    """A Fabric channel. `participants` empty: all organizations with peers."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,10}$")]
    participants: tuple[Name, ...] = ()


class Fabric(Model):
    """Hyperledger Fabric."""

    type: Literal["fabric"]
    version: Literal["2.2.2", "2.5.4"] = "2.5.4"
    channels: tuple[Channel, ...] = Field((), description="Empty: one channel `allchannel` of all organizations.")


class Quorum(Model):
    """GoQuorum."""

    type: Literal["quorum"]


class Indy(Model):
    """Hyperledger Indy."""

    type: Literal["indy"]


class Corda(Model):
    """R3 Corda open source."""

    type: Literal["corda"]


class CordaEnterprise(Model):
    """R3 Corda Enterprise."""

    type: Literal["corda-enterprise"]


class Substrate(Model):
    """Substrate."""

    type: Literal["substrate"]


Platform = Annotated[Besu | Fabric | Quorum | Indy | Corda | CordaEnterprise | Substrate, Field(discriminator="type")]

# ---------------------------------------------------------------- organizations


class BesuRoles(Model):
    """Besu nodes of one organization. Validators live in the first organization only (facts A2.4)."""

    validators: Annotated[int, Field(ge=0, le=100)] = 0
    members: Annotated[int, Field(ge=0, le=100)] = 1


class FabricRoles(Model):
    """Fabric nodes of one organization."""

    orderers: Annotated[int, Field(ge=0, le=9)] = 0
    peers: Annotated[int, Field(ge=0, le=20)] = 1
    cli: bool = Field(False, description="A CLI Deployment beside the last peer.")
    ca_admin: SecretRef | None = Field(None, description="Password of the CA's bootstrap administrator.")


class Organization(Model):
    """A member of the consortium: one namespace of one cluster. The first organization founds the network."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=30)]
    cluster: Name
    namespace: Name | None = Field(
        None, description="Default: Bevel's convention (supplychain-bes, supplychain-net...)."
    )
    managed: bool = Field(True, description="False: its owner runs its part with their own credentials.")
    state: Literal["new", "existing"] = "new"
    subject: str | None = Field(
        None, description="X.509 subject of its certificates, e.g. O=Supplychain,L=51.50/-0.13/London,C=GB."
    )
    besu: BesuRoles | None = None
    fabric: FabricRoles | None = None


# ---------------------------------------------------------------- the rest


class Gateway(Model):
    """What stands at the edge of every cluster."""

    type: GatewayName
    edition: Literal["emissary", "edge-stack"] = Field(
        "emissary",
        description="Ambassador only: Emissary-ingress needs no licence; Edge Stack 8.7.2 is what Bevel pins and needs one.",
    )
    p2p_ports: Annotated[str, Field(pattern=r"^[0-9]{1,5}-[0-9]{1,5}$")] = Field(
        "15010-15050", description="Range from which p2p ports are given out, per gateway."
    )


class Rfc2136(Model):
    """Dynamic updates to an authoritative server."""

    server: str = Field(description="host or host:port of the primary.")
    key_name: str
    key_algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = "hmac-sha256"
    key: SecretRef


class Dns(Model):
    """How the clusters' domains come to lead to their gateways."""

    mode: DnsMode = "manual"
    resolvers: tuple[str, ...] = Field(
        (), description="Resolvers to ask besides the system's (address or address:port)."
    )
    ttl: Annotated[int, Field(ge=1, le=86400)] = 300
    rfc2136: Rfc2136 | None = None


class ChartSource(Model):
    """Where charts come from: exactly one of a folder, a Helm repository and an OCI registry."""

    path: str | None = Field(
        None, description="Root of a Bevel checkout or of an unpacked release; for gateways a folder of charts."
    )
    repository: str | None = Field(None, description="URL of a Helm repository.")
    oci: str | None = Field(None, pattern=r"^oci://")
    digests: dict[str, str] = Field({}, description="chart name -> sha256:..., refused if it differs.")

    @model_validator(mode="after")
    def _one(self) -> ChartSource:
        if sum(v is not None for v in (self.path, self.repository, self.oci)) != 1:
            raise ValueError("exactly one of path, repository and oci must be given")
        return self


class Charts(Model):
    """Chart sources; absent: stand-ins on simulated clusters, else the public repositories."""

    ledger: ChartSource | None = None
    gateways: ChartSource | None = None


class Registry(Model):
    """A private image registry; makes the pull secret `pull_secret` in every namespace."""

    server: str
    username: SecretRef
    password: SecretRef
    pull_secret: Name = "regcred"  # noqa: S105 - the name of one


class Vault(Model):
    """HashiCorp Vault. Absent: keys live in Kubernetes Secrets only (facts E)."""

    address: Annotated[str, Field(pattern=r"^https?://")]
    token: SecretRef
    secret_engine: str = "secretsv2"  # noqa: S105 - a mount path
    ca: SecretRef | None = Field(None, description="CA certificate of the Vault server (PEM).")
    kubernetes_urls: dict[Name, str] = Field(
        {}, description="cluster -> API server URL as Vault sees it; default: the kubeconfig's."
    )


class Toleration(Model):
    """As in a pod spec."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


class Placement(Model):
    """On which nodes pods may run (a named patch of the private chart copies: Bevel's charts have no such value)."""

    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()


class Probe(Model):
    """How reachability is checked."""

    timeout: Annotated[float, Field(gt=0, le=300)] = Field(5.0, description="Seconds for one probe.")
    retry: Annotated[float, Field(ge=0, le=3600)] = Field(
        60.0, description="Seconds for which a failing check is repeated after a deployment."
    )


class Network(Model):
    """Everything the user wants; the document that a preset holds."""

    api_version: Literal["bevel-tui/v1"] = Field(alias="apiVersion")
    kind: Literal["Network"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
    platform: Platform
    gateway: Gateway
    clusters: Annotated[tuple[Cluster, ...], Field(min_length=1)]
    organizations: Annotated[tuple[Organization, ...], Field(min_length=1)]
    dns: Dns = Dns()
    charts: Charts = Charts()
    registry: Registry | None = None
    vault: Vault | None = None
    placement: Placement = Placement()
    probe: Probe = Probe()

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
