"""VLT-*: Vault's health, and the Secret that Bevel's Vault Job wants."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot

_STATES = {
    "sealed": ("VLT-SEALED", "Vault {address} is sealed.", "Unseal it: vault operator unseal."),
    "uninitialised": (
        "VLT-INIT",
        "Vault {address} is not initialised.",
        "Initialise it: vault operator init; then unseal it.",
    ),
    "unreachable": (
        "VLT-DOWN",
        "Vault {address} does not answer this machine.",
        "Check its address, firewall and port; it must answer the pods of every cluster.",
    ),
    "untrusted": (
        "VLT-TLS",
        "Vault {address} shows a certificate that is not trusted.",
        "Give the preset Vault's CA (vault.ca).",
    ),
    "strange": ("VLT-DOWN", "What answers at {address} is no Vault.", "Check the address (vault.address)."),
}

#: states that say as much of the way from this machine as of Vault
_FROM_HERE = frozenset({"unreachable", "untrusted", "strange"})


def _inside(snapshot: ClusterSnapshot, address: str) -> bool:
    """Whether only pods of the cluster resolve the name: a Service as `vault`, `vault.NAMESPACE` or `vault.NAMESPACE.svc`,
    whatever the cluster's domain behind it [Kubernetes: DNS for Services and Pods]."""
    try:
        labels = (urlsplit(address).hostname or "").rstrip(".").split(".")
    except ValueError:
        return False
    if len(labels) == 1:
        return labels[0] not in {"", "localhost"} and ":" not in labels[0]
    if len(labels) == 2:
        return snapshot.find("Namespace", None, labels[1]) is not None
    return labels[2] == "svc" or labels[-2:] == ["cluster", "local"]


def health(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """A finding per Vault that is not well. Seen from here only, an unreachable or untrusted one is a warning: pods may
    have another way to it, and another trust store. Nothing is said of one by a name that only pods can resolve: what
    answers here, if anything, is another; logs of pods tell whether they reach it (VLT-NET, VLT-TLS)."""
    for vault in snapshot.vaults:
        known = _STATES.get(vault.state)
        if known is None or (vault.state in _FROM_HERE and _inside(snapshot, vault.address)):
            continue
        code, cause, remedy = known
        yield say(
            code, snapshot, "Vault", vault.address, cause.format(address=vault.address), remedy,
            command=f"curl -sS {vault.address}/v1/sys/health", evidence=(vault.message,),
            severity="error" if vault.state in {"sealed", "uninitialised"} else "warning",
        )  # fmt: skip
