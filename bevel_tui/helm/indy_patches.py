"""Patches of the Indy charts."""

from __future__ import annotations

from bevel_tui.helm.patching import replace
from bevel_tui.helm.tree import Tree
from bevel_tui.platforms.indy_manifests import GENESIS_ONCE

__all__ = ["GENESIS_ONCE", "genesis_once"]


def genesis_once(tree: Tree) -> Tree:
    """Let the genesis Job succeed where the genesis is there already and the same.

    The Job creates dtg and ptg plainly, so it fails for ever once it was interrupted after that, or was run before
    (facts I, I05 AlreadyExists). A genesis follows from keys and addresses, so it comes out the same; one that differs
    is refused as before. [indy-genesis/templates/genesis-job.yaml]
    """
    return replace(
        tree,
        r"^( +)(kubectl create configmap (--namespace \{\{ \.Release\.Namespace \}\} (?:dtg|ptg)) "
        r'--from-literal=(\w+)=("\$\(echo -e \$\w+\)"))$',
        r"""\1[ "$(kubectl get configmap \3 -o jsonpath='{.data.\4}' 2>/dev/null)" = \5 ] || \2""",
        what="commands that create a genesis",
        times=2,
    )
