"""R3 Corda open source: Network -> steps (facts A5).

The first organization runs doorman and network map; notaries of any organization register with the network map, and
only then come nodes, which take the network's parameters from it. Behind a gateway every other organization takes over
the two certificates, because Java trusts only what it is told to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bevel_tui.network import corda
from bevel_tui.network.model import Network, Organization
from bevel_tui.network.naming import NamedRelease, founder, joins, namespace_of
from bevel_tui.platforms import corda_manifests, groundwork
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.corda_behaviour import BEHAVIOURS
from bevel_tui.platforms.corda_charts import DOORMAN_TLS, NMS_TLS
from bevel_tui.platforms.corda_manifests import HANDED
from bevel_tui.platforms.corda_planner import MAVEN, CordaPlanner
from bevel_tui.platforms.corda_view import Ports
from bevel_tui.platforms.ids import handoff_id
from bevel_tui.records.steps import HandoffStep, ObjectRef, Produced, ReleaseStep, Step

behaviours = BEHAVIOURS

#: the user that the chart makes in the database; its values have another one for the network map, which nobody makes
DB_USER = "doorman"

#: seconds that a notary's first start may take, Java and all, until it is registered with the network map
REGISTERED_WITHIN = 900.0

SERVICE_KEYS = (
    "nmskeystore",
    "doormankeystore",
    "rootcakeystore",
    "rootcacert",
    "rootcakey",
    "mongodb.pem",
    "mongoCA.crt",
)
PRIVATE_SERVICE_KEYS = ("nmskeystore", "doormankeystore", "rootcakeystore", "rootcakey", "mongodb.pem")
NODE_KEYS = ("network-map-truststore.jks", "nodekeystore.jks", "node.crt", "node.key")
PRIVATE_NODE_KEYS = ("nodekeystore.jks", "node.key", "sslkeystore.jks")


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return corda_manifests.manifests(step)


def steps(network: Network, ports: Ports | None = None) -> tuple[Step, ...]:
    """All steps of a Corda network but the gateways'. `ports`: p2p port by (cluster, namespace, release)."""
    return _Planner.plan(network, ports)


class _Planner(CordaPlanner):
    name = "corda"
    behaviours = BEHAVIOURS

    def manifests(self, step: ReleaseStep) -> tuple[Manifest, ...]:
        return corda_manifests.manifests(step)

    def wants_maven(self, organization: Organization) -> bool:
        roles = corda.roles(organization)
        return roles.notaries + roles.nodes > 0

    # ------------------------------------------------------------ certificates of doorman and network map

    def handoffs(self, organization: Organization) -> tuple[HandoffStep, ...]:
        """The two public certificates, base64 as they stand in their Secrets (facts A5, HANDOFF)."""
        if not self.exposed or not joins(self.network, organization):
            return ()
        first = founder(self.network)
        source = namespace_of(self.network, first)
        return tuple(
            HandoffStep(
                id=handoff_id(name.removesuffix("-tls-certs"), first.name, organization.name),
                cluster=first.cluster,
                namespace=source,
                organization=first.name,
                managed=first.managed and organization.managed,
                needs=self.founders("network-service"),
                estimate=0.2,
                source=ObjectRef("v1", "Secret", name, source),
                key="tls.crt",
                keep_base64=True,
                target_cluster=organization.cluster,
                target_step=self.id(organization, "init"),
                target_file=file,
            )
            for name, file in HANDED.items()
        )

    # ------------------------------------------------------------ doorman and network map

    def services(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        network, password = self.network, self.password
        namespace = namespace_of(network, organization)
        secret = {} if password is None else {"authPassword": password, "dbPassword": password}
        values: dict[str, Any] = {
            "global": self.global_values(organization, proxy=self.proxy(organization)),
            "storage": {
                "size": "1Gi",
                "dbSize": "1Gi",
                **groundwork.storage_values(network.cluster(organization.cluster)),
            },
            # identities and what they signed belong together: they go together, with --purge-data (facts G)
            "settings": {"removeKeysOnDelete": False},
            "doorman": {"username": DB_USER, **secret},
            "nms": {"username": DB_USER, **secret},
            "tls": self.tls(release, services=True),
        }
        keys = ObjectRef("v1", "Secret", f"{release.name}-certs", namespace)
        return self.release(
            organization,
            release,
            values,
            *(("tls",) if self.exposed else ()),
            needs=(self.id(organization, "init"), *groundwork.gateway_needs(network, organization.cluster)),
            produces=(
                Produced(keys, SERVICE_KEYS, PRIVATE_SERVICE_KEYS, keep=True),
                *self.tls_products(namespace, f"{release.name}-tls-certs", DOORMAN_TLS, NMS_TLS),
            ),
            endpoints=(
                self.service_endpoint(organization, release, "doorman", f"{release.name}-doorman", corda.SERVICE_PORT),
                self.service_endpoint(organization, release, "network-map", f"{release.name}-nms", corda.SERVICE_PORT),
            ),
        )

    # ------------------------------------------------------------ nodes

    def node_needs(self, organization: Organization, release: NamedRelease) -> tuple[str, ...]:
        """Nodes come after all notaries: a notary changes the network's parameters, and nodes that run would stop."""
        notaries = self.notaries if release.role == "node" else ()
        return (*self.founders("network-service"), *self.reachable, *notaries)

    def node_values(self, organization: Organization, release: NamedRelease) -> dict[str, Any]:
        network, password, apps = self.network, self.password, self.platform.cordapps
        notary: dict[str, Any] = {"enabled": release.role == "notary"}
        if notary["enabled"]:
            notary["validating"] = self.platform.validating
            notary["serviceLegalName"] = corda.service_name_of_notary(organization, release)
        conf: dict[str, Any] = {
            "removeKeysOnDelete": False,
            "legalName": corda.legal_name(organization, release),
            "notary": notary,
            "networkMapURL": corda.network_map_url(network),
            "doormanURL": corda.doorman_url(network),
        }
        if password is not None:
            # a notary logs in to the network map with the password of its database (C08)
            conf |= dict.fromkeys(("keystorePassword", "truststorePassword", "dataSourcePassword"), password)
            conf["rpcUser"] = [{"name": "nodeoperations", "password": password, "permissions": ["ALL"]}]
        jars = [] if apps is None else [{"jar": {"url": url}} for url in apps.jars]
        return {
            "image": {"corda": {"repository": "ghcr.io/hyperledger/bevel-corda", "tag": self.platform.version}},
            "nodeConf": conf,
            "cordApps": {"getCordApps": apps is not None, "mavenSecret": MAVEN, **({"jars": jars} if jars else {})},
        }

    def node_products(self, organization: Organization, release: NamedRelease) -> tuple[Produced, ...]:
        """The Secret of a notary has its last keys only after its registration with the network map."""
        ref = ObjectRef("v1", "Secret", f"{release.name}-certs", namespace_of(self.network, organization))
        made = Produced(ref, NODE_KEYS, PRIVATE_NODE_KEYS, keep=True)
        if release.role == "notary":
            made = replace(made, awaited=("truststore.jks",), within=REGISTERED_WITHIN)
        return (made,)
