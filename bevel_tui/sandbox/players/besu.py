"""Besu: the genesis Job and the nodes' hooks (besu-genesis, besu-node; facts A2.1, A2.2)."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.ethereum import NodeKey, extra_data, integer, new_key, option


async def genesis(context: PodContext) -> None:
    """generate-genesis: genesis, validators' keys, static nodes; or nothing at all as a secondary genesis."""
    await _vault(context)
    if "quorum-genesis-tool" not in context.args:
        context.log("Secondary Genesis, config maps are created from local files.")
        context.log("Completed ...")
        return
    context.log("Primary Genesis, Creating config ...")
    consensus = option(context, "consensus", "qbft")
    if consensus not in {"qbft", "ibft", "ibft2", "clique"}:
        raise context.fail(f"Invalid values: Argument: consensus, Given: {consensus!r}, Choices: qbft, ibft, clique")
    count = integer(option(context, "validators", "4"), 4)
    keys = [new_key() for _ in range(count)]
    document = _genesis(context, consensus, keys)
    context.log("Creating bootnodes configmap in k8s ...")
    await context.write("ConfigMap", "besu-bootnodes", {"bootnodes-json": "[]\n"})
    context.log("Creating genesis configmap in k8s ...")
    if await context.read("ConfigMap", "besu-genesis") is None:
        await context.write("ConfigMap", "besu-genesis", {"genesis.json": json.dumps(document, indent=2)})
    context.log("Creating validator secrets in k8s ...")
    nodes = []
    for number, key in enumerate(keys, start=1):
        name = f"besu-node-validator-{number}"
        # the genesis writes `accountAdddress`, with three d (facts A2.2)
        await context.write("Secret", f"{name}-keys", _secrets(key, _password(context), "accountAdddress"))
        await context.write("ConfigMap", f"{name}-address", {"address": key.address})
        nodes.append(f"enode://{key.public}@{name}.{context.namespace}:30303?discport=0")
    if await context.read("ConfigMap", "besu-peers") is None:
        await context.write("ConfigMap", "besu-peers", {"static-nodes.json": json.dumps(nodes, indent=2)})
    context.log("Completed ...")


def _genesis(context: PodContext, consensus: str, keys: list[NodeKey]) -> dict[str, Any]:
    bft = {
        "blockperiodseconds": integer(option(context, "blockperiod", "10"), 10),
        "epochlength": integer(option(context, "epochLength", "30000"), 30000),
    }
    if consensus != "clique":
        bft["requesttimeoutseconds"] = integer(option(context, "requestTimeout", "20"), 20)
    name = {"ibft": "ibft2"}.get(consensus, consensus)
    balance = "90000000000000000000000"
    accounts = [*(new_key().address for _ in keys), *_accounts(context)]
    return {
        "nonce": "0x0",
        "timestamp": "0x58ee40ba",
        "extraData": extra_data(name, [key.address for key in keys]),
        "gasLimit": option(context, "gasLimit", "0x1fffffffffffff"),
        "gasUsed": "0x0",
        "difficulty": option(context, "difficulty", "0x1"),
        "mixHash": "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365",
        "coinbase": option(context, "coinbase", f"0x{'0' * 40}"),
        "alloc": {account.removeprefix("0x"): {"balance": balance} for account in accounts},
        "config": {
            "chainId": integer(option(context, "chainID", "1337"), 1337),
            "berlinBlock": 0,
            "londonBlock": 0,
            name: bft,
            "contractSizeLimit": 2147483647,
        },
    }


def _accounts(context: PodContext) -> list[str]:
    return re.findall(r"--arg address (0x[0-9a-fA-F]{40})", context.args)


def _password(context: PodContext) -> str:
    return option(context, "accountPassword")


def _secrets(key: NodeKey, password: str, address_key: str) -> dict[str, str]:
    account = new_key()
    keystore = {"address": account.address, "id": secrets.token_hex(16), "version": 3, "crypto": {}}
    return {
        "nodekey": key.private,
        "nodekey.pub": key.public,
        "enode": key.public,
        "accountPrivate.key": f"0x{account.private}",
        "accountPassword": password,
        "accountKeystore": json.dumps(keystore),
        address_key: f"0x{account.address}",
    }


async def _vault(context: PodContext) -> None:
    from bevel_tui.sandbox.players.shared import vault_token

    await vault_token(context)


# ---------------------------------------------------------------- nodes


def enode_url(context: PodContext) -> str:
    """``host:port`` that this node advertises, as the chart put it into the hook's script (facts A2.2)."""
    match = re.search(r"enode://[^@\s]*@\"?([A-Za-z0-9.-]+:\d+)", context.args)
    if match is None:
        raise context.fail("updating besu-peers...\nno enode URL in the script")
    return match.group(1)


async def node_keys(context: PodContext) -> None:
    """The pre-install hook: keys unless they are there, then this node's line in besu-peers.

    Every line that matches the RELEASE NAME as a regular expression is dropped first: ``validator-1`` takes
    ``validator-10`` with it (facts A2.1, substring trap). Read, change and replace are not locked.
    """
    await _vault(context)
    name = f"besu-node-{context.release}"
    context.log(f"{name} pre-install hook ...")
    context.log("Nodekey generation ...")
    key = new_key()
    context.log(f"Creating {name} secrets in k8s ...")
    if await context.read("ConfigMap", f"{name}-address") is None:
        context.log("Creating configmap for node address")
        await context.write("ConfigMap", f"{name}-address", {"address": key.address})
    found = await context.read("Secret", f"{name}-keys")
    if found is None:
        await context.write("Secret", f"{name}-keys", _secrets(key, _password(context), "accountAddress"))
        public = key.public
    else:
        public = found.get("enode", b"").decode()
    entry = f"enode://{public}@{enode_url(context)}"
    await _update(context, f"{entry}?discport=0")
    if "update_bootnodes_configmap /tmp" in context.args:
        await _update_bootnodes(context, entry)
    context.log("Pre-install hook completed")


async def _update(context: PodContext, entry: str) -> None:
    found = await context.read("ConfigMap", "besu-peers")
    if found is None:
        await context.write("ConfigMap", "besu-peers", {"static-nodes.json": "[]\n"})
        found = {"static-nodes.json": b"[]"}
    context.log("updating besu-peers...")
    kept = without(context, found.get("static-nodes.json", b""))
    await context.replace("besu-peers", {"static-nodes.json": json.dumps(sorted({*kept, entry}), indent=2)})


async def _update_bootnodes(context: PodContext, entry: str) -> None:
    found = await context.read("ConfigMap", "besu-bootnodes")
    if found is None:
        await context.write("ConfigMap", "besu-bootnodes", {"bootnodes-json": "[]\n", "bootnodes-string": ""})
        found = {"bootnodes-json": b"[]"}
    context.log("updating besu-bootnodes...")
    nodes = sorted({*without(context, found.get("bootnodes-json", b"")), entry})
    await context.replace(
        "besu-bootnodes", {"bootnodes-json": json.dumps(nodes, indent=2), "bootnodes-string": ",".join(nodes)}
    )


def without(context: PodContext, raw: bytes) -> list[str]:
    """The lines of a node list that do not match the release's name (jq's test: a regular expression)."""
    try:
        nodes = json.loads(raw or b"[]")
    except ValueError:
        raise context.fail("parse error: Invalid numeric literal", 4) from None
    return [node for node in nodes if not re.search(context.release, node)]


async def node_cleanup(context: PodContext) -> None:
    """The pre-delete hook: this node's lines go, its keys only when the chart's value says so."""
    name = f"besu-node-{context.release}"
    context.log(f"{name} Pre Delete hook ...")
    for configmap, key in (("besu-peers", "static-nodes.json"), ("besu-bootnodes", "bootnodes-json")):
        found = await context.read("ConfigMap", configmap)
        word = configmap.removeprefix("besu-")
        if found is None:
            context.log(f"No {word} found, nothing to do...")
            continue
        context.log(f"{configmap} found, deleting {name}...")
        nodes = without(context, found.get(key, b""))
        data = {key: json.dumps(nodes, indent=2)}
        if configmap == "besu-bootnodes":
            data["bootnodes-string"] = ",".join(nodes)
        await context.replace(configmap, data)
        if configmap == "besu-peers":
            context.log("Deleting node address configmap... ")
            await context.remove("ConfigMap", f"{name}-address")
    if re.search(r"deleteSecret\s+\S+-keys", context.args):
        await context.remove("Secret", f"{name}-keys")
    context.log("Completed")
