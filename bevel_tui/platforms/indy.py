"""Hyperledger Indy: Network -> steps (facts A4).

Every organization makes the keys of its identities. The founder's genesis is put together from the public ones of all
organizations and from the addresses of their gateways, which are therefore known first; it goes back to every other
organization, whose stewards then form the pool. At last trustees register endorsers. Work-rounds of defects in
Bevel's charts are named below, each with the facts section it answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bevel_tui.network.indy import indy_releases, indy_roles, trustee_of
from bevel_tui.network.model import Indy, Network, Organization
from bevel_tui.network.names import p2p_ports
from bevel_tui.network.naming import NamedRelease, founder, namespace_of
from bevel_tui.platforms import groundwork, indy_manifests
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.ids import handoff_id, release_id
from bevel_tui.platforms.indy_behaviour import BEHAVIOURS, VERSION
from bevel_tui.platforms.indy_manifests import GENESIS, GENESIS_ONCE
from bevel_tui.platforms.indy_places import Places, Ports
from bevel_tui.records.steps import (
    HandoffStep,
    ObjectRef,
    Produced,
    ReleaseStep,
    Step,
)

behaviours = BEHAVIOURS

IMAGES = "ghcr.io/hyperledger"

#: public keys of an identity: chart file -> (Secret's name after the identity, member of its JSON value) (facts A4.1 k1)
IDENTITY_FILES = {"did": ("identity-public", "did"), "verkey": ("node-public-verif-keys", "verification-key")}
STEWARD_FILES = {
    **IDENTITY_FILES,
    "blspop": ("node-public-bls-keys", "bls-key-pop"),
    "blspub": ("node-public-bls-keys", "bls-public-key"),
}

#: all Secrets of an identity, each with the one key `value` (facts A4.2)
PUBLIC_SECRETS = (
    "identity-public",
    *(f"node-public-{what}-keys" for what in ("public", "verif", "bls")),
    *(f"client-public-{what}-keys" for what in ("public", "verif")),
)
PRIVATE_SECRETS = (
    "identity-private",
    *(f"node-private-{what}-keys" for what in ("private", "sig", "bls")),
    *(f"client-private-{what}-keys" for what in ("private", "sig")),
)


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a release step renders, reduced. Raises KeyError for a chart of another platform."""
    return indy_manifests.manifests(step)


def steps(network: Network, ports: Ports | None = None) -> tuple[Step, ...]:
    """All steps of an Indy network but the gateways'. `ports`: first p2p port by (cluster, namespace, release)."""
    planner = _Planner(network, p2p_ports(network) if ports is None else ports)
    return tuple(step for organization in network.organizations for step in planner.organization(organization))


@dataclass(frozen=True)
class _Planner:
    network: Network
    ports: Ports

    @property
    def platform(self) -> Indy:
        if not isinstance(self.network.platform, Indy):
            raise TypeError(f"not an Indy network: {self.network.platform.type}")
        return self.network.platform

    def organization(self, organization: Organization) -> Iterator[Step]:
        network = self.network
        yield groundwork.namespace_step(network, organization)
        yield from groundwork.secret_steps(network, organization)
        for release in self.named[organization.name]:
            match release.role:
                case "keys":
                    yield self.keys(organization, release)
                case "genesis" if organization.name == founder(network).name:
                    handoffs = tuple(self.public_keys(organization, release))
                    yield from (*handoffs, self.genesis(organization, release, handoffs))
                case "genesis":
                    handoffs = self.genesis_handoffs(organization, release)
                    yield from (*handoffs, self.genesis(organization, release, handoffs))
                case "steward":
                    yield self.steward(organization, release)
                case _:
                    handoffs = tuple(self.endorser_keys(organization, release))
                    yield from (*handoffs, self.registration(organization, release, handoffs))

    # ------------------------------------------------------------ who is who

    @cached_property
    def named(self) -> dict[str, tuple[NamedRelease, ...]]:
        """The releases of every organization, by its name."""
        return {o.name: indy_releases(self.network, o) for o in self.network.organizations}

    @cached_property
    def places(self) -> Places:
        return Places(self.network, self.ports)

    def stewards(self, organization: Organization) -> tuple[str, ...]:
        """Identities of an organization's stewards; each is also the name of its release (I06)."""
        return tuple(r.name for r in self.named[organization.name] if r.role == "steward")

    @cached_property
    def vouched(self) -> dict[str, list[Organization]]:
        """By trustee's organization: those whose stewards and endorser it vouches for."""
        found: dict[str, list[Organization]] = {}
        for organization in self.network.organizations:
            found.setdefault(trustee_of(self.network, organization).name, []).append(organization)
        return found

    @cached_property
    def every_steward(self) -> tuple[str, ...]:
        """Steps of all stewards of the network."""
        return tuple(self.id(o, name) for o in self.network.organizations for name in self.stewards(o))

    def id(self, organization: Organization, release: str) -> str:
        return release_id(organization.cluster, namespace_of(self.network, organization), release)

    def release(
        self, organization: Organization, release: NamedRelease, values: dict[str, Any], **more: Any
    ) -> ReleaseStep:
        step = ReleaseStep(
            id=self.id(organization, release.name),
            cluster=organization.cluster,
            namespace=namespace_of(self.network, organization),
            organization=organization.name,
            managed=organization.managed,
            release=release.name,
            chart=release.chart,
            chart_version=VERSION,
            values=groundwork.with_images(
                self.network, values, *(("bevel-vault-mgmt",) if release.role == "keys" else ())
            ),
            **{"patches": groundwork.patches(self.network), **more},
        )
        return groundwork.finish(step, manifests(step), BEHAVIOURS[step.chart])

    def global_values(self, organization: Organization, **more: Any) -> dict[str, Any]:
        account = "bevel-auth" if self.network.vault is None else "vault-auth"
        return groundwork.global_values(self.network, organization, platform="indy", account=account, **more)

    # ------------------------------------------------------------ keys

    def keys(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        """The keys of all identities of an organization; the namespace's first release (facts 0.4, A4.2)."""
        name, roles = organization.name, indy_roles(organization)
        stewards = self.stewards(organization)
        trustee, endorser = (
            f"{name}-{role}" if has else "" for role, has in (("trustee", roles.trustee), ("endorser", roles.endorser))
        )
        identities = {
            # said even when there is none: the chart's default is a trustee of the sample's (values.yaml)
            "trustee": trustee,
            "endorser": endorser,
            "stewards": list(stewards),
        }
        everyone = [identity for identity in (trustee, endorser, *stewards) if identity]
        namespace = namespace_of(self.network, organization)
        return self.release(
            organization,
            release,
            {
                "global": self.global_values(organization, first=True),
                "image": {"keyUtils": f"{IMAGES}/bevel-indy-key-mgmt:{self.platform.version}"},
                # keys and ledger belong together: they go together, with --purge-data (facts G)
                "settings": {"removeKeysOnDelete": False, "identities": identities},
            },
            needs=groundwork.first_needs(self.network, organization),
            produces=tuple(product for identity in everyone for product in _key_products(namespace, identity)),
        )

    # ------------------------------------------------------------ genesis

    def public_keys(self, target: Organization, release: NamedRelease) -> Iterator[HandoffStep]:
        """k1: the public keys of every trustee and steward, to the founder (facts A4.1)."""
        for source in self.network.organizations:
            if indy_roles(source).trustee:
                yield from self.identity(source, f"{source.name}-trustee", IDENTITY_FILES, target, release.name)
            for steward in self.stewards(source):
                yield from self.identity(source, steward, STEWARD_FILES, target, release.name)

    def identity(
        self,
        source: Organization,
        identity: str,
        files: Mapping[str, tuple[str, str]],
        target: Organization,
        release: str,
    ) -> Iterator[HandoffStep]:
        """One handoff per chart file; each takes one member of a Secret that holds public keys only."""
        namespace = namespace_of(self.network, source)
        for file, (secret, member) in files.items():
            yield HandoffStep(
                id=handoff_id(f"{identity}-{file}", source.name, release if release != "genesis" else target.name),
                cluster=source.cluster,
                namespace=namespace,
                organization=source.name,
                managed=source.managed and target.managed,
                needs=(self.id(source, f"{source.name}-keys"),),
                estimate=0.1,
                source=ObjectRef("v1", "Secret", f"{identity}-{secret}", namespace),
                key="value",
                member=member,
                target_cluster=target.cluster,
                target_step=self.id(target, release),
                target_file=f"files/{identity}-{file}.json",
                policy="frozen",
            )

    def genesis_handoffs(self, target: Organization, release: NamedRelease) -> tuple[HandoffStep, ...]:
        """k2: the founder's genesis, to everybody else (facts A4.1). Frozen: a genesis never changes."""
        source = founder(self.network)
        namespace = namespace_of(self.network, source)
        return tuple(
            HandoffStep(
                id=handoff_id(key.replace("_", "-"), source.name, target.name),
                cluster=source.cluster,
                namespace=namespace,
                organization=source.name,
                managed=source.managed and target.managed,
                needs=(self.id(source, release.name),),
                estimate=0.1,
                source=ObjectRef("v1", "ConfigMap", name, namespace),
                key=key,
                target_cluster=target.cluster,
                target_step=self.id(target, release.name),
                target_file=f"files/{key}.json",
                policy="frozen",
            )
            for name, key in GENESIS.items()
        )

    def genesis(
        self, organization: Organization, release: NamedRelease, handoffs: tuple[HandoffStep, ...]
    ) -> ReleaseStep:
        network = self.network
        primary = organization.name == founder(network).name
        namespace = namespace_of(network, organization)
        settings: dict[str, Any] = {
            # as the keys; and destroying without --purge-data leaves a genesis that fits what it left (GENESIS_ONCE)
            "removeGenesisOnDelete": False,
            "secondaryGenesis": not primary,
        }
        needs: tuple[str, ...] = ()
        if primary:
            settings["trustees"] = [self.trustee(o) for o in network.organizations if indy_roles(o).trustee]
            needs = self.places.address_needs()
        maps = ((ObjectRef("v1", "ConfigMap", name, namespace), key) for name, key in GENESIS.items())
        return self.release(
            organization,
            release,
            {
                "global": self.global_values(organization),
                "settings": settings,
            },
            needs=(self.id(organization, f"{organization.name}-keys"), *needs, *(h.id for h in handoffs)),
            files=tuple(h.target_file for h in handoffs if h.target_file),
            patches=(*((GENESIS_ONCE,) if primary else ()), *groundwork.patches(network)),
            produces=tuple(Produced(ref, (key,), keep=True) for ref, key in maps) if primary else (),
        )

    def trustee(self, organization: Organization) -> dict[str, Any]:
        """A trustee of the genesis with the stewards that it vouches for."""
        return {
            "name": f"{organization.name}-trustee",
            "stewards": [
                {
                    "name": name,
                    "publicIp": self.places.public_ip(steward),
                    "nodePort": self.places.outer_ports(steward, name)[0],
                    "clientPort": self.places.outer_ports(steward, name)[1],
                }
                for steward in self.vouched.get(organization.name, ())
                for name in self.stewards(steward)
            ],
        }

    # ------------------------------------------------------------ stewards

    def steward(self, organization: Organization, release: NamedRelease) -> ReleaseStep:
        network = self.network
        cluster = network.cluster(organization.cluster)
        everything = self.global_values(organization, proxy={"provider": network.gateway.type})
        inner, outer = (
            self.places.inner_ports(organization, release.name),
            self.places.outer_ports(organization, release.name),
        )
        sides = {
            side: {"publicIp": self.places.public_ip(organization), "port": port, "externalPort": external}
            for side, port, external in zip(("node", "client"), inner, outer, strict=True)
        }
        return self.release(
            organization,
            release,
            {
                # the node reads its keys from Secrets in both vault modes (facts A4.2)
                "global": {key: value for key, value in everything.items() if key != "vault"},
                "storage": {"keys": "512Mi", "data": "4Gi", **groundwork.storage_values(cluster)},
                "image": {
                    "indyNode": {"repository": f"{IMAGES}/bevel-indy-node", "tag": self.platform.version},
                },
                "settings": {"serviceType": "NodePort" if network.gateway.type == "none" else "ClusterIP", **sides},
            },
            needs=(
                self.id(organization, "genesis"),
                *groundwork.gateway_needs(network, organization.cluster),
            ),
            endpoints=self.places.endpoints(organization, release),
        )

    # ------------------------------------------------------------ endorsers

    def endorser_keys(self, target: Organization, release: NamedRelease) -> Iterator[HandoffStep]:
        """k3: an endorser's public keys, to the trustee who registers it (facts A4.1)."""
        source = self.endorsing(release)
        yield from self.identity(source, f"{source.name}-endorser", IDENTITY_FILES, target, release.name)

    def endorsing(self, release: NamedRelease) -> Organization:
        name = release.name.removesuffix("-endorser-id")
        return next(o for o in self.network.organizations if o.name == name)

    def registration(
        self, organization: Organization, release: NamedRelease, handoffs: tuple[HandoffStep, ...]
    ) -> ReleaseStep:
        """The trustee writes the endorser to the ledger, in its own namespace and once the pool runs (I08)."""
        placed = groundwork.placement(self.network)
        return self.release(
            organization,
            release,
            {
                **({"global": {"placement": placed}} if placed else {}),
                "admin": f"{organization.name}-trustee",
                "newIdentity": {"name": f"{self.endorsing(release).name}-endorser", "role": "ENDORSER"},
            },
            needs=(self.id(organization, "genesis"), *(h.id for h in handoffs), *self.every_steward),
            files=tuple(h.target_file for h in handoffs if h.target_file),
        )


def _key_products(namespace: str, identity: str) -> Iterator[Produced]:
    """The Secrets of an identity (facts A4.2): whole Secrets are public or private. Kept with the ledger."""
    for what in PUBLIC_SECRETS:
        yield Produced(ObjectRef("v1", "Secret", f"{identity}-{what}", namespace), ("value",), keep=True)
    for what in PRIVATE_SECRETS:
        yield Produced(ObjectRef("v1", "Secret", f"{identity}-{what}", namespace), ("value",), ("value",), keep=True)
