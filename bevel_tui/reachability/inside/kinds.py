"""The kinds of check that ask from inside the clusters."""

from __future__ import annotations

from bevel_tui.reachability.kinds import CheckKind, Failure

INSIDE_KINDS: tuple[CheckKind, ...] = (
    CheckKind(
        "cluster-pod",
        "Could a pod of the cluster look at the gateways?",
        "the namespace of the first organization of ours in the cluster",
        "How long it took; NetworkPolicies that restrict what leaves pods there.",
        "It never fails: where pods are not allowed (rights, quota, Pod Security, image) it is skipped, in the cluster's own "
        "words.",
    ),
    CheckKind(
        "cluster-path",
        "Do the pods of one cluster reach the gateway of another? That path is the one that the ledger uses.",
        "a pair of clusters; `vantage` is who asks, `cluster` whose gateway it is",
        "What the pod's resolver says of every host, every port of the gateway at each of its addresses, and the "
        "fingerprint of every certificate, compared with what this machine saw.",
        "See the code: wrong from everywhere, only from inside one cluster, or only from the gateway's own cluster.",
        ("dns-address",),
        failures=(
            Failure("path-everywhere", "This machine does not get through either: mend that first."),
            Failure("path-inside", "Only pods of this cluster (or of these) do not get through."),
            Failure("path-hairpin", "Pods do not reach their own cluster's gateway by its outer address."),
            Failure("path-other-address", "Warning: they get through, by other addresses than this machine."),
        ),
    ),
    CheckKind(
        "ledger-health",
        "Has a Substrate node peers, and is it in step with the chain?",
        "a node's RPC Service, which only pods of its own cluster reach: no gateway exposes it, its methods are unsafe",
        "What the node answers to `system_health`: its peers, and whether it still fetches blocks.",
        "The node is alone: the others' p2p ports cannot be reached from it, or the chain does not authorise its key.",
        failures=(
            Failure("ledger-no-peers", "The node has no peer at all."),
            Failure("ledger-syncing", "Warning: it still fetches blocks that others have."),
            Failure("ledger-untold", "Warning: the node does not tell the pod how it is."),
        ),
    ),
)
