"""GoQuorum: the genesis Job, the nodes' hooks and their start (quorum-genesis, quorum-node; facts A3).

The hooks' defects are played too: a plan that does not work round them ends as it would on a real cluster.
"""

from __future__ import annotations

import json
import re

from bevel_tui.platforms.ethereum_charts import QUORUM_KEYS as FIELDS
from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.ethereum import NodeKey, extra_data, integer, new_key, option
from bevel_tui.sandbox.players.shared import vault_token


async def genesis(context: PodContext) -> None:
    """generate-genesis: the genesis and the validators' keys; or nothing at all as a secondary genesis."""
    await vault_token(context)
    if "quorum-genesis-tool" not in context.args:
        context.log("Secondary Genesis,  configmaps are created from local files.")
        context.log("Completed.")
        return
    consensus = option(context, "consensus", "qbft")
    if consensus not in {"qbft", "ibft", "raft", "clique"}:
        raise context.fail(f"Invalid values: Argument: consensus, Given: {consensus!r}, Choices: qbft, ibft, clique")
    keys = [new_key() for _ in range(integer(option(context, "validators", "4"), 4))]
    document = json.dumps(_genesis(context, consensus, keys), indent=2)
    if await context.read("ConfigMap", "quorum-genesis") is None:
        await context.write("ConfigMap", "quorum-genesis", {"genesis.json": document})
    else:
        await context.replace("quorum-genesis", {"genesis.json": document})
    named = re.search(r'secret_name="(quorum-node-validator-)\$\{i\}(-[^"]+)"', context.args)
    for number, key in enumerate(keys):
        before, after = named.groups() if named else ("quorum-node-validator-", f"-{context.namespace}-keys")
        name = f"{before}{number}{after}"
        if await context.read("Secret", name) is None:
            await context.write("Secret", name, passed_on(_values(key, option(context, "accountPassword"))))
    context.log("Completed.")


def _genesis(context: PodContext, consensus: str, keys: list[NodeKey]) -> dict[str, object]:
    """As quorum-genesis-tool writes it for GoQuorum."""
    epoch = integer(option(context, "epochLength", "30000"), 30000)
    period = integer(option(context, "blockperiod", "10"), 10)
    empty = integer(option(context, "emptyBlockPeriod", "60"), 60)
    engines: dict[str, dict[str, int]] = {
        "qbft": {
            "policy": 0,
            "epoch": epoch,
            "ceil2Nby3Block": 0,
            "testQBFTBlock": 0,
            "blockperiodseconds": period,
            "emptyblockperiodseconds": empty,
        },
        "ibft": {"policy": 0, "epoch": epoch, "ceil2Nby3Block": 0, "blockperiodseconds": period},
        "clique": {"policy": 0, "period": period, "epoch": epoch},
    }
    size = option(context, "maxCodeSize", "64")
    if not size.isdigit():  # the chart's own default, a number that Helm prints as 2.147483647e+09 (facts I)
        raise context.fail(f"Invalid values: Argument: maxCodeSize, Given: {size}")
    return {
        "nonce": "0x0",
        "timestamp": "0x58ee40ba",
        "extraData": extra_data(consensus, [key.address for key in keys]),
        "gasLimit": option(context, "gasLimit", "0x1fffffffffffff"),
        "gasUsed": "0x0",
        "number": "0x0",
        "difficulty": option(context, "difficulty", "0x1"),
        "coinbase": option(context, "coinbase", f"0x{'0' * 40}"),
        "mixHash": "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365",
        "parentHash": f"0x{'0' * 64}",
        "config": {
            "chainId": integer(option(context, "chainID", "1337"), 1337),
            "istanbulBlock": 0,
            "isQuorum": True,
            "maxCodeSizeConfig": [{"block": 0, "size": int(size)}],
            **({consensus: engines[consensus]} if consensus in engines else {}),
        },
        "alloc": {f"0x{new_key().address}": {"balance": "1000000000000000000000000000"} for _ in keys},
    }


def _values(key: NodeKey, password: str) -> dict[str, str]:
    """What quorum-genesis-tool writes for a node, by file."""
    account = new_key()
    keystore = {"address": account.address, "crypto": {}, "id": account.public[:32], "version": 3}
    return {
        "address": key.address,
        "nodekey": key.private,
        "nodekey.pub": key.public,
        "accountPrivateKey": f"0x{account.private}",
        "accountPassword": password,
        "accountKeystore": json.dumps(keystore, separators=(",", ":")),
        "accountAddress": f"0x{account.address}",
    }


def passed_on(values: dict[str, str]) -> dict[str, str]:
    """The values as they arrive: echoed in one line and split at blanks, with the keystore once more before the last
    one (facts A3 Q4: an empty password, or one with a blank, shifts everything behind it)."""
    sent = [values.get(field, "") for field in FIELDS]
    words = " ".join([*sent[:6], "base64-of-the-keystore" if sent[5] else "", sent[6]]).split()
    received = [*words[:7], " ".join(words[7:])]
    received += [""] * (8 - len(received))
    return dict(zip(FIELDS, [*received[:6], received[7]], strict=True))


# ---------------------------------------------------------------- nodes


def _enode_address(context: PodContext) -> str:
    match = re.search(r"enode://[^@\s]*@\"?([A-Za-z0-9.-]+:\d+)", context.args)
    if match is None:
        raise context.fail("no enode URL in the script")
    return match.group(1)


async def node_keys(context: PodContext) -> None:
    """The pre-install hook: keys unless they are there, then this node's line in quorum-peers.

    Keys that it makes itself get lost: they are read from a folder whose variable is never set (facts A3 Q1).
    """
    await vault_token(context)
    named = re.search(r'secret_name="([^"]+)"', context.args)
    if named is None:
        raise context.fail("no Secret's name in the script")
    name = named.group(1)
    found = await context.read("Secret", name)
    if found is None:
        context.log(f"Secret {name} does not exist. Creating secret.")
        values = _values(new_key(), option(context, "accountPassword"))
        if "$current_validator_dir" in context.args:
            for field in FIELDS:
                context.log(f"cat: /{field}: No such file or directory")
            values = {}
        received = passed_on(values)
        await context.write("Secret", name, received)
        public = received["nodekey.pub"]
    else:
        context.log(f"Secret {name} exists. Extract modekey.pub key")
        public = found.get("nodekey.pub", b"").decode()
    await _enter(context, f"enode://{public}@{_enode_address(context)}?discport=0")
    context.log("COMPLETED PRE-HOOK")


async def _enter(context: PodContext, entry: str) -> None:
    """Add a line unless it is there; nothing is removed, and nothing is locked (facts A3)."""
    found = await context.read("ConfigMap", "quorum-peers")
    if found is None:
        context.log(f"ConfigMap quorum-peers does not exist in namespace {context.namespace}. Creating one.")
        await context.write("ConfigMap", "quorum-peers", {"static-nodes.json": json.dumps([entry], indent=2)})
        return
    context.log("Content of the ConfigMap has been saved to static-nodes.json")
    nodes = _listed(context, found)
    if entry not in nodes:
        await context.replace("quorum-peers", {"static-nodes.json": json.dumps([*nodes, entry], indent=2)})


def _listed(context: PodContext, found: dict[str, bytes]) -> list[str]:
    try:
        return [str(node) for node in json.loads(found.get("static-nodes.json", b"") or b"[]")]
    except ValueError:
        raise context.fail("parse error: Invalid numeric literal", 4) from None


async def node_cleanup(context: PodContext) -> None:
    """The pre-delete hook: it looks for the keys under the name that they had before 1.3.0, finds none and so removes
    neither them nor this node's line (facts A3 Q3)."""
    context.log(f"quorum-node-{context.release} Pre Delete hook ...")
    named = re.search(r'kubectl get secret "([^"]+)"', context.args)
    name = named.group(1) if named else f"quorum-node-{context.release}-keys"
    keys = await context.read("Secret", name)
    found = await context.read("ConfigMap", "quorum-peers")
    public = (keys or {}).get("nodekey.pub", b"").decode()
    if keys is not None and not public:
        raise context.fail("Error: Retrieved nodekey.pub is empty.")
    if found is not None:
        gone = f"enode://{public}@{_enode_address(context)}?discport=0" if keys is not None else ""
        nodes = [node for node in _listed(context, found) if node != gone]
        await context.replace("quorum-peers", {"static-nodes.json": json.dumps(nodes, indent=2)})
        context.log("ConfigMap updated successfully.")
    if keys is not None:
        await context.remove("Secret", name)


async def start(context: PodContext) -> None:
    """geth: it unlocks the account that the keystore names, and ends when there is none."""
    keystore = context.text("/nodeSecrets/accountKeystore")
    if not re.search(r'"address": *"[0-9a-fA-F]{40}"', keystore):
        raise context.fail('Fatal: Could not list accounts: invalid account address or index "--allow-insecure-unlock"')
