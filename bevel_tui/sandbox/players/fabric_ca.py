"""Fabric's certificate authority and the enrolment at it (fabric-ca-server, fabric-catools; facts A1.3, A1.4)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

from bevel_tui.sandbox.players.context import ContainerFailed, PodContext
from bevel_tui.sandbox.players.pki import authority as new_authority
from bevel_tui.sandbox.players.pki import issue, subject
from bevel_tui.sandbox.players.shared import vault_token

CA_SECRET = "fabric-ca-server-certs"  # noqa: S105 - a name
_DEFAULT_SUBJECT = "/C=GB/ST=London/L=London/O=Orderer"


async def authority(context: PodContext) -> None:
    """ca-certs-init: a self-signed CA for CA_URL, kept in a Secret, unless there is one already."""
    await vault_token(context)
    if await context.read("Secret", CA_SECRET) is not None:
        context.log("CA certs already present.")
        return
    host = context.env.get("CA_URL", "")
    if not host:
        raise context.fail("Error: x509 subjectAltName = DNS: is empty")
    context.log("Generating CA certs ...")
    certificate, key = new_authority(subject(context.env.get("CA_SUBJECT", _DEFAULT_SUBJECT), host), [host])
    await context.write("Secret", CA_SECRET, {"tls.crt": certificate, "tls.key": key}, "kubernetes.io/tls")


@dataclass(frozen=True, slots=True)
class _Scripts:
    """What the shared scripts say (facts F21: those of the release that owns the ConfigMap, whoever reads them)."""

    organization: str
    suffix: str
    subject: str
    address: str
    user: str
    password: str

    @property
    def host(self) -> str:
        """The CA's host."""
        return self.address.partition(":")[0]

    @property
    def port(self) -> int:
        """The CA's port; https' own when the address has none."""
        return int(self.address.partition(":")[2] or 443)


def _scripts(context: PodContext, kind: str) -> _Scripts:
    wanted = "generate-crypto-orderer.sh" if kind == "orderer" else "generate-crypto-peer.sh"
    text = next((data.decode() for path, data in context.files.items() if path.endswith(f"/{wanted}")), "")

    def value(name: str) -> str:
        match = re.search(rf'^\s*{name}="([^"\n]*)"', text, re.MULTILINE)
        return match.group(1) if match else ""

    return _Scripts(
        value("AFFILIATION"),
        value("EXTERNAL_URL_SUFFIX"),
        value("SUBJECT"),
        value("CA"),
        value("CA_ADMIN_USER"),
        value("CA_ADMIN_PASS"),
    )


async def certificates(context: PodContext) -> None:
    """generate-certs: the administrator's and the node's certificates as Secrets, and the orderers' CA as a ConfigMap.

    The script runs without ``set -e``: when the CA cannot be reached it says so and ends well, without Secrets
    (F03, F06). Only a missing CA certificate ends it (F02).
    """
    await vault_token(context)
    ca = await context.read("Secret", CA_SECRET)
    if ca is None:
        where = "Vault" if context.env.get("VAULT_TYPE") == "hashicorp" else "Kubernetes secret"
        raise context.fail(f"CA certs not found in {where}")
    context.log("CA certificate saved locally.")
    kind = context.env.get("COMPONENT_TYPE", "orderer")
    scripts = _scripts(context, kind)
    context.log("Starting certificate generation.")
    try:
        await context.tls(
            scripts.host,
            scripts.port,
            ca["tls.crt"],
            purpose=f"Error: POST failure of request: POST https://{scripts.address}/enroll",
        )
    except ContainerFailed as error:
        context.log(error.message)
        context.log("Certificate generation complete.")
        return
    if not scripts.user or not scripts.password:
        context.log("Error: Response from server: Error Code: 20 - Authentication failure")
        context.log("Certificate generation complete.")
        return
    await _store(context, scripts, ca, kind)
    context.log("Certificate generation complete.")


async def _store(context: PodContext, scripts: _Scripts, ca: dict[str, bytes], kind: str) -> None:
    namespace, release = context.namespace, context.release
    refresh = context.env.get("REFRESH_CERT_VALUE") == "true"
    admin = f"Admin@{namespace}"
    admin_cert, admin_key = _enrol(scripts, ca, admin, "admin")
    found = await context.read("Secret", "admin-msp")
    if found is not None and not refresh:
        admin_cert = found.get("admincerts", admin_cert)
    else:
        await _secret(context, "admin-msp", _msp(ca, admin_cert, admin_cert, admin_key), refresh)
    if refresh or await context.read("Secret", "admin-tls") is None:
        certificate, key = _enrol(scripts, ca, admin, "admin")
        data = {"cacrt": ca["tls.crt"], "clientcrt": certificate, "clientkey": key}
        await _secret(context, "admin-tls", data, refresh)
    node = f"{release}.{namespace}"
    hosts = [node, *(f"{release}.{other}" for other in _alternatives(context, scripts))]
    context.log(f"Registering and enrolling {node} with csr hosts {','.join(hosts)}")
    if refresh or await context.read("Secret", f"{release}-tls") is None:
        certificate, key = _enrol(scripts, ca, node, kind, hosts)
        data = {"cacrt": ca["tls.crt"], "servercrt": certificate, "serverkey": key}
        await _secret(context, f"{release}-tls", data, refresh)
    if refresh or await context.read("Secret", f"{release}-msp") is None:
        certificate, key = _enrol(scripts, ca, node, kind)
        await _secret(context, f"{release}-msp", _msp(ca, admin_cert, certificate, key), refresh)
    if kind == "orderer":
        if await context.read("ConfigMap", "orderer-tls-cacert") is None:
            await context.write("ConfigMap", "orderer-tls-cacert", {"cacert": ca["tls.crt"]})
    else:
        await _users(context, scripts, ca, admin_cert, refresh)
    context.log(f"{release} Client certificates are successfully stored.")


async def _users(
    context: PodContext, scripts: _Scripts, ca: dict[str, bytes], admin_cert: bytes, refresh: bool
) -> None:
    attributes = _attributes(context)
    users = dict.fromkeys(re.findall(r"^\s*checkSecrets users ([^\s$]+)-msp", context.args, re.MULTILINE))
    for user in users:
        if user == "admin":
            continue
        if refresh or await context.read("Secret", f"{user}-tls") is None:
            certificate, key = _enrol(scripts, ca, f"{user}@{context.namespace}", "client")
            data = {"cacrt": ca["tls.crt"], "clientcrt": certificate, "clientkey": key}
            await _secret(context, f"{user}-tls", data, refresh)
        if refresh or await context.read("Secret", f"{user}-msp") is None:
            name = f"{user}@{context.namespace}"
            # generate-user-crypto.sh lets every user revoke, and marks the rest for the enrolment certificate only
            told = {"hf.Revoker": "true", **attributes.get(user, {})} if user in attributes else None
            certificate, key = _enrol(scripts, ca, name, "client", attributes=told)
            await _secret(context, f"{user}-msp", _msp(ca, admin_cert, certificate, key), refresh)


def _attributes(context: PodContext) -> dict[str, dict[str, str]]:
    """Attributes by user, from the list that the Job has in its environment."""
    try:
        listed = json.loads(base64.b64decode(context.env.get("USERS", ""))) or []
        return {u["identity"]: {a["key"]: a["value"] for a in u.get("attributes") or ()} for u in listed}
    except (ValueError, KeyError, TypeError, binascii.Error):
        return {}


def _alternatives(context: PodContext, scripts: _Scripts) -> list[str]:
    """The domains beside the namespace under which a node's certificate is valid (facts A1.4)."""
    return [
        f"{context.namespace}.svc.cluster.local",
        f"{scripts.organization}.net",
        f"{context.namespace}.{scripts.suffix}",
    ]


def _enrol(
    scripts: _Scripts,
    ca: dict[str, bytes],
    name: str,
    unit: str,
    hosts: list[str] | None = None,
    attributes: dict[str, str] | None = None,
) -> tuple[bytes, bytes]:
    named = subject(scripts.subject, name, unit)
    return issue(named, hosts or [], ca["tls.crt"], ca["tls.key"], attributes=attributes)


def _msp(ca: dict[str, bytes], admin: bytes, certificate: bytes, key: bytes) -> dict[str, bytes]:
    return {
        "admincerts": admin,
        "cacerts": ca["tls.crt"],
        "keystore": key,
        "signcerts": certificate,
        "tlscacerts": ca["tls.crt"],
    }


async def _secret(context: PodContext, name: str, data: dict[str, bytes], refresh: bool) -> None:
    if refresh:
        await context.remove("Secret", name)
    await context.write("Secret", name, data)
