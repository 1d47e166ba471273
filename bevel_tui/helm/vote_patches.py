"""Patches of the charts that propose validators (facts A2.4): without them no vote is ever cast."""

from __future__ import annotations

from bevel_tui.helm.patching import replace
from bevel_tui.helm.tree import Tree

VOTE_METHOD = "vote-method"
VOTE_ADDRESS = "vote-address"


def vote_method(tree: Tree) -> Tree:
    """Let the shell put the method's name in: it stands inside single quotes, so that nodes are asked for a method
    called ``$CONSENSUS_METHOD``, and the Job ends well whatever they answer.

    [besu-propose-validator/templates/besu-propose-validator.yaml]
    """
    return replace(
        tree,
        r'"method":"\$CONSENSUS_METHOD"',
        '"method":"\'"$CONSENSUS_METHOD"\'"',
        what="$CONSENSUS_METHOD within single quotes",
    )


def vote_address(tree: Tree) -> Tree:
    """Give the address exactly one ``0x``: where the tool that makes keys writes it down it has none, nodes want one."""
    return replace(
        tree,
        r"""\["'"\$propose_val_addr"'",""",
        r"""["0x'"${propose_val_addr#0x}"'",""",
        what="$propose_val_addr in a request",
    )
