"""Every way bevel-tui says no, in one place: a stable code, an exit code and a remedy.

A `BevelError` is what a person sees; anything else that escapes is a bug of ours. Nothing heavy is imported
here: `cli` needs it before it knows what to do.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """How a command ended. Documented in docs/exit-codes.md; scripts depend on these numbers."""

    OK = 0  #: done; also when checks only warned
    FAILED = 1  #: the deployment failed
    USAGE = 2  #: the command line or the preset is wrong
    CLUSTER = 3  #: a cluster cannot be used: unknown context, unreadable kubeconfig, unreachable, access denied
    TIMEOUT = 4  #: the time budget ran out
    UNREACHABLE = 5  #: deployed, but a reachability check failed
    CHANGES = 6  #: `plan --exit-code`: something would change
    FINDINGS = 7  #: `diagnose`: something is wrong
    INTERRUPTED = 130  #: Ctrl-C


class Code(StrEnum):
    """Stable error codes. The value is what is printed; `EXIT` and `REMEDY` below say the rest."""

    PRESET_MISSING = "preset-missing"
    PRESET_SYNTAX = "preset-syntax"
    PRESET_INVALID = "preset-invalid"
    NETWORK_YAML = "network-yaml-refused"
    SECRET_UNSET = "secret-unset"  # noqa: S105 - a code, not a secret
    SECRET_UNFIT = "secret-unfit"  # noqa: S105 - a code, not a secret
    CONFIRMATION = "confirmation-needed"
    DESTRUCTIVE = "destructive-change"
    GATEWAY_SHARED = "gateway-shared"
    USAGE = "usage"
    SETTINGS_INVALID = "settings-invalid"
    CHART_MISSING = "chart-missing"
    CHART_DIFFERS = "chart-differs"
    CHART_RENDER = "chart-render"
    STAND_IN_REFUSED = "stand-in-refused"
    KUBECONFIG = "kubeconfig-unreadable"
    CONTEXT_UNKNOWN = "context-unknown"
    CLUSTER_UNREACHABLE = "cluster-unreachable"
    ACCESS_DENIED = "access-denied"
    LEASE_HELD = "lease-held"
    HANDOFF_REFUSED = "handoff-refused"
    HANDOFF_EMPTY = "handoff-empty"
    READONLY = "read-only"
    SNAPSHOT = "snapshot-unreadable"
    HELM_MISSING = "helm-missing"
    FIXED_FIELD = "fixed-field"
    STEP_FAILED = "step-failed"
    TIMEOUT = "timed-out"
    SANDBOX = "sandbox-failed"
    INTERRUPTED = "interrupted"


EXIT: dict[Code, ExitCode] = {
    Code.PRESET_MISSING: ExitCode.USAGE,
    Code.PRESET_SYNTAX: ExitCode.USAGE,
    Code.PRESET_INVALID: ExitCode.USAGE,
    Code.NETWORK_YAML: ExitCode.USAGE,
    Code.SECRET_UNSET: ExitCode.USAGE,
    Code.SECRET_UNFIT: ExitCode.USAGE,
    Code.CONFIRMATION: ExitCode.USAGE,
    Code.DESTRUCTIVE: ExitCode.USAGE,
    Code.GATEWAY_SHARED: ExitCode.USAGE,
    Code.USAGE: ExitCode.USAGE,
    Code.SETTINGS_INVALID: ExitCode.USAGE,
    Code.CHART_MISSING: ExitCode.USAGE,
    Code.CHART_DIFFERS: ExitCode.USAGE,
    Code.CHART_RENDER: ExitCode.USAGE,
    Code.STAND_IN_REFUSED: ExitCode.USAGE,
    Code.KUBECONFIG: ExitCode.CLUSTER,
    Code.CONTEXT_UNKNOWN: ExitCode.CLUSTER,
    Code.CLUSTER_UNREACHABLE: ExitCode.CLUSTER,
    Code.ACCESS_DENIED: ExitCode.CLUSTER,
    Code.LEASE_HELD: ExitCode.CLUSTER,
    Code.HANDOFF_REFUSED: ExitCode.USAGE,
    Code.HANDOFF_EMPTY: ExitCode.FAILED,
    Code.READONLY: ExitCode.USAGE,
    Code.SNAPSHOT: ExitCode.USAGE,
    Code.HELM_MISSING: ExitCode.USAGE,
    Code.FIXED_FIELD: ExitCode.FAILED,
    Code.STEP_FAILED: ExitCode.FAILED,
    Code.TIMEOUT: ExitCode.TIMEOUT,
    Code.SANDBOX: ExitCode.FAILED,
    Code.INTERRUPTED: ExitCode.INTERRUPTED,
}

#: The general remedy per code; a raiser who knows better passes its own.
REMEDY: dict[Code, str] = {
    Code.PRESET_MISSING: "Name a preset file, or one of the shipped presets (bevel-tui --help lists them).",
    Code.PRESET_SYNTAX: "Correct the YAML at the line and column shown.",
    Code.PRESET_INVALID: "Correct the lines shown; `bevel-tui schema` prints what a preset may hold.",
    Code.NETWORK_YAML: "Nothing was written. Correct what is listed in the file, or describe the network in a preset.",
    Code.SECRET_UNSET: "Set the environment variable, or create the file, that the preset refers to.",
    Code.SECRET_UNFIT: "Choose one of letters, digits and _ . , : @ % + = / ~ ^ - only.",
    Code.CONFIRMATION: "Add --yes to go ahead without a question, or --sandbox to rehearse on simulated clusters.",
    Code.DESTRUCTIVE: "Put it back into the preset, or name what may be destroyed with --allow-destructive.",
    Code.GATEWAY_SHARED: "Use that gateway as it is (clusters[].existing_gateway), or another cluster.",
    Code.USAGE: "See `bevel-tui --help`.",
    Code.SETTINGS_INVALID: "Correct the lines shown; `bevel-tui paths` says what the file may hold.",
    Code.CHART_MISSING: "Check --charts / --gateway-charts (the root of a Bevel checkout, a Helm repository, or oci://).",
    Code.CHART_DIFFERS: "Use the charts that were pinned, or correct `charts.*.digests` in the preset after reading what changed.",
    Code.CHART_RENDER: "Read Helm's message above; the chart source may not be Bevel v1.3.0.",
    Code.STAND_IN_REFUSED: "Stand-in charts serve simulated clusters only: name real charts with --charts.",
    Code.KUBECONFIG: "Check the file's path, permissions and YAML; $KUBECONFIG or --kubeconfig names it.",
    Code.CONTEXT_UNKNOWN: "Use one of the contexts listed, or name the kubeconfig file that has it.",
    Code.CLUSTER_UNREACHABLE: "Check the network, VPN and the server address of the context: kubectl --context NAME version.",
    Code.ACCESS_DENIED: "Ask the cluster's owner for the rights listed.",
    Code.LEASE_HELD: "Wait for the other run to end; its Lease expires 60 s after its last sign of life.",
    Code.HANDOFF_REFUSED: "Nothing was taken in. Ask the sender for a new bundle (bevel-tui handoff export).",
    Code.HANDOFF_EMPTY: "Deploy your part first: bevel-tui --preset FILE; what is ready then can be handed over.",
    Code.READONLY: "Start without --readonly, or use the command shown.",
    Code.SNAPSHOT: "Name a file that `bevel-tui diagnose --save` or `bevel-tui bundle` wrote.",
    Code.HELM_MISSING: "Install Helm (4, or 3 from 3.14) or, where a wheel exists, `pip install helm-python-sdk==0.2.2`.",
    Code.FIXED_FIELD: "Put back what cannot be changed, or delete the object with --cascade=orphan and run again.",
    Code.STEP_FAILED: "Correct the cause shown and run the same command again: what is done is skipped.",
    Code.TIMEOUT: "Run the same command again to continue, or raise --timeout.",
    Code.SANDBOX: "Run `bevel-tui sandbox up` alone and read its messages.",
    Code.INTERRUPTED: "Run the same command again to continue.",
}


class BevelError(Exception):
    """What went wrong (one sentence), where, and what to do about it.

    `details` are further lines, one fact each (all problems of a preset, for instance).
    """

    def __init__(self, code: Code, message: str, *, remedy: str | None = None, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy if remedy is not None else REMEDY[code]
        self.details = details

    @property
    def exit_code(self) -> ExitCode:
        """The process exit code that this error leads to."""
        return EXIT[self.code]
