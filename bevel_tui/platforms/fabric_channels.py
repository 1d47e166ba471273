"""What a Fabric network has in common: genesis, channels, the peers' joining (facts A1.1, steps 8 to 11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bevel_tui.network.model import Channel, Organization
from bevel_tui.network.names import (
    NamedRelease,
    channels,
)
from bevel_tui.platforms.fabric_view import View, msp
from bevel_tui.records.steps import HandoffStep, ObjectRef, Produced, ReleaseStep, Step

#: what the genesis Job reads of another organization's admin-msp; keystore and signcerts stay at home
#: (facts A1.2 SECURITY, F23)
PUBLIC_MSP = ("admincerts", "cacerts", "tlscacerts")


@dataclass(frozen=True, slots=True)
class Channels(View):
    """Plans once all organizations are planned."""

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

    def steps(self) -> list[Step]:
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
