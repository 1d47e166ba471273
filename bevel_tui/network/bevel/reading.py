"""What all platforms share while a network.yaml is read: options, organizations, secrets, and the parts of the result."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bevel_tui.network.bevel.source import Node, Source, reference
from bevel_tui.network.problem import YamlPath

_SUBJECT = re.compile(r"^[A-Za-z]+=[^,=]+(,[A-Za-z]+=[^,=]+)*$")
#: what Bevel's samples have where a name is to be put in
PLACEHOLDER = re.compile(r"[<>{}]|^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$|\s")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says beside the file.

    `contexts`: organization -> kubeconfig context, instead of the file's. `as_new`: take what the file calls existing for
    new. `without_vault`: keep keys in Kubernetes Secrets. `name`: of the Network, where the file has none.
    """

    name: str | None = None
    contexts: Mapping[str, str] = field(default_factory=dict)
    as_new: bool = False
    without_vault: bool = False


@dataclass(slots=True)
class Part:
    """What a platform's module finds: the preset's `platform`, node counts and subjects per organization.

    `founds` says which organization comes first in a preset, if the file has another order.
    """

    platform: dict[str, Any]
    roles_field: str
    roles: dict[str, dict[str, Any]]
    subjects: dict[str, str] = field(default_factory=dict)
    founds: Callable[[Node], bool] = lambda _: True
    #: preset path of something in `platform` or of an organization's roles -> where it was read
    origins: dict[YamlPath, Node] = field(default_factory=dict)
    #: the addresses that clusters are reached at for good, by organization (Indy)
    addresses: dict[str, Node] = field(default_factory=dict)
    #: p2p ports that the file gives to nodes: (organization, role, index) -> where it says so
    ports: dict[tuple[str, str, int], Node] = field(default_factory=dict)
    #: release names that the file gives to nodes, in the same way
    names: dict[tuple[str, str, int], Node] = field(default_factory=dict)


@dataclass(slots=True)
class Reading:
    """A network.yaml on its way to a Network."""

    source: Source
    options: Options

    @property
    def network(self) -> Node:
        """The one key of the document, below which everything is."""
        return self.source.root.get("network")

    @property
    def organizations(self) -> list[Node]:
        """The organizations as the file lists them."""
        return [item for item in self.network.items("organizations") if isinstance(item.data, dict)]

    @property
    def gateway(self) -> str:
        """network.env.proxy."""
        return self.network.get("env").text("proxy", "none")

    def secret(self, node: Node, variable: str) -> dict[str, str] | None:
        """A reference in the place of a secret: Ansible's own lookup is kept, a value is dropped for `variable`."""
        if node.data is None or node.data == "":
            return None
        found = reference(node.data) if isinstance(node.data, str) else None
        if found:
            return found
        node.note("secret", f"the value is not taken over; the preset reads the environment variable {variable}")
        return {"env": variable}

    def subject(self, node: Node, name: str) -> str | None:
        """An X.509 subject in the preset's form; None for none, and for the one that the organization has anyway."""
        text = node.data if isinstance(node.data, str) else ""
        tidy = re.sub(r"\s*,\s*", ",", text.strip())
        if not tidy or tidy == default_subject(name):
            return None
        if not _SUBJECT.match(tidy) or len(tidy) > 256:
            node.note("changed", f"is no X.509 subject (K=value,K=value); {default_subject(name)} is used")
            return None
        return tidy


def default_subject(name: str) -> str:
    """The subject of an organization whose preset says none."""
    return f"O={name.capitalize()},L=51.50/-0.13/London,C=GB"
