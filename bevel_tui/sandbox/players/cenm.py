"""Corda Enterprise: the network manager's keys, set-up and network map, and its nodes (facts A6)."""

from __future__ import annotations

import json
import re

from bevel_tui.sandbox.components import Unreachable, in_cluster
from bevel_tui.sandbox.corda import Zone, key_store
from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.corda import node_info, publish, register
from bevel_tui.sandbox.players.pki import authority, issue, subject
from bevel_tui.sandbox.players.shared import vault_token

CERTS = "cenm-certs"
#: seconds between two tries of the scripts' loops, which have no end
_PAUSE = 5.0
_SSL = ("auth", "identity-manager", "network-map", "root", "signer")


async def pki(context: PodContext) -> None:
    """The hook: all of the network manager's keys, in one Secret; what is there already stays."""
    await vault_token(context)
    if not context.files.get("/home/openssl.conf"):
        raise context.fail("Can't open /home/openssl.conf for reading, No such file or directory")
    if await context.read("Secret", CERTS) is not None:
        return
    context.log(f"Creating certificates for {context.release} ...")
    found = re.search(r'subject = "(CN=DLT Root CA[^"]*)"', context.args)
    root, root_key = authority(subject(found.group(1) if found else "", "DLT Root CA"), ())
    manager, _ = issue(subject("", "Identity Manager Service Certificate"), (), root, root_key)
    network_map, _ = issue(subject("", "Network Map Service Certificate"), (), root, root_key)
    ssl_root, _ = authority(subject("", "SSL Root CA"), ())
    await context.write(
        "Secret",
        CERTS,
        {
            **{f"corda-ssl-{what}-keys.jks": key_store(ssl_root, name=what) for what in _SSL},
            "corda-ssl-trust-store.jks": key_store(ssl_root),
            "network-root-truststore.jks": key_store(root),
            "identity-manager-key-store.jks": key_store(manager, name="identity-manager"),
            "network-map-key-store.jks": key_store(network_map, name="network-map"),
            **{
                f"{what}.crl": f"simulated list of the {what}'s revoked certificates\n"
                for what in ("tls", "root", "subordinate")
            },
        },
    )
    context.log("Completed ...")


# ---------------------------------------------------------------- set-up of the network manager


def _reachable(context: PodContext, host: str, port: int) -> bool:
    try:
        return in_cluster(context.world, context.site, host, port, context.namespace) is not None
    except Unreachable:
        return False


async def wait_for_port(context: PodContext) -> None:
    """init-check-*: looks whether a port is open, again and again, without end."""
    found = re.search(r"nc -w 5 -vz (\S+) (\d+)", context.args)
    if found is None:
        raise context.fail("no port in the script")
    host, port = found[1], int(found[2])
    while not _reachable(context, host, port):
        await context.tell(f"Connect to {host} port {port} (tcp) failed: Connection refused")
        await context.world.clock.sleep(1.0)
    context.log(f"Connection {host} port {port} successful")


async def users(context: PodContext) -> None:
    """setupAuth.sh: users, groups and roles, made through the gateway; it asks for a token until it gets one."""
    found = re.search(r"setupAuth\.sh (\S+) (\d+)", context.args)
    if found is None:
        raise context.fail("no gateway in the script")
    while not _reachable(context, found[1], int(found[2])):
        await context.tell("curl: (7) Failed to connect: Connection refused")
        await context.world.clock.sleep(_PAUSE)
    context.log("========================= Creating users =========================")
    context.log("========================= Assigning roles to groups =========================")


def _users_made(context: PodContext) -> bool:
    """Whether the gateway's Job has made the users that others log in as."""
    return any(
        job["metadata"]["name"].startswith("gateway-") and (job.get("status") or {}).get("succeeded")
        for job in context.site.view.all("Job", context.namespace)
    )


async def login(context: PodContext) -> None:
    """getZoneToken.sh: logs in at the gateway, again and again without end (E03), then talks to the zone."""
    script = next((v.decode() for k, v in context.files.items() if k.endswith("/getZoneToken.sh")), "")
    found = re.search(r"Trying to login to ([A-Za-z0-9.-]+):(\d+)", script)
    if found is None:
        raise context.fail("bin/getZoneToken.sh: No such file or directory")
    while True:
        context.log(f"Trying to login to {found[1]}:{found[2]} ...")
        if _reachable(context, found[1], int(found[2])) and _users_made(context):
            break
        await context.tell("EXIT_CODE=1")
        await context.world.clock.sleep(_PAUSE)
    while not _reachable(context, f"zone.{context.namespace}", 12345):
        await context.tell("EXIT_CODE=1")
        await context.world.clock.sleep(_PAUSE)
    context.log("EXIT_CODE=0")


async def subzone(context: PodContext) -> None:
    """init-networkmap: network parameters out of what notaries say, then a subzone; it stays for people to look in."""
    if not any("/nodeInfo" in path for path in context.files):
        raise context.fail("cat: 'isValidating_nodeInfo*': No such file or directory")
    await login(context)


async def network_map(context: PodContext) -> None:
    """The network map: initial parameters name the notaries; it asks the identity manager who they are."""
    infos = {
        path.rpartition("/")[2]: json.loads(data)
        for path, data in context.files.items()
        if path.rpartition("/")[2].startswith("nodeInfo-")
    }
    zone = context.world.zones.setdefault((context.site.name, context.namespace), Zone())
    problem = None
    if not infos:
        problem = "No notaries in network-parameters-initial.conf"
    elif not context.files.get("/certs/network-root-truststore.jks"):
        problem = "network-root-truststore.jks: No such file or directory"
    elif not _reachable(context, f"idman.{context.namespace}", 5052):
        problem = f"Connection to idman.{context.namespace}:5052 refused"
    if problem:
        raise context.fail(
            f"{problem}\nNetwork Map failed - exit code: 1 (error)\n"
            "Going to sleep for requested 120 seconds to let you login and investigate."
        )
    for info in infos.values():
        if info["legalName"] in zone.identities:
            zone.notaries.add(info["legalName"])
            zone.nodes[info["legalName"]] = tuple(info["addresses"])


# ---------------------------------------------------------------- nodes


def setting(context: PodContext, name: str) -> str:
    """A setting of the mounted node.conf."""
    text = context.text("/opt/corda/etc/node.conf")
    found = re.search(rf'^\s*{name}\s*[:=]\s*\[?"([^"]*)"', text, re.MULTILINE)
    return found.group(1) if found else ""


def _addresses(context: PodContext) -> list[str]:
    return [setting(context, "p2pAddress"), setting(context, "additionalP2PAddresses")]


async def registration(context: PodContext) -> None:
    """init-registration: registers, again and again without end, unless an earlier registration's stores are there."""
    stored = await context.read("Secret", f"{context.release}-certs")
    if stored is not None and {"nodekeystore.jks", "sslkeystore.jks", "truststore.jks"} <= set(stored):
        context.log("Node: already registered to Identity Manager - skipping initial registration.")
        return
    truststore = context.files.get("/certs/network-root-truststore.jks", b"")
    while True:
        context.log("Node: running initial registration ...")
        try:
            await register(context, setting(context, "doormanURL"), setting(context, "myLegalName"), truststore)
        except Unreachable as error:
            await context.tell(f"{error}\nInitial registration exit code: 1")
            await context.world.clock.sleep(_PAUSE * 2)
            continue
        context.log("Initial registration exit code: 0")
        return


async def store(context: PodContext) -> None:
    """store-certs: the node's stores as a Secret; a notary adds itself to notary-info."""
    await vault_token(context)
    name = f"{context.release}-certs"
    if await context.read("Secret", name) is None:
        stores = ("nodekeystore.jks", "sslkeystore.jks", "truststore.jks")
        await context.write("Secret", name, {store: key_store(name=f"{name}{store}") for store in stores})
    if re.search(r"^\s*safeWriteNotaryNodeInfo notary ", context.args, re.MULTILINE):
        await _notary_info(context)
    context.log("Completed ...")


async def _notary_info(context: PodContext) -> None:
    conf = _conf_of(context)
    legal_name = re.search(r'myLegalName\s*:\s*"([^"]*)"', conf)
    addresses = re.findall(r'(?:p2pAddress|additionalP2PAddresses):\s*\[?"([^"]*)"', conf)
    validating = re.search(r"^\s*validating=(\w+)", context.args, re.MULTILINE)
    name = legal_name.group(1) if legal_name else ""
    file = node_info(name)
    data = {
        file: json.dumps({"legalName": name, "addresses": addresses}).encode(),
        f"isValidating_{file}": (validating.group(1) if validating else "true").encode(),
    }
    if await context.read("Secret", "notary-info") is None:
        await context.write("Secret", "notary-info", data)
    else:
        await context.merge("Secret", "notary-info", data)


def _conf_of(context: PodContext) -> str:
    """The node's configuration, which the node itself put into the volume that this container reads."""
    for volume in context.pod["spec"].get("volumes") or ():
        if volume["name"] == "node-conf":
            found = context.site.view.get("ConfigMap", context.namespace, volume["configMap"]["name"])
            return str((found or {}).get("data", {}).get("node.conf", ""))
    return ""


async def node(context: PodContext) -> None:
    """The node. A notary's first start comes before the network map: it ends and is started again until there is one."""
    try:
        await publish(context, setting(context, "networkMapURL"), setting(context, "myLegalName"), _addresses(context))
    except Unreachable as error:
        words = (
            f"{error}\nCouldn't find network parameters file and compatibility zone wasn't configured/isn't reachable."
        )
        if "notary {" not in context.text("/opt/corda/etc/node.conf"):
            raise context.fail(words) from None
        # its container runs meanwhile, and nothing of the chart asks more than that
        for line in words.splitlines():
            context.log(line)
