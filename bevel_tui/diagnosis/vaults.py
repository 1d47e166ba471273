"""VLT-*: Vault's health, and the Secret that Bevel's Vault Job wants."""

from __future__ import annotations

from collections.abc import Iterator

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
    "unreachable": ("VLT-DOWN", "Vault {address} does not answer.", "Check its address, firewall and port."),
    "untrusted": (
        "VLT-TLS",
        "Vault {address} shows a certificate that is not trusted.",
        "Give the preset Vault's CA (vault.ca).",
    ),
    "strange": ("VLT-DOWN", "What answers at {address} is no Vault.", "Check the address (vault.address)."),
}


def health(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """A finding per Vault that is not well. Seen from here only, an unreachable or untrusted one is a warning: pods may
    have another way to it, and another trust store."""
    for vault in snapshot.vaults:
        known = _STATES.get(vault.state)
        if known is None:
            continue
        code, cause, remedy = known
        yield say(
            code, snapshot, "Vault", vault.address, cause.format(address=vault.address), remedy,
            command=f"curl -sS {vault.address}/v1/sys/health", evidence=(vault.message,),
            severity="error" if vault.state in {"sealed", "uninitialised"} else "warning",
        )  # fmt: skip
