"""The parts of a Fabric network beyond its nodes: channels, chaincode, users."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bevel_tui.network.basics import Model, Name, SecretRef

ChannelName = Annotated[str, Field(max_length=11, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$")]
#: part of a URL that a script puts together: nothing that a shell or the URL itself would read
Word = Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9._~-]+$")]
Path = Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9._/-]+$")]


class Channel(Model):
    """A Fabric channel. `participants` empty: all organizations with peers."""

    name: ChannelName = Field(description="Name of the channel; also the name of its Helm release.")
    participants: tuple[Name, ...] = Field(
        (), description="Organizations that join; empty: all that have peers.", max_length=100
    )
    creator: Name | None = Field(
        None, description="Fabric 2.2: the participant whose peer creates the channel. Default: the first one."
    )


class Repository(Model):
    """Where the source of a chaincode is: a Git repository, read over HTTPS by a Job in each organization."""

    url: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)+$")] = Field(
        description="Host and path without https://, for example github.com/hyperledger/bevel-samples.git."
    )
    branch: Path = Field("main", description="Branch or tag.")
    path: Path = Field(".", description="Folder in the repository in which the chaincodes are.")
    username: Word | None = Field(None, description="User, where the repository is not public.")
    password: SecretRef | None = Field(
        None, description="Password or token: letters, digits and .~_- only, because a script puts it into a URL."
    )

    @model_validator(mode="after")
    def _both(self) -> Repository:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self


class ExternalChaincode(Model):
    """A chaincode that runs as a server of its own instead of being built by the peers. Exactly one of the two."""

    image: Annotated[str, Field(max_length=255, pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]*$")] | None = Field(
        None, description="Image of the server; every organization runs one beside its peers, on port 9999."
    )
    address: Annotated[str, Field(max_length=255, pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")] | None = Field(
        None, description="host:port of a server that runs already; without TLS, as peers of every organization see it."
    )

    @model_validator(mode="after")
    def _one(self) -> ExternalChaincode:
        if (self.image is None) == (self.address is None):
            raise ValueError("exactly one of image and address must be given")
        return self


class Chaincode(Model):
    """A chaincode, brought to its channel by Bevel's Jobs: install, approve, commit and, with `init`, a first call.

    Exactly one of `repository` (peers build it) and `external` (it is a server).
    """

    name: Annotated[str, Field(max_length=20, pattern=r"^[a-z]([a-z0-9]|-[a-z0-9])*$")] = Field(
        description="Name of the chaincode."
    )
    version: Annotated[str, Field(max_length=10, pattern=r"^[a-z0-9]([a-z0-9]|[.-][a-z0-9])*$")] = Field(
        "1", description="Version of the package, in quotes; raise it together with `sequence` for new code."
    )
    sequence: Annotated[int, Field(ge=1, le=9999)] = Field(
        1, description="Number of the definition in its channel; one more for every change."
    )
    channel: ChannelName | None = Field(None, description="Its channel; default: the first one.")
    organizations: tuple[Name, ...] = Field(
        (),
        description="Organizations that install and approve it; empty: all participants of the channel. The first one "
        "commits. A majority of the channel's participants must be among them.",
        max_length=100,
    )
    lang: Literal["golang", "java", "node"] = Field("golang", description="Language of the source.")
    main_directory: Path = Field("cmd", description="Folder of the main package, below the chaincode's own.")
    repository: Repository | None = Field(None, description="Where its source is.")
    external: ExternalChaincode | None = Field(None, description="It runs as a server of its own (Fabric 2.5).")
    endorsement: Annotated[str, Field(max_length=512, pattern=r"^[A-Za-z]+\([A-Za-z0-9.,'() -]+\)$")] | None = Field(
        None,
        description="Signature policy such as OR('supplychainMSP.peer','carrierMSP.peer'); default: the channel's own.",
    )
    init: tuple[Annotated[str, Field(max_length=256, pattern=r"^[^'\"\\$`\n]*$")], ...] | None = Field(
        None, description="Arguments of the call that initializes it, the function first; absent: it needs none."
    )

    @model_validator(mode="after")
    def _one(self) -> Chaincode:
        if (self.repository is None) == (self.external is None):
            raise ValueError("exactly one of repository and external must be given")
        if self.init is not None and not self.init:
            raise ValueError("init needs a function's name; leave it out if the chaincode needs no initialization")
        return self


class FabricUser(Model):
    """An identity that the organization's CA enrols: Secrets <name>-msp and <name>-tls."""

    name: Annotated[str, Field(max_length=30, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")] = Field(
        description="Name of the user."
    )
    attributes: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$", max_length=64)],
        Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/@+-]*$", max_length=128)],
    ] = Field({}, description="Attributes in its certificate, for example department: trade.")
