"""What all parts of the Network's model are made of: the base class, kinds of words and references to secrets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", min_length=1, max_length=63)]
Text = Annotated[str, Field(min_length=1, max_length=1024)]
DnsName = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        examples=["east.example.com"],
    ),
]
IPv4 = Annotated[
    str,
    Field(
        pattern=r"^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$",
        examples=["192.0.2.1"],
    ),
]
Subject = Annotated[
    str,
    Field(
        max_length=256,
        pattern=r"^[A-Za-z]+=[^,=]+(,[A-Za-z]+=[^,=]+)*$",
        examples=["O=Supplychain,L=51.50/-0.13/London,C=GB"],
    ),
]

DnsMode = Literal["manual", "external-dns", "rfc2136", "skip"]


class Model(BaseModel):
    """Base of all: unknown keys are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretRef(Model):
    """Where a secret's value is found when it is needed: exactly one of `env` and `file`."""

    env: str | None = Field(
        None, description="Name of an environment variable.", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=255
    )
    file: str | None = Field(
        None,
        description="Path of a file holding the value (a final newline is dropped).",
        min_length=1,
        max_length=1024,
    )

    @model_validator(mode="after")
    def _one(self) -> SecretRef:
        if (self.env is None) == (self.file is None):
            raise ValueError("exactly one of env and file must be given")
        return self
