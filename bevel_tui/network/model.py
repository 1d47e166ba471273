"""The Network: everything a user wants, as one document. A preset is a Network saved as YAML.

A wizard answer, a preset line and a command-line flag are fields of these models and nothing else. Here stand
types, defaults and rules that concern one field; what spans fields is in `network.rules`, where lines are found
in `network.load`. Secrets are references: no field can hold a secret's value.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from bevel_tui.network import basics, fabric_model
from bevel_tui.network.basics import Model, Name, Text

API_VERSION = "bevel-tui/v1"

#: part of the model, and defined where its smaller parts can use them
SecretRef = basics.SecretRef
Channel = fabric_model.Channel
Chaincode = fabric_model.Chaincode
FabricUser = fabric_model.FabricUser

DnsName = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        examples=["east.example.com"],
    ),
]
IPv4 = Annotated[
    str,
    Field(
        pattern=r"^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$",
        examples=["192.0.2.1"],
    ),
]
Subject = Annotated[
    str,
    Field(
        max_length=256,
        pattern=r"^[A-Za-z]+=[^,=]+(,[A-Za-z]+=[^,=]+)*$",
        examples=["O=Supplychain,L=51.50/-0.13/London,C=GB"],
    ),
]

PlatformName = Literal["fabric", "besu", "quorum", "indy", "corda", "corda-enterprise", "substrate"]
GatewayName = Literal["haproxy", "ambassador", "istio", "none"]
DnsMode = Literal["manual", "external-dns", "rfc2136", "skip"]


# ---------------------------------------------------------------- clusters


class Storage(Model):
    """Where ledger volumes come from: Bevel's charts make one StorageClass per release (facts F).

    Empty: the provider's own provisioner where Bevel knows it (aws, gcp, azure, minikube), elsewhere provisioner and
    parameters of the cluster's default StorageClass, which the engine reads.
    """

    provisioner: Text | None = Field(None, description="CSI provisioner to put in every StorageClass.")
    parameters: dict[str, str] = Field({}, description="Parameters of that provisioner.")
    class_name: Text | None = Field(
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

    namespace: Name = Field(description="Namespace of the gateway's Service.")
    service: Name = Field(description="The Service of type LoadBalancer (or with an external IP) in front of it.")
    ingress_class: Name | None = Field(None, description="Its IngressClass (haproxy only); default: haproxy.")


class Cluster(Model):
    """One Kubernetes cluster, reached through a kubeconfig context."""

    name: Name = Field(description="Name of the cluster in this preset; organizations refer to it.")
    context: Text = Field(description="Context in the kubeconfig.")
    kubeconfig: Text | None = Field(None, description="kubeconfig file, when it is not the merged $KUBECONFIG.")
    domain: DnsName | None = Field(None, description="DNS name under which the gateway is found (external_url_suffix).")
    provider: Literal[
        "aws", "aws-baremetal", "azure", "gcp", "minikube", "digitalocean", "openshift", "kind", "k3s", "other"
    ] = Field(
        "other",
        description="Who runs the cluster. Bevel's charts know aws, gcp, azure and minikube (facts F).",
    )
    storage: Storage = Field(Storage(), description="Where ledger volumes come from.")
    existing_gateway: ExistingGateway | None = Field(
        None, description="Use this gateway, which is there already, instead of installing one."
    )
    gateway_annotations: dict[str, str] = Field(
        {},
        description="Annotations for the Service of the gateway that is installed here, such as the name of a reserved "
        "address in the words of the provider's load balancer.",
    )
    public_ip: IPv4 | None = Field(
        None,
        description="Indy: the IPv4 address under which all others reach this cluster, for good. Default: the one of "
        "the gateway's Service, or without a gateway of a node.",
    )
    dns: DnsMode | None = Field(None, description="Overrides dns.mode for this cluster.")


# ---------------------------------------------------------------- platforms


class Besu(Model):
    """Hyperledger Besu."""

    type: Literal["besu"]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$")] = Field(
        "23.10.2", description="Tag of hyperledger/besu; older ones lack options the chart writes (facts A2.2)."
    )
    consensus: Literal["qbft", "ibft2", "clique"] = Field("qbft", description="How validators agree on blocks.")
    chain_id: Annotated[int, Field(ge=1, le=4503599627370476)] = Field(
        1337, description="Number of the chain, as wallets and signed transactions have it."
    )
    block_period: Annotated[int, Field(ge=1, le=3600)] = Field(10, description="Seconds between blocks.")
    transaction_manager: Literal["none", "tessera"] = Field(
        "none", description="Private transactions: a tessera beside every member."
    )
    bootnodes: bool = Field(False, description="Members and validators find each other through bootnodes.")
    account_password: SecretRef | None = Field(None, description="Password of the genesis accounts.")


class Fabric(Model):
    """Hyperledger Fabric."""

    type: Literal["fabric"]
    version: Literal["2.2.2", "2.5.4"] = Field("2.5.4", description="Tag of Bevel's Fabric images.")
    channels: tuple[Channel, ...] = Field(
        (), description="Empty: one channel `allchannel` of all organizations.", max_length=50
    )
    chaincodes: tuple[Chaincode, ...] = Field((), description="Chaincodes to bring to their channels.", max_length=50)


class Quorum(Model):
    """GoQuorum."""

    type: Literal["quorum"]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$")] = Field(
        "24.4.1", description="Tag of quorumengineering/quorum; the charts' own default, latest, moves (facts A3)."
    )
    consensus: Literal["qbft", "ibft", "raft"] = Field(
        "qbft", description="How validators agree on blocks; Bevel's charts cannot start raft."
    )
    chain_id: Annotated[int, Field(ge=1, le=4503599627370476)] = Field(
        1337, description="Number of the chain, as wallets and signed transactions have it."
    )
    network_id: Annotated[int, Field(ge=1, le=4503599627370476)] = Field(
        10, description="Number by which nodes tell their own network from others."
    )
    block_period: Annotated[int, Field(ge=1, le=3600)] = Field(10, description="Seconds between blocks.")
    transaction_manager: Literal["none", "tessera"] = Field(
        "none", description="Private transactions: a tessera beside every member."
    )
    account_password: SecretRef | None = Field(
        None, description="Password of the nodes' accounts; no blanks and nothing that a shell reads."
    )


class Indy(Model):
    """Hyperledger Indy."""

    type: Literal["indy"]
    version: Literal["1.11.0", "1.12.1", "1.12.6"] = Field("1.12.6", description="Tag of Bevel's Indy images.")


class CordApps(Model):
    """Applications that every node downloads when it starts. The login is needed even where the server asks for none."""

    jars: Annotated[
        tuple[Annotated[str, Field(pattern=r"^https?://[^\s'\"]+$", max_length=1024)], ...], Field(min_length=1)
    ] = Field(description="URLs of the JAR files.")
    username: SecretRef = Field(description="User of the server that holds them.")
    password: SecretRef = Field(description="Password or token of that user.")


class Corda(Model):
    """R3 Corda open source."""

    type: Literal["corda"]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$")] = Field(
        "4.9", description="Tag of Bevel's Corda image."
    )
    validating: bool = Field(True, description="Notaries check what they sign, and so see it.")
    password: SecretRef | None = Field(
        None,
        description="One password for key stores, databases, the network map's administrator and the nodes' RPC user: "
        "letters and digits, 6 at least. Absent: those in Bevel's charts, which everybody knows.",
    )
    cordapps: CordApps | None = Field(None, description="Applications for all nodes.")


class CordaEnterprise(Model):
    """R3 Corda Enterprise. Its images need a licence from R3."""

    type: Literal["corda-enterprise"]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$")] = Field(
        "4.10.3-zulu-openjdk8-alpine", description="Tag of the node's image."
    )
    cenm_version: Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$")] = Field(
        "1.5.9-zulu-openjdk8u382", description="Tag of the network manager's (CENM) images."
    )
    images: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._/:-]*[a-z0-9]$", max_length=200)] = Field(
        "corda", description="Where R3's images are: registry and path in front of their names."
    )
    validating: bool = Field(True, description="Notaries check what they sign, and so see it.")
    password: SecretRef | None = Field(
        None,
        description="One password for the nodes' key stores, databases and RPC users: letters and digits, 6 at least. "
        "The network manager's own passwords are fixed in Bevel's charts.",
    )
    cordapps: CordApps | None = Field(None, description="Applications for all nodes.")


class Substrate(Model):
    """Substrate: the node of the Inteli project, whose genesis says who may join (facts A7)."""

    type: Literal["substrate"]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$")] = Field(
        "v4.3.1", description="Tag of ghcr.io/inteli-poc/dscp-node."
    )
    chain: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)] = Field(
        "inteli", description="Name of the chain."
    )


Platform = Annotated[Besu | Fabric | Quorum | Indy | Corda | CordaEnterprise | Substrate, Field(discriminator="type")]

# ---------------------------------------------------------------- organizations


class BesuRoles(Model):
    """Besu nodes of one organization. Validators live in the first organization only (facts A2.4)."""

    validators: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="Nodes that make blocks; 4 stand the loss of one, at most 9 (facts A2.1)."
    )
    members: Annotated[int, Field(ge=0, le=100)] = Field(
        1, description="Nodes that applications use; they follow the chain. At most 9."
    )


class QuorumRoles(Model):
    """GoQuorum nodes of one organization. Validators live in the first organization only (facts A3)."""

    validators: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="Nodes that make blocks, 4 at least; 4 stand the loss of one."
    )
    members: Annotated[int, Field(ge=0, le=100)] = Field(
        1, description="Nodes that applications use; they follow the chain. At most 10 with tessera."
    )


class SubstrateRoles(Model):
    """Substrate nodes of one organization (facts A7). The first validator of the first one is where all others meet."""

    validators: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="Nodes that make blocks, in any organization that has a member; 4 stand the loss of one."
    )
    members: Annotated[int, Field(ge=0, le=100)] = Field(
        1, description="Nodes with an account, that applications use; they follow the chain."
    )
    ipfs: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="IPFS nodes, which keep files beside the chain; they use the organization's first member."
    )


class FabricRoles(Model):
    """Fabric nodes of one organization."""

    orderers: Annotated[int, Field(ge=0, le=9)] = Field(
        0, description="Raft orderers; the first organization has some. In all: 1 for tests, else 3 or 5."
    )
    peers: Annotated[int, Field(ge=0, le=20)] = Field(
        1, description="Peers; the first one is the organization's anchor."
    )
    cli: bool = Field(False, description="A CLI Deployment beside the last peer.")
    console: bool = Field(
        False, description="Hyperledger's operations console, as <organization>console.<namespace>.<domain>."
    )
    users: tuple[FabricUser, ...] = Field(
        (), description="Identities that the CA enrols besides the administrator; needs a peer.", max_length=50
    )
    ca_admin: SecretRef | None = Field(
        None,
        description="Password of the CA's bootstrap administrator: letters, digits and .~_- only, because scripts put it "
        "into a URL. Default: the one of Bevel's samples, which everybody knows.",
    )


class IndyRoles(Model):
    """Indy identities of one organization. One trustee and one endorser at most (facts A4.3)."""

    trustee: bool = Field(
        False, description="It has a trustee, who vouches for others; the first organization must have one."
    )
    endorser: bool = Field(False, description="It has an endorser, who may write to the ledger for others.")
    stewards: Annotated[int, Field(ge=0, le=50)] = Field(
        0, description="Nodes that hold the ledger; at least 4 in the whole network, to stand the loss of one."
    )


class CordaRoles(Model):
    """Corda nodes of one organization, open source or Enterprise. The first organization runs the network's services."""

    notaries: Annotated[int, Field(ge=0, le=9)] = Field(
        0, description="Notaries; with Corda Enterprise in the first organization only."
    )
    nodes: Annotated[int, Field(ge=0, le=20)] = Field(1, description="Nodes that applications use.")


class Organization(Model):
    """A member of the consortium: one namespace of one cluster. The first organization founds the network."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=30)] = Field(
        description="Name of the organization; with Fabric at most 12 letters and digits, a letter first."
    )
    cluster: Name = Field(description="The cluster it lives in: one of `clusters`, by name.")
    namespace: Name | None = Field(
        None, description="Default: Bevel's convention (supplychain-bes, supplychain-net...)."
    )
    managed: bool = Field(True, description="False: its owner runs its part with their own credentials.")
    state: Literal["new", "existing"] = Field(
        "new", description="`existing`: it was deployed before, by this tool or another."
    )
    subject: Subject | None = Field(None, description="X.509 subject of its certificates.")
    besu: BesuRoles | None = Field(None, description="Its nodes, in a Besu network.")
    quorum: QuorumRoles | None = Field(None, description="Its nodes, in a GoQuorum network.")
    substrate: SubstrateRoles | None = Field(None, description="Its nodes, in a Substrate network.")
    fabric: FabricRoles | None = Field(None, description="Its nodes, in a Fabric network.")
    corda: CordaRoles | None = Field(None, description="Its nodes, in a Corda network (Enterprise or not).")
    indy: IndyRoles | None = Field(None, description="Its identities and nodes, in an Indy network.")


# ---------------------------------------------------------------- the rest


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
