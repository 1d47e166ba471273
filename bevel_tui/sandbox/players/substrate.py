"""Substrate: keys, genesis, nodes and IPFS nodes (substrate/charts; facts A7).

Bevel's genesis Job goes on when a key is missing and succeeds with a chain that nobody makes blocks for, or with no
chain at all; so does this one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.shared import vault_token
from bevel_tui.sandbox.players.substrate_keys import is_peer_id, key_file, node_keys, peer_id, public_of
from bevel_tui.sandbox.workloads.jobs import ready

if TYPE_CHECKING:
    from bevel_tui.sandbox.world import Site, World

KEYS_KEY = "substrate-node-keys"
GENESIS = "substrate-genesis"
#: where Substrate keeps the validators: twox128("Aura") and twox128("Authorities")
_AUTHORITIES = "0x57f8dc2f5ab09467896f47300f0424385e0621c4869aa60c02be9adcc98a0d1d"
_GET = r'=\$\(kubectl get secret "([^"]+)-keys" --namespace "?([\w.-]+)"?'
_READ = re.compile(rf"(secret_data|account_addr|node_id){_GET}")
_CREATE = re.compile(rf'kubectl create configmap "{GENESIS}" --namespace ([\w.-]+)([^\n]*)')
_MULTIADDR = re.compile(r"/dns4/[\w.-]+/tcp/\d+/p2p/(\w+)")


async def keys(context: PodContext) -> None:
    """generate-keys: the keys of a member or a validator, unless they are there (substrate-key-gen)."""
    await vault_token(context)
    name = f"{context.release}-keys"
    flags = re.findall(r"\[\[ (\w*) == true \]\]", context.args)
    made: dict[str, Any] | None = None
    for kind, flag in zip(("member", "validator"), flags, strict=False):
        if flag == "true":
            context.log(f"Generating nodekey for the {kind} node named {context.release}")
            made = node_keys(member=kind == "member")
    if made is not None and await context.read("Secret", name) is None:
        context.log("creating secrets")
        await context.write("Secret", name, {KEYS_KEY: json.dumps({"data": made}, indent=2)})
    if context.env.get("VAULT_TYPE") == "hashicorp":
        context.log(f"Writing secrets for {context.release} over the vault")


# ---------------------------------------------------------------- genesis


async def genesis(context: PodContext) -> None:
    """generate-genesis: the chain of everybody whose keys it can read, into a ConfigMap per organization's namespace."""
    await vault_token(context)
    context.log("Generate genesis")
    sudo = key_file("Sr25519")
    authorities: list[str] = []
    members: list[str] = []
    nodes: list[list[str]] = []
    whole = True
    for what, key, namespace in _READ.findall(context.args):
        fields = await _fields(context, f"{key}-keys", namespace)
        if what == "secret_data":
            context.log(f"  Validator: {key}")
            if fields is None:
                context.log("Error: Unable to retrieve aura_addr or grandpa_addr key for validator .")
                continue
            authorities.append(str(fields.get("aura_addr")))
            whole = whole and _is_address(fields.get("aura_addr")) and _is_address(fields.get("grandpa_addr"))
        elif what == "account_addr":
            members.append(str((fields or {}).get("account_addr", "")))
            whole = whole and _is_address(members[-1])
        elif members:
            nodes.append([str((fields or {}).get("node_id", "")), members[-1]])
    context.log("Key insertion process completed.")
    chain = re.search(r'\.name \|= "([^"]+)"', context.args)
    text = ""
    if whole:
        # `properties` is free for all in a chain specification: there the sandbox's nodes find what they cannot decode
        text = json.dumps(
            {
                "name": chain[1] if chain else "inteli",
                "id": (chain[1] if chain else "inteli").replace("-", "_"),
                "chainType": "Live",
                "bootNodes": [],
                "properties": {"simulated": {"authorities": authorities, "members": members, "nodes": nodes}},
                "genesis": {"raw": {"top": {_AUTHORITIES: _vector(authorities)}, "childrenDefault": {}}},
            }
        )
    else:
        context.log('Error: Input("Error parsing spec file: Invalid public address")')
    for namespace, options in _CREATE.findall(context.args):
        if namespace != context.namespace:
            context.log(_forbidden(context, "configmaps", GENESIS, namespace))
        elif await context.read("ConfigMap", GENESIS) is None:
            data = {"genesis": base64.b64encode(text.encode()).decode()}
            if "sudoKeygenOutput" in options:
                data["sudoKeygenOutput"] = json.dumps(sudo)
            await context.write("ConfigMap", GENESIS, data)
    context.log("COMPLETED!")


def _vector(authorities: list[str]) -> str:
    """A list of public keys as SCALE has it: twice the length doubled, then the keys. (Fewer than 64 of them.)"""
    return "0x" + bytes([len(authorities) << 2]).hex() + b"".join(map(public_of, authorities)).hex()


def _is_address(text: Any) -> bool:
    try:
        public_of(str(text))
    except ValueError:
        return False
    return True


async def _fields(context: PodContext, name: str, namespace: str) -> dict[str, Any] | None:
    """The fields of a node's keys; None when they cannot be read. The ordinary account sees its own namespace only."""
    if namespace != context.namespace:
        context.log(_forbidden(context, "secrets", name, namespace))
        return None
    found = await context.read("Secret", name)
    try:
        fields = json.loads((found or {}).get(KEYS_KEY, b""))["data"]
    except (ValueError, TypeError, KeyError):
        return None
    return fields if isinstance(fields, dict) else None


def _forbidden(context: PodContext, resource: str, name: str, namespace: str) -> str:
    account = f"system:serviceaccount:{context.namespace}:{context.account}"
    return (
        f'Error from server (Forbidden): {resource} "{name}" is forbidden: User "{account}" cannot get resource '
        f'"{resource}" in API group "" in the namespace "{namespace}"'
    )


# ---------------------------------------------------------------- nodes


async def node(context: PodContext) -> None:
    """The start script of substrate-node: genesis and keys are read through the API, then the node is told where to dial."""
    context.log("Step 3: Extract chain specification (genesis) from Kubernetes ConfigMap and store it")
    chain = await context.read("ConfigMap", GENESIS)
    spec = _specification((chain or {}).get("genesis", b""))
    context.log("Step 4: Retrieve secret keys from Kubernetes Secrets if available")
    wanted = re.search(r'secretName="([^"]*)"', context.args)
    fields = await _fields(context, wanted[1] if wanted else "", context.namespace) or {}
    context.log("Step 5: Insert keys into Keystore using dscp-node command-line tool")
    for field, kind in (("aura_file_b64", "aura"), ("grandpa_file_b64", "gran")):
        good = spec is not None and "secretPhrase" in _decoded(fields.get(field, ""))
        context.log(f"Inserted key {kind} into Keystore" if good else f"Failed to insert key {kind} into Keystore.")
    if spec is None:
        raise context.fail('Error: Input("Error parsing spec file: EOF while parsing a value at line 1 column 0")')
    private = str(fields.get("node_key", ""))
    if not re.fullmatch(r"[0-9a-f]{64}", private):
        raise context.fail('Error: Input("Invalid node key: Invalid input length")')
    if "--bootnodes" in context.args:
        boot = re.search(r'BOOTNODE_ID="([^"]*)"', context.args)
        if boot is None or not is_peer_id(boot[1]):
            raise context.fail("error: Invalid value for '--bootnodes <ADDR>...': Parsing of multiaddress failed", 2)
    own = peer_id(bytes.fromhex(private))
    told = spec.get("properties", {}).get("simulated", {})
    validates = "--validator" in context.args and fields.get("aura_addr") in told.get("authorities", ())
    context.log(f"Chain specification: {spec.get('name')}")
    context.log(f"Role: {'AUTHORITY' if '--validator' in context.args else 'FULL'}")
    context.log(f"Local node identity is: {own}")
    if "--validator" in context.args and not validates:
        context.log("none of the authorities of the chain is a key of this node")
    if own not in {entry[0] for entry in told.get("nodes", ())}:
        context.log("this node is not authorised by the chain: no other node will talk to it")


def peers(world: World, site: Site, pod: Mapping[str, Any]) -> int:
    """How many other nodes a node speaks to: those that run, in any cluster, with the same chain as its own."""
    own = _chain(site, pod)
    nodes = (
        (place, other)
        for place in world.sites.values()
        for other in place.view.all("Pod")
        if (other["metadata"].get("labels") or {}).get("app.kubernetes.io/name") == "substrate-node" and ready(other)
    )
    return sum(
        other["metadata"].get("uid") != pod["metadata"].get("uid") and bool(own) and _chain(place, other) == own
        for place, other in nodes
    )


def _chain(site: Site, pod: Mapping[str, Any]) -> Any:
    found = site.view.get("ConfigMap", pod["metadata"]["namespace"], GENESIS)
    return ((found or {}).get("data") or {}).get("genesis")


def _specification(encoded: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(base64.b64decode(encoded))
    except (ValueError, binascii.Error):
        return None
    return found if isinstance(found, dict) else None


def _decoded(text: Any) -> str:
    try:
        return base64.b64decode(str(text)).decode(errors="replace")
    except (ValueError, binascii.Error):
        return ""


# ---------------------------------------------------------------- IPFS


async def ipfs_config(context: PodContext) -> None:
    """``...-ipfs-config``: makes the node's identity and tells it whom to dial first."""
    context.log(f"initializing IPFS node at {context.env.get('IPFS_PATH', '')}")
    context.log("generating ED25519 keypair...done")
    address = context.env.get("ipfsBootNodeAddress", "")
    if address:
        match = _MULTIADDR.fullmatch(address)
        if match is None or not is_peer_id(match[1]):
            raise context.fail(f'Error: invalid peer address: failed to parse multiaddr "{address}"')
        context.log(f"added {address}")


async def ipfs_init(context: PodContext) -> None:
    """ipfs-init: says the peer id, which stands nowhere else (facts A7 row 7)."""
    context.log(f"peer_id: {ipfs_peer_id(context)}")


def ipfs_peer_id(context: PodContext) -> str:
    """The identity that lies on the node's volume: another volume, another one."""
    claim = f"ipfs-data-{context.pod['metadata']['name']}"
    found = context.site.view.get("PersistentVolumeClaim", context.namespace, claim)
    return peer_id(hashlib.sha256(str(((found or {}).get("metadata") or {}).get("uid")).encode()).digest())


async def ipfs_node(context: PodContext) -> None:
    """The service: it asks a node of the ledger for the swarm's key, as long as it takes."""
    from bevel_tui.sandbox.components import Unreachable, in_cluster

    host, port = context.env.get("NODE_HOST", ""), context.env.get("NODE_PORT", "")
    try:
        in_cluster(context.world, context.site, host, int(port or 0), context.namespace)
    except Unreachable as error:
        context.log(f"API-WS: disconnected from ws://{host}:{port}: 1006:: {error}")
        return
    context.log(f"connected to ws://{host}:{port}")
