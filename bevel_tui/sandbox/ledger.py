"""What the simulated Besu and GoQuorum nodes know together: who validates, whether blocks are made, who reaches whom.

A chain is a genesis. It grows while more than two thirds of the validators named in its `extraData` are Ready
(QBFT and IBFT; more than half for Clique), one block per period of simulated time. With GoQuorum's QBFT that is the
period of empty blocks: nothing else happens here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from bevel_tui.sandbox.components import Component, Unreachable, in_cluster
from bevel_tui.sandbox.players.ethereum import NodeKey, key_of, validators_of
from bevel_tui.sandbox.workloads.jobs import ready
from bevel_tui.sandbox.workloads.view import Object
from bevel_tui.sandbox.world import Site, World

_ENODE = re.compile(r"enode://([0-9a-fA-F]{128})@([^:?]+):(\d+)")


@lru_cache(maxsize=512)
def _key(private: str) -> NodeKey | None:
    try:
        return key_of(private)
    except Exception:  # whatever stands in the Secret: a node with no valid key is no node
        return None


@lru_cache(maxsize=64)
def _genesis(text: str) -> tuple[dict[str, Any], frozenset[str]]:
    try:
        genesis = json.loads(text)
        return genesis, frozenset(validators_of(genesis))
    except ValueError:
        return {}, frozenset()


@lru_cache(maxsize=64)
def _chain(text: str) -> str:
    """What makes two genesis files the same chain: what they say, not how a chart has indented them."""
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Node:
    """A running node, by what was mounted when it started."""

    site: Site
    pod: Object
    key: NodeKey
    genesis: str
    static: tuple[str, ...]
    #: the interfaces that a Besu node's configuration opens; none named: all
    apis: frozenset[str] = frozenset()

    @property
    def chain(self) -> str:
        """Which chain it is on."""
        return _chain(self.genesis)


class Ledger:
    """All Ethereum chains of the sandbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        #: chain -> (blocks made before `since`, nominal time since when blocks are made; None: they are not)
        self._heights: dict[str, tuple[float, float | None]] = {}
        #: chain -> candidate -> voter -> whether it is to be a validator; gone once the votes are enough
        self._votes: dict[str, dict[str, dict[str, bool]]] = {}
        #: chain -> who was voted in or out since the genesis
        self._voted: dict[str, dict[str, bool]] = {}
        world.rpc = partial(answer, self)

    def watch(self, site: Site) -> None:
        """Keep heights right over losses of quorum: look at every change of a node's pod."""
        site.view.listen(["Pod"], self._changed)

    def _changed(self, _change: str, _kind: str, pod: Object) -> None:
        if any(path.endswith("/genesis.json") for path in self.world.mounted.get(pod["metadata"]["uid"], ())):
            for genesis in {node.genesis for node in self.nodes()}:
                self.height(genesis)

    # ------------------------------------------------------------ nodes

    def nodes(self) -> Iterator[Node]:
        """All nodes whose pods are Ready."""
        for site in self.world.sites.values():
            for pod in site.view.all("Pod"):
                node = self.node(site, pod)
                if node is not None and ready(pod):
                    yield node

    def node(self, site: Site, pod: Object) -> Node | None:
        """The node in a pod; None when there is none, or one without a usable key."""
        files = self.world.mounted.get(pod["metadata"]["uid"])
        if not files:
            return None
        found = {path.rpartition("/")[2]: data for path, data in files.items()}
        if "genesis.json" not in found or "nodekey" not in found:
            return None
        key = _key(found["nodekey"].decode(errors="replace"))
        if key is None:
            return None
        try:
            static = tuple(str(entry) for entry in json.loads(found.get("static-nodes.json", b"[]") or b"[]"))
        except ValueError:
            static = ()
        config = found.get("config.toml", b"").decode(errors="replace")
        opened = re.search(r"^\s*rpc-http-api=(.*)$", config, re.MULTILINE)
        apis = frozenset(re.findall(r'"(\w+)"', opened.group(1))) if opened else frozenset[str]()
        return Node(site, pod, key, found["genesis.json"].decode(errors="replace"), static, apis)

    # ------------------------------------------------------------ chains

    def height(self, genesis: str) -> int:
        """Number of the newest block of a chain."""
        document, validators = _genesis(genesis)[0], self.current(genesis)
        chain = _chain(genesis)
        made, since = self._heights.get(chain, (0.0, None))
        now = self.world.clock.now()
        period = self.period(document)
        total = made + ((now - since) / period if since is not None else 0.0)
        alive = {node.key.address for node in self.nodes() if node.chain == chain} & validators
        part = 1 / 2 if "clique" in (document.get("config") or {}) else 2 / 3
        making = bool(validators) and len(alive) > len(validators) * part
        if making != (since is not None):
            self._heights[chain] = (total, now if making else None)
        return int(total)

    def period(self, document: dict[str, Any]) -> float:
        """Seconds between blocks."""
        config = document.get("config") or {}
        for name in ("qbft", "ibft2", "ibft", "clique"):
            if name in config:
                found = config[name]
                return float(found.get("emptyblockperiodseconds") or found.get("blockperiodseconds") or 5)
        return 5.0

    def current(self, genesis: str) -> frozenset[str]:
        """The chain's validators: the genesis', and what was voted since."""
        voted = self._voted.get(_chain(genesis), {})
        first = {address for address in _genesis(genesis)[1] if voted.get(address, True)}
        return frozenset(first | {address for address, join in voted.items() if join})

    def vote(self, node: Node, candidate: str, join: bool) -> bool:
        """A node's vote; more than half of the validators decide. (Real ones do so within a few blocks, by making them.)

        Whoever is no validator may ask, nothing comes of it. False for what is no address.
        """
        address = candidate.removeprefix("0x").lower()
        if not candidate.startswith("0x") or not re.fullmatch(r"[0-9a-f]{40}", address):
            return False
        there = self.current(node.genesis)
        if node.key.address not in there or (address in there) == join:
            return True
        votes = self._votes.setdefault(node.chain, {}).setdefault(address, {})
        votes[node.key.address] = join
        if sum(vote is join for voter, vote in votes.items() if voter in there) * 2 > len(there):
            self.height(node.genesis)  # what was made so far was made by the old ones
            self._voted.setdefault(node.chain, {})[address] = join
            del self._votes[node.chain][address]
        return True

    def chain_id(self, node: Node) -> int:
        """The chain's id."""
        return int((_genesis(node.genesis)[0].get("config") or {}).get("chainId", 1337))

    def validators(self, node: Node) -> list[str]:
        """Addresses of the chain's validators, with ``0x``."""
        return [f"0x{address}" for address in sorted(self.current(node.genesis))]

    def block_number(self, node: Node) -> int:
        """The newest block that a node has: the chain's, if it makes blocks itself or has a peer to get them from."""
        height = self.height(node.genesis)
        is_validator = node.key.address in self.current(node.genesis)
        return height if is_validator or self.peers(node) else 0

    def block_hash(self, node: Node, number: int) -> str:
        """A block's hash: the same on every node of the chain."""
        return "0x" + hashlib.sha256(f"{node.chain}{number}".encode()).hexdigest()

    # ------------------------------------------------------------ peers

    def peers(self, node: Node) -> list[Node]:
        """Nodes of the same chain that this one dials by its static nodes, or that dial it."""
        found = {}
        for other in self.nodes():
            if other.chain == node.chain and other.key.public != node.key.public:
                dialled = self._dials(node, other) or self._dials(other, node)
                if dialled:
                    found[other.key.public] = other
        return list(found.values())

    def _dials(self, node: Node, other: Node) -> bool:
        for entry in node.static:
            match = _ENODE.match(entry)
            if match and match.group(1).lower() == other.key.public:
                component = self._at(node.site, node.pod["metadata"]["namespace"], match.group(2), int(match.group(3)))
                if component is not None and component.pod["metadata"]["uid"] == other.pod["metadata"]["uid"]:
                    return True
        return False

    def _at(self, site: Site, namespace: str, host: str, port: int) -> Component | None:
        """What answers at an enode's address, as seen from a pod of `site`."""
        try:
            local = in_cluster(self.world, site, host, port, namespace)
        except Unreachable:
            return None
        if local is not None:
            return local
        if self.world.tcp_route is None:
            return None
        for address in self.world.names.addresses(host):
            component = self.world.tcp_route(address, port)
            if component is not None:
                return component
        return None


# ---------------------------------------------------------------- JSON-RPC


def answer(ledger: Ledger, component: Component, body: Any) -> Any:
    """The JSON-RPC answer to a request, or to a batch."""
    if isinstance(body, list):
        return [answer(ledger, component, one) for one in body]
    if not isinstance(body, dict) or not isinstance(body.get("method"), str):
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Invalid Request"}}
    node = ledger.node(component.site, dict(component.pod))
    reply: dict[str, Any] = {"jsonrpc": "2.0", "id": body.get("id")}
    if node is None:
        return {**reply, "error": {"code": -32603, "message": "Internal error"}}
    if node.apis and body["method"].partition("_")[0].upper() not in node.apis:
        return {**reply, "error": {"code": -32604, "message": "Method not enabled"}}
    params = body.get("params")
    result = _call(ledger, node, body["method"], params if isinstance(params, list) else [])
    if result is NotImplemented:
        return {**reply, "error": {"code": -32601, "message": "Method not found"}}
    return {**reply, "result": result}


def _call(ledger: Ledger, node: Node, method: str, params: list[Any]) -> Any:
    if method == "eth_blockNumber":
        return hex(ledger.block_number(node))
    if method == "eth_chainId":
        return hex(ledger.chain_id(node))
    if method == "net_version":
        return str(ledger.chain_id(node))
    if method == "net_peerCount":
        return hex(len(ledger.peers(node)))
    if method == "net_listening":
        return True
    if method == "eth_syncing":
        return False
    if method == "web3_clientVersion":
        return _client(node)
    if method in {"admin_peers"}:
        return [{"id": f"0x{peer.key.public}", "name": _client(peer)} for peer in ledger.peers(node)]
    if method in {"net_enode", "admin_nodeInfo"}:
        enode = f"enode://{node.key.public}@0.0.0.0:30303"
        return enode if method == "net_enode" else {"enode": enode, "id": node.key.public}
    if re.fullmatch(r"(qbft|ibft)_getValidatorsByBlockNumber|istanbul_getValidators|clique_getSigners", method):
        return ledger.validators(node)
    if re.fullmatch(r"(qbft|ibft)_proposeValidatorVote|clique_propose|istanbul_propose", method):
        wanted = len(params) == 2 and isinstance(params[1], bool)
        done = wanted and ledger.vote(node, str(params[0]), params[1])
        return (None if method == "istanbul_propose" else True) if done else NotImplemented
    if method == "eth_getBlockByNumber":
        return _block(ledger, node, str(params[0]) if params else "latest")
    return NotImplemented


def _client(node: Node) -> str:
    """What a node says it is, by its image."""
    images = [str(container.get("image", "")) for container in node.pod["spec"]["containers"]]
    image = next((image for image in images if re.search(r"quorum|besu", image)), "besu:unknown")
    name = "Geth" if "quorum" in image else "besu"
    return f"{name}/v{image.rpartition(':')[2]}/sandbox-simulated"


def _block(ledger: Ledger, node: Node, tag: str) -> dict[str, Any] | None:
    newest = ledger.block_number(node)
    try:
        number = {"latest": newest, "safe": newest, "finalized": newest, "pending": newest, "earliest": 0}.get(tag)
        number = int(tag, 16) if number is None else number
    except ValueError:
        return None
    if not 0 <= number <= newest:
        return None
    return {
        "number": hex(number),
        "hash": ledger.block_hash(node, number),
        "parentHash": ledger.block_hash(node, number - 1) if number else "0x" + "0" * 64,
        "extraData": str(_genesis(node.genesis)[0].get("extraData", "0x")),
        "timestamp": hex(0x58EE40BA + int(number * ledger.period(_genesis(node.genesis)[0]))),
        "gasLimit": str(_genesis(node.genesis)[0].get("gasLimit", "0x0")),
        "gasUsed": "0x0",
        "difficulty": "0x1",
        "size": "0x0",
        "transactions": [],
        "uncles": [],
    }
