"""Network -> preset text: stable order, only what differs from the defaults, first line for editors.

`load.parse(dump(n)) == n` for every Network: strings that YAML 1.1 or 1.2 would read as something else are quoted.
"""

from __future__ import annotations

from typing import Any

import yaml

from bevel_tui.network.model import Network
from bevel_tui.network.tree import scalar

#: where the schema lies seen from presets/; `bevel-tui schema` writes it elsewhere
SCHEMA_PATH = "../docs/preset.schema.json"


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, no aliases, strings quoted where either YAML version would misread them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    # PyYAML takes U+0085 and the like for line breaks unless they are escaped, which only double quotes do
    style = '"' if not value.isprintable() else None if isinstance(scalar(value), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(network: Network, *, schema: str = SCHEMA_PATH) -> str:
    """The preset of a network. `schema` is the path or URL that the first line tells editors."""
    tree = network.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    body = yaml.dump(
        {name: tree[name] for name in _order(network) if name in tree},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=1 << 16,
    )
    return f"# yaml-language-server: $schema={schema}\n{body}"


def _order(network: Network) -> list[str]:
    return [field.alias or name for name, field in type(network).model_fields.items()]
