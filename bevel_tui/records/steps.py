"""What a plan consists of: steps, the objects they name, the endpoints they open.

Platforms and gateways declare steps, `plan/` joins them into a graph, the engine carries them out and the
views show them. Pure data: no step holds a secret's value, a file's content or an open connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

StepKind = Literal["namespace", "secret", "keys", "release", "handoff", "address", "dns", "check"]
ChartOrigin = Literal["ledger", "gateways", "own"]
HandoffPolicy = Literal["frozen", "follow"]


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """One Kubernetes object. `namespace` is None for cluster-scoped kinds."""

    api_version: str
    kind: str
    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """An object that a release's chart renders. `hook` is Helm's hook list (``pre-install``...) or None."""

    ref: ObjectRef
    hook: str | None = None


@dataclass(frozen=True, slots=True)
class Produced:
    """An object that a release's pods or Jobs write at run time (facts A: genesis, keys, TLS CA...).

    `keys` are its data keys where they are known; `private` those that hold private material and may never
    leave the cluster. `keep` is true for what clean-up must not delete unless data is purged (facts G).
    """

    ref: ObjectRef
    keys: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    keep: bool = False
    #: data keys that come later than the object itself, at most `within` seconds after the pods run (0: as the object)
    awaited: tuple[str, ...] = ()
    within: float = 0.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a ledger keeps, for good, an address that was found out at the installation (facts A4.3: Indy's genesis).

    The value of `key` of the object `ref` is JSON, a document per line; of the one that has `name` at the dotted path
    `name_at`, the address stands at `address_at`.
    """

    ref: ObjectRef
    key: str
    name: str
    name_at: str
    address_at: str


@dataclass(frozen=True, slots=True)
class ClusterFact:
    """A value that only a cluster can tell; the engine puts it in before Helm (or a stand-in) sees the values.

    `what`: ``provisioner`` (a string) or ``parameters`` (a mapping of strings) of the StorageClass `storage_class`,
    None being the cluster's default one; ``server``: the API server's URL of the context (a string);
    ``gateway-address``: the IPv4 address of the gateway's Service, as the cluster's AddressStep names it;
    ``node-address``: the IPv4 address of a node, for networks without a gateway. The address of another cluster is
    asked for by its name in the Network, `cluster`; None is the one that the step acts in.
    """

    what: Literal["provisioner", "parameters", "server", "gateway-address", "node-address"]
    storage_class: str | None = None
    cluster: str | None = None

    def __str__(self) -> str:
        if self.what == "server":
            return "{cluster: server}"
        if self.what in ("gateway-address", "node-address"):
            where = f" of {self.cluster}" if self.cluster else ""
            return f"{{cluster: address of {'the gateway' if self.what == 'gateway-address' else 'a node'}{where}}}"
        return f"{{cluster: {self.what} of StorageClass {self.storage_class or '(default)'}}}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of the network as others reach it, and how to tell whether it is well.

    `host` is the DNS name (or IP, for Indy: see `address`); `port` the port on the gateway. `trust` names the object
    and data key that hold the CA certificate (PEM) the server's certificate must chain to; None: TLS is not expected, or
    only described. `service` is the backend as ``name.namespace:port`` inside the cluster.
    """

    id: str
    cluster: str
    organization: str
    release: str
    host: str
    port: int
    protocol: Literal["http", "https", "tls", "tcp", "ws"]
    probe: Literal[
        "json-rpc",
        "ws",
        "fabric-operations",
        "fabric-ca",
        "fabric-grpc",
        "network-map",
        "doorman",
        "tessera",
        "tls",
        "tcp",
    ]
    service: str
    trust: tuple[ObjectRef, str] | None = None
    #: through the gateway (False: only inside the cluster, gateway none)
    exposed: bool = True
    #: names that the served certificate may carry instead of `host` (facts A1.5: grpc-web)
    certificate_names: tuple[str, ...] = ()
    #: the host is an IP address that nobody knows when planning; `host` then only says in words whose
    address: ClusterFact | None = None
    #: where the ledger itself has written the address down, once it has: peers dial that one, whatever is true now
    recorded: Recorded | None = None
    #: reached at a port of the cluster's nodes: there is no gateway whose address, ports and names could be looked at
    node_port: bool = False
    #: where only pods of its own cluster can ask the node how it is: ``name.namespace:port`` (Substrate's RPC, which no
    #: gateway exposes)
    health: str | None = None

    @property
    def url(self) -> str:
        """As people write it; of TLS that the gateway passes through host and port."""
        default = {"http": 80, "ws": 80, "https": 443}.get(self.protocol)
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = host if self.port == default else f"{host}:{self.port}"
        return where if self.protocol == "tls" else f"{self.protocol}://{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Common to all steps. `needs` are step ids; `estimate` is nominal seconds, for the critical path shown."""

    id: str
    cluster: str
    namespace: str | None = None
    needs: tuple[str, ...] = ()
    estimate: float = 1.0
    organization: str | None = None
    #: False where the organization's owner runs this step with their own credentials
    managed: bool = True

    @property
    def kind(self) -> StepKind:
        """The word used for this step in plans, events and screens."""
        return KIND_OF[type(self)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceStep(Step):
    """Create a namespace (kept at destroy unless data is purged)."""

    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretValue:
    """Where a secret's value comes from: an environment variable or a file, resolved only by the engine.

    `word`: a chart puts the value into a shell script as it is, so that it may hold no blank and nothing that a shell
    reads (facts A3 Q4); the engine refuses another one before anything is changed. `url`: the script puts it into a URL
    besides (``https://user:password@ca``), which allows even less.
    """

    env: str | None = None
    file: str | None = None
    word: bool = False
    url: bool = False

    def __str__(self) -> str:
        return f"{{env: {self.env}}}" if self.env else f"{{file: {self.file}}}"


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """A short public text in an object of the cluster that the step acts in; the engine reads it before Helm is called.

    `key` is the data key; with `field`, a dotted path, its value is JSON and the text stands there. The whole text must
    match the regular expression `pattern`: so no key material gets into values, and nothing that a script would read
    as more than a word. It is put in the place of ``{}`` in `form`.
    """

    ref: ObjectRef
    key: str
    pattern: str
    field: str | None = None
    form: str = "{}"

    def __str__(self) -> str:
        where = f"{self.key} {self.field}" if self.field else self.key
        return self.form.replace("{}", f"<{where} of {self.ref.kind} {self.ref.name}>")


@dataclass(frozen=True, slots=True)
class ContainerLog:
    """What a container wrote: the first group of `pattern` in the last line that matches it whole."""

    container: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretStep(Step):
    """Create a Secret before the charts need it (facts 0.12: roottoken, regcred)."""

    name: str
    secret_type: Literal["Opaque", "kubernetes.io/dockerconfigjson"] = "Opaque"  # noqa: S105 - a type name
    #: data key -> value reference; for a docker config: server, username, password, email
    data: tuple[tuple[str, SecretValue | str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysStep(Step):
    """Make the keys of a node, in Secret `name`, before its chart would make them wrongly (facts A3 Q1).

    Only if the Secret is absent: keys are an identity and are never replaced, and they stay at destroy unless data is
    purged. `keys` says which data keys the Secret holds and in which form; `password` protects the account key in it
    (None: one is made up, which the Secret holds as well).
    """

    name: str
    keys: Literal["quorum-node"] = "quorum-node"
    password: SecretValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStep(Step):
    """Install one Helm release and wait until it is ready.

    `values` is a plain JSON tree in which a `SecretValue` or an `ObjectValue` may stand for a string and a
    `ClusterFact` for what it says. `files` are the chart files
    that handoffs fill (``files/genesis.json``). `patches` name changes of the private chart copy
    (`helm.patches`). `expects` is what the chart renders, `produces` what its pods write at run time.
    """

    release: str
    chart: str
    chart_version: str
    origin: ChartOrigin = "ledger"
    values: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    patches: tuple[str, ...] = ()
    expects: tuple[Expected, ...] = ()
    produces: tuple[Produced, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    #: releases of one lane run one at a time (facts A2.1: unlocked read-modify-write of one ConfigMap)
    lane: str | None = None
    #: what it makes is made for good (a genesis): once it is installed, other values or charts change nothing
    once: bool = False
    #: its Jobs make only what is missing and may end well without having made it: they may run again (facts F03)
    rerun: bool = False
    #: objects of this release that become ready only through a later step: not waited for here (facts A1.1, 2.2)
    later: tuple[ObjectRef, ...] = ()
    #: what it is for, where its name does not say it
    about: str = ""
    #: objects of earlier releases in the same namespace that must be ready too before this step is done
    awaits: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffStep(Step):
    """Take public material that one release left in its cluster to another.

    The source is one object of `cluster`/`namespace`. `key` None hands over the whole object as JSON, reduced
    to the data keys in `keep`; otherwise the one data value, decoded unless `keep_base64`; with `member`
    the value is a JSON object, of which that one goes, as JSON. With `keep_fields`, dotted paths, the value is JSON of
    which only those fields go, each where it was; so public fields can leave a key that is private as a whole. With
    `log` the source is a Pod, of whose container's log a word goes, under `key`; the policy is frozen then, because a
    log may be gone tomorrow. The target is a chart file of a release (`target_step`, `target_file`) or an object
    (`target_object` in `target_cluster`).
    Anything that looks like a private key is refused, whatever `keep` says (facts A1.2 h2, h3b).
    """

    source: ObjectRef
    key: str | None = None
    keep: tuple[str, ...] = ()
    keep_base64: bool = False
    member: str | None = None
    keep_fields: tuple[str, ...] = ()
    log: ContainerLog | None = None
    target_cluster: str
    target_step: str | None = None
    target_file: str | None = None
    target_object: ObjectRef | None = None
    policy: HandoffPolicy = "follow"
    #: to another operator (their side imports what we export), or from one; None: both ends are ours, or none is
    crossing: Literal["export", "import"] | None = None
    #: the organizations that receive what crosses
    receivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressStep(Step):
    """Wait until the gateway's Service has an address; `ports` must be on the Service."""

    service: ObjectRef
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DnsUpdate:
    """The server that takes dynamic updates (RFC 2136), ``host`` or ``host:port``, and the TSIG key it knows."""

    server: str
    key_name: str
    key_algorithm: str
    key: SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsStep(Step):
    """Wait until `domain`'s hosts lead to the gateway of `cluster`, by the mode the Network chose.

    With `update` (mode rfc2136) the step writes the records first, and they are taken away when the network is.
    """

    domain: str
    hosts: tuple[str, ...] = ()
    mode: Literal["manual", "external-dns", "rfc2136", "skip"] = "manual"
    address_step: str = ""
    update: DnsUpdate | None = None
    #: external-dns, and the gateway's Service is not ours: the step adds the domain to its annotation
    annotate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStep(Step):
    """Probe a cluster's endpoints from here once everything stands."""

    endpoints: tuple[Endpoint, ...] = ()
    domain: str | None = None


AnyStep = NamespaceStep | SecretStep | KeysStep | ReleaseStep | HandoffStep | AddressStep | DnsStep | CheckStep

KIND_OF: dict[type, StepKind] = {
    NamespaceStep: "namespace",
    SecretStep: "secret",
    KeysStep: "keys",
    ReleaseStep: "release",
    HandoffStep: "handoff",
    AddressStep: "address",
    DnsStep: "dns",
    CheckStep: "check",
}
