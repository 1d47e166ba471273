"""What several Substrate charts have in common: images, and the objects that one writes and another reads (facts A7)."""

from __future__ import annotations

IMAGE = "ghcr.io/inteli-poc/dscp-node"
IPFS_IMAGE = "ghcr.io/inteli-poc/dscp-ipfs:v2.6.2"
IPFS_INIT_IMAGE = "ghcr.io/hyperledger/alpine-utils:1.0"
HOOKS_IMAGE = "ghcr.io/hyperledger/bevel-k8s-hooks:qgt-0.2.12"

#: the one data key of a node's keys: JSON, private and public fields together
KEYS_KEY = "substrate-node-keys"
#: the ConfigMap that the genesis Job writes and every node reads
GENESIS = "substrate-genesis"
#: the container that tells an IPFS node's peer id
INIT = "ipfs-init"


def keys_secret(release: str) -> str:
    """The Secret that a key release writes."""
    return f"{release}-keys"
