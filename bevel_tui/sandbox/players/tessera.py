"""The private transaction manager of Besu and GoQuorum: its hooks (besu- and quorum-tessera-node; facts A2.2, A3)."""

from __future__ import annotations

import base64
import json
import re
import secrets

from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.ethereum import option
from bevel_tui.sandbox.players.shared import vault_token


async def keys(context: PodContext) -> None:
    """The pre-install hook: a key pair unless there is one, and this node's URL in tessera-peers."""
    await vault_token(context)
    name = f"tessera-{context.release}"
    match = re.search(r"https?://[A-Za-z0-9.-]+(?::\d+)?", context.args)
    if match is None:
        raise context.fail("no tessera URL in the script")
    url = match.group(0)
    context.log("Tessera keys generation ...")
    if await context.read("Secret", f"{name}-keys") is None:
        public = base64.b64encode(secrets.token_bytes(32)).decode()
        private = {"type": "unlocked", "data": {"bytes": base64.b64encode(secrets.token_bytes(32)).decode()}}
        password = option(context, "tesseraPassword") or "\n"
        await context.write(
            "Secret", f"{name}-keys", {"tm.key": json.dumps(private), "tm.pub": public, "tm.password": password}
        )
    found = await context.read("ConfigMap", "tessera-peers")
    if found is None:
        context.log("No tessera-peers found, creating a new one...")
        await context.write("ConfigMap", "tessera-peers", {"tesseraPeers": json.dumps([{"url": url}])})
    else:
        context.log("Tessera-peers found, updating existing...")
        urls = {peer["url"] for peer in json.loads(found.get("tesseraPeers", b"[]"))} | {url}
        await context.replace("tessera-peers", {"tesseraPeers": json.dumps([{"url": u} for u in sorted(urls)])})
    context.log("Tessera Completed")


async def cleanup(context: PodContext) -> None:
    """The pre-delete hook: every URL that CONTAINS the release's name goes (facts A2.1, substring trap)."""
    found = await context.read("ConfigMap", "tessera-peers")
    if found is None:
        context.log("No tessera-peers found, nothing to do...")
    else:
        kept = [p for p in json.loads(found.get("tesseraPeers", b"[]")) if context.release not in p["url"]]
        await context.replace("tessera-peers", {"tesseraPeers": json.dumps(kept)})
    if re.search(r"deleteSecret\s+\S+-keys", context.args):
        await context.remove("Secret", f"tessera-{context.release}-keys")
    context.log("Completed")
