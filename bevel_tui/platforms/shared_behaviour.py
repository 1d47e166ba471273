"""What the pods of Bevel's shared sub-charts do: they are vendored into the first release of every namespace."""

from __future__ import annotations

from bevel_tui.platforms.behaviour import Behaviour

#: bevel-vault-mgmt, only with HashiCorp Vault (facts 0.4, E): prepares the namespace's access to Vault
VAULT_MGMT = (
    Behaviour(
        kind="Job",
        workload=r"bevel-vault-mgmt",
        container=r"vault-kubernetes",
        player="vault-mgmt",
        seconds=0.8,
        source="shared/charts/bevel-vault-mgmt/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"bevel-vault-mgmt-cleanup",
        container=r"vault-cleanup",
        player=None,
        seconds=0.3,
        source="shared/charts/bevel-vault-mgmt/templates/job-cleanup.yaml",
    ),
)
