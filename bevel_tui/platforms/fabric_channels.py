"""What a Fabric network has in common: genesis, channels, the peers' joining (facts A1.1, steps 8 to 11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bevel_tui.network.fabric import channels
from bevel_tui.network.fabric_model import Channel
from bevel_tui.network.model import Organization
from bevel_tui.network.naming import NamedRelease
from bevel_tui.platforms.fabric_genesis_manifests import FOREIGN_ORDERERS
from bevel_tui.platforms.fabric_view import CONSORTIUM, View, msp
from bevel_tui.platforms.ids import namespace_id
from bevel_tui.records.steps import HandoffStep, ObjectRef, Produced, ReleaseStep, Step

#: what the genesis Job reads of another organization's admin-msp; keystore and signcerts stay at home
#: (facts A1.2 SECURITY, F23)
PUBLIC_MSP = ("admincerts", "cacerts", "tlscacerts")
#: and of another organization's <orderer>-tls; serverkey stays at home (h3b)
PUBLIC_TLS = ("cacrt", "servercrt")
SYSCHANNEL = "syschannel-genesis"


@dataclass(frozen=True, slots=True)
class Channels(View):
    """Plans once all organizations are planned."""

    def msp_handoffs(self, genesis: str) -> tuple[HandoffStep, ...]:
        """h2, h3 and h3b: the other organizations' public MSP, its configuration and their orderers' certificates, to
        the genesis (facts A1.2, F08, F09).

        Frozen: the genesis Job runs once; a renewed certificate must not make anyone reinstall it.
        """
        found: list[HandoffStep] = []

        def hand(
            source: Organization, what: str, ref: tuple[str, str], file: str, by: str, keep: tuple[str, ...]
        ) -> None:
            needs = self.step_id(source, by)
            found.append(
                self.handoff(
                    what, source, ref, self.founder, genesis, f"files/{file}.json", needs, keep=keep, policy="frozen"
                )
            )

        for source in self.network.organizations:
            orderers, peers = self.of_role(source, "orderer"), self.of_role(source, "peer")
            name = source.name
            if name == self.founder.name or not (orderers or peers):
                continue
            hand(source, "msp", ("Secret", "admin-msp"), name, [*orderers, *peers][0].name, PUBLIC_MSP)
            if peers:
                first = peers[0].name
                config = ("ConfigMap", f"{first}-msp-config")
                hand(source, "msp-config", config, f"{name}-config-file", first, ("mspConfig",))
            for orderer in orderers:
                tls = ("Secret", f"{orderer.name}-tls")
                what = f"orderer-tls-{orderer.name}"
                hand(source, what, tls, f"{orderer.name}-orderer-tls", orderer.name, PUBLIC_TLS)
        return tuple(found)

    def steps(self) -> list[Step]:
        genesis = self.of_role(self.founder, "genesis")[0]
        handoffs = self.msp_handoffs(genesis.name)
        first = self.genesis(genesis, handoffs)
        planned: list[Step] = [*handoffs, first]
        made: dict[str, tuple[str, ...]] = {}
        blocks = self.system_blocks(first) if self.syschannel else ()
        planned += blocks
        for channel in channels(self.network):
            steps = self.created(channel, first, blocks) if self.syschannel else self.joined(channel, first)
            made[channel.name] = tuple(step.id for step in steps if isinstance(step, ReleaseStep))
            planned += steps
        for organization in self.network.organizations:
            for join in self.of_role(organization, "join"):
                planned += self.join(organization, join, first, made[join.channel or ""])
        return planned

    def genesis(self, release: NamedRelease, handoffs: tuple[HandoffStep, ...]) -> ReleaseStep:
        """One Job makes the first block of every channel (2.5), or of the system channel and the transactions that make
        the others (2.2); it needs every node's certificates (F08, F09)."""
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
        values = {
            "global": self.globals(self.founder),
            "organizations": organizations,
            "consensus": "raft",
            "channels": [
                {
                    "name": channel.name,
                    "consortium": CONSORTIUM,
                    "orderers": [organization.name for organization in self.orderers],
                    "participants": list(channel.participants),
                }
                for channel in channels(self.network)
            ],
            # the genesis block stays with the orderers' ledgers (facts G)
            "settings": {"generateGenesis": True, "removeConfigMapOnDelete": False},
        }
        namespace = self.namespace(self.founder)
        products = tuple(
            Produced(ObjectRef("v1", "ConfigMap", name, namespace), (f"{name}_base64",), keep=True)
            for name in self.artifacts()
        )
        foreign = any(organization.name != self.founder.name for organization in self.orderers)
        return self.release(
            self.founder,
            release,
            values,
            (*needs, *(handoff.id for handoff in handoffs)),
            files=tuple(h.target_file for h in handoffs if h.target_file),
            produces=products,
            patches=(FOREIGN_ORDERERS,) if foreign else (),
            awaits=self.orderer_sets(self.founder) if self.syschannel else (),
        )

    def artifacts(self) -> list[str]:
        """ConfigMaps that the genesis Job makes, each with the key ``<name>_base64`` (facts A1.3)."""
        if not self.syschannel:
            return [f"{channel.name}-genesis" for channel in channels(self.network)]
        found = [SYSCHANNEL]
        for channel in channels(self.network):
            found.append(f"{channel.name}-channeltx")
            found += [f"{channel.name}-{participant}-anchortx" for participant in channel.participants]
        return found

    # ------------------------------------------------------------ 2.5: orderers join channels

    def joined(self, channel: Channel, genesis: ReleaseStep) -> list[Step]:
        """The orderers join the channel through their admin port, which is reached only inside their cluster: a release
        in each organization that orders, named as the channel (F13, F14; facts A1.3)."""
        planned: list[Step] = []
        for organization in self.orderers:
            release = next(r for r in self.of_role(organization, "channel") if r.name == channel.name)
            needs = genesis.id
            if organization.name != self.founder.name:
                block = self.copied(f"block-{channel.name}", f"{channel.name}-genesis", organization, genesis)
                planned.append(block)
                needs = block.id
            namespace = self.namespace(organization)
            values = {
                "global": self.globals(organization, proxy=False),
                "orderers": [
                    {"name": orderer.name, "adminAddress": f"{orderer.name}.{namespace}:7055"}
                    for orderer in self.of_role(organization, "orderer")
                ],
                "orderer": {"addOrderer": False},
            }
            planned.append(self.release(organization, release, values, (needs,)))
        return planned

    def copied(self, what: str, name: str, target: Organization, genesis: ReleaseStep) -> HandoffStep:
        """A ConfigMap that the genesis Job made, under the same name in another organization's namespace."""
        return self.handoff(
            what,
            self.founder,
            ("ConfigMap", name),
            target,
            name,
            None,
            (genesis.id, namespace_id(target.cluster, self.namespace(target))),
            keep=(f"{name}_base64",),
            target_object=ObjectRef("v1", "ConfigMap", name, self.namespace(target)),
            policy="frozen",
        )

    # ------------------------------------------------------------ 2.2: a peer creates channels

    def system_blocks(self, genesis: ReleaseStep) -> tuple[HandoffStep, ...]:
        """The system channel's genesis block, to the other organizations whose orderers wait for it (F07)."""
        return tuple(
            self.copied("system-block", SYSCHANNEL, organization, genesis)
            for organization in self.orderers
            if organization.name != self.founder.name
        )

    def created(self, channel: Channel, genesis: ReleaseStep, blocks: tuple[HandoffStep, ...]) -> list[Step]:
        """h4: the creator's first peer sends the transaction that makes the channel (facts A1.1, A1.2)."""
        creator = next(o for o in self.network.organizations if o.name == channel.creator)
        release = next(r for r in self.of_role(creator, "channel") if r.name == channel.name)
        peer = self.of_role(creator, "peer")[0].name
        transaction = f"{channel.name}-channeltx"
        handoff = self.handoff(
            "channel-tx",
            self.founder,
            ("ConfigMap", transaction),
            creator,
            release.name,
            "files/channeltx.json",
            genesis.id,
            key=f"{transaction}_base64",
            policy="frozen",
        )
        values = {
            "global": self.globals(creator, proxy=False),
            "peer": {
                "name": peer,
                "address": self.address(creator, peer, 7051),
                "localMspId": msp(creator),
                "logLevel": "info",
                "tlsStatus": True,
                "ordererAddress": self.orderer_address(creator),
            },
        }
        needs = (handoff.id, self.step_id(creator, peer), *(block.id for block in blocks))
        files = ("files/channeltx.json",)
        return [handoff, self.release(creator, release, values, needs, files=files)]

    # ------------------------------------------------------------ peers join

    def join(
        self, organization: Organization, release: NamedRelease, genesis: ReleaseStep, made: tuple[str, ...]
    ) -> list[Step]:
        """A peer joins a channel; each organization's first peer becomes its anchor (facts A1.1), in 2.2 by the
        transaction that the genesis Job made (h5)."""
        peer, channel = release.peer or "peer0", release.channel or ""
        anchor = peer == self.of_role(organization, "peer")[0].name
        values = {
            "global": self.globals(organization, proxy=False),
            "peer": {
                "name": peer,
                "type": "anchor" if anchor else "general",
                "address": self.address(organization, peer, 7051),
                "localMspId": msp(organization),
                "logLevel": "info",
                "tlsStatus": True,
                "channelName": channel,
                "ordererAddress": self.orderer_address(organization),
            },
        }
        needs = [*made, self.step_id(organization, peer)]
        handoffs: list[Step] = []
        if self.syschannel and anchor:
            transaction = f"{channel}-{organization.name}-anchortx"
            handoff = self.handoff(
                "anchor-tx",
                self.founder,
                ("ConfigMap", transaction),
                organization,
                release.name,
                "files/anchortx.json",
                genesis.id,
                key=f"{transaction}_base64",
                policy="frozen",
            )
            handoffs.append(handoff)
            needs.append(handoff.id)
        step = self.release(
            organization,
            release,
            values,
            tuple(needs),
            files=("files/anchortx.json",) if handoffs else (),
            # the founder's are awaited with the genesis
            awaits=self.orderer_sets(organization)
            if self.syschannel and organization.name != self.founder.name
            else (),
        )
        return [*handoffs, step]
