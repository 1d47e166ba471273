"""The named exceptions: problems that only a line in a log tells. One table, each line with where its words come from.

Only containers that fail now are read: that ended with an error and are not ready, or that have run without being ready
for a while (Bevel's scripts loop). Of several words the first in the table counts, once per container.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bevel_tui.diagnosis.evidence import age, condition, containers, name, namespace, owner, status
from bevel_tui.diagnosis.pods import TRIES, failures
from bevel_tui.diagnosis.rule import Pending
from bevel_tui.diagnosis.say import kubectl, say
from bevel_tui.records.findings import Finding
from bevel_tui.records.snapshot import ClusterSnapshot, Object

#: seconds for which a container may run without being ready before its log is taken for an answer
_UNREADY = 60.0
#: what passes by itself when the other side comes up: legal until it has been tried a few times
PASSING = frozenset({"POD-CONNECT", "POD-RESOLVE", "VLT-NET", "FAB-ORDERER", "CORDA-DB", "INDY-POOL"})


class Words(NamedTuple):
    """`pattern` is searched in one line. Its groups `host` and `address` name what the container could not reach or trust;
    `also` must stand in another line of the same log."""

    code: str
    pattern: re.Pattern[str]
    cause: str
    remedy: str
    also: re.Pattern[str] | None = None


def _w(code: str, pattern: str, cause: str, remedy: str, also: str | None = None) -> Words:
    flags = re.IGNORECASE
    return Words(code, re.compile(pattern, flags), cause, remedy, re.compile(also, flags) if also else None)


_VAULT = r"vault"
#: "Bevel: X" names a template of Bevel v1.3.0 below platforms/
WORDS: tuple[Words, ...] = (
    # Vault: http/sys_seal.go "Vault is sealed"; Bevel: shared/charts/bevel-vault-mgmt/templates/job.yaml
    _w("VLT-SEALED", r"vault is sealed|Unable to retrieve\. Http status: 503", "Vault is sealed", "Unseal Vault: vault operator unseal."),
    # Bevel: shared/charts/bevel-scripts/scripts/bevel-vault.sh; Vault: logical/error.go "permission denied"
    _w("VLT-DENY", r"permission denied|Failed to obtain Vault token|Unable to retrieve\. Http status: 403|invalid role name", "Vault denies it access", "Use one auth path per organization; see that Job vault-kubernetes-job has succeeded.", _VAULT),
    # curl: lib/vtls "SSL certificate problem: ..." (60)
    _w("VLT-TLS", r"SSL certificate problem|curl: \(60\)", "Vault's certificate is not trusted", "Give the preset Vault's CA (vault.ca).", _VAULT),
    # curl: exit codes 6, 7, 28
    _w("VLT-NET", r"curl: \((?:6|7|28)\)", "Vault cannot be reached", "Vault's address must be reachable from the pods of every cluster.", r"vault.*(curl|call)|(curl|/v1/).*vault|Vault token"),
    # Bevel: shared/charts/bevel-scripts/scripts/package-manager.sh
    _w("POD-OS", r"Unsupported Linux distribution|Unable to determine the Linux distribution|Unsupported package manager", "its script does not know the image's distribution", "Use Bevel's images."),
    # the kernel, through containerd: ENOEXEC
    _w("POD-IMG-ARCH", r"exec format error", "its image is for another processor", "Use nodes of the image's architecture (placement.node_selector)."),
    # curl "Could not resolve host"; apt "Temporary failure resolving": Bevel's scripts download kubectl and packages
    _w("POD-EGRESS", r"Could not resolve host: (?:dl\.k8s\.io|storage\.googleapis\.com|deb\.debian\.org|\S*ubuntu\.com|github\.com)|Temporary failure resolving|Failed to connect to (?:dl\.k8s\.io|storage\.googleapis\.com)", "it has no way out to the Internet", "Allow egress, or use images that hold kubectl and curl."),
    # write(2): ENOSPC
    _w("PVC-FULL", r"No space left on device", "its volume is full", "Enlarge the claim."),
    # Go: crypto/x509, HostnameError.Error
    _w("CERT-ADDRESS", r"certificate is valid for (?P<names>.+?), not (?P<host>[\w.-]+)", "the certificate that it met is for other names than the one it dialled", "Use the address that the certificate was made for (global.proxy decides it), or make the certificate again."),
    # Go: crypto/x509, UnknownAuthorityError.Error
    _w("CERT-UNKNOWN", r"x509: certificate signed by unknown authority", "the certificate that it met is signed by a CA that it does not know", "Hand the CA's certificate over again; the CA may have been made anew."),
    # Edge Stack: "error reading license key: open ...: no such file or directory" (emissary-ingress issue 2227)
    _w("GW-LIC", r"error reading license key|(?:invalid|expired) license key|license(?: key)? (?:is |has )?(?:invalid|expired|missing)", "the Edge Stack has no licence that it accepts", "Put a licence key into its Secret, or take Emissary (gateway.edition: emissary).", r"ambassador|edge.?stack|license key"),
    # kubectl: apimachinery/pkg/api/errors NewForbidden
    _w("POD-RBAC", r"forbidden: User \"system:serviceaccount:(?P<account>[^\"]+)\" cannot", "its ServiceAccount lacks a right", "Reinstall the first release of the namespace: it brings the role."),
    # Bevel: hyperledger-fabric/charts/fabric-catools/templates/job.yaml
    _w("FAB-CA", r"CA certs not found in (?:Vault|Kubernetes secret)", "the CA's certificate is not where it looks", "Wait for the CA of its organization, or mend it."),
    # Bevel: hyperledger-fabric/charts/fabric-genesis/templates/job.yaml (the spelling is theirs)
    _w("FAB-GENESIS", r"Certficates absent in kuberenetes secrets|MSP Config absent in Kuberenetes", "certificates of a member are missing", "Finish peers and orderers of every member first."),
    # Fabric: internal/peer/channel (deliver client), core/comm "context deadline exceeded"
    _w("FAB-ORDERER", r"failed to create deliver client.*?(?:for (?:orderer|[\w ]+) at )?(?P<address>[\w.-]+:\d+)?.*(?:context deadline exceeded|connection error)", "the orderer cannot be reached", "Look at the checks of the orderer's address."),
    # Fabric: internal/peer/channel/join.go GBFileNotFoundErr
    _w("FAB-BLOCK", r"genesis block file not found|can't read the block", "the channel's block could not be fetched", "Hand the orderer's TLS certificate over again, then make the channel."),
    # Fabric: common/policies, "implicit policy evaluation failed"
    _w("FAB-POLICY", r"implicit policy evaluation failed|policy for \[Group\].* not satisfied", "the channel's policies refuse its update", "The MSP ids of preset and channel must be the same."),
    # Bevel: fabric-peernode, fabric-orderernode templates/node-statefulset.yaml, fabric-cli templates/deployment.yaml
    _w("FAB-CERTS", r"Retry attempted .* times, (?:The )?(?:peer|orderer) certificates have not been obtained", "its certificates were never obtained", "Read the log of the certificates Job of its release."),
    # Bevel: r3-corda/charts/corda-node/templates/statefulset-node.yaml
    _w("CORDA-DB", r"no DB up and running\. Giving up", "its database is not up", "Look at the database's StatefulSet and its claim."),
    _w("CORDA-REG", r"Error in initial-registration", "it is not registered", "See that the doorman answers, and that its legal name is not taken."),
    # Bevel: r3-corda-ent/charts/cenm-*/files/run.sh, getZoneToken.sh
    _w("CENM-SLEEP", r"Going to sleep for (?:the )?requested", "its process has failed and it sleeps", "Read the lines above in its log."),
    _w("CENM-LOGIN", r"Trying to login to gateway\.(?P<host>[\w-]+)", "it cannot log in to the CENM gateway", "Look at the gateway's Job and at users and passwords."),
    # Indy: indy-sdk PoolLedgerTimeout; Bevel: hyperledger-indy/charts/indy-register-identity
    _w("INDY-POOL", r"PoolLedgerTimeout|Not able to connect to the indy pool|Pool timeout", "the pool cannot be reached", "Compare the genesis' addresses with the gateways'."),
    _w("INDY-LEFT", r'configmaps "(?:dtg|ptg)" already exists', "an earlier genesis is still there", "Delete ConfigMaps dtg and ptg, then deploy again."),
    # Bevel: substrate/charts/substrate-node/templates/statefulset.yaml
    _w("SUB-KEYS", r"Failed to insert key (?:aura|gran) into Keystore", "it has no keys to insert", "Name the release as the genesis expects (validator-N, member-N)."),
    # Besu: GenesisConfig mismatch; geth: core/genesis.go GenesisMismatchError; Substrate: "chain spec mismatch"
    _w("DATA-OLD", r"Supplied genesis block does not match|database contains incompatible genesis|genesis hash mismatch", "its volume holds another ledger's data", "Delete its claim and Vault path, then deploy again."),
    # Go: net/dnserror, curl (6); any other name
    _w("POD-RESOLVE", r"lookup (?P<host>[\w.-]+?)(?: on [\d.:]+)?: no such host|Could not resolve host: (?P<address>[\w.-]+)", "a name does not resolve", "Create the record, or look at the component's Service."),
    # Go: net/dial "connect: connection refused", "i/o timeout"
    _w("POD-CONNECT", r"dial tcp (?P<host>[\w.-]+):\d+: (?:\w+: )?(?:connection refused|i/o timeout)|Failed to connect to (?P<address>[\w.-]+) port", "a component does not accept its connection", "Look at that component and at the way to it."),
)  # fmt: skip


def log_says(snapshot: ClusterSnapshot, pending: Pending) -> Iterator[Finding]:
    """Findings of the table, at the pods whose logs say so."""
    if not snapshot.logs:
        return
    for pod in snapshot.of("Pod"):
        for container, entry in containers(pod):
            lines = snapshot.logs.get(f"{namespace(pod)}/{name(pod)}/{container}")
            if not lines or not _fails(snapshot, pod, entry):
                continue
            tries = _tries(snapshot, pod, entry)
            found = _first(lines) if tries else None
            if found is not None:
                finding = _finding(snapshot, pod, container, *found)
                passing = finding.code in PASSING and tries < TRIES
                yield finding.model_copy(update={"severity": "info"}) if passing else finding


def _tries(snapshot: ClusterSnapshot, pod: Object, entry: Mapping[str, Any]) -> int:
    """How often it has failed: 0 where that is history (the Job has succeeded since), many where it is final."""
    tries = failures(entry)
    above = owner(pod)
    job = snapshot.find("Job", namespace(pod), above[1]) if above and above[0] == "Job" else None
    if job is None:
        return max(tries, 1)
    if (condition(job, "Complete") or {}).get("status") == "True":
        return 0
    if (condition(job, "Failed") or {}).get("status") == "True":
        return TRIES
    return max(tries, int(status(job).get("failed") or 0), 1)


def _fails(snapshot: ClusterSnapshot, pod: Object, entry: Mapping[str, Any]) -> bool:
    state = entry.get("state") or {}
    last = (entry.get("lastState") or {}).get("terminated") or {}
    if (state.get("terminated") or {}).get("exitCode"):
        return True
    if last.get("exitCode") and not entry.get("ready"):
        return True
    if status(pod).get("phase") == "Failed":
        return bool(last.get("exitCode"))
    if "running" not in state or entry.get("ready"):
        return False
    ready = condition(pod, "Ready") or {}
    return ready.get("status") == "False" and age(snapshot, ready.get("lastTransitionTime")) >= _UNREADY


def _first(lines: tuple[str, ...]) -> tuple[Words, re.Match[str], str] | None:
    for words in WORDS:
        if words.also is not None and not any(words.also.search(line) for line in lines):
            continue
        for line in reversed(lines):
            match = words.pattern.search(line)
            if match is not None:
                return words, match, line
    return None


def _finding(
    snapshot: ClusterSnapshot, pod: Object, container: str, words: Words, match: re.Match[str], line: str
) -> Finding:
    where = namespace(pod)
    groups = match.groupdict()
    target = groups.get("host") or groups.get("address")
    return say(
        words.code, snapshot, "Pod", pod, f"Container {container}: {words.cause}" + (f" ({target})." if target else "."),
        words.remedy, command=kubectl(where, f"logs {name(pod)} -c {container} --previous"), evidence=(line,),
        blames=_blames(snapshot, pod, words.code, target),
    )  # fmt: skip


def _blames(snapshot: ClusterSnapshot, pod: Object, code: str, target: str | None) -> Iterator[str]:
    """The things behind what a log names: a Vault, a host of the ledger, a Service of the cluster."""
    if code.startswith("VLT-"):
        for vault in snapshot.vaults:
            if namespace(pod) in vault.namespaces:
                yield f"Vault//{vault.address}"
    if not target or code == "CERT-ADDRESS":
        return
    host = target.partition(":")[0]
    yield f"Host//{host}"
    parts = host.removesuffix(".cluster.local").removesuffix(".svc").split(".")
    where = parts[1] if len(parts) == 2 else namespace(pod)
    if len(parts) <= 2 and snapshot.find("Service", where, parts[0]) is not None:
        yield f"Service/{where}/{parts[0]}"
    # a name with an organization's namespace in front of the domain leads there, whatever stands between
    for space in snapshot.of("Namespace"):
        if len(parts) > 2 and name(space) in parts[1:2] and snapshot.find("Service", name(space), parts[0]) is not None:
            yield f"Service/{name(space)}/{parts[0]}"
