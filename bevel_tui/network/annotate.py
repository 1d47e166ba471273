"""A preset with the schema's words beside its lines: for reading, in the wizard's review and in files it writes.

Comments change nothing of what is read: `parse(annotated(n)) == n`.
"""

from __future__ import annotations

from bevel_tui.network import schema
from bevel_tui.network.model import Network
from bevel_tui.network.problem import YamlPath
from bevel_tui.network.save import SCHEMA_PATH, dump
from bevel_tui.network.tree import read

#: columns at which comments begin, and where they are cut
COLUMN, WIDTH = 44, 118


def annotated(network: Network, *, schema_path: str = SCHEMA_PATH) -> str:
    """The preset of a network, each option followed by what it is for; said once, where it comes first."""
    text = dump(network, schema=schema_path)
    lines = text.splitlines()
    said: set[str] = set()
    for path, number in sorted(read(text).lines.items(), key=lambda item: (item[1], -len(item[0]))):
        words = _words(path, network)
        if not words or not isinstance(path[-1], str) or words in said:
            continue
        line = lines[number - 1]
        if " # " in line or line.startswith("#"):
            continue
        said.add(words)
        lines[number - 1] = _beside(line, words)
    return "\n".join(lines) + "\n"


def _words(path: YamlPath, network: Network) -> str:
    nodes = schema.at(path) if path else []
    if path[:1] == ("platform",) and len(path) == 2:
        nodes = [
            {"description": info.description}
            for name, info in type(network.platform).model_fields.items()
            if name == path[1] and info.description
        ]
    words = str(nodes[0].get("description", "")) if nodes else ""
    return " ".join(schema.without_sources(words).split())


def _beside(line: str, words: str) -> str:
    start = f"{line}  ".ljust(COLUMN)
    room = WIDTH - len(start) - 2
    if len(words) > room > 20:
        cut = words[: room - 1]
        words = f"{cut[: cut.rfind(' ')]}…"
    return f"{start}# {words}" if room > 20 else line
