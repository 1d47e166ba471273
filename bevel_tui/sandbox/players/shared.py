"""What several charts share: access to Vault, and the certificates of tlscert-gen."""

from __future__ import annotations

import re

from bevel_tui.sandbox.players.context import PodContext
from bevel_tui.sandbox.players.pki import authority, issue, subject


async def vault_mgmt(context: PodContext) -> None:
    """bevel-vault-mgmt: binds a Vault auth path to the pod's namespace (facts E; the last binding wins, G08).

    The sandbox has no Vault: one is taken to be there, unsealed, and its key-value store is not kept.
    """
    token = context.env.get("ROOT_TOKEN", "")
    if not token:
        raise context.fail("ERROR: Unable to retrieve. Http status: 403")
    path = context.env.get("KUBERNETES_AUTH_PATH", "")
    if path not in context.world.vault:
        context.log("authPath does not exist. Creating ...")
    context.world.vault[path] = (context.site.name, context.namespace, context.env.get("VAULT_SA", ""))
    context.log("Need vault auth role")


async def vault_token(context: PodContext) -> None:
    """What ``vaultBevelFunc init`` does; nothing unless the chart was installed for HashiCorp Vault."""
    if context.env.get("VAULT_TYPE") != "hashicorp":
        return
    context.log("Getting vault Token...")
    path = context.env.get("KUBERNETES_AUTH_PATH", "")
    bound = context.world.vault.get(path)
    if bound is None or bound[:2] != (context.site.name, context.namespace) or bound[2] not in {"", context.account}:
        raise context.fail(
            'Vault token API call response: {"errors":["permission denied"]}\nError: Failed to obtain Vault token.'
        )


async def tls_certs(context: PodContext) -> None:
    """tlscert-gen: a root and a certificate for the node's name at the gateway, as Secret ``<name>-tls-certs``."""
    await vault_token(context)
    host = context.env.get("EXTERNAL_URL", "")
    if not host:
        raise context.fail("subject name is expected to be in the format /type0=value0 ...")
    match = re.search(r"create secret tls[^\n]*?(\S+-tls-certs)", context.args)
    name = match.group(1) if match else "tls-tls-certs"
    if await context.read("Secret", name) is not None:
        return
    alternatives = re.findall(r"DNS\.\d+ = ([A-Za-z0-9.-]+)", context.args)
    root_cert, root_key = authority(subject(context.env.get("CERT_SUBJECT", "CN=DLT Root CA")), ())
    certificate, key = issue(subject("", host), [host, *alternatives], root_cert, root_key, 1000)
    await context.write("Secret", name, {"tls.crt": certificate + root_cert, "tls.key": key}, "kubernetes.io/tls")
    context.log("Final value of AMBASSADORTLS_CERT_WRITTEN:true")
