"""Indy: keys, genesis, stewards, and the registration of endorsers (facts A4)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from bevel_tui.sandbox.components import Component
from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.indy_keys import compact, new_identity, verkey_of
from bevel_tui.sandbox.workloads.jobs import ready
from bevel_tui.sandbox.world import World

_CALL = re.compile(r"\$\(generate_identity (\S+) (trustees|endorsers|stewards)\)")
#: prevent_injections of images/indy-key-mgmt/src/identity_crypto_generator.py
_INJECTION = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|DROP|UNION|CREATE|ALTER|EXEC|--)\b", re.IGNORECASE)
_PERSON = re.compile(r'echo "(?P<role>Trustee|Steward): (?P<name>[^"]+)"')
_ARGUMENT = re.compile(r'--arg (client_ip|client_port|node_ip|node_port) "?([^"\s\\]*)')
_MAPS = {"dtg": "domain_transactions_genesis", "ptg": "pool_transactions_genesis"}
#: Secrets that the node's init container reads after the identity's name, and the files it makes of them
_NODE_SECRETS = (
    "node-public-bls-keys",
    "node-private-bls-keys",
    "node-private-private-keys",
    "node-public-public-keys",
    "node-private-sig-keys",
    "node-public-verif-keys",
    "client-private-private-keys",
    "client-public-public-keys",
    "client-private-sig-keys",
    "client-public-verif-keys",
)


# ---------------------------------------------------------------- keys


async def keys(context: PodContext) -> None:
    """generate-keys: twelve or so Secrets per identity; what is there already stays."""
    from bevel_tui.sandbox.players.shared import vault_token

    await vault_token(context)
    context.log("Generating the secrets for each identity")
    for name, _ in _CALL.findall(context.args):
        if _INJECTION.search(name):
            raise context.fail("ValueError: Invalid input. Detected potential SQL injection attempt.")
        for secret, value in new_identity(name).secrets.items():
            if await context.read("Secret", secret) is None:
                await context.write("Secret", secret, {"value": compact(value)})


async def keys_cleanup(context: PodContext) -> None:
    """cleanup-keys: the Secrets of all identities that the script names, under settings.removeKeysOnDelete."""
    for name, _ in _CALL.findall(context.args):
        for secret in new_identity(name).secrets:
            if await context.read("Secret", secret) is not None:
                await context.remove("Secret", secret)


# ---------------------------------------------------------------- genesis


async def genesis(context: PodContext) -> None:
    """The genesis Job: both genesis files from the public keys and from the addresses in its script.

    It has no ``set -e``: a map that is missing leaves empty texts behind, and only the last command decides.
    """
    if "Secondary Genesis" in context.args:
        context.log("Secondary Genesis, config maps are created from local files.")
        return
    domain: list[str] = []
    pool: list[str] = []
    first = trustee = ""
    people = list(_PERSON.finditer(context.args))
    for number, person in enumerate(people):
        name = person["name"]
        context.log(person[0].removeprefix('echo "').removesuffix('"'))
        found = await context.read("ConfigMap", f"{name}-keys") or {}
        public = {key: value.decode().strip().strip('"') for key, value in found.items()}
        did, verkey = public.get("did", ""), public.get("verkey", "")
        if person["role"] == "Trustee":
            metadata = {"from": first} if first else {}
            first, trustee = first or did, did
            domain.append(_nym(name, did, verkey, "0", metadata, len(domain) + 1))
            continue
        domain.append(_nym(name, did, verkey, "2", {"from": trustee}, len(domain) + 1))
        end = people[number + 1].start() if number + 1 < len(people) else len(context.args)
        where = dict(_ARGUMENT.findall(context.args[person.end() : end]))
        pool.append(_node(context, name, public, where, len(pool) + 1))
    code = 0
    for (name, key), lines in zip(_MAPS.items(), (domain, pool), strict=True):
        code = await _create(context, name, key, "\n".join(lines))
    if code:
        raise context.fail("", code)


async def _create(context: PodContext, name: str, key: str, text: str) -> int:
    """``kubectl create configmap``, unless the patched script finds the same there; its exit code."""
    context.log(text)
    if re.search(rf"kubectl get configmap --namespace \S+ {name}\b", context.args):
        there = await context.read("ConfigMap", name)
        if there is not None and there.get(key, b"").decode() == text:
            return 0
    if await context.write("ConfigMap", name, {key: text}):
        return 0
    context.log(f'error: failed to create configmap: configmaps "{name}" already exists')
    return 1


def _nym(name: str, did: str, verkey: str, role: str, metadata: dict[str, str], number: int) -> str:
    data = {"alias": name, "dest": did, "role": role, "verkey": verkey}
    return compact(
        {
            "reqSignature": {},
            "txn": {"data": data, "metadata": metadata, "type": "1"},
            "txnMetadata": {"seqNo": number},
            "ver": "1",
        }
    )


def _node(context: PodContext, name: str, public: Mapping[str, str], where: Mapping[str, str], number: int) -> str:
    try:
        ports = {key: int(where.get(key, "")) for key in ("client_port", "node_port")}
    except ValueError:
        raise context.fail(f"jq: error: cannot parse '{where.get('node_port', '')}' as number", 5) from None
    data = {
        "alias": name,
        "blskey": public.get("blspub", ""),
        "blskey_pop": public.get("blspop", ""),
        "client_ip": where.get("client_ip", ""),
        "client_port": ports["client_port"],
        "node_ip": where.get("node_ip", ""),
        "node_port": ports["node_port"],
        "services": ["VALIDATOR"],
    }
    txn = {
        "data": {"data": data, "dest": public.get("verkey", "")},
        "metadata": {"from": public.get("did", "")},
        "type": "0",
    }
    # of the name as echo prints it, line end included
    identity = hashlib.sha256(f"{name}\n".encode()).hexdigest()
    return compact({"reqSignature": {}, "txn": txn, "txnMetadata": {"seqNo": number, "txnId": identity}, "ver": "1"})


def documents(text: str) -> list[dict[str, Any]]:
    """The transactions of a genesis file; a line that is none is left out."""
    found = []
    for line in text.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


# ---------------------------------------------------------------- stewards


async def format_certs(context: PodContext) -> None:
    """The init container: key files from Secrets. A missing one is an error in its log only: it ends well (I06)."""
    for what in _NODE_SECRETS:
        await context.read("Secret", f"{context.env.get('NODE_ID', context.release)}-{what}")


async def node(context: PodContext) -> None:
    """indy-node: starts when its key files hold keys, and when there is a genesis.

    The words are those of ZeroMQ's key files and of Python; Bevel prints none of its own here.
    """
    name = context.env.get("INDY_NODE_NAME", context.release)
    network = context.env.get("INDY_NETWORK_NAME", "")
    for what in _NODE_SECRETS:
        found = await context.read("Secret", f"{name}-{what}")
        try:
            values = json.loads((found or {}).get("value", b""))
        except ValueError:
            values = {}
        if not values:
            path = f"/var/lib/indy/keys/{network}/keys/{name}"
            raise context.fail(f"ValueError: No public key found in {path} ({name}-{what})")
    for key in _MAPS.values():
        path = f"/var/lib/indy/genesis/{network}/{key}"
        if not documents(context.text(path)):
            raise context.fail(f"ValueError: {path} holds no transaction")
    context.log(f"{name} started")


# ---------------------------------------------------------------- the pool


def steward_at(world: World, alias: str, verkey: str, address: str, port: int) -> Component | None:
    """The steward that answers at an address of the genesis, if it is the one that the genesis means."""
    component = world.tcp_route(address, port) if world.tcp_route is not None else None
    if component is None or not ready(component.pod):
        return None
    files = world.mounted.get(component.pod["metadata"]["uid"], {})
    pool = next((data for path, data in files.items() if path.endswith(_MAPS["ptg"])), b"")
    entry = next((e for e in documents(pool.decode()) if _alias(e) == alias), None)
    labels = component.pod["metadata"].get("labels") or {}
    same = entry is not None and entry["txn"]["data"].get("dest") == verkey
    return component if same and labels.get("app") == alias else None


def _alias(entry: dict[str, Any]) -> str:
    try:
        return str(entry["txn"]["data"]["data"]["alias"])
    except (KeyError, TypeError):
        return ""


def pool_of(world: World, text: str) -> tuple[list[Component], int]:
    """(stewards of a pool genesis that a client reaches, how many it has). All but a third must be there."""
    entries = [entry for entry in documents(text) if _alias(entry)]
    found = []
    for entry in entries:
        data = entry["txn"]["data"]
        address, port = str(data["data"].get("client_ip")), int(data["data"].get("client_port") or 0)
        component = steward_at(world, _alias(entry), str(data.get("dest")), address, port)
        if component is not None:
            found.append(component)
    return found, len(entries)


async def register(context: PodContext) -> None:
    """indy-ledger.sh: the administrator writes an identity to the ledger, through the pool."""
    path = context.env.get("POOL_GENESIS_PATH", "")
    given = {
        "Admin DID": _json(context.text("/data/admin/public/value"), "did"),
        "Admin seed": _json(context.text("/data/admin/private/value"), "seed"),
        "Identity DID": context.text("/data/identity/did").strip().strip('"'),
        "Identity Role": context.env.get("IDENTITY_ROLE", ""),
        "Identity Verkey": context.text("/data/identity/verkey").strip().strip('"'),
    }
    context.log("Running ledger Transaction Script...")
    for what, value in given.items():
        if not value:
            raise context.fail(f"Script Failed: {what} Missing")
        context.log(f"{what} Received")
    context.log("Indy Wallet has been successfully opened.")
    try:
        admin_key = verkey_of(given["Admin seed"])
    except ValueError:
        raise context.fail("Cannot Import DID...") from None
    context.log("DID imported successfully.")
    context.log("DID set active.")
    text = context.text(path)
    stewards, count = pool_of(context.world, text)
    if not count or len(stewards) < count - (count - 1) // 3:
        raise context.fail("Pool Connection failed...")
    context.log("Pool successfully Connected")
    if not _may_write(context.world, stewards, given["Admin DID"], admin_key):
        raise context.fail("Transaction Failed")
    context.log("Transaction Successful, NYM has been received")
    ledger = context.world.identities.setdefault(ledger_id(text), {})
    ledger[given["Identity DID"]] = (given["Identity Verkey"], given["Identity Role"])
    context.log(f"Role [{given['Identity Role']}] successfuly created.")


def ledger_id(pool: str) -> str:
    """A ledger's name in the sandbox: by its genesis, however that is spaced."""
    return hashlib.sha256("\n".join(compact(entry) for entry in documents(pool)).encode()).hexdigest()


def _may_write(world: World, stewards: list[Component], did: str, verkey: str) -> bool:
    """Whether the stewards know the administrator as a trustee with this key."""
    files = world.mounted.get(stewards[0].pod["metadata"]["uid"], {})
    domain = next((data for path, data in files.items() if path.endswith(_MAPS["dtg"])), b"")
    for entry in documents(domain.decode()):
        data = entry.get("txn", {}).get("data", {})
        if (data.get("dest"), data.get("verkey"), data.get("role")) == (did, verkey, "0"):
            return True
    return False


def _json(text: str, member: str) -> str:
    """``jq -r`` of a member; its word for a missing one is null."""
    try:
        return str(json.loads(text)[member])
    except (ValueError, KeyError, TypeError):
        return ""
