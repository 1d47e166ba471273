"""Patches of the Fabric charts: what several orderer organizations, other gateways and chaincode need."""

from __future__ import annotations

import re

from bevel_tui.helm.patching import UnexpectedError, replace, templates
from bevel_tui.helm.tree import Tree

FOREIGN_ORDERERS = "fabric-foreign-orderers"
INGRESS_CLASS = "fabric-ingress-class"
CCAAS_BUILDER = "fabric-ccaas-builder"
VAULT_CA = "fabric-vault-ca"
CHAINCODE_MATERIAL = "fabric-chaincode-material"
CHAINCODE_PACKAGE = "fabric-chaincode-package"

_INIT = re.compile(r"^ {6}initContainers:\n(?:(?! {6}containers:).*\n)+(?= {6}containers:)", re.MULTILINE)
_VOLUME = r"^( +)- name: {name}\n\1  emptyDir:\n\1    medium: Memory\n"


def foreign_orderers(tree: Tree) -> Tree:
    """Make the directory for the certificate of another organization's orderer before it is written.

    The branch for orderers of this organization does; this one never did (F10). [fabric-genesis/templates/job.yaml]
    """
    folder = r"\$\{OUTPUT_PATH_PEER\}/\{\{ \$org\.name \}\}/orderers/\{\{ \$orderer\.name \}\}/tls"
    return replace(
        tree,
        rf'^( +)(echo "\$CONFIG_FILE" \| base64 -d > )({folder})(/server\.crt)\n',
        r"\1mkdir -p \3\n\1\2\3\4\n",
        what="a certificate written for an orderer",
    )


def ingress_class(tree: Tree) -> Tree:
    """Name the class of the gateway that is there, ``global.ingressClass``; the charts write ``haproxy``."""
    patched = dict(tree)
    for path, text in templates(tree).items():
        changed = re.sub(
            r'^(\s*(?:ingressClassName|kubernetes\.io/ingress\.class): )"haproxy"\s*?$',
            r"\1{{ .Values.global.ingressClass | quote }}",
            text,
            flags=re.MULTILINE,
        )
        if changed != text:
            patched[path] = changed.encode()
    if patched == tree:
        raise UnexpectedError("no Ingress of class haproxy in its templates")
    return patched


def ccaas_builder(tree: Tree) -> Tree:
    """Let the peer use the builder for chaincodes that are servers, which Fabric's image brings from 2.4.1 on.

    The chart's core.yaml replaces the image's own and knows only a builder that nothing installs (facts A1; Fabric's
    documentation, "Running Chaincode as an External Service"). [fabric-peernode/conf/default_core.yaml]
    """
    path = "conf/default_core.yaml"
    text = tree.get(path, b"").decode()
    found = re.findall(r"^    externalBuilders:\n(?= +- path: )", text, re.MULTILINE)
    if len(found) != 1 or "ccaas_builder" in text:
        raise UnexpectedError(f"{path} does not list external builders as expected")
    entry = f"{found[0]}        - name: ccaas_builder\n          path: /opt/hyperledger/ccaas_builder\n"
    return {**tree, path: text.replace(found[0], entry).encode()}


def vault_ca(tree: Tree) -> Tree:
    """Let the enrolment and genesis Jobs trust Vault's own CA, ``global.vault.tls``, besides the public ones.

    All other pods of Fabric mount it; these two never did, so that their curl refuses Vault. They download from public
    hosts, too, so it is added to what they trust. [fabric-catools/templates/job.yaml, fabric-genesis/templates/job.yaml]
    """
    own = {path: content for path, content in tree.items() if path.endswith("templates/job.yaml")}
    for pattern, new, what in (
        (
            r"^( +)volumes:\n",
            r"\1volumes:\n\1{{- with .Values.global.vault.tls }}\n\1- name: own-vault-ca\n\1  secret:\n"
            r"\1    secretName: {{ . }}\n\1{{- end }}\n",
            "volumes of a Job",
        ),
        (
            r"^( +)volumeMounts:\n",
            r"\1volumeMounts:\n\1{{- if .Values.global.vault.tls }}\n\1- name: own-vault-ca\n"
            r"\1  mountPath: /own-vault-ca\n\1{{- end }}\n",
            "mounts of a Job",
        ),
        (
            r"^( +)\. /scripts/bevel-vault\.sh\n",
            r"\1{{- if .Values.global.vault.tls }}\n\1cat /own-vault-ca/ca.crt.pem >> /etc/ssl/certs/ca-certificates.crt\n"
            r"\1{{- end }}\n\1. /scripts/bevel-vault.sh\n",
            "a script that talks to Vault",
        ),
    ):
        own = replace(own, pattern, new, what=what)
    return {**tree, **own}


def chaincode_material(tree: Tree) -> Tree:
    """Fill the volume of certificates from ``global.material`` (sources of a projected volume), without init containers.

    The chaincode charts are of version 1.0.0: their init containers read Vault, without which they do nothing, under
    paths and keys that no chart of v1.3.0 writes (``users/admin/msp`` where there is ``users/admin-msp``;
    ``orderer/tls`` where there is a ConfigMap). What they need is in Secrets and ConfigMaps of the namespace.
    [fabric-chaincode-*/templates, fabric-external-chaincode-install/templates; facts E, kv layout]
    """
    patched = replace(
        tree,
        _VOLUME.format(name="certificates"),
        r"\1- name: certificates\n\1  projected:\n\1    sources: {{ toJson .Values.global.material }}\n",
        what="the volume certificates",
    )
    found = 0
    for path, text in templates(patched).items():
        changed, count = _INIT.subn("", text)
        if count:
            patched[path] = changed.encode()
            found += count
    if found != 1:
        raise UnexpectedError(f"init containers in {found} of its templates, not in one")
    return patched


def chaincode_package(tree: Tree) -> Tree:
    """Mount the package of an external chaincode from a ConfigMap with ``global.package`` (base64).

    The chart reads it from Vault, where Bevel's playbook puts it from a folder of its own.
    [fabric-external-chaincode-install/templates/install_external_chaincode.yaml]
    """
    patched = replace(
        tree,
        _VOLUME.format(name="chaincodepackage"),
        r"\1- name: chaincodepackage\n\1  configMap:\n\1    name: {{ .Release.Name }}-package\n",
        what="the volume chaincodepackage",
    )
    path = "templates/package.yaml"
    if path in patched:
        raise UnexpectedError(f"there is a {path} already")
    patched[path] = b"""apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-package
  namespace: {{ .Values.metadata.namespace }}
binaryData:
  {{ .Values.chaincode.name }}_{{ .Values.chaincode.version }}.tgz: {{ .Values.global.package }}
"""
    return patched
