"""Named changes of a private chart copy, where Bevel's charts offer no value for what is needed.

Each says which defect of the release it works round, changes as little text as possible, and refuses
(BevelError CHART_RENDER) when it does not find exactly what it expects: a patch that silently does nothing would
install something else than was planned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from bevel_tui.helm import corda_patches, fabric_patches, indy_patches, quorum_patches, shared_patches
from bevel_tui.helm.patching import UnexpectedError, templates
from bevel_tui.helm.tree import Tree, metadata
from bevel_tui.helm.vote_patches import VOTE_ADDRESS, VOTE_METHOD, vote_address, vote_method
from bevel_tui.records.errors import BevelError, Code

DROP_WS_MAPPING = "drop-ws-mapping"
POD_PLACEMENT = "pod-placement"

_DOCUMENT = re.compile(r"^---[ \t]*\n", re.MULTILINE)
_ACTION = re.compile(r"\{\{-?\s*(?:if|else|end|with|range|define|block)\b")
_ACCOUNT = re.compile(r"^(?P<indent>[ ]+)serviceAccountName:.*$", re.MULTILINE)
#: at the depth of a pod's fields; that of a route stands further out
_HOSTNAME = re.compile(r"^(?P<indent> {6})hostname:.*$", re.MULTILINE)
_RESTART = re.compile(r"^(?P<indent>[ ]+)restartPolicy:.*$", re.MULTILINE)


def apply(tree: Mapping[str, bytes], names: Iterable[str]) -> Tree:
    """The chart with the named patches. Raises BevelError(CHART_RENDER) when one does not fit, KeyError if unknown."""
    patched = dict(tree)
    for name in names:
        try:
            patched = PATCHES[name](patched)
        except UnexpectedError as error:
            about = metadata(tree)
            raise BevelError(
                Code.CHART_RENDER,
                f"Chart {about['name']} {about['version']} is not as patch {name} expects it: {error}.",
                remedy="The chart source may not be Bevel v1.3.0.",
            ) from None
    return patched


def drop_ws_mapping(tree: Tree) -> Tree:
    """Render the WebSocket Mapping of besu-node and quorum-node only for Ambassador, like their other Mappings.

    It stands outside the condition in templates/node-service.yaml, so without the getambassador.io CRDs every
    install fails with "no matches for kind" (facts A2 "CRD PREREQUISITE", A3, G16).
    """
    hits: list[tuple[str, int, int]] = []
    for path, text in templates(tree).items():
        starts = sorted({0, *(match.start() for match in _DOCUMENT.finditer(text))})
        for start, end in pairwise([*starts, len(text)]):
            part = text[start:end]
            if re.search(r"^kind: Mapping\s*$", part, re.MULTILINE) and re.search(
                r"^\s*hostname:.*\.Release\.Name \}\}ws\.", part, re.MULTILINE
            ):
                hits.append((path, start, end))
    if len(hits) != 1:
        raise UnexpectedError(f"{len(hits)} Mappings for WebSockets in its templates, not one")
    path, start, end = hits[0]
    text = tree[path].decode()
    if _ACTION.search(text[start:end]):
        raise UnexpectedError(f"the Mapping in {path} is already conditional")
    condition = '{{- if eq .Values.global.proxy.provider "ambassador" }}\n'
    part = text[start:end].rstrip("\n")
    return {**tree, path: f"{text[:start]}{condition}{part}\n{{{{- end }}}}\n{text[end:]}".encode()}


def pod_placement(tree: Tree) -> Tree:
    """Put ``global.placement.nodeSelector`` and ``global.placement.tolerations`` into every pod spec.

    Bevel's charts have no such values. Pod specs are found by their serviceAccountName; those that have none (of
    indy-register-identity, of cenm-gateway's Job, of corda-node's database) by their restartPolicy or hostname.
    """
    patched = dict(tree)
    for path, text in templates(tree).items():
        anchor = next((a for a in (_ACCOUNT, _RESTART, _HOSTNAME) if a.search(text)), None)
        if anchor is None:
            continue
        if re.search(r"^\s*(?:nodeSelector|tolerations):", text, re.MULTILINE):
            raise UnexpectedError(f"{path} places its pods already")
        patched[path] = anchor.sub(_placed, text).encode()
    if patched == tree:
        raise UnexpectedError("no pod spec in its templates")
    return patched


def _placed(match: re.Match[str]) -> str:
    """The line itself, then the two fields at its indentation where values are given."""
    indent = match["indent"]
    lines = [match[0]]
    for key in ("nodeSelector", "tolerations"):
        lines += [
            f"{indent}{{{{- with ($.Values.global.placement | default dict).{key} }}}}",
            f"{indent}{key}: {{{{ toJson . }}}}",
            f"{indent}{{{{- end }}}}",
        ]
    return "\n".join(lines)


PATCHES: dict[str, Callable[[Tree], Tree]] = {
    DROP_WS_MAPPING: drop_ws_mapping,
    POD_PLACEMENT: pod_placement,
    VOTE_METHOD: vote_method,
    VOTE_ADDRESS: vote_address,
    corda_patches.ADVERTISED_PORT: corda_patches.advertised_port,
    corda_patches.CERTIFICATE_DAYS: corda_patches.certificate_days,
    corda_patches.HOOK_PULL_SECRET: corda_patches.hook_pull_secret,
    indy_patches.GENESIS_ONCE: indy_patches.genesis_once,
    shared_patches.ACCOUNT_PULL_SECRET: shared_patches.account_pull_secret,
    fabric_patches.FOREIGN_ORDERERS: fabric_patches.foreign_orderers,
    fabric_patches.INGRESS_CLASS: fabric_patches.ingress_class,
    fabric_patches.VAULT_CA: fabric_patches.vault_ca,
    fabric_patches.CCAAS_BUILDER: fabric_patches.ccaas_builder,
    fabric_patches.CHAINCODE_MATERIAL: fabric_patches.chaincode_material,
    fabric_patches.CHAINCODE_PACKAGE: fabric_patches.chaincode_package,
    quorum_patches.WS_UPGRADE: quorum_patches.ws_upgrade,
    quorum_patches.TLS_HOST: quorum_patches.tls_host,
    quorum_patches.TESSERA_SCRIPT: quorum_patches.tessera_script,
    quorum_patches.DATA_VOLUME: quorum_patches.data_volume,
    quorum_patches.PTM_URL: quorum_patches.ptm_url,
}
