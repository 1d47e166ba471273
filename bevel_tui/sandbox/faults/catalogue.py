"""Every fault by name, with the diagnosis that must come of it."""

from __future__ import annotations

from typing import NamedTuple

from bevel_tui.sandbox.faults.troubles import Trouble


class Fault(NamedTuple):
    """`code` is the root that diagnosis names. `trouble` strikes objects; without one `script` names what is done to a
    cluster (`faults.scripts`). `target` is what is struck unless the user says otherwise."""

    name: str
    code: str
    what: str
    trouble: Trouble | None = None
    script: str = ""
    target: str = "*"


_PULL = 'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
_NODES = (
    "0/3 nodes are available: 3 {why}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)


def _pull(name: str, code: str, what: str, words: str, reason: str = "ErrImagePull") -> Fault:
    return Fault(name, code, what, Trouble("pull", reason, words))


def _says(name: str, code: str, what: str, *lines: str, part: str = "init") -> Fault:
    return Fault(name, code, what, Trouble("run", "Error", "", lines, 1, "init" if part == "init" else "main"))


def _unschedulable(name: str, code: str, what: str, why: str) -> Fault:
    return Fault(name, code, what, Trouble("schedule", "Unschedulable", _NODES.replace("{why}", why)))


FAULTS: tuple[Fault, ...] = (
    _pull("image-missing", "POD-IMG-NOTFOUND", "the registry does not have the image", f"{_PULL}{{image}}: not found"),
    _pull("image-denied", "POD-IMG-AUTH", "the registry denies access", f"{_PULL}failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://registry.example.com/token: 401 Unauthorized"),
    _pull("image-rate", "POD-IMG-RATE", "the registry's rate limit is reached", "failed to copy: httpReadSeeker: failed open: unexpected status code 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit."),
    _pull("image-timeout", "POD-IMG-TIMEOUT", "the registry does not answer", f'{_PULL}failed to do request: Head "https://registry.example.com/v2/": dial tcp 203.0.113.7:443: i/o timeout'),
    _pull("image-name", "POD-IMG-NAME", "the image's name is refused", 'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": invalid reference format', "InvalidImageName"),
    _says("crash", "POD-CRASH", "a container ends with an error", "error: unknown option --frobnicate", part="main"),
    _says("init-crash", "POD-INIT", "an init container ends with an error", "error: unknown option --frobnicate"),
    Fault("out-of-memory", "POD-OOM", "a container needs more memory than its limit", Trouble("run", "OOMKilled", "", (), 137)),
    Fault("start-error", "POD-START", "a container's command does not exist", Trouble("run", "StartError", 'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "besuu": executable file not found in $PATH', (), 128)),
    _says("vault-sealed", "VLT-SEALED", "Vault is sealed", 'Vault token API call response: {"errors":["Vault is sealed"]}', "Error: Failed to obtain Vault token."),
    _says("vault-denied", "VLT-DENY", "Vault denies access", 'Vault token API call response: {"errors":["permission denied"]}', "Error: Failed to obtain Vault token.", "Error Details: permission denied"),
    _says("vault-unreachable", "VLT-NET", "pods cannot reach Vault", "curl: (7) Failed to connect to vault.example.com port 8200 after 3 ms: Couldn't connect to server"),
    _says("vault-untrusted", "VLT-TLS", "pods do not trust Vault's certificate", "requesting https://vault.example.com:8200/v1/auth/login", "curl: (60) SSL certificate problem: unable to get local issuer certificate"),
    _says("no-egress", "POD-EGRESS", "pods have no way out", "curl: (6) Could not resolve host: dl.k8s.io"),
    _says("unknown-os", "POD-OS", "the scripts do not know the image", "Unsupported Linux distribution: arch"),
    _says("wrong-architecture", "POD-IMG-ARCH", "the image is for another processor", "exec /usr/local/bin/node: exec format error", part="main"),
    _says("disk-full", "PVC-FULL", "a volume is full", "write /data/chain/000012.log: No space left on device", part="main"),
    _says("old-data", "DATA-OLD", "a volume holds another ledger", "Fatal: Failed to write genesis block: database contains incompatible genesis (have 9a1b, new 77cd)", part="main"),
    _says("certificate-address", "CERT-ADDRESS", "a certificate is for another address", "Error: tls: failed to verify certificate: x509: certificate is valid for ca.org, not ca.org.east.example.com"),
    _says("certificate-unknown", "CERT-UNKNOWN", "a certificate is of an unknown CA", "Error: tls: failed to verify certificate: x509: certificate signed by unknown authority"),
    _says("name-unresolved", "POD-RESOLVE", "a pod cannot resolve a name", "dial tcp: lookup ca.elsewhere.example.com on 10.96.0.10:53: no such host"),
    _says("connection-refused", "POD-CONNECT", "a component does not answer", "Error: enroll failed: dial tcp ca.elsewhere.example.com:7054: connect: connection refused"),
    _says("role-missing", "POD-RBAC", "a ServiceAccount lacks a right", 'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:org:vault-auth" cannot create resource "secrets" in API group "" in the namespace "org"'),
    _says("ca-missing", "FAB-CA", "a Fabric Job finds no CA certificate", "CA certs not found in Kubernetes secret"),
    _says("certificates-late", "FAB-CERTS", "a Fabric node's certificates never come", "Retry attempted 10 times, orderer certificates have not been obtained."),
    _says("members-missing", "FAB-GENESIS", "the genesis Job lacks a member", "MSP Config absent in Kuberenetes"),
    _says("orderer-unreachable", "FAB-ORDERER", "an orderer cannot be reached", "Error: failed to create deliver client for orderer: orderer client failed to connect to orderer1.org.east.example.com:443: context deadline exceeded"),
    _says("channel-missing", "FAB-BLOCK", "a channel's block cannot be fetched", "Error: genesis block file not found open allchannel.block: no such file or directory"),
    _says("policy", "FAB-POLICY", "a channel's policies refuse an update", "Error: got unexpected status: BAD_REQUEST -- error applying config update: implicit policy evaluation failed - 0 sub-policies were satisfied"),
    _says("database-down", "CORDA-DB", "a Corda node's database is not up", "no DB up and running. Giving up!"),
    _says("not-registered", "CORDA-REG", "a Corda node is not registered", "Error in initial-registration"),
    _says("cenm-asleep", "CENM-SLEEP", "a CENM process has failed", "Going to sleep for the requested 120 seconds to let you log in and investigate."),
    _says("cenm-login", "CENM-LOGIN", "a CENM service cannot log in", "Trying to login to gateway.cenm:8080 ..."),
    _says("pool-unreachable", "INDY-POOL", "the Indy pool cannot be reached", "indy.error.PoolLedgerTimeout"),
    _says("genesis-left", "INDY-LEFT", "an earlier Indy genesis is there", 'Error from server (AlreadyExists): configmaps "dtg" already exists'),
    _says("keys-missing", "SUB-KEYS", "a Substrate node has no keys", "Failed to insert key aura into Keystore."),
    _says("licence", "GW-LIC", "the Edge Stack has no licence", 'time="2024-09-02 15:10:01" level=error msg="error reading license key: open /.config/ambassador/license-key: no such file or directory"', part="main"),
    Fault("token-missing", "VLT-TOKEN", "Secret roottoken is missing", Trouble("configure", "CreateContainerConfigError", 'secret "roottoken" not found')),
    Fault("secret-missing", "POD-CFG", "a Secret of the environment is missing", Trouble("configure", "CreateContainerConfigError", 'secret "node-keys" not found')),
    Fault("mount-key", "MOUNT-FAIL", "a mounted Secret lacks a key", Trouble("mount", "FailedMount", 'MountVolume.SetUp failed for volume "certs" : references non-existent secret key: tls.crt')),
    Fault("volume-attached", "POD-ATTACH", "a volume hangs at another node", Trouble("mount", "FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to one node and can't be attached to another")),
    Fault("pod-network", "POD-SANDBOX", "the network plugin fails", Trouble("mount", "FailedCreatePodSandBox", 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "3f2a": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory')),
    _unschedulable("no-cpu", "POD-SCHED-CPU", "no node has enough CPU", "Insufficient cpu"),
    _unschedulable("no-memory", "POD-SCHED-MEM", "no node has enough memory", "Insufficient memory"),
    _unschedulable("nodes-full", "POD-SCHED-TOOMANY", "every node runs as many pods as it may", "Too many pods"),
    _unschedulable("taint", "POD-SCHED-TAINT", "every node repels pods", "node(s) had untolerated taint {dedicated: db}"),
    _unschedulable("selector", "POD-SCHED-AFFINITY", "no node has the labels", "node(s) didn't match Pod's node affinity/selector"),
    _unschedulable("host-port", "POD-SCHED-PORT", "the host port is taken", "node(s) didn't have free ports for the requested pod ports"),
    _unschedulable("zone", "POD-SCHED-VOLUME", "the volume is in another zone", "node(s) had volume node affinity conflict"),
    Fault("provisioner", "PVC-PROV", "volumes cannot be made", Trouble("provision", "ProvisioningFailed", 'failed to provision volume with StorageClass "standard": rpc error: code = ResourceExhausted desc = volume limit of this account is reached')),
    Fault("topology", "PVC-TOPOLOGY", "the class allows zones without nodes", Trouble("provision", "ProvisioningFailed", 'failed to provision volume with StorageClass "standard": error generating accessibility requirements: no available topology found')),
    Fault("load-balancer", "SVC-LBPEND", "load balancers get no address", Trouble("balance", "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: could not find any suitable subnets for creating the ELB")),
    Fault("record-missing", "DNS-RECORD", "nobody creates the DNS records", Trouble("type")),
    Fault("external-dns-missing", "DNS-NOEXT", "nobody acts on external-dns' annotations", Trouble("announce")),
    Fault("record-wrong", "DNS-WRONG", "the DNS records lead elsewhere", Trouble("type", address="127.101.250.250")),
    Fault("quota", "QUOTA", "new namespaces get a quota of no pods", script="quota"),
    Fault("limit-range", "LIMIT", "new namespaces get a LimitRange that no pod fits", script="limit_range"),
    Fault("pod-security", "POD-SECURITY", "new namespaces have the Pod Security level restricted", script="pod_security"),
    Fault("webhook-denies", "WH-DENIED", "a policy of the cluster refuses pods", script="webhook_denies"),
    Fault("create-refused", "WL-CREATE", "the API server cannot create pods", script="create_refused"),
    Fault("namespace-stuck", "NS-TERMINATING", "a deleted namespace is held by a finalizer", script="namespace_stuck"),
    Fault("volume-lost", "PVC-LOST", "the volume behind a claim was deleted", script="claim_lost"),
    Fault("service-selector", "SVC-SELECTOR", "a Service selects labels that no pod has", script="service_selector"),
    Fault("job-suspended", "JOB-SUSPENDED", "a Job is suspended", script="job_suspended"),
    Fault("scaled-down", "WL-ZERO", "a Deployment is scaled to nothing", script="scaled_down"),
    Fault("ingress-class", "ING-CLASS", "an Ingress has a class that nobody serves", script="ingress_class"),
    Fault("ingress-backend", "ING-BACKEND", "an Ingress leads to no Service", script="ingress_backend"),
    Fault("certificate-expired", "TLS-EXPIRED", "a route's certificate has expired", script="certificate_expired"),
    Fault("helm-killed", "HELM-PENDING", "a Helm process was killed at its work", script="helm_pending"),
    Fault("helm-failed", "HELM-FAILED", "a Helm release has failed", script="helm_failed"),
    Fault("node-down", "NODE-NOTREADY", "a node is not heard of", script="node_down"),
    Fault("node-pressure", "NODE-PRESSURE", "a node is short of memory", script="node_pressure"),
    Fault("node-network", "NODE-NETWORK", "a node has no pod network", script="node_network"),
    Fault("cordoned", "NODE-CORDONED", "all nodes are cordoned", script="cordoned"),
    Fault("webhook-down", "WH-DOWN", "an admission webhook has nobody behind it", script="webhook_down"),
    Fault("no-storage-class", "PVC-NOSC", "no StorageClass is the default", script="no_storage_class"),
    Fault("cluster-dns", "CLUSTER-DNS", "the cluster's name service does not run", script="cluster_dns"),
    Fault("definition-clash", "CRD-NOTREADY", "a custom resource definition is not accepted", script="crd_clash"),
    Fault("conversion-down", "CRD-CONVERSION", "a conversion webhook has nobody behind it", script="conversion_down"),
    Fault("api-slow", "API-SLOW", "the API server takes seconds", script="api_slow"),
    Fault("clock", "API-SKEW", "the cluster's clock is ten minutes ahead", script="clock"),
    Fault("denied", "AUTH-DENIED", "the user has no rights in the cluster", script="denied"),
    Fault("rights", "RBAC-READ", "the user may not list Services", script="rights"),
    Fault("api-down", "API-DOWN", "the API server answers nobody but the simulator", script="api_down"),
    Fault("expired", "AUTH-EXPIRED", "the API server does not accept the credentials", script="expired"),
)  # fmt: skip

BY_NAME: dict[str, Fault] = {fault.name: fault for fault in FAULTS}
