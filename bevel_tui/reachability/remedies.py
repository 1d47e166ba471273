"""What to do about a failed check: the exact record, or the next command, never just "check the network"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bevel_tui.reachability.streams import FailureKind
from bevel_tui.reachability.wanted import records, zone_line
from bevel_tui.records.steps import Endpoint


@dataclass(frozen=True, slots=True)
class Remedies:
    """`service` is the gateway's Service as ``namespace/name``; `context` the kubeconfig context, where known."""

    domain: str | None
    addresses: tuple[str, ...]
    ttl: int
    service: str
    context: str | None

    @property
    def _kubectl(self) -> str:
        return f"kubectl --context {self.context}" if self.context else "kubectl"

    @property
    def _service(self) -> str:
        namespace, _, name = self.service.rpartition("/")
        return f"-n {namespace} service {name}" if namespace else f"service {name}"

    def address(self) -> str:
        """No load balancer address."""
        return (
            f"Read the events of the Service: {self._kubectl} describe {self._service}. A cluster without a load "
            "balancer needs one (MetalLB, `minikube tunnel`, a cloud provider's controller)."
        )

    def port(self, port: int) -> str:
        """The port is not on the Service."""
        return (
            f"Run the deployment again, it adds port {port} to the gateway; or see {self._kubectl} get {self._service}."
        )

    def create(self, host: str) -> str:
        """A record is missing."""
        return f"Create: {self.records(host)}"

    def replace(self, host: str, answered: Sequence[str]) -> str:
        """A record leads elsewhere."""
        return f"Replace the record that answers {' '.join(answered)} with: {self.records(host)}"

    def records(self, host: str, addresses: Sequence[str] | None = None) -> str:
        """The records that a host needs, as lines of a zone file; of all the gateway's addresses, or of these."""
        name = f"*.{self.domain}" if self.domain and host.endswith(f".{self.domain}") else host
        wanted = records(self.domain or host, self.addresses if addresses is None else addresses, self.ttl)
        if name.startswith("*."):
            return "; ".join(zone_line(record) for record in wanted if record.name == name)
        return "; ".join(zone_line(r.model_copy(update={"name": host})) for r in wanted if not r.name.startswith("*."))

    def stated(self, host: str) -> str:
        """The preset says an address that the cluster itself does not know of."""
        return f"Fine if an address translation or a load balancer of your own leads {host} there; else correct clusters[].public_ip."

    def recorded(self, host: str) -> str:
        """An address that the ledger has written into its genesis is not this cluster's any more."""
        return (
            f"The ledger's genesis names {host} for good: give that address back to {self._service} (reserve it at the "
            "provider), or route it there. A new address needs a new genesis, and so a new network."
        )

    def no_authority(self) -> str:
        """No authoritative server can be asked from here."""
        return (
            "Open outgoing DNS (port 53, UDP and TCP) to the zone's name servers, or list a server that holds the zone "
            "in dns.resolvers of the preset."
        )

    def disagree(self) -> str:
        """Primary and secondaries differ."""
        return "Wait until the zone's secondaries have the new records, or mend their zone transfer (SOA serial)."

    def probe(self, kind: FailureKind, endpoint: Endpoint) -> str:
        """A probe through the gateway failed; `command` is part of the sentence."""
        run = self.command(kind, endpoint)
        match kind:
            case "refused":
                return f"See whether the gateway's pods run and listen on {endpoint.port}: {run}."
            case "timeout" | "unreachable":
                return (
                    f"Let port {endpoint.port} through the security group or firewall in front of the load balancer "
                    f"({run}), and see whether its targets are healthy."
                )
            case "route" | "default-certificate":
                return (
                    f"See which routes the gateway has: {run}; one must name "
                    f"{endpoint.host}. Release {endpoint.release} renders it: run the deployment again."
                )
            case "backend" | "closed":
                return f"See whether the component behind the route is ready: {run}."
            case "other-ca" | "wrong-name" | "expired" | "trust" | "tls":
                if endpoint.trust is None:
                    return f"See the component's certificate Secret: {run}."
                return f"Compare with the CA certificate, key {endpoint.trust[1]} of: {run}."
            case "old-protocol":
                return f"Let the component, or the proxy in its place, speak TLS 1.2 or 1.3; see what answers there: {run}."
            case "answer":
                return f"Read the component's log: {run}."
            case "no-peers":
                return (
                    "See whether the p2p ports of the other nodes can be reached, and whether this node knows them "
                    f"(static nodes, boot nodes) and has the same genesis: {run}."
                )
            case "halted":
                return (
                    "More than two thirds of the validators must run and reach each other: see their checks, and "
                    f"whether their pods are ready: {run}."
                )

    def command(self, kind: FailureKind, endpoint: Endpoint) -> str:
        """What to run to see more of it."""
        name, _, rest = endpoint.service.partition(".")
        namespace = rest.partition(":")[0]
        match kind:
            case "refused" | "timeout" | "unreachable":
                return f"{self._kubectl} describe {self._service}"
            case "route" | "default-certificate":
                return f"{self._kubectl} get ingress,mapping,tcpmapping -A"
            case "backend" | "closed":
                return f"{self._kubectl} -n {namespace} get endpoints {name}"
            case "other-ca" | "wrong-name" | "expired" | "trust" | "tls":
                if endpoint.trust is None:
                    return f"{self._kubectl} -n {namespace} get secrets"
                ref = endpoint.trust[0]
                return f"{self._kubectl} -n {ref.namespace or namespace} get {ref.kind.lower()} {ref.name} -o yaml"
            case "answer" | "no-peers" | "old-protocol":
                return f"{self._kubectl} -n {namespace} logs -l app.kubernetes.io/instance={endpoint.release}"
            case "halted":
                return f"{self._kubectl} get pods -A -o wide"
