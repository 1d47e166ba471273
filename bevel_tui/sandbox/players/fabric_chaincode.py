"""Fabric's chaincode Jobs: package to peer, approval, commit, first call (fabric-chaincode-*; facts A1).

What peers have and channels agreed on is kept in the `World`. Sources are not fetched: a repository is taken to be
there, and to ask for a password where the Job has a user for it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from dataclasses import dataclass
from typing import Any

from bevel_tui.sandbox.components import Unreachable, in_cluster
from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.fabric_channel import Channel, Definition, digest

_FOLDER = "/opt/gopath/src/github.com/hyperledger/fabric/crypto"


@dataclass(frozen=True, slots=True)
class Package:
    """A package as a peer has it. `address` is where its server is, None for one that the peer builds itself."""

    id: str
    address: str | None = None


def _label(context: PodContext) -> str:
    return f"{context.env.get('CHAINCODE_NAME', '')}_{context.env.get('CHAINCODE_VERSION', '')}"


def _trust(context: PodContext, file: str = "admin/msp/tlscacerts/tlsca.crt") -> bytes:
    """A certificate of the administrator's MSP; without one the peer command does not start."""
    for part in ("cacerts/ca.crt", "keystore/server.key", "signcerts/server.crt"):
        if b"BEGIN" not in context.files.get(f"{_FOLDER}/admin/msp/{part}", b""):
            raise context.fail(
                "Error: error getting endorser client: Cannot run peer because error when setting up MSP of type bccsp "
                f"from directory {_FOLDER}/admin/msp: could not load a valid {part.partition('/')[0]}"
            )
    return context.files.get(f"{_FOLDER}/{file}", b"")


async def _peer(context: PodContext, url: str, trust: bytes) -> str:
    host, _, port = url.partition(":")
    purpose = f"Error: failed to retrieve endorser client: endorser client failed to connect to {url}"
    return digest(await context.tls(host, int(port or 7051), trust, purpose=purpose))


async def _orderer(context: PodContext) -> None:
    url = context.env.get("ORDERER_URL", "")
    host, _, port = url.partition(":")
    trust = context.files.get(f"{_FOLDER}/orderer/tls/ca.crt", b"")
    purpose = f"Error: failed to create broadcast client: orderer client failed to connect to {url}"
    await context.tls(host, int(port or 7050), trust, purpose=purpose)


# ---------------------------------------------------------------- packages


async def install(context: PodContext) -> None:
    """installchaincode: peer0's Job builds the package, those of others fetch it from peer0."""
    label = _label(context)
    peer = await _peer(context, context.env.get("PEER_ADDRESS", ""), _trust(context))
    installed = context.world.installed.setdefault(peer, {})
    source = _source(context)
    if label in installed:
        context.log(f"chaincode {label} is installed, skipping... ")
        return
    if context.env.get("PEER_NAME") == "peer0":
        context.log("Packaging chaincode for the first peer")
        found = Package(f"{label}:{hashlib.sha256(f'{context.namespace} {source} {label}'.encode()).hexdigest()}")
    else:
        first = await _peer(context, context.env.get("PEER0_ADDRESS", ""), _trust(context))
        fetched = context.world.installed.get(first, {}).get(label)
        context.log(f"Package Id Extracted {fetched.id if fetched else ''}")
        if fetched is None:
            raise context.fail(
                "Error: The required parameter 'package-id' is empty. Rerun the command with --package-id"
            )
        found = fetched
    installed[label] = found
    context.log(f"Chaincode code package identifier: {found.id}\nChaincode installed for Fabric v.2.X")


def _source(context: PodContext) -> str:
    """The repository as the script clones it (F18)."""
    match = re.search(r"git clone https://([^:\s]*):\$git_password@(\S+) -b (\S+)", context.args)
    if match is None:
        raise context.fail("fatal: repository '' does not exist", 128)
    user, url, branch = match.groups()
    if user not in {"", "user"} and not context.files.get(f"{_FOLDER}/user_cred", b"").strip():
        raise context.fail(f"Cloning into 'chaincode'...\nfatal: Authentication failed for 'https://{url}/'", 128)
    return f"{url} {branch}"


async def install_external(context: PodContext) -> None:
    """instextcc: a package that says where the server is; the peer needs a builder that understands it."""
    label = _label(context)
    peer = await _peer(context, context.env.get("CORE_PEER_ADDRESS", ""), _trust(context, "admin/msp/cacerts/ca.crt"))
    installed = context.world.installed.setdefault(peer, {})
    if label in installed:
        context.log(f"chaincode {label} is installed, skipping... ")
        return
    file = f"{context.env.get('CHAINCODE_MOUNT_PATH', '')}/{label}.tgz"
    content = context.files.get(file)
    if content is None:
        raise context.fail(
            f"Error: failed to read chaincode package at '{file}': open {file}: no such file or directory\n"
            "Error while installing chaincode, exiting.."
        )
    metadata, connection = _unpacked(context, content)
    if metadata.get("label") != label:
        raise context.fail("Error while installing chaincode, exiting..")
    name = context.env.get("CORE_PEER_ID", "").partition(".")[0]
    core = await context.read("ConfigMap", f"{name}-builders-config") or {}
    if metadata.get("type") != "ccaas" or b"ccaas_builder" not in core.get("core.yaml", b""):
        raise context.fail(
            "Error: chaincode install failed with status: 500 - failed to invoke backing implementation of "
            "'InstallChaincode': could not build chaincode: docker build failed: platform builder failed: Failed to "
            f"generate a Dockerfile: Unknown chaincodeType: {str(metadata.get('type')).upper()}\n"
            "Error while installing chaincode, exiting.."
        )
    package = Package(f"{label}:{hashlib.sha256(content).hexdigest()}", str(connection.get("address")))
    installed[label] = package
    context.log(f"Chaincode code package identifier: {package.id}\nChaincode installed for Fabric v.2.X")


def _unpacked(context: PodContext, content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    def entry(data: bytes, name: str) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            found = archive.extractfile(name)
            return b"" if found is None else found.read()

    try:
        code = entry(content, "code.tar.gz")
        return json.loads(entry(content, "metadata.json")), json.loads(entry(code, "connection.json"))
    except (OSError, EOFError, ValueError, KeyError, tarfile.TarError, zlib.error):
        raise context.fail(
            "Error: failed to get chaincode package: error reading as gzip stream\n"
            "Error while installing chaincode, exiting.."
        ) from None


# ---------------------------------------------------------------- definitions


def _channel(context: PodContext, *peers: str) -> Channel:
    name = context.env.get("CHANNEL_NAME", "")
    channel = context.world.channels.get(name)
    if channel is None or any(peer not in channel.peers for peer in peers):
        raise context.fail(f"Error: proposal failed with status: 500 - channel '{name}' not found")
    return channel


def _definition(context: PodContext) -> Definition:
    policy = context.env.get("ENDORSEMENT_POLICIES", "")
    if policy and not re.fullmatch(r'"[^"]*"', policy):
        # the script evaluates its command: a policy without quotes of its own is no word to a shell
        raise context.fail("sh: syntax error near unexpected token `('", 2)
    return Definition(
        context.env.get("CHAINCODE_VERSION", ""),
        int(context.env.get("CHAINCODE_SEQUENCE", "1")),
        context.env.get("INIT_REQUIRED") == "true",
        policy.strip('"'),
    )


async def approve(context: PodContext) -> None:
    """approvechaincode: the organization agrees to a definition, for the package that its peer has."""
    name, label = context.env.get("CHAINCODE_NAME", ""), _label(context)
    peer = await _peer(context, context.env.get("CORE_PEER_ADDRESS", ""), _trust(context))
    channel = _channel(context, peer)
    definition = _definition(context)
    approvals = channel.approvals.setdefault((name, definition.sequence), {})
    member = context.env.get("CORE_PEER_LOCALMSPID", "")
    known = approvals.get(member)
    if known is not None and known.version == definition.version:
        context.log(
            f"chaincode {name} with version {definition.version} and sequence {definition.sequence} is approved in "
            f"channel {context.env.get('CHANNEL_NAME')}, skipping... "
        )
        return
    # the script greps: a label that contains this one is found, too
    found = [p.id for known_label, p in context.world.installed.get(peer, {}).items() if label in known_label]
    context.log(f"Package Id Extracted {' '.join(found)}")
    if len(found) != 1:
        raise context.fail("Error: trailing args detected\nChaincode approve failed.")
    await _orderer(context)
    current = channel.committed.get(name)
    expected = current.sequence + 1 if current else 1
    if definition.sequence not in {expected, expected - 1 or 1}:
        raise context.fail(
            "Error: proposal failed with status: 500 - failed to invoke backing implementation of "
            f"'ApproveChaincodeDefinitionForMyOrg': requested sequence is {definition.sequence}, but new definition must "
            f"be sequence {expected}\nChaincode approve failed."
        )
    approvals[member] = definition
    context.log("Chaincode approve was successful.")


async def _endorsers(context: PodContext) -> list[tuple[str, str]]:
    """(MSP, peer) of every endorser that the command is sent to, with the CA that it is known by."""
    names = context.env.get("ENDORSING_ORG_NAMES", "").split()
    addresses = context.env.get("ENDORSERS_CORE_PEER_ADDR", "").split()
    if not names or len(names) != len(addresses):
        raise context.fail("Error: number of peer addresses does not match the number of TLS root cert files")
    found = []
    for name, address in zip(names, addresses, strict=True):
        file = f"{_FOLDER}/endorsers/{name}/msp/cacerts/ca.crt"
        if file not in context.files:
            raise context.fail(f"Error: failed to read TLS root cert file: open {file}: no such file or directory")
        found.append((f"{name}MSP", await _peer(context, address, context.files[file])))
    return found


async def commit(context: PodContext) -> None:
    """commitchaincode: endorsed by organizations that have approved just this, a majority of the channel's."""
    name = context.env.get("CHAINCODE_NAME", "")
    peer = await _peer(context, context.env.get("CORE_PEER_ADDRESS", ""), _trust(context))
    channel, definition = _channel(context, peer), _definition(context)
    if channel.committed.get(name) == definition:
        context.log(
            f"chaincode {name} with version {definition.version} and sequence {definition.sequence} is committed in "
            f"channel {context.env.get('CHANNEL_NAME')}, skipping... "
        )
        return
    endorsers = await _endorsers(context)
    _channel(context, *(peer for _, peer in endorsers))
    approvals = channel.approvals.get((name, definition.sequence), {})
    for member, _ in endorsers:
        if approvals.get(member) != definition:
            raise context.fail(
                "Error: proposal failed with status: 500 - failed to invoke backing implementation of "
                f"'CommitChaincodeDefinition': chaincode definition not agreed to by this org ({member})"
            )
    await _orderer(context)
    if len(endorsers) * 2 <= len(channel.members):
        raise context.fail("Error: transaction invalidated with status (ENDORSEMENT_POLICY_FAILURE)")
    channel.committed[name] = definition
    context.log("committed with status (VALID)")


async def invoke(context: PodContext) -> None:
    """invokechaincode: the initializing call, executed by a peer of every endorsing organization."""
    name = context.env.get("CHAINCODE_NAME", "")
    endorsers = await _endorsers(context)
    channel = _channel(context, *(peer for _, peer in endorsers))
    failed = "Error: endorsement failure during invoke. response: status:500 message:"
    definition = channel.committed.get(name)
    if definition is None:
        raise context.fail(
            f'{failed}"make sure the chaincode {name} has been successfully defined on channel '
            f'{context.env.get("CHANNEL_NAME")} and try again: chaincode {name} not found"'
        )
    if not definition.init_required:
        raise context.fail(f"{failed}\"chaincode '{name}' does not require initialization but called as init\"")
    for _, peer in endorsers:
        package = context.world.installed.get(peer, {}).get(f"{name}_{definition.version}")
        if package is None:
            raise context.fail(f'{failed}"error in simulation: chaincode {name} not found"')
        if package.address is not None:
            _call(context, package, f'{failed}"error in simulation: failed to execute transaction: could not launch '
                  f"chaincode {package.id}: ")  # fmt: skip
    if channel.initialized.get(name) == definition.sequence:
        raise context.fail(f"{failed}\"chaincode '{name}' is already initialized but called as init\"")
    await _orderer(context)
    channel.initialized[name] = definition.sequence
    context.log("Chaincode invoke successful. result: status:200 ")


def _call(context: PodContext, package: Package, failed: str) -> None:
    """The peers' way to a chaincode that is a server, and whether it is the one that the package means."""
    host, _, port = str(package.address).partition(":")
    if not host.endswith(".svc.cluster.local"):
        return  # a server that nobody simulates
    namespace = host.split(".")[1]
    # in the cluster of the peer that asks, which is where the namespace of its organization is
    for site in context.world.sites.values():
        if site.view.get("Namespace", None, namespace) is None:
            continue
        try:
            component = in_cluster(context.world, site, host, int(port))
        except Unreachable as error:
            raise context.fail(f'{failed}error creating grpc connection to {package.address}: {error}"') from None
        listed = component.pod["spec"]["containers"][0].get("env") or () if component else ()
        told = next((e.get("value") for e in listed if e["name"] == "CHAINCODE_ID"), None)
        if told != package.id:
            raise context.fail(f'{failed}chaincode registration failed: chaincode id is {told}"')
