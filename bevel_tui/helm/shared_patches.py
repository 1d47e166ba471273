"""Patches of the charts that all platforms share."""

from __future__ import annotations

from bevel_tui.helm.patching import replace
from bevel_tui.helm.tree import Tree

ACCOUNT_PULL_SECRET = "account-pull-secret"  # noqa: S105 - the name of a patch


def account_pull_secret(tree: Tree) -> Tree:
    """Give the namespace's ServiceAccount ``global.pullSecret``: pods that name no pull secret get it from there.

    The Jobs and hooks of besu-genesis and of the tessera charts ignore image.pullSecret (facts 0.12, G15).
    [bevel-vault-mgmt/templates/serviceAccount.yaml]
    """
    return replace(
        tree,
        r"^(kind: ServiceAccount\nmetadata:\n  name: .*\n  namespace: .*\n)",
        r"{{- with .Values.global.pullSecret }}\nimagePullSecrets:\n- name: {{ . }}\n{{- end }}\n\1",
        what="a ServiceAccount",
    )
