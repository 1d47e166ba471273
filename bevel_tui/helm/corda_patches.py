"""Patches of the Corda charts, open source and Enterprise."""

from __future__ import annotations

import re

from bevel_tui.helm.patching import UnexpectedError, replace, templates
from bevel_tui.helm.tree import Tree
from bevel_tui.platforms.corda_charts import ADVERTISED_PORT, CERTIFICATE_DAYS, HOOK_PULL_SECRET

__all__ = [
    "ADVERTISED_PORT",
    "CERTIFICATE_DAYS",
    "HOOK_PULL_SECRET",
    "advertised_port",
    "certificate_days",
    "hook_pull_secret",
]

#: as long as the network's own root certificate in corda-network-service's hook
DAYS = 1024

_PULLS = re.compile(r"^\s*imagePullSecrets:", re.MULTILINE)
_ADVERTISED = re.compile(r'^(additionalP2PAddresses: .*:)443("\])$', re.MULTILINE)
_ACCOUNT = re.compile(r"^( +)serviceAccountName:.*\n", re.MULTILINE)


def certificate_days(tree: Tree) -> Tree:
    """Let the certificates of doorman, network map and nodes be valid for more than a month.

    ``openssl req -x509`` without ``-days`` signs for 30 days, nothing renews them, and every node of every organization
    holds them as trusted. [corda-certs-gen/templates/job.yaml]
    """
    place = "charts/corda-certs-gen/templates/job.yaml"
    part = replace(
        {path: content for path, content in tree.items() if path == place},
        r"^( +openssl req -x509) (-out \S+ -keyout \S+ -newkey rsa:2048 -nodes -sha256 \\)$",
        rf"\1 -days {DAYS} \2",
        what="commands that sign a certificate",
        times=3,
    )
    return {**tree, **part}


def hook_pull_secret(tree: Tree) -> Tree:
    """Let the pods of hooks pull from the registry too: alone among all pods they name no pull secret.

    [cenm, corda-network-service, corda-node: templates/hooks-pre-install.yaml, hooks-pre-delete.yaml]
    """
    patched = dict(tree)
    for path, text in templates(tree).items():
        if path.startswith("templates/hooks-") and not _PULLS.search(text):
            patched[path] = _ACCOUNT.sub(_pulling, text).encode()
    if patched == tree:
        raise UnexpectedError("no hook without a pull secret")
    return patched


def _pulling(match: re.Match[str]) -> str:
    indent = match[1]
    lines = (
        "{{- if .Values.image.pullSecret }}",
        "imagePullSecrets:",
        "  - name: {{ .Values.image.pullSecret }}",
        "{{- end }}",
    )
    return match[0] + "".join(f"{indent}{line}\n" for line in lines)


def advertised_port(tree: Tree) -> Tree:
    """Let an Enterprise node advertise its own p2p port instead of 443.

    At 443 the gateway ends TLS with a certificate of its own, while peers expect the node's: nobody could talk to it
    there. [enterprise-node/files/node.conf, additionalP2PAddresses]
    """
    text = tree.get("files/node.conf", b"").decode()
    changed, count = _ADVERTISED.subn(r"\1{{ .Values.global.proxy.p2p }}\2", text)
    if count != 1:
        raise UnexpectedError(f"{count} advertised addresses in files/node.conf, not one")
    return {**tree, "files/node.conf": changed.encode()}
