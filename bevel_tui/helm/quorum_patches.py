"""Patches of the GoQuorum charts: lines that their Besu siblings have, and these lost or never had."""

from __future__ import annotations

from bevel_tui.helm.patching import replace
from bevel_tui.helm.tree import Tree
from bevel_tui.platforms.ethereum_tessera_manifests import TESSERA_SCRIPT, TLS_HOST
from bevel_tui.platforms.quorum_manifests import DATA_VOLUME, PTM_URL, WS_UPGRADE

__all__ = ["DATA_VOLUME", "PTM_URL", "TESSERA_SCRIPT", "TLS_HOST", "WS_UPGRADE"]


def ws_upgrade(tree: Tree) -> Tree:
    """Let the Mapping for WebSockets upgrade connections, as besu-node's does (facts A3, N B22)."""
    return replace(
        tree,
        r"^( *)(hostname: .*\.Release\.Name \}\}ws\..*)\n",
        r"\1\2\n\1allow_upgrade:\n\1- websocket\n",
        what="a host for WebSockets",
    )


def tls_host(tree: Tree) -> Tree:
    """Make the certificate out for the release's host, as besu-tlscert-gen does.

    The chart takes its own name instead, which tls.nameOverride sets to ``tls`` (facts I): Host and clients would be
    shown a certificate for ``tls.<suffix>``. [quorum-tlscert-gen/templates/job.yaml, EXTERNAL_URL]
    """
    return replace(
        tree,
        r'^(\s*value: ")\{\{ include "quorum-tlscert-gen\.name" \. \}\}(\.\{\{ \.Values\.global\.proxy\.externalUrlSuffix)',
        r"\1{{ .Release.Name }}\2",
        what="EXTERNAL_URL",
    )


def tessera_script(tree: Tree) -> Tree:
    """Mount the Vault script and set its environment without Vault too, as besu-tessera-node does.

    certificates-init sources the script whatever the vault type, and ends when the file is not there; with another
    type than hashicorp its functions do nothing. [quorum-tessera-node/templates/statefulset.yaml]
    """
    place = "charts/quorum-tessera-node/templates/statefulset.yaml"
    part = replace(
        {path: content for path, content in tree.items() if path == place},
        r'^\{\{- if eq \.Values\.global\.vault\.type "hashicorp" \}\}\n((?:(?!\{\{-).*\n)+?)\{\{- end \}\}\n',
        r"\1",
        what="conditions on hashicorp in quorum-tessera-node's StatefulSet",
        times=3,
    )
    return {**tree, **part}


def ptm_url(tree: Tree) -> Tree:
    """Tell geth where its transaction manager is: the chart installs Tessera beside a node that never talks to it.

    ``--ptm.url`` as in GoQuorum's documentation of its command line. [quorum-node/templates/node-statefulset.yaml]
    """
    return replace(
        tree,
        r"^( *)--networkid (\{\{ \.Values\.node\.quorum\.networkId \}\} \\)\n",
        r"\1--networkid \2\n"
        r"\1{{- if .Values.tessera.enabled }}\n"
        r'\1--ptm.url http://{{ ternary .Release.Name (printf "tessera-%s" .Release.Name)'
        r' (contains "tessera" .Release.Name) }}.{{ .Release.Namespace }}:9101 \\\n'
        r"\1{{- end }}\n",
        what="--networkid",
    )


def data_volume(tree: Tree) -> Tree:
    """Mount the volume that the chart claims and leaves aside: without it every restart begins an empty chain.

    The script keeps keys, peers and chain under ``/<release>/data``. [quorum-node/templates/node-statefulset.yaml]
    """
    return replace(
        tree,
        r"^( *)- name: static-nodes\n( *)mountPath: /staticNode/\n",
        r"\1- name: data\n\2mountPath: /{{ .Release.Name }}/data\n\g<0>",
        what="a mount of static-nodes",
    )
