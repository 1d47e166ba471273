"""Hyperledger Fabric 2.5: Network -> steps (facts A1.1).

Every organization has its CA; the founding one also the orderers, the genesis block and the channels. Public
certificates go both ways: the orderers' CA out to the peers' organizations, their MSPs back into the genesis Job.
Behind a gateway the enrolment Jobs reach their CA by its public name, so they wait for DNS. Work-rounds of defects in
Bevel's charts are named below, each with the facts section it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bevel_tui.network.model import Channel, Fabric, Network, Organization, SecretRef
from bevel_tui.network.names import (
    NamedRelease,
    channels,
    cluster_key,
    fabric_releases,
    fabric_roles,
    founder,
    namespace_of,
)
from bevel_tui.platforms import fabric_manifests, groundwork
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.fabric_behaviour import BEHAVIOURS, VERSION
from bevel_tui.platforms.fabric_charts import ORDERER_TLS
from bevel_tui.platforms.ids import dns_step_id, handoff_id, release_id
from bevel_tui.records.steps import Endpoint, HandoffStep, ObjectRef, Produced, ReleaseStep, SecretValue, Step

behaviours = BEHAVIOURS

ACCOUNT = "vault-auth"
CA_SECRET = "fabric-ca-server-certs"  # noqa: S105 - the name of an object
#: what the genesis Job reads of another organization's admin-msp; keystore and signcerts stay at home
#: (facts A1.2 SECURITY, F23)
PUBLIC_MSP = ("admincerts", "cacerts", "tlscacerts")
MSP_KEYS = ("admincerts", "cacerts", "keystore", "signcerts", "tlscacerts")


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return fabric_manifests.manifests(step)


def steps(network: Network, ports: Mapping[tuple[str, str, str], int] | None = None) -> tuple[Step, ...]:
    """All steps of a Fabric network but the gateways'. `ports` is not used: everything is told apart by name."""
    planner = _Planner(network)
    planned: list[Step] = []
    for organization in network.organizations:
        planned += planner.organization(organization)
    planned += planner.channel_steps()
    return tuple(planned)


def subject_of(organization: Organization) -> str:
    """The X.509 subject as certs.orgData.componentSubject wants it (facts A1.4)."""
    return organization.subject or f"O={organization.name.capitalize()},L=51.50/-0.13/London,C=GB"


def ca_subject(organization: Organization) -> str:
    """The same as server.subject wants it, ``/C=../L=../O=..``: a slash inside a part would start another part."""
    parts = [part.partition("=") for part in subject_of(organization).split(",")]
    named = {key.strip().upper(): value.strip().rpartition("/")[2] for key, _, value in parts}
    named.setdefault("ST", named.get("L", "London"))
    return "".join(f"/{key}={named[key]}" for key in ("C", "ST", "L", "O", "OU") if key in named)


def shares_storage_class(network: Network, organization: Organization, peer: str) -> Organization | None:
    """The earlier organization of the same cluster whose peer of that name owns StorageClass ``storage-<peer>``.

    The class is cluster-scoped and owned by one release: a second peer0 in a cluster is installed with
    storage.enabled=false and uses the first one's (facts F, G03).
    """
    key = cluster_key(network.cluster(organization.cluster))
    for other in network.organizations:
        if other.name == organization.name:
            return None
        same = cluster_key(network.cluster(other.cluster)) == key
        if same and any(r.name == peer for r in fabric_releases(network, other)):
            return other
    return None


@dataclass(frozen=True, slots=True)
class _Planner:
    network: Network

    @property
    def platform(self) -> Fabric:
        if not isinstance(self.network.platform, Fabric):
            raise TypeError(f"not a Fabric network: {self.network.platform.type}")
        return self.network.platform

    @property
    def founder(self) -> Organization:
        return founder(self.network)

    @property
    def exposed(self) -> bool:
        return self.network.gateway.type == "haproxy"

    # ------------------------------------------------------------ names and addresses

    def namespace(self, organization: Organization) -> str:
        return namespace_of(self.network, organization)

    def step_id(self, organization: Organization, release: str) -> str:
        return release_id(organization.cluster, self.namespace(organization), release)

    def of_role(self, organization: Organization, role: str) -> list[NamedRelease]:
        return [r for r in fabric_releases(self.network, organization) if r.role == role]

    def suffix(self, organization: Organization) -> str:
        """global.proxy.externalUrlSuffix: the domain behind haproxy; Bevel's samples name the namespace without."""
        domain = self.network.cluster(organization.cluster).domain
        return domain if self.exposed and domain is not None else self.namespace(organization)

    def ca_address(self, organization: Organization) -> str:
        """Where enrolment Jobs find the CA: with a gateway by its public name and no port (facts A1.4, F05, F06)."""
        if self.exposed:
            return f"ca.{self.namespace(organization)}.{self.suffix(organization)}"
        return f"ca.{self.namespace(organization)}:7054"

    def address(self, organization: Organization, release: str, port: int) -> str:
        """Address of an orderer or peer as other organizations use it (facts A1.4)."""
        if self.exposed:
            return f"{release}.{self.namespace(organization)}.{self.suffix(organization)}:443"
        return f"{release}.{self.namespace(organization)}:{port}"

    def orderer_address(self) -> str:
        return self.address(self.founder, self.of_role(self.founder, "orderer")[0].name, 7050)

    def globals(
        self, organization: Organization, *, first: bool = False, version: bool = True, proxy: bool = True
    ) -> dict[str, Any]:
        edge: dict[str, Any] = {
            "provider": "haproxy" if self.exposed else "none",
            "externalUrlSuffix": self.suffix(organization),
        }
        tree = groundwork.global_values(
            self.network, organization, platform="fabric", account=ACCOUNT, proxy=edge if proxy else None, first=first
        )
        return {"version": self.platform.version, **tree} if version else tree

    # ------------------------------------------------------------ one organization

    def organization(self, organization: Organization) -> list[Step]:
        network = self.network
        handoffs: list[HandoffStep] = []
        releases: list[ReleaseStep] = [self.ca(organization)]
        for orderer in self.of_role(organization, "orderer"):
            releases.append(self.orderer(organization, orderer, releases))
        for peer in self.of_role(organization, "peer"):
            handoff = self.orderer_ca(organization, peer)
            handoffs += [handoff] if handoff else []
            releases.append(self.peer(organization, peer, releases, handoff))
        return [
            groundwork.namespace_step(network, organization),
            *groundwork.secret_steps(network, organization),
            *handoffs,
            *releases,
        ]

    def release(
        self,
        organization: Organization,
        release: NamedRelease,
        values: dict[str, Any],
        needs: tuple[str, ...],
        *,
        images: tuple[str, ...] = (),
        **more: Any,
    ) -> ReleaseStep:
        step = ReleaseStep(
            id=self.step_id(organization, release.name),
            cluster=organization.cluster,
            namespace=self.namespace(organization),
            organization=organization.name,
            managed=organization.managed,
            needs=needs,
            release=release.name,
            chart=release.chart,
            chart_version=VERSION,
            values=groundwork.with_images(self.network, values, *images),
            **more,
        )
        return groundwork.finish(step, manifests(step), BEHAVIOURS[step.chart])

    def ca_login(self, organization: Organization) -> tuple[str, str | SecretValue]:
        """The CA's bootstrap administrator; without a reference Bevel's sample password, which is public."""
        secret: SecretRef | None = fabric_roles(organization).ca_admin
        password = f"{organization.name}-adminpw" if secret is None else groundwork.reference(secret)
        return f"{organization.name}-admin", password

    def ca(self, organization: Organization) -> ReleaseStep:
        release = self.of_role(organization, "ca")[0]
        namespace = self.namespace(organization)
        user, password = self.ca_login(organization)
        values = {
            "global": self.globals(organization, first=True, version=False),
            "storage": {"size": "512Mi", **self.storage(organization)},
            "server": {
                # the CA's certificate and its database (a volume) belong together (facts G)
                "removeCertsOnDelete": False,
                "tlsStatus": True,
                "adminUsername": user,
                "adminPassword": password,
                "subject": ca_subject(organization),
            },
        }
        secret = ObjectRef("v1", "Secret", CA_SECRET, namespace)
        return self.release(
            organization,
            release,
            values,
            groundwork.first_needs(self.network, organization),
            images=("bevel-vault-mgmt",),
            produces=(Produced(secret, ("tls.crt", "tls.key"), ("tls.key",), keep=True),),
            endpoints=self.ca_endpoints(organization, release),
        )

    def storage(self, organization: Organization) -> dict[str, Any]:
        return groundwork.storage_values(self.network.cluster(organization.cluster))

    def certs(self, organization: Organization, kind: str, *, first: bool) -> dict[str, Any]:
        """Values of the enrolment. The scripts come with the first release of a namespace only (F19-F21)."""
        user, password = self.ca_login(organization)
        return {
            "generateCertificates": True,
            "orgData": {
                "caAddress": self.ca_address(organization),
                "caAdminUser": user,
                "caAdminPassword": password,
                "orgName": organization.name,
                "type": kind,
                "componentSubject": subject_of(organization),
            },
            "settings": {
                "createConfigMaps": first,
                "refreshCertValue": False,
                "addPeerValue": False,
                # true would take admin-msp, admin-tls and the orderers' CA from the releases that stay (facts G TRAP)
                "removeCertsOnDelete": False,
                "removeOrdererTlsOnDelete": False,
            },
        }

    def enrolment_needs(self, organization: Organization, before: list[ReleaseStep]) -> tuple[str, ...]:
        """The CA, the namespace's first enrolment (admin, scripts), and the way to the CA: DNS and gateway (F06)."""
        needs = [before[0].id]
        if len(before) > 1:
            needs.append(before[1].id)
        if self.exposed:
            needs.append(dns_step_id(organization.cluster))
        return tuple(needs)

    def orderer(self, organization: Organization, release: NamedRelease, before: list[ReleaseStep]) -> ReleaseStep:
        first = len(before) == 1
        values = {
            "global": self.globals(organization),
            "storage": {"size": "512Mi", **self.storage(organization)},
            "certs": self.certs(organization, "orderer", first=first),
            "orderer": {"consensus": "raft", "logLevel": "info", "localMspId": msp(organization), "tlsStatus": True},
        }
        return self.release(
            organization,
            release,
            values,
            self.enrolment_needs(organization, before),
            images=("certs",),
            produces=self.enrolled(organization, release, first=first),
            endpoints=self.node_endpoints(organization, release, 7050),
        )

    def peer(
        self, organization: Organization, release: NamedRelease, before: list[ReleaseStep], handoff: HandoffStep | None
    ) -> ReleaseStep:
        namespace, roles = self.namespace(organization), fabric_roles(organization)
        first = len(before) == 1
        needs = list(self.enrolment_needs(organization, before))
        if release.index > 0:  # its gossip starts at peer0 (facts A1.1)
            needs.append(before[-1].id)
        if handoff is not None:
            needs.append(handoff.id)
        lender = shares_storage_class(self.network, organization, release.name)
        if lender is not None:
            needs.append(self.step_id(lender, release.name))
        cli = roles.cli and release.index == roles.peers - 1
        values = {
            "global": self.globals(organization),
            "storage": {
                "enabled": lender is None,
                "peer": "512Mi",
                "couchdb": "512Mi",
                **(self.storage(organization) if lender is None else {}),
            },
            "certs": self.certs(organization, "peer", first=first),
            "peer": {
                "gossipPeerAddress": f"peer0.{namespace}:7051",
                "logLevel": "info",
                "localMspId": msp(organization),
                "tlsStatus": True,
                "cliEnabled": cli,
                "ordererAddress": self.orderer_address(),
                "couchdb": {"username": f"{organization.name}-user", "password": f"{organization.name}-userpw"},
            },
        }
        if self.exposed:
            values["global"]["proxy"]["port"] = 443
        return self.release(
            organization,
            release,
            values,
            tuple(dict.fromkeys(needs)),
            images=("certs", "peer") if cli else ("certs",),
            files=(handoff.target_file,) if handoff is not None and handoff.target_file else (),
            produces=self.enrolled(organization, release, first=first),
            endpoints=self.node_endpoints(organization, release, 7051),
        )

    def enrolled(self, organization: Organization, release: NamedRelease, *, first: bool) -> tuple[Produced, ...]:
        """What an enrolment Job writes (facts A1.3, runtime); the administrator's once in a namespace."""
        namespace = self.namespace(organization)

        def secret(name: str, keys: tuple[str, ...], private: tuple[str, ...]) -> Produced:
            return Produced(ObjectRef("v1", "Secret", name, namespace), keys, private, keep=True)

        products = [
            secret(f"{release.name}-tls", ("cacrt", "servercrt", "serverkey"), ("serverkey",)),
            secret(f"{release.name}-msp", MSP_KEYS, ("keystore",)),
        ]
        if first:
            products.append(secret("admin-tls", ("cacrt", "clientcrt", "clientkey"), ("clientkey",)))
            products.append(secret("admin-msp", MSP_KEYS, ("keystore",)))
            if release.role == "orderer":
                ref = ObjectRef("v1", "ConfigMap", ORDERER_TLS, namespace)
                products.append(Produced(ref, ("cacert",), keep=True))
        return tuple(products)

    # ------------------------------------------------------------ handoffs

    def handoff(
        self,
        what: str,
        source: Organization,
        ref: tuple[str, str],
        target: Organization,
        release: str,
        file: str,
        needs: str,
        **more: Any,
    ) -> HandoffStep:
        namespace = self.namespace(source)
        return HandoffStep(
            id=handoff_id(what, source.name, f"{target.name}/{release}"),
            cluster=source.cluster,
            namespace=namespace,
            organization=source.name,
            managed=source.managed and target.managed,
            needs=(needs,),
            estimate=0.2,
            source=ObjectRef("v1", ref[0], ref[1], namespace),
            target_cluster=target.cluster,
            target_step=self.step_id(target, release),
            target_file=file,
            **more,
        )

    def orderer_ca(self, organization: Organization, peer: NamedRelease) -> HandoffStep | None:
        """h1: the orderers' CA, to a peer of an organization that has none in its namespace (facts A1.2, F15)."""
        source = self.founder
        if organization.name == source.name:
            return None
        return self.handoff(
            "orderer-ca",
            source,
            ("ConfigMap", ORDERER_TLS),
            organization,
            peer.name,
            "files/orderer.crt",
            self.step_id(source, self.of_role(source, "orderer")[0].name),
            key="cacert",
        )

    def msp_handoffs(self, genesis: str) -> tuple[HandoffStep, ...]:
        """h2 and h3: the other organizations' public MSP and its configuration, to the genesis (facts A1.2, F08, F09).

        Frozen: the genesis Job runs once; a renewed certificate must not make anyone reinstall it.
        """
        found: list[HandoffStep] = []
        for source in self.network.organizations:
            peers = self.of_role(source, "peer")
            if source.name == self.founder.name or not peers:
                continue
            first = peers[0].name
            enrolled = self.step_id(source, first)
            for what, ref, file, keep in (
                ("msp", ("Secret", "admin-msp"), f"files/{source.name}.json", PUBLIC_MSP),
                ("msp-config", ("ConfigMap", f"{first}-msp-config"), f"files/{source.name}-config-file.json", None),
            ):
                found.append(
                    self.handoff(
                        what,
                        source,
                        ref,
                        self.founder,
                        genesis,
                        file,
                        enrolled,
                        keep=keep or ("mspConfig",),
                        policy="frozen",
                    )
                )
        return tuple(found)

    # ------------------------------------------------------------ channels

    def channel_steps(self) -> list[Step]:
        genesis = self.of_role(self.founder, "genesis")[0]
        handoffs = self.msp_handoffs(genesis.name)
        first = self.genesis(genesis, handoffs)
        planned: list[Step] = [*handoffs, first]
        for channel in channels(self.network):
            planned.append(self.channel(channel, first))
        for organization in self.network.organizations:
            planned += [self.join(organization, join) for join in self.of_role(organization, "join")]
        return planned

    def genesis(self, release: NamedRelease, handoffs: tuple[HandoffStep, ...]) -> ReleaseStep:
        """One Job makes the genesis block of every channel; it needs every node's certificates (F08, F09)."""
        organizations = []
        needs: list[str] = []
        for organization in self.network.organizations:
            entry: dict[str, Any] = {"name": organization.name}
            for role, key, address, port in (
                ("orderer", "orderers", "ordererAddress", 7050),
                ("peer", "peers", "peerAddress", 7051),
            ):
                nodes = self.of_role(organization, role)
                if nodes:
                    entry[key] = [{"name": n.name, address: self.address(organization, n.name, port)} for n in nodes]
                if organization.name == self.founder.name:
                    needs += [self.step_id(organization, node.name) for node in nodes]
            if len(entry) > 1:  # for an organization without nodes the Job would take the founder's own certificates
                organizations.append(entry)
        listed = channels(self.network)
        values = {
            "global": self.globals(self.founder),
            "organizations": organizations,
            "consensus": "raft",
            "channels": [
                {
                    "name": channel.name,
                    "consortium": "SupplyChainConsortium",
                    "orderers": [self.founder.name],
                    "participants": list(channel.participants),
                }
                for channel in listed
            ],
            # the genesis block stays with the orderers' ledgers (facts G)
            "settings": {"generateGenesis": True, "removeConfigMapOnDelete": False},
        }
        namespace = self.namespace(self.founder)
        blocks = tuple(
            Produced(
                ObjectRef("v1", "ConfigMap", f"{channel.name}-genesis", namespace),
                (f"{channel.name}-genesis_base64",),
                keep=True,
            )
            for channel in listed
        )
        return self.release(
            self.founder,
            release,
            values,
            (*needs, *(handoff.id for handoff in handoffs)),
            files=tuple(h.target_file for h in handoffs if h.target_file),
            produces=blocks,
        )

    def channel(self, channel: Channel, genesis: ReleaseStep) -> ReleaseStep:
        """The orderers join the channel, through their admin port inside the cluster; release = channel (F13, F14)."""
        release = next(r for r in self.of_role(self.founder, "channel") if r.name == channel.name)
        namespace = self.namespace(self.founder)
        values = {
            "global": self.globals(self.founder, proxy=False),
            "orderers": [
                {"name": orderer.name, "adminAddress": f"{orderer.name}.{namespace}:7055"}
                for orderer in self.of_role(self.founder, "orderer")
            ],
            "orderer": {"addOrderer": False},
        }
        return self.release(self.founder, release, values, (genesis.id,))

    def join(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        """A peer joins a channel; each organization's first peer becomes its anchor (facts A1.1)."""
        peer, channel = release.peer or "peer0", release.channel or ""
        values = {
            "global": self.globals(organization, proxy=False),
            "peer": {
                "name": peer,
                "type": "anchor" if peer == self.of_role(organization, "peer")[0].name else "general",
                "address": self.address(organization, peer, 7051),
                "localMspId": msp(organization),
                "logLevel": "info",
                "tlsStatus": True,
                "channelName": channel,
                "ordererAddress": self.orderer_address(),
            },
        }
        needs = (self.step_id(self.founder, channel), self.step_id(organization, peer))
        return self.release(organization, release, values, needs)

    # ------------------------------------------------------------ endpoints

    def endpoint(self, organization: Organization, release: NamedRelease, what: str, **fields: Any) -> Endpoint:
        return Endpoint(
            id=f"{self.step_id(organization, release.name)}/{what}",
            cluster=organization.cluster,
            organization=organization.name,
            release=release.name,
            exposed=self.exposed,
            **fields,
        )

    def ca_endpoints(self, organization: Organization, release: NamedRelease) -> tuple[Endpoint, ...]:
        """The CA's REST interface behind its own certificate, and its operations service (facts A1.5)."""
        namespace = self.namespace(organization)
        zone = f"{namespace}.{self.suffix(organization)}"
        local = f"ca.{namespace}.svc.cluster.local"
        trust = (ObjectRef("v1", "Secret", CA_SECRET, namespace), "tls.crt")
        return (
            self.endpoint(
                organization,
                release,
                "ca",
                host=f"ca.{zone}" if self.exposed else local,
                port=443 if self.exposed else 7054,
                protocol="tls",
                probe="fabric-ca",
                service=f"ca.{namespace}:7054",
                trust=trust,
                certificate_names=() if self.exposed else (f"ca.{namespace}",),
            ),
            self.endpoint(
                organization,
                release,
                "ops",
                host=f"ca-ops.{zone}" if self.exposed else local,
                port=80 if self.exposed else 9443,
                protocol="http",
                probe="fabric-operations",
                service=f"ca.{namespace}:9443",
            ),
        )

    def node_endpoints(self, organization: Organization, release: NamedRelease, grpc: int) -> tuple[Endpoint, ...]:
        """gRPC, grpc-web (which shows the node's own certificate) and operations of a node (facts A1.5)."""
        namespace = self.namespace(organization)
        zone = f"{namespace}.{self.suffix(organization)}"
        name = release.name
        local = f"{name}.{namespace}.svc.cluster.local"
        trust = (ObjectRef("v1", "Secret", f"{name}-tls", namespace), "cacrt")
        return (
            self.endpoint(
                organization,
                release,
                "grpc",
                host=f"{name}.{zone}" if self.exposed else local,
                port=443 if self.exposed else grpc,
                protocol="tls",
                probe="fabric-grpc",
                service=f"{name}.{namespace}:{grpc}",
                trust=trust,
            ),
            self.endpoint(
                organization,
                release,
                "proxy",
                host=f"{name}-proxy.{zone}" if self.exposed else local,
                port=443 if self.exposed else 7443,
                protocol="tls",
                probe="tls",
                service=f"{name}.{namespace}:7443",
                trust=trust,
                certificate_names=(f"{name}.{zone}",) if self.exposed else (),
            ),
            self.endpoint(
                organization,
                release,
                "ops",
                host=f"{name}-ops.{zone}" if self.exposed else local,
                port=80 if self.exposed else 9443,
                protocol="http",
                probe="fabric-operations",
                service=f"{name}.{namespace}:9443",
            ),
        )


def msp(organization: Organization) -> str:
    """The organization's MSP id; the genesis chart spells it so (facts A1.4, F16)."""
    return f"{organization.name}MSP"
