"""A Fabric organization's own part: CA, orderers, peers, and what is handed to its peers (facts A1.1, steps 1 to 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bevel_tui.network.fabric import chaincodes, fabric_releases, fabric_roles
from bevel_tui.network.model import Network, Organization, SecretRef
from bevel_tui.network.naming import NamedRelease, cluster_key, storage_class
from bevel_tui.platforms import groundwork
from bevel_tui.platforms.fabric_charts import CA_CERTS, ORDERER_TLS, TOOLS_IMAGE, fullname
from bevel_tui.platforms.fabric_node_manifests import CCAAS_BUILDER
from bevel_tui.platforms.fabric_view import ACCOUNT, CONSORTIUM, OLD_VERSION, View, msp
from bevel_tui.platforms.ids import dns_step_id
from bevel_tui.records.steps import HandoffStep, ObjectRef, Produced, ReleaseStep, SecretValue, Step

MSP_KEYS = ("admincerts", "cacerts", "keystore", "signcerts", "tlscacerts")


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
class Organizations(View):
    """Plans one organization at a time."""

    def steps(self, organization: Organization) -> list[Step]:
        network = self.network
        handoffs: list[HandoffStep] = []
        releases: list[ReleaseStep] = [self.ca(organization)]
        for orderer in self.of_role(organization, "orderer"):
            releases.append(self.orderer(organization, orderer, releases))
        for peer in self.of_role(organization, "peer"):
            handoff = self.orderer_ca(organization, peer)
            handoffs += [handoff] if handoff else []
            releases.append(self.peer(organization, peer, releases, handoff))
        releases += [self.console(organization, console, releases) for console in self.of_role(organization, "console")]
        return [
            groundwork.namespace_step(network, organization),
            *groundwork.secret_steps(network, organization),
            *handoffs,
            *releases,
        ]

    def ca_login(self, organization: Organization) -> tuple[str, str | SecretValue]:
        """The CA's bootstrap administrator; without a reference Bevel's sample password, which is public."""
        secret: SecretRef | None = fabric_roles(organization).ca_admin
        password = f"{organization.name}-adminpw" if secret is None else groundwork.reference(secret, url=True)
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
        secret = ObjectRef("v1", "Secret", CA_CERTS, namespace)
        return self.release(
            organization,
            release,
            values,
            groundwork.first_needs(self.network, organization),
            images=("bevel-vault-mgmt",),
            produces=(Produced(secret, ("tls.crt", "tls.key"), ("tls.key",), keep=True),),
            endpoints=self.ca_endpoints(organization, release),
        )

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
            rerun=True,
            # its pod mounts the system channel's genesis block, which is made from its certificates (facts A1.1, F07)
            later=tuple(
                ref
                for ref in self.orderer_sets(organization)
                if self.syschannel and ref.name == fullname("fabric-orderernode", release.name)
            ),
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
                "ordererAddress": self.orderer_address(organization),
                "couchdb": {"username": f"{organization.name}-user", "password": f"{organization.name}-userpw"},
            },
        }
        if self.exposed:
            values["global"]["proxy"]["port"] = 443
        users = roles.users if release.index == 0 else ()
        if users:
            values["certs"]["users"] = {
                "usersList": [
                    {"identity": u.name, "attributes": [{"key": k, "value": v} for k, v in u.attributes.items()]}
                    for u in users
                ]
            }
        return self.release(
            organization,
            release,
            values,
            tuple(dict.fromkeys(needs)),
            images=("certs", "peer") if cli else ("certs",),
            files=(handoff.target_file,) if handoff is not None and handoff.target_file else (),
            produces=self.enrolled(organization, release, first=first, users=tuple(u.name for u in users)),
            endpoints=self.node_endpoints(organization, release, 7051),
            patches=(CCAAS_BUILDER,) if self.external_chaincode(organization) else (),
            rerun=True,
        )

    def external_chaincode(self, organization: Organization) -> bool:
        """Whether its peers must know the builder for chaincodes that are servers."""
        return any(c.external is not None and organization.name in c.organizations for c in chaincodes(self.network))

    def console(self, organization: Organization, release: NamedRelease, before: list[ReleaseStep]) -> ReleaseStep:
        """The operations console: it keeps its database on the CA's StorageClass, since it brings none."""
        namespace = self.namespace(organization)
        values: dict[str, Any] = {
            "metadata": {
                "namespace": namespace,
                "images": {"configtxlator": f"{TOOLS_IMAGE}:{self.platform.version}"},
            },
            "storage": {"couchdb": {"storageclassname": storage_class(before[0].release), "storagesize": "512Mi"}},
            "service": {
                "name": release.name,
                "serviceaccountname": ACCOUNT,
                "imagesecretname": "" if self.network.registry is None else self.network.registry.pull_secret,
                "default_consortium": CONSORTIUM,
            },
            "proxy": {
                "provider": "haproxy" if self.exposed else "none",
                "external_url_suffix": self.suffix(organization),
            },
        }
        if placed := groundwork.placement(self.network):
            values["global"] = {"placement": placed}
        host = f"{release.name}.{namespace}"
        endpoint = self.endpoint(
            organization,
            release,
            "console",
            host=f"{host}.{self.suffix(organization)}" if self.exposed else f"{host}.svc.cluster.local",
            port=443 if self.exposed else 3000,
            # HAProxy ends its TLS, with its own certificate: the chart names no Secret, and the console speaks plain HTTP
            protocol="https" if self.exposed else "tcp",
            probe="tls" if self.exposed else "tcp",
            service=f"{release.name}.{namespace}:3000",
        )
        return self.release(organization, release, values, (before[0].id,), version=OLD_VERSION, endpoints=(endpoint,))

    def enrolled(
        self, organization: Organization, release: NamedRelease, *, first: bool, users: tuple[str, ...] = ()
    ) -> tuple[Produced, ...]:
        """What an enrolment Job writes (facts A1.3, runtime); the administrator's once in a namespace."""
        namespace = self.namespace(organization)

        def secret(name: str, keys: tuple[str, ...], private: tuple[str, ...]) -> Produced:
            return Produced(ObjectRef("v1", "Secret", name, namespace), keys, private, keep=True)

        products = [
            secret(f"{release.name}-tls", ("cacrt", "servercrt", "serverkey"), ("serverkey",)),
            secret(f"{release.name}-msp", MSP_KEYS, ("keystore",)),
        ]
        for name in ("admin",) * first + users:
            products.append(secret(f"{name}-tls", ("cacrt", "clientcrt", "clientkey"), ("clientkey",)))
            products.append(secret(f"{name}-msp", MSP_KEYS, ("keystore",)))
        if first and release.role == "orderer":
            ref = ObjectRef("v1", "ConfigMap", ORDERER_TLS, namespace)
            products.append(Produced(ref, ("cacert",), keep=True))
        return tuple(products)

    def orderer_ca(self, organization: Organization, peer: NamedRelease) -> HandoffStep | None:
        """h1: the orderers' CA, to a peer of an organization that has none in its namespace (facts A1.2, F15)."""
        source = self.ordered_by(organization)
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
