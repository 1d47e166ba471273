"""Making a node's keys before its chart would make them wrongly (facts A3 Q1).

The pre-install hook of quorum-node writes a Secret with seven empty values when it finds none, and enters a node
without public key among the peers. With the Secret there it only reads the public key. Keys go from this process's
memory into the Secret and nowhere else; an existing Secret is never changed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Callable

from bevel_tui.engine.context import RunContext
from bevel_tui.engine.executor import Result
from bevel_tui.engine.labels import ours
from bevel_tui.kube.client import ApiError
from bevel_tui.platforms.ethereum_charts import QUORUM_KEYS
from bevel_tui.records.steps import KeysStep, ObjectRef

#: cost of deriving the keystore's key. Small on purpose: the password lies beside the keystore in the same Secret.
_SCRYPT_N = 4096


async def perform(ctx: RunContext, step: KeysStep) -> Result:
    """Create the Secret if it is absent. One that lacks a key is left as it is and fails the step. Raises ApiError."""
    client = ctx.access(step).client
    ref = ObjectRef("v1", "Secret", step.name, step.namespace)
    found = await client.get(ref)
    if found is not None:
        return _judged(step, found.get("data") or {})
    password = None if step.password is None else str(ctx.secrets.fill(step.password))
    data = await asyncio.to_thread(make, step.keys, password)
    wanted = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": step.name, "namespace": step.namespace, "labels": ours(ctx.plan.network_name)},
        "type": "Opaque",
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }
    try:
        await client.create(wanted)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        return await perform(ctx, step)
    return Result("ok")


def make(kind: str, password: str | None) -> dict[str, str]:
    """The data keys of a Secret and their values (text). Raises KeyError for a kind that nobody knows."""
    return _MAKERS[kind](password or secrets.token_urlsafe(24))


def _judged(step: KeysStep, data: dict[str, str]) -> Result:
    lacking = sorted(key for key in _KEYS[step.keys] if not data.get(key))
    if not lacking:
        return Result("unchanged")
    return Result(
        "failed",
        f"Secret {step.namespace}/{step.name} exists, but nothing is in {', '.join(lacking)}: Bevel's hook leaves it "
        "like that when it makes the keys itself.",
        f"Uninstall the node if there is one, delete the Secret (kubectl delete secret {step.name} -n {step.namespace}) "
        "and run the same command again.",
    )


def _quorum_node(password: str) -> dict[str, str]:
    """As quorum-genesis-tool writes them: hexadecimal, ``0x`` before the account's values only, no blanks (Q4)."""
    from eth_keyfile.keyfile import create_keyfile_json
    from eth_keys.datatypes import PrivateKey

    node, account = _private_key(), _private_key()
    public = PrivateKey(node).public_key
    address = PrivateKey(account).public_key.to_address()
    keystore = create_keyfile_json(account, password.encode(), kdf="scrypt", iterations=_SCRYPT_N)
    return {
        "nodekey": node.hex(),
        "nodekey.pub": public.to_bytes().hex(),
        "address": public.to_address().removeprefix("0x"),
        "accountPrivateKey": f"0x{account.hex()}",
        "accountPassword": password,
        "accountKeystore": json.dumps({**keystore, "address": address.removeprefix("0x")}, separators=(",", ":")),
        "accountAddress": address,
    }


def _private_key() -> bytes:
    """A secp256k1 private key. (A number outside the curve's range comes up once in 2**128 and is drawn again.)"""
    from eth_keys.constants import SECPK1_N

    while True:
        key = secrets.token_bytes(32)
        if 0 < int.from_bytes(key) < SECPK1_N:
            return key


_KEYS = {"quorum-node": QUORUM_KEYS}
_MAKERS: dict[str, Callable[[str], dict[str, str]]] = {"quorum-node": _quorum_node}
