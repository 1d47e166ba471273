"""Whatever is wrong with a network.yaml, an import ends with a Network or a BevelError, and tells no secret."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
import yaml

from bevel_tui.network import load, shipped
from bevel_tui.network.bevel.exporting import write
from bevel_tui.network.bevel.importing import header, read
from bevel_tui.records.errors import BevelError

ODD: tuple[Any, ...] = (None, "", "x", 5, -1, 4.5, True, [], {}, [None], ["x"], {"name": "y"}, "<a b>", "\x07", 10**30)
SECRET = "s.VerySecretToken0123456789"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def spoiled(document: Any, chance: random.Random) -> Any:
    """The document with a few things replaced, left out, doubled or renamed."""
    made = copy.deepcopy(document)
    for _ in range(chance.randint(1, 4)):
        path = chance.choice(places(made))
        parent = made
        for part in path[:-1]:
            parent = parent[part]
        what = chance.randint(0, 3)
        if what == 0:
            del parent[path[-1]]
        elif what == 1 and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[path[-1]]))
        elif what == 2 and isinstance(parent, dict):
            parent[chance.choice(["name", "surprise", "status", "p2p"])] = chance.choice(ODD)
        else:
            parent[path[-1]] = copy.deepcopy(chance.choice(ODD))
        if not places(made):
            break
    return made


@pytest.mark.parametrize("name", [n for n in shipped.names() if "two" in n or "chaincode" in n])
def test_nothing_but_a_network_or_an_error(name: str) -> None:
    document = yaml.safe_load(write(load.load(name)).text)
    for organization in document["network"]["organizations"]:
        organization["vault"] = {"url": "http://v.example.com:8200", "root_token": SECRET}
    for seed in range(60):
        text = yaml.safe_dump(spoiled(document, random.Random(seed)), sort_keys=False)
        try:
            found = read(text)
            told = header(found.notes, "x") + "".join(map(str, found.notes)) + found.network.model_dump_json()
        except BevelError as error:
            assert error.exit_code == 2
            assert error.details or error.message
            told = error.message + "".join(error.details)
        assert SECRET not in told
        assert "\x07" not in told
