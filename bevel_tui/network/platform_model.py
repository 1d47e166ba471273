"""The platforms of a Network: the settings of each distributed ledger, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bevel_tui.network.basics import Model, SecretRef
from bevel_tui.network.fabric_model import Chaincode, Channel


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
