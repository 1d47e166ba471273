"""Chaincodes in network.yaml: listed in channels, described beside each peer that installs them."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from bevel_tui.network.bevel.reading import Part, Reading
from bevel_tui.network.bevel.source import Node
from bevel_tui.network.fabric_model import Chaincode
from bevel_tui.network.wording import problems


def read(reading: Reading, part: Part) -> None:
    """Add to `part` the chaincodes that a preset can hold; of all others say why they are left out.

    Bevel's own deployment installs none: its playbooks for chaincode are run afterwards.
    """
    found: dict[str, dict[str, Any]] = {}
    places: dict[str, Node] = {}
    for organization in reading.organizations:
        for peer in organization.get("services").items("peers"):
            for node in peer.items("chaincodes"):
                name = node.text("name")
                chaincode = _chaincode(reading, node)
                known = found.setdefault(name, chaincode)
                places.setdefault(name, node)
                organizations = known.setdefault("organizations", [])
                if organization.text("name") not in organizations:
                    organizations.append(organization.text("name"))
                if any(known.get(key) != value for key, value in chaincode.items() if key != "organizations"):
                    node.note("doubt", "is described otherwise than beside the first peer that has it, which is taken")
    kept: list[dict[str, Any]] = []
    for name, chaincode in found.items():
        channel = _channel(reading, part, name)
        if channel:
            chaincode["channel"] = channel
        if _fits(part, chaincode, places[name]):
            part.origins["platform", "chaincodes", len(kept)] = places[name]
            kept.append(chaincode)
    for listed in reading.network.items("channels"):
        for word in listed.items("chaincodes"):
            if str(word.data) not in found:
                word.note("left-out", "no peer describes a chaincode of this name")
    if kept:
        part.platform["chaincodes"] = kept


def _chaincode(reading: Reading, node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {"name": node.text("name"), "version": node.text("version", "1")}
    if node.text("sequence", "1").isdigit():
        found["sequence"] = int(node.text("sequence", "1"))
    if node.on("external_chaincode"):
        found["external"] = {"image": node.text("image")}
        node.on("tls")
        node.get("buildpack_path"), node.get("crypto_mount_path"), node.get("upgrade_chaincode")
    else:
        found["lang"] = node.text("lang", "golang")
        found["main_directory"] = node.text("maindirectory", "cmd")
        source = node.get("repository")
        repository: dict[str, Any] = {"url": source.text("url").removeprefix("https://").removesuffix("/")}
        repository |= {key: source.text(key).rstrip("/") for key in ("branch", "path") if source.text(key)}
        password = reading.secret(source.get("password"), "GIT_PASSWORD")
        if source.text("username") and password:
            repository |= {"username": source.text("username"), "password": password}
        found["repository"] = repository
    if node.text("endorsements"):
        found["endorsement"] = node.text("endorsements")
    arguments, wanted = _arguments(node.get("arguments")), node.get("init_required")
    if arguments and (node.on("init_required") or not wanted):
        found["init"] = arguments
    return found


def _arguments(node: Node) -> list[str] | None:
    """``\\"init\\",\\"a\\"`` as words; None for none."""
    text = node.data if isinstance(node.data, str) else ""
    if not text:
        return None
    try:
        words = json.loads("[" + text.replace('\\"', '"') + "]")
    except ValueError:
        node.note("left-out", "is no list of quoted words, so no first call is made")
        return None
    return [str(word) for word in words]


def arguments(words: tuple[str, ...] | None) -> str:
    """The inverse of what is read above."""
    return ",".join(f'\\"{word}\\"' for word in words or ())


def _channel(reading: Reading, part: Part, name: str) -> str | None:
    """The channel that lists the chaincode; None for the first one, which needs no telling."""
    for i, channel in enumerate(reading.network.items("channels")):
        if any(word.data == name for word in channel.items("chaincodes")):
            return channel.text("channel_name").lower() if i else None
    return None


def _fits(part: Part, chaincode: dict[str, Any], node: Node) -> bool:
    """Whether a preset can hold the chaincode; if not, why not is noted."""
    why = "" if chaincode.get("external") is None else _external(part)
    try:
        Chaincode.model_validate(chaincode)
    except ValidationError as exc:
        first = problems(exc.errors(include_url=False))[0]
        where = ".".join(map(str, first.path))
        why = f"{where} {first.message}" if where else first.message
    if why:
        node.whole()
        node.note(
            "changed", f"is left out ({why}); Bevel's deployment installs no chaincode either, add it to the preset"
        )
    return not why


def _external(part: Part) -> str:
    version = str(part.platform.get("version", ""))
    return f"peers of Fabric {version} cannot use chaincodes that are servers" if version.startswith("2.2") else ""
