"""The organizations of a Network: where they live, who runs them, and the nodes they have on each platform."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bevel_tui.network.basics import Model, Name, SecretRef, Subject
from bevel_tui.network.fabric_model import FabricUser


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
