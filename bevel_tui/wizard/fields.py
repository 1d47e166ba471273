"""One declaration per option: what a widget, a prompt and the JSON Schema say of a field comes from the Network's models.

A field knows its place in the preset (`path`), its words, its choices and default, and how typed text becomes a value
and back. What is wrong with a value is never decided here: `wizard.draft` asks the models and rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from bevel_tui.network import schema
from bevel_tui.network.problem import YamlPath

Kind = Literal["choice", "text", "number", "flag", "secret", "list", "map"]

#: labels that the field's name does not give
_LABELS = {
    "api_version": "Format",
    "ca": "CA certificate",
    "ca_admin": "CA administrator's password",
    "cenm_version": "CENM version",
    "chain_id": "Chain id",
    "class": "StorageClass",
    "cli": "CLI",
    "context": "Context",
    "dns": "DNS here",
    "ipfs": "IPFS nodes",
    "key": "TSIG key",
    "key_algorithm": "TSIG algorithm",
    "key_name": "TSIG key's name",
    "managed": "Run by me",
    "oci": "OCI registry",
    "p2p_ports": "P2P ports",
    "public_ip": "Public IPv4",
    "path": "Folder",
    "repository": "Helm repository",
    "server": "Server",
    "ttl": "TTL in seconds",
    "type": "Type",
    "block_period": "Block period",
}
#: the same name means something else in another section
_LABELS_AT: dict[YamlPath, str] = {
    ("name",): "Network",
    ("platform", "type"): "Platform",
    ("gateway", "type"): "Gateway",
    ("dns", "mode"): "DNS mode",
    ("registry", "server"): "Registry",
    ("vault", "address"): "Vault address",
    ("platform", "password"): "Passwords",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One option at one place of the document.

    `help` is the schema's description. `default` is what holds when nothing is said (None: nothing). `advanced` fields
    have a default that serves nearly everybody.
    """

    path: YamlPath
    label: str
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()
    default: Any = None
    example: str = ""
    advanced: bool = False
    whole: bool = True

    @property
    def id(self) -> str:
        """The path as one word that may be a widget's id: ``clusters-0-domain``."""
        return "-".join(str(part) for part in self.path).replace("_", "-").replace("~", "switch")

    def show(self, value: Any) -> str:
        """A value as it is typed and shown; nothing is the empty text."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(str(item) for item in value)
        if isinstance(value, dict):
            if self.kind == "secret":
                return ", ".join(f"{key}:{item}" for key, item in value.items())
            return ", ".join(f"{key}={item}" for key, item in value.items())
        return str(value)

    def read(self, text: str) -> Any:
        """The value of a typed text: None for nothing; what makes no value of the kind stays text, for the models to
        refuse."""
        text = text.strip()
        if not text:
            return None
        if self.kind == "number":
            return _number(text, self.whole)
        if self.kind == "flag":
            folded = text.lower()
            return True if folded in {"yes", "y", "true"} else False if folded in {"no", "n", "false"} else text
        if self.kind == "secret":
            source, colon, rest = text.partition(":")
            return {source: rest.strip()} if colon and source in {"env", "file"} and rest.strip() else text
        if self.kind == "list":
            return [item.strip() for item in text.split(",") if item.strip()]
        if self.kind == "map":
            pairs = [item.partition("=") for item in text.split(",") if item.strip()]
            return {k.strip(): v.strip() for k, _, v in pairs} if all(eq for _, eq, _ in pairs) else text
        return text


def _number(text: str, whole: bool) -> int | float | str:
    if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    try:
        return text if whole else float(text)
    except ValueError:
        return text


@cache
def field(path: YamlPath, platform: str = "", *, advanced: bool = False) -> Field:
    """The declaration of the option at `path`; below ``platform`` that of the platform of that name.

    Raises KeyError when presets have no such option.
    """
    nodes = _nodes(path)
    if path[0] == "platform" and len(path) == 2 and path[1] != "type":
        nodes = [node for node, of in _platform_nodes(path) if of == platform]
    if not nodes:
        raise KeyError(path)
    node, name = nodes[0], str(path[-1])
    kind, choices = _kind(nodes)
    return Field(
        path,
        _LABELS_AT.get(path) or _LABELS.get(name) or name.replace("_", " ").capitalize(),
        kind,
        node.get("description", ""),
        choices,
        node.get("default"),
        str((node.get("examples") or [""])[0]),
        advanced,
        node.get("type") == "integer",
    )


@cache
def _nodes(path: YamlPath) -> list[dict[str, Any]]:
    return schema.at(path)


@cache
def _platform_nodes(path: YamlPath) -> list[tuple[dict[str, Any], str]]:
    """What stands at a path below ``platform``, with the platform that has it there."""
    found = []
    for parent in schema.at(("platform",)):
        properties = parent.get("properties", {})
        kind = properties.get("type", {}).get("const", "")
        if len(path) == 2 and path[1] in properties:
            wanted = properties[path[1]].get("description")
            same = [node for node in schema.at(path) if node.get("description") == wanted]
            found += [(same[0], kind)] if same else []
    return found


def _kind(nodes: list[dict[str, Any]]) -> tuple[Kind, tuple[str, ...]]:
    node = nodes[0]
    choices = tuple(
        str(choice)
        for n in nodes
        for choice in n.get("enum", [n["const"]] if "const" in n else [])
        if choice is not None
    )
    if choices:
        return "choice", choices
    if set(node.get("properties", {})) == {"env", "file"}:
        return "secret", ()
    kinds: dict[str, Kind] = {"integer": "number", "number": "number", "boolean": "flag", "array": "list"}
    return ("map" if node.get("type") == "object" else kinds.get(str(node.get("type")), "text")), ()
