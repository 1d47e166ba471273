"""Fabric's genesis Job: reads every organization's material, writes one block per channel (fabric-genesis; facts A1.3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import Any

import yaml

from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.shared import vault_token

_ABSENT = "Certficates absent in kuberenetes secrets"  # so spelled in the chart's script


async def genesis(context: PodContext) -> None:
    """generate-artifacts: handed-over files where they are mounted, this namespace's own Secrets elsewhere (F08-F10)."""
    await vault_token(context)
    members = {name: await _member(context, name) for name in _unique(r"getMSPCerts admin-msp \S+/(\S+)", context)}
    for name, member in members.items():
        member["config"] = await _config(context, name)
    for orderer, owner in re.findall(r"getOrdererTLSCerts ([^\s$]+) \S+/(\S+)", context.args):
        if owner in members:
            members[owner]["orderers"][orderer] = await _orderer(context, orderer, owner)
    profiles = _configtx(context)
    for name in _unique(r"writeNewOrg (\S+)-new-data", context):
        await _new(context, name, members)
    if "2.5" not in context.env.get("NETWORK_VERSION", "2.5"):
        await _transactions(context, profiles, members)
        return
    for channel in _unique(r"writeSafeSecret (\S+)-genesis \1\.genesis\.block", context):
        block = _block(context, channel, profiles, members)
        context.log("version 2.5.x")
        await _write(context, f"{channel}-genesis", block)


async def _write(context: PodContext, name: str, document: dict[str, Any]) -> None:
    if await context.read("ConfigMap", name) is None:
        encoded = base64.b64encode(json.dumps(document, sort_keys=True).encode()).decode()
        await context.write("ConfigMap", name, {f"{name}_base64": encoded})


async def _new(context: PodContext, name: str, members: dict[str, dict[str, Any]]) -> None:
    """``configtxgen -printOrg``: what a channel's configuration would say of an organization."""
    if name not in members:
        raise context.fail(f"[common.tools.configtxgen] doPrintOrg -> FATA Organization {name}MSP not found")
    known = members[name]
    document = {"simulated": True, "organization": f"{name}MSP", **{k: known[k] for k in ("ca", "admin", "config")}}
    if await context.read("ConfigMap", f"{name}-new-data") is None:
        await context.write("ConfigMap", f"{name}-new-data", {f"{name}-new-data": json.dumps(document, sort_keys=True)})


async def _transactions(context: PodContext, profiles: dict[str, Any], members: dict[str, dict[str, Any]]) -> None:
    """2.2: the system channel's block, and per channel the transactions that make it and that set anchors."""
    system = profiles.get("OrdererGenesis") or {}
    consortiums = {
        name: [o["Name"] for o in consortium["Organizations"]]
        for name, consortium in (system.get("Consortiums") or {}).items()
    }
    if _unique(r"writeSafeSecret (syschannel)-genesis", context):
        context.log("version 2.2.x syschannel genesis")
        consortium = [member for listed in consortiums.values() for member in listed]
        block = _block(context, "OrdererGenesis", {"OrdererGenesis": {**system, "Consortium": consortium}}, members)
        await _write(context, "syschannel-genesis", {**block, "channel": "syschannel", "consortium": consortium})
    for channel in _unique(r"writeSafeSecret (\S+)-channeltx \1\.tx", context):
        profile = profiles.get(channel)
        if profile is None:
            raise context.fail(f"[common.tools.configtxgen.localconfig] Load -> PANI Could not find profile: {channel}")
        application = (profile.get("Application") or {}).get("Organizations") or ()
        names = [o["Name"] for o in application]
        context.log("version 2.2.x")
        await _write(
            context,
            f"{channel}-channeltx",
            {"simulated": True, "channel": channel, "consortium": profile.get("Consortium"), "application": names},
        )
        for organization in application:
            owner = organization["Name"].removesuffix("MSP")
            anchors = [f"{a['Host']}:{a['Port']}" for a in organization.get("AnchorPeers") or ()]
            if not anchors:
                raise context.fail(
                    "[common.tools.configtxgen] doOutputAnchorPeersUpdate -> FATA no anchor peers for "
                    f"{organization['Name']}"
                )
            document = {"simulated": True, "channel": channel, "organization": f"{owner}MSP", "anchors": anchors}
            await _write(context, f"{channel}-{owner}-anchortx", document)


def _unique(pattern: str, context: PodContext) -> list[str]:
    found = (name for name in re.findall(pattern, context.args) if "$" not in name)
    return list(dict.fromkeys(found))


async def _member(context: PodContext, name: str) -> dict[str, Any]:
    handed = context.files.get(f"/templates/{name}.json")
    if handed is not None:
        data = _decoded(context, f"{name}.json", handed)
    else:
        found = await context.read("Secret", "admin-msp")
        if found is None:
            raise context.fail(_ABSENT)
        data = found
    for key in ("admincerts", "cacerts", "tlscacerts"):
        if b"BEGIN CERTIFICATE" not in data.get(key, b""):
            folder = f"/templates/crypto-config/organizations/{name}/msp/{key}"
            raise context.fail(
                f"[common.tools.configtxgen] func1 -> PANI Could not load MSP of {name}MSP: "
                f"could not load a valid ca certificate from directory {folder}"
            )
    return {"ca": _digest(data["cacerts"]), "admin": _digest(data["admincerts"]), "orderers": {}, "config": ""}


def _decoded(context: PodContext, name: str, handed: bytes) -> dict[str, bytes]:
    """The data of a Secret that was handed over as JSON."""
    try:
        data = json.loads(handed)["data"]
        return {key: base64.b64decode(value) for key, value in data.items()}
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise context.fail(f"jq: error: {name}: Cannot read the handed-over Secret", 5) from None


async def _config(context: PodContext, name: str) -> str:
    """The MSP's config.yaml, for organizations with peers."""
    if f"/templates/{name}-config-file.json" not in context.args:
        return ""
    handed = context.files.get(f"/templates/{name}-config-file.json")
    if handed is not None:
        try:
            return _digest(str(json.loads(handed)["data"]["mspConfig"]).encode())
        except (ValueError, KeyError, TypeError):
            raise context.fail(f"jq: error: {name}-config-file.json: no mspConfig", 5) from None
    after = context.args.split(f"/templates/{name}-config-file.json", 1)[1]
    match = re.search(r"kubectl get configmap (\S+)-msp-config", after)
    found = await context.read("ConfigMap", f"{match.group(1)}-msp-config") if match else None
    if found is None:
        raise context.fail("MSP Config absent in Kuberenetes")
    return _digest(found.get("mspConfig", b""))


async def _orderer(context: PodContext, orderer: str, owner: str) -> str:
    handed = context.files.get(f"/templates/{orderer}-orderer-tls.json")
    if handed is None:
        found = await context.read("Secret", f"{orderer}-tls")
        if found is None:
            raise context.fail(_ABSENT)
        return _digest(found.get("servercrt", b""))
    folder = f"${{OUTPUT_PATH_PEER}}/{owner}/orderers/{orderer}/tls"
    if f"> {folder}/server.crt" in context.args and f"mkdir -p {folder}" not in context.args:
        # the chart's defect: for orderers of other organizations it forgets the directory (F10)
        path = folder.replace("${OUTPUT_PATH_PEER}", "/templates/crypto-config/organizations")
        raise context.fail(f"bash: line 1: {path}/server.crt: No such file or directory")
    return _digest(_decoded(context, f"{orderer}-orderer-tls.json", handed).get("servercrt", b""))


def _configtx(context: PodContext) -> dict[str, Any]:
    text = context.text("/templates/configtx.yaml")
    try:
        document = yaml.safe_load(text)
        return dict(document["Profiles"] or {})
    except (yaml.YAMLError, KeyError, TypeError):
        raise context.fail(
            "[common.tools.configtxgen.localconfig] Load -> PANI Error reading configuration: "
            "While parsing config: configtx.yaml"
        ) from None


def _block(
    context: PodContext, channel: str, profiles: dict[str, Any], members: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    profile = profiles.get(channel)
    if profile is None:
        raise context.fail(f"[common.tools.configtxgen.localconfig] Load -> PANI Could not find profile: {channel}")
    ordering = profile.get("Orderer") or {}
    consenters = (ordering.get("EtcdRaft") or {}).get("Consenters") or []
    participants = profile.get("Consortium") if channel == "OrdererGenesis" else None
    if participants is None:
        participants = [o["Name"] for o in (profile.get("Application") or {}).get("Organizations") or ()]
    orderers = [o["Name"] for o in ordering.get("Organizations") or ()]
    for name in [*participants, *orderers]:
        if name.removesuffix("MSP") not in members:
            raise context.fail(
                f"[common.tools.configtxgen] func1 -> PANI Error loading MSP configuration for org: {name}"
            )
    listed = []
    for consenter in consenters:
        match = re.search(r"organizations/([^/]+)/orderers/([^/]+)/tls", consenter["ServerTLSCert"])
        certificate = members.get(match.group(1), {}).get("orderers", {}).get(match.group(2)) if match else None
        if certificate is None:
            raise context.fail(
                "[common.tools.configtxgen] func1 -> PANI Error creating consensus metadata: cannot load client cert "
                f"for consenter {consenter['Host']}:{consenter['Port']}: open {consenter['ServerTLSCert']}: "
                "no such file or directory"
            )
        listed.append({"host": consenter["Host"], "port": consenter["Port"], "certificate": certificate})
    used = {name: members[name.removesuffix("MSP")] for name in dict.fromkeys([*participants, *orderers])}
    return {
        "simulated": True,
        "channel": channel,
        "application": participants,
        "orderer": orderers,
        "consenters": listed,
        "organizations": {
            name: {"ca": m["ca"], "admin": m["admin"], "config": m["config"]} for name, m in used.items()
        },
    }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data.strip()).hexdigest()
