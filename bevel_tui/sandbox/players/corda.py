"""Open-source Corda: keys, certificates, registration, and what a node does when it starts (facts A5).

Key stores are not Java's: certificates in them are real, private keys are left out, since no later step reads them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re

from bevel_tui.sandbox.components import Unreachable, in_cluster
from bevel_tui.sandbox.corda import key_store, root_in
from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.pki import authority, issue, self_signed, subject
from bevel_tui.sandbox.players.shared import vault_token
from bevel_tui.sandbox.players.web import request

#: what ``openssl req -x509`` signs for unless it is told otherwise
DAYS = 30
_TRIES, _PAUSE = 10, 5.0


def certificate_subject(context: PodContext, file: str) -> str:
    """The ``-subj`` of the command that makes a certificate file."""
    for line in context.args.splitlines():
        found = re.search(r"-subj '([^']*)'", line)
        if found and re.search(rf"-out {re.escape(file)}(?:\s|$)", line):
            return found.group(1)
    raise context.fail(f"no command makes {file}")


# ---------------------------------------------------------------- certificates for the gateway


async def tls_certs(context: PodContext) -> None:
    """corda-certs-gen: self-signed certificates, one Secret each; what is there already stays."""
    await vault_token(context)
    host = context.env.get("EXTERNAL_URL", "")
    found = re.search(r"openssl req -x509 -days (\d+)", context.args)
    days = int(found.group(1)) if found else DAYS
    names = {"ambassador": [host, *re.findall(r"DNS\.[23] = ([A-Za-z0-9.-]+)", context.args)]}
    first, _, suffix = host.partition(".")
    for what in ("doorman", "nms"):
        names[what] = [f"{first}-{what}.{suffix}"]
    made = re.findall(r"kubectl create secret tls --namespace \S+ (\S+)[\s\\]+--cert=\S*?(\w+)\.crt", context.args)
    for secret, file in made:
        for name in names[file]:
            if len(name) > 64:  # what a common name may have; openssl makes no certificate then
                raise context.fail(
                    f'string too long:maxsize=64\nerror: open {file}.crt: no such file or directory: "{name}"'
                )
        if await context.read("Secret", secret) is None:
            certificate, key = self_signed(names[file][0], names[file], days)
            await context.write("Secret", secret, {"tls.crt": certificate, "tls.key": key}, "kubernetes.io/tls")
    context.log("Done creating certificates, now store as secrets in k8s")


# ---------------------------------------------------------------- network service


async def network_keys(context: PodContext) -> None:
    """The hook of the network service: root, doorman's, network map's and the database's certificates."""
    await vault_token(context)
    if not context.files.get("/home/openssl.conf"):
        raise context.fail("Can't open /home/openssl.conf for reading, No such file or directory")
    secret = f"{context.release}-certs"
    if await context.read("Secret", secret) is not None:
        return
    context.log(f"Creating certificates for {context.release} ...")
    root, root_key = authority(subject(certificate_subject(context, "cordarootca.pem")), ())
    doorman, _ = issue(subject("", "Corda Doorman CA"), (), root, root_key, 1000)
    network_map, _ = issue(subject("", "Network Map"), (), root, root_key, 1000)
    database_ca, database_ca_key = authority(subject(certificate_subject(context, "mongoCA.crt")), ())
    database, database_key = issue(subject("", "mongoDB"), (), database_ca, database_ca_key)
    await context.write(
        "Secret",
        secret,
        {
            "nmskeystore": key_store(network_map, name="nms"),
            "doormankeystore": key_store(doorman, name="doorman"),
            "rootcakeystore": key_store(root, name="root"),
            "rootcacert": root,
            "rootcakey": root_key,
            "mongodb.pem": base64.b64encode(database_key + database),
            "mongoCA.crt": base64.b64encode(database_ca),
        },
    )
    context.log("Completed ...")


# ---------------------------------------------------------------- nodes


async def node_keys(context: PodContext) -> None:
    """The hook of a node: its keys, and the network's root from the network map.

    The script does not look whether wget succeeded: then the trust store is an empty file, and only the registration
    fails over it (C02).
    """
    await vault_token(context)
    secret = f"{context.release}-certs"
    if await context.read("Secret", secret) is not None:
        return
    context.log(f"Creating certificates for {context.release} ...")
    certificate, key = authority(subject(certificate_subject(context, "node.cer")), ())
    found = re.search(r"wget --no-check-certificate (\S+)", context.args)
    if found is None:
        raise context.fail("wget: missing URL")
    truststore = b""
    try:
        reply = await request(context, "GET", found.group(1))
        if reply.status == 200:
            truststore = reply.body
        else:
            context.log(f"ERROR {reply.status}: {found.group(1)}")
    except Unreachable as error:
        context.log(f"wget: {error}")
    await context.write(
        "Secret",
        secret,
        {
            "network-map-truststore.jks": truststore,
            "nodekeystore.jks": key_store(certificate, name="node"),
            "node.crt": base64.b64encode(certificate),
            "node.key": base64.b64encode(key),
        },
    )
    context.log("Completed ...")


async def db_healthcheck(context: PodContext) -> None:
    """db-healthcheck: ten looks, five seconds apart (C05)."""
    found = re.search(r"DB_NODE=([A-Za-z0-9.-]+):(\d+)", context.args)
    if found is None:
        raise context.fail("no DB_NODE in the script")
    for attempt in range(1, _TRIES + 1):
        try:
            if in_cluster(context.world, context.site, f"{found[1]}.{context.namespace}.svc", int(found[2])):
                context.log("DB up and running!")
                return
        except Unreachable:
            context.log(f"Retry attempted {attempt} times, retrying after 5 seconds")
        await context.world.clock.sleep(_PAUSE)
    raise context.fail(f"Retry attempted {_TRIES + 1} times, no DB up and running. Giving up!")


def setting(context: PodContext, name: str) -> str:
    """A setting of node.conf, which init-nodeconf writes into the volume that all containers share."""
    for container in context.pod["spec"].get("initContainers") or ():
        if container["name"] == "init-nodeconf":
            text = "\n".join(container.get("args") or ())
            found = re.search(rf'^\s*{name}\s*[:=]\s*\[?"([^"]*)"', text, re.MULTILINE)
            return found.group(1) if found else ""
    return ""


def trusted(context: PodContext) -> bytes | None:
    """The certificates that are imported into Java's trust store; None where the services speak plain HTTP."""
    found = [context.files.get(f"/certs/{what}/tls.crt", b"") for what in ("nms", "doorman")]
    return b"\n".join(found) if any(found) else None


async def register(context: PodContext, url: str, name: str, truststore: bytes) -> None:
    """Initial registration with a doorman or identity manager. Raises Unreachable with Corda's words when it fails."""
    expected = root_in(truststore)
    if expected is None:
        raise Unreachable("java.io.EOFException: the network root trust store is empty or no key store")
    trust = trusted(context)
    if url.startswith("https:") and trust is None:
        raise Unreachable("Unable to contact node registration service: no trusted certificate")
    node = f"{context.site.name}/{context.namespace}/{context.release}"
    body = json.dumps({"legalName": name, "node": node}).encode()
    try:
        reply = await request(context, "POST", f"{url}/certificate", body, trust=trust)
    except Unreachable as error:
        raise Unreachable(f"NodeRegistrationException: Unable to contact node registration service: {error}") from None
    if reply.status != 200:
        raise Unreachable(f"Certificate signing request has been rejected: {reply.text or reply.status}")
    if reply.body.strip() != expected.strip():
        raise Unreachable("The Root CA returned back from the registration process does not match the expected Root CA")


async def registration(context: PodContext) -> None:
    """init-registration: once; a Secret with the stores of an earlier registration ends it at once."""
    if "/opt/corda/certificates/truststore.jks" in context.files:
        context.log(f"Initial Registration already complete for {context.release} ...")
        return
    context.log("Initial registration start ...")
    truststore = context.files.get("/opt/corda/certificates/network-map-truststore.jks", b"")
    try:
        await register(context, setting(context, "doormanURL"), setting(context, "myLegalName"), truststore)
    except Unreachable as error:
        raise context.fail(f"{error}\nError in initial-registration") from None
    context.log("Initial Registration Complete")


async def publish(context: PodContext, url: str, name: str, addresses: list[str]) -> None:
    """What a node does when it starts: it reads the network's parameters and publishes itself. Raises Unreachable."""
    body = json.dumps({"legalName": name, "addresses": addresses}).encode()
    for method, path, sent in (("GET", "/network-map", b""), ("POST", "/network-map/publish", body)):
        reply = await request(context, method, f"{url}{path}", sent, trust=trusted(context))
        if reply.status != 200:
            raise Unreachable(f"Response Code {reply.status}: {reply.text}")


async def node(context: PodContext) -> None:
    """The node: without a network map it does not start."""
    addresses = [setting(context, "p2pAddress"), setting(context, "additionalP2PAddresses")]
    try:
        await publish(context, setting(context, "networkMapURL"), setting(context, "myLegalName"), addresses)
    except Unreachable as error:
        raise context.fail(
            f"{error}\nCouldn't find network parameters file and compatibility zone wasn't configured/isn't reachable."
        ) from None


async def logs(context: PodContext) -> None:
    """corda-logs: a notary registers with the network map (C08); then the stores go into the node's Secret."""
    await vault_token(context)
    variables = dict(
        re.findall(r"^\s*(NMS_USER_ID|NMS_USER_PASSWORD|url|section)=(\S+)\s*$", context.args, re.MULTILINE)
    )
    if "url" in variables:
        await _register_notary(context, variables)
    stores = {
        name: key_store(name=f"{context.release}{name}") for name in ("nodekeystore", "sslkeystore", "truststore")
    }
    await context.merge("Secret", f"{context.release}-certs", {f"{name}.jks": data for name, data in stores.items()})
    context.log("Completed ...")


async def _register_notary(context: PodContext, variables: dict[str, str]) -> None:
    """The kind is decided in the script by a comparison of two words, of which the chart renders the first."""
    section = variables["section"]
    decision = re.search(r'if \[ (\w+) == "true" \]', context.args)
    if decision:
        section = f"/admin/api/notaries/{'validating' if decision[1] == 'true' else 'nonValidating'}"
    login = json.dumps({"user": variables.get("NMS_USER_ID"), "password": variables.get("NMS_USER_PASSWORD")})
    try:
        token = await request(context, "POST", f"{variables['url']}/admin/api/login", login.encode())
        body = json.dumps({"token": token.text, "legalName": setting(context, "myLegalName")}).encode()
        reply = await request(context, "POST", f"{variables['url']}{section}", body)
        answer = reply.text
    except Unreachable as error:
        answer = ""
        context.log(f"curl: {error}")
    context.log(f"responsevar={answer.split(' ')[0]}")
    if answer != "OK":
        context.log("Response from NMS is not ok\nSomething went wrong")
        return
    context.log("Response is OK\nRegistered notary with Networkmap successfully")


def node_info(name: str) -> str:
    """The file in which a node describes itself: called by a hash of what it says."""
    return f"nodeInfo-{hashlib.sha256(name.encode()).hexdigest().upper()}"
