"""R3 Corda Enterprise: Network -> steps (facts A6).

The first organization runs the network manager, CENM. Its notaries register with the identity manager, and what they
say of themselves is where the network map starts from: the second pass. Then come nodes. Every other organization gets
the network's root, and behind a gateway two certificates, as Secrets: its charts have no files for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from bevel_tui.network import corda
from bevel_tui.network.corda import CENM, CENM_PORT
from bevel_tui.network.model import CordaEnterprise, Network, Organization
from bevel_tui.network.naming import NamedRelease, founder, joins, namespace_of
from bevel_tui.platforms import corda_enterprise_manifests, groundwork
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.cenm_manifests import CERTS, NOTARY_INFO
from bevel_tui.platforms.corda_charts import ADVERTISED_PORT, DOORMAN_TLS, NMS_TLS
from bevel_tui.platforms.corda_enterprise_behaviour import BEHAVIOURS
from bevel_tui.platforms.corda_planner import MAVEN, CordaPlanner
from bevel_tui.platforms.corda_view import Ports
from bevel_tui.platforms.ids import handoff_id, namespace_id
from bevel_tui.records.steps import HandoffStep, ObjectRef, Produced, ReleaseStep, Step

behaviours = BEHAVIOURS

ROOT_TRUST = "network-root-truststore.jks"
PUBLIC_KEYS = (ROOT_TRUST, "corda-ssl-trust-store.jks", "tls.crl", "root.crl", "subordinate.crl")
PRIVATE_KEYS = (
    *(f"corda-ssl-{what}-keys.jks" for what in ("auth", "identity-manager", "network-map", "root", "signer")),
    "identity-manager-key-store.jks",
    "network-map-key-store.jks",
)
NODE_KEYS = ("nodekeystore.jks", "sslkeystore.jks", "truststore.jks")

#: services of the network manager and the names of their images
SERVICE_IMAGES = {
    "auth": {"auth": "auth"},
    "gateway": {"gateway": "gateway"},
    "zone": {"zone": "zone"},
    "signer": {"enterpriseCli": "cli", "signer": "signer"},
    "idman": {"enterpriseCli": "cli", "idman": "identitymanager"},
}


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return corda_enterprise_manifests.manifests(step)


def steps(network: Network, ports: Ports | None = None) -> tuple[Step, ...]:
    """All steps of a Corda Enterprise network but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
    return _Planner.plan(network, ports)


class _Planner(CordaPlanner):
    name = "corda-enterprise"
    behaviours = BEHAVIOURS

    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        return corda_enterprise_manifests.manifests(step)

    @property
    def settings(self) -> CordaEnterprise:
        if not isinstance(self.network.platform, CordaEnterprise):
            raise TypeError(self.network.platform.type)
        return self.network.platform

    def images(self, names: dict[str, str]) -> dict[str, Any]:
        """The `image` tree of a service."""
        where, tag = self.settings.images, self.settings.cenm_version
        return {key: {"repository": f"{where}/enterprise-{name}", "tag": tag} for key, name in names.items()}

    # ------------------------------------------------------------ the network's root, and certificates

    def handoffs(self, organization: Organization) -> tuple[HandoffStep, ...]:
        """Secrets reduced to what is public: the trust store alone, certificates without their keys (facts A6, HANDOFF)."""
        if not joins(self.network, organization):
            return ()
        wanted = {CERTS: ROOT_TRUST}
        if self.exposed:
            wanted |= {DOORMAN_TLS: "tls.crt", NMS_TLS: "tls.crt"}
        return tuple(self._handoffs(organization, wanted))

    def _handoffs(self, organization: Organization, wanted: dict[str, str]) -> Iterator[HandoffStep]:
        first = founder(self.network)
        source, target = namespace_of(self.network, first), namespace_of(self.network, organization)
        for name, key in wanted.items():
            yield HandoffStep(
                id=handoff_id(name.removesuffix("-certs").removesuffix("-tls"), first.name, organization.name),
                cluster=first.cluster,
                namespace=source,
                organization=first.name,
                managed=first.managed and organization.managed,
                needs=(*self.founders("network-service"), namespace_id(organization.cluster, target)),
                estimate=0.2,
                source=ObjectRef("v1", "Secret", name, source),
                keep=(key,),
                target_cluster=organization.cluster,
                target_object=ObjectRef("v1", "Secret", name, target),
            )

    # ------------------------------------------------------------ the network manager

    def services(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        network = self.network
        first = (self.id(organization, "init"), *groundwork.gateway_needs(network, organization.cluster))
        namespace = namespace_of(network, organization)
        values: dict[str, Any] = {
            "global": self.global_values(organization, proxy=self.proxy(organization)),
            "storage": groundwork.storage_values(network.cluster(organization.cluster)),
        }
        if release.role == "network-map":
            # the certificate's name is CENM's, so the host must begin so too (facts A6, E01)
            values["global"]["vault"] = {"type": values["global"]["vault"]["type"]}  # it has no keys of its own
            values |= {"prefix": CENM, "image": self.images({"enterpriseCli": "cli", "networkmap": "networkmap"})}
            return self.release(
                organization,
                release,
                values,
                needs=(*first, *self.founders("network-service"), *self.notaries),
                endpoints=(self.service_endpoint(organization, release, "network-map", "cenm-networkmap", CENM_PORT),),
            )
        values |= {"settings": {"removeKeysOnDelete": False}, "image": self.images({"pki": "pkitool"})}
        values |= {part: {"image": self.images(names)} for part, names in SERVICE_IMAGES.items()}
        values["tls"] = self.tls(release, services=True)
        certs = ObjectRef("v1", "Secret", CERTS, namespace)
        return self.release(
            organization,
            release,
            values,
            *SERVICE_IMAGES,
            *(("tls",) if self.exposed else ()),
            needs=first,
            produces=(
                Produced(certs, (*PUBLIC_KEYS, *PRIVATE_KEYS), PRIVATE_KEYS, keep=True),
                *self.tls_products(namespace, f"{release.name}-tls-certs", DOORMAN_TLS, NMS_TLS),
            ),
            endpoints=(self.service_endpoint(organization, release, "doorman", "idman", CENM_PORT),),
        )

    # ------------------------------------------------------------ nodes

    def node_needs(self, organization: Organization, release: NamedRelease) -> tuple[str, ...]:
        """Notaries register before there is a network map, nodes after."""
        role = "network-service" if release.role == "notary" else "network-map"
        return (*self.founders(role), *self.reachable, *(handoff.id for handoff in self.handoffs(organization)))

    def node_patches(self) -> tuple[str, ...]:
        return (ADVERTISED_PORT,)

    def node_lane(self, organization: Organization, release: NamedRelease) -> str | None:
        """Notaries add themselves to one Secret, read and written without a lock."""
        if release.role != "notary":
            return None
        return f"{organization.cluster}/{namespace_of(self.network, organization)}/{NOTARY_INFO}"

    def node_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        network, password, apps = self.network, self.password, self.platform.cordapps
        doorman, network_map = corda.doorman_url(network), corda.network_map_url(network)
        conf: dict[str, Any] = {
            "legalName": corda.legal_name(organization, release),
            "networkMapURL": network_map,
            "doormanURL": doorman,
        }
        if self.exposed:
            # names under which Java trusts their certificates
            conf |= {"doormanDomain": urlsplit(doorman).hostname, "networkMapDomain": urlsplit(network_map).hostname}
        if release.role == "notary":
            conf["notary"] = {
                "validating": self.platform.validating,
                "serviceLegalName": corda.service_name_of_notary(organization, release),
            }
        if password is not None:
            conf["creds"] = {"truststore": password, "keystore": password}
            conf["rpc"] = {"users": [{"name": "node", "password": password, "permissions": "ALL"}]}
        values: dict[str, Any] = {
            "image": {"node": {"repository": f"{self.settings.images}/corda-enterprise", "tag": self.settings.version}},
            "nodeConf": conf,
        }
        if password is not None:
            values["dataSourceProperties"] = {"dataSource": {"password": password}}
        if apps is not None:
            values["cordApps"] = {
                "getCordApps": True,
                "mavenSecret": MAVEN,
                "jars": [{"url": url} for url in apps.jars],
            }
        return values

    def node_products(self, organization: Organization, release: NamedRelease) -> tuple[Produced, ...]:
        namespace = namespace_of(self.network, organization)
        certs = ObjectRef("v1", "Secret", f"{release.name}-certs", namespace)
        made = [Produced(certs, NODE_KEYS, NODE_KEYS[:2], keep=True)]
        if release.role == "notary":
            # its keys are called by what they hold
            made.append(Produced(ObjectRef("v1", "Secret", NOTARY_INFO, namespace), keep=True))
        return tuple(made)
