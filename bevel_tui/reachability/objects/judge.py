"""Which edge between objects disagrees: the route with the plan, the backend with the route, the certificate with the
host, an address with the gateway's. Pure: objects in, verdicts out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bevel_tui.reachability import certificates
from bevel_tui.reachability.certificates import Certificate
from bevel_tui.reachability.objects.observed import (
    Backend,
    Edge,
    Object,
    Route,
    class_of,
    covers,
    host_of,
    ingress_routes,
    listeners,
    mapping_routes,
    named,
    secret_of,
    tcp_routes,
)
from bevel_tui.reachability.verdict import Verdict
from bevel_tui.reachability.wanted import normal
from bevel_tui.records.steps import Endpoint


class Judge:
    """Verdicts on one cluster's objects. `kubectl` begins the commands of remedies (``kubectl --context x``)."""

    def __init__(self, edge: Edge, kubectl: str = "kubectl") -> None:
        self.edge = edge
        self._kubectl = kubectl

    # ------------------------------------------------------------ the route

    def route(self, endpoint: Endpoint) -> Verdict | None:
        """Is there an object that routes the endpoint to the Service of the plan? None: it may not be read."""
        planned = Backend.planned(endpoint.service)
        if self.edge.gateway == "haproxy":
            return self._ingress(endpoint, planned)
        return self._tcp(endpoint, planned) if endpoint.protocol == "tcp" else self._mapping(endpoint, planned)

    def _ingress(self, endpoint: Endpoint, planned: Backend) -> Verdict | None:
        if self.edge.of("Ingress") is None:
            return None
        host, wanted = endpoint.host, endpoint.protocol == "tls"
        found = list(ingress_routes(self.edge, host))
        run = f"{self._kubectl} -n {planned.namespace} get ingress"
        if not found:
            return _no("route-missing", f"no Ingress names {host}", (), _again(endpoint), run)
        ours = [route for route in found if class_of(route.object) == self.edge.ingress_class]
        if not ours:
            words = f"{found[0].words} is of class {class_of(found[0].object)}, the gateway serves {self.edge.ingress_class}"
            return _no("route-class", words, _told(found), _again(endpoint), run)
        right = [route for route in ours if route.passthrough == wanted]
        if not right:
            what = "does not pass TLS through" if wanted else "passes TLS through, but the component speaks plain HTTP"
            words = f"{ours[0].words} {what}"
            return _no("route-passthrough", words, _told(ours), _again(endpoint), run)
        return self._leads(endpoint, planned, right, run)

    def _mapping(self, endpoint: Endpoint, planned: Backend) -> Verdict | None:
        if self.edge.of("Mapping") is None:
            return None
        found = list(mapping_routes(self.edge, endpoint.host))
        run = f"{self._kubectl} -n {planned.namespace} get mapping"
        if not found:
            return _no("route-missing", f"no Mapping names {endpoint.host}", (), _again(endpoint), run)
        verdict = self._leads(endpoint, planned, found, run)
        if verdict.passed and endpoint.probe == "ws":
            upgrades = [r for r in found if "websocket" in ((r.object.get("spec") or {}).get("allow_upgrade") or ())]
            if not upgrades:
                words = f"{found[0].words} does not allow WebSocket (allow_upgrade)"
                return _no("route-no-upgrade", words, _told(found), _again(endpoint), run)
        return verdict

    def _tcp(self, endpoint: Endpoint, planned: Backend) -> Verdict | None:
        if self.edge.of("TCPMapping") is None:
            return None
        port = endpoint.port
        found = list(tcp_routes(self.edge, port))
        run = f"{self._kubectl} get tcpmapping,listener -A"
        if not found:
            return _no("route-missing", f"no TCPMapping is for port {port}", (), _again(endpoint), run)
        if self.edge.of("Listener") is not None and not any(listeners(self.edge, port)):
            words = f"no Listener opens port {port}, which {found[0].words} is for"
            return _no("route-no-listener", words, _told(found), _again(endpoint), run)
        if len({str(route.backend) for route in found}) > 1:
            words = f"port {port} is claimed by {' and by '.join(route.words for route in found)}"
            remedy = (
                "Give one of the nodes another port (p2p port in the preset), or remove the route that is left over."
            )
            return _no("route-twice", words, _told(found), remedy, run)
        return self._leads(endpoint, planned, found, run)

    def _leads(self, endpoint: Endpoint, planned: Backend, found: Sequence[Route], run: str) -> Verdict:
        for route in found:
            if route.backend is not None and self._same(route.backend, planned):
                return Verdict("ok", f"{route.words} leads to {planned}", _told(found))
        first = found[0]
        words = f"{first.words} leads to {first.backend or 'nothing'}, the plan says {planned}"
        return _no("route-elsewhere", words, _told(found), _again(endpoint), run)

    def _same(self, route: Backend, planned: Backend) -> bool:
        if (route.namespace, route.service) != (planned.namespace, planned.service):
            return False
        if route.port == planned.port:
            return True
        service = self.edge.find("Service", planned.namespace, planned.service)
        ports = ((service or {}).get("spec") or {}).get("ports") or ()
        return any(port.get("name") == route.port and port.get("port") == planned.port for port in ports)

    # ------------------------------------------------------------ the backend

    def backend(self, endpoint: Endpoint) -> Verdict | None:
        """Does the Service have the port, and somebody ready behind it? None: it may not be read."""
        planned = Backend.planned(endpoint.service)
        if self.edge.of("Service") is None or self.edge.of("EndpointSlice") is None:
            return None
        where = f"{planned.namespace}/{planned.service}"
        service = self.edge.find("Service", planned.namespace, planned.service)
        run = f"{self._kubectl} -n {planned.namespace} describe service {planned.service}"
        if service is None:
            return _no("route-no-service", f"Service {where} does not exist", (), _again(endpoint), run)
        ports = {port.get("port"): port.get("name") for port in (service.get("spec") or {}).get("ports") or ()}
        if planned.port not in ports:
            had = ", ".join(str(port) for port in ports) or "none"
            words = f"Service {where} has no port {planned.port}"
            return _no("route-no-port", words, (f"its ports: {had}",), _again(endpoint), run)
        ready, waiting = self._behind(planned, ports[planned.port])
        if not ready:
            words = f"nobody is ready behind Service {where}"
            facts = (f"not ready: {', '.join(waiting)}",) if waiting else ("no pod that it selects has an address yet",)
            remedy = f"See why its pods are not ready: {self._kubectl} -n {planned.namespace} get pods."
            return _no("route-nobody-ready", words, facts, remedy, run)
        return Verdict("ok", f"{len(ready)} ready behind Service {where}", (f"ready: {', '.join(ready)}",))

    def _behind(self, planned: Backend, port: str | None) -> tuple[list[str], list[str]]:
        ready: list[str] = []
        waiting: list[str] = []
        for piece in self.edge.of("EndpointSlice") or ():
            meta = piece.get("metadata") or {}
            labels = meta.get("labels") or {}
            mine = labels.get("kubernetes.io/service-name") == planned.service
            if not mine or meta.get("namespace") != planned.namespace:
                continue
            if port and not any((p.get("name") or "") == port for p in piece.get("ports") or ()):
                continue
            for one in piece.get("endpoints") or ():
                name = str((one.get("targetRef") or {}).get("name") or ", ".join(one.get("addresses") or ()))
                fine = (one.get("conditions") or {}).get("ready", True) is not False
                (ready if fine else waiting).append(name)
        return ready, waiting

    # ------------------------------------------------------------ the certificate that the gateway itself shows

    def certificate(self, endpoint: Endpoint, now: datetime | None = None) -> Verdict | None:
        """Has the gateway a certificate for the host? None: it has none to have (passthrough, plain), or it is not known."""
        host = self._terminating(endpoint)
        if host is None:
            return None
        where = secret_of(host)
        if where is None and str((host.get("spec") or {}).get("hostname") or "*") == "*":
            words = f"no Host is for {endpoint.host}: the catch-all {named(host)} shows the gateway's own certificate"
            return _no("route-no-host", words, (), _again(endpoint), f"{self._kubectl} get host -A")
        if where is None:
            words = f"{named(host)} names no certificate (tlsSecret)"
            return _no("route-no-secret", words, (), _again(endpoint), self._see(host))
        if where not in self.edge.certificates:
            return None
        pem = self.edge.certificates[where]
        secret = "/".join(where)
        run = f"{self._kubectl} -n {where[0]} get secret {where[1]} -o yaml"
        if pem is None:
            words = f"{named(host)} names Secret {secret}, which holds no certificate (tls.crt)"
            return _no("route-no-secret", words, (), _again(endpoint), run)
        shown = certificates.read_pem(pem)
        if shown is None:
            return _no("route-no-secret", f"tls.crt of Secret {secret} is no certificate", (), _again(endpoint), run)
        allowed = (endpoint.host, *endpoint.certificate_names)
        if not any(covers(name, one) for name in shown.names for one in allowed):
            words = f"the certificate in Secret {secret} is not for {endpoint.host}: it names {', '.join(shown.names) or 'nobody'}"
            return _no("route-wrong-name", words, shown.evidence(), _again(endpoint), run)
        if shown.expires is not None and shown.expires < (now or datetime.now(UTC)):
            words = f"the certificate in Secret {secret} expired on {shown.expires:%Y-%m-%d}"
            remedy = "Renew it: delete the Secret and run the deployment again, or put a new certificate in."
            return _no("route-expired", words, shown.evidence(), remedy, run)
        return Verdict("ok", f"Secret {secret} holds the certificate for {endpoint.host}", shown.evidence())

    def served(self, endpoint: Endpoint, fingerprint: str) -> Verdict | None:
        """Does the gateway serve the certificate that its Secret holds? None: that is not known."""
        verdict = self.certificate(endpoint)
        if verdict is None or not verdict.passed:
            return verdict
        held = self._held(endpoint)
        if held is None or held.fingerprint == fingerprint:
            return verdict
        words = f"the gateway serves another certificate for {endpoint.host} than its Secret holds"
        facts = (f"served SHA-256: {fingerprint}", *held.evidence())
        remedy = "The gateway has not taken it up: read its log, or restart its pods."
        return _no("route-stale-certificate", words, facts, remedy, f"{self._kubectl} get host -A")

    def _held(self, endpoint: Endpoint) -> Certificate | None:
        host = self._terminating(endpoint)
        where = secret_of(host) if host is not None else None
        pem = self.edge.certificates.get(where) if where is not None else None
        return certificates.read_pem(pem) if pem else None

    def _terminating(self, endpoint: Endpoint) -> Object | None:
        """The Host whose certificate is shown for an endpoint; None where the gateway shows none."""
        if self.edge.gateway != "ambassador" or endpoint.protocol not in ("https", "tls"):
            return None
        return host_of(self.edge, endpoint.host)

    # ------------------------------------------------------------ the address

    def address(self, endpoint: Endpoint, addresses: Sequence[str]) -> Verdict | None:
        """Do routes that tell an address (an Ingress' status) tell the gateway's? external-dns believes them. None: none do."""
        told: dict[str, list[str]] = {}
        for route in ingress_routes(self.edge, endpoint.host):
            entries = ((route.object.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
            said = [str(entry.get("ip") or entry.get("hostname")) for entry in entries]
            if said and class_of(route.object) == self.edge.ingress_class:
                told[route.words] = said
        if not told:
            return None
        right = {normal(address) for address in addresses}
        for words, said in told.items():
            if not {normal(one) for one in said} <= right:
                sentence = f"{words} says that it is at {' '.join(said)}, the gateway is at {' '.join(addresses)}"
                remedy = "Let the gateway publish its own Service (--publish-service), or clear the status that is left over."
                run = f"{self._kubectl} get ingress -A"
                return Verdict("warning", sentence, (), remedy, code="route-other-address", command=run)
        return Verdict("ok", f"{next(iter(told))} says the gateway's address", ())

    def _see(self, obj: Object) -> str:
        meta = obj.get("metadata") or {}
        return (
            f"{self._kubectl} -n {meta.get('namespace')} get {str(obj.get('kind')).lower()} {meta.get('name')} -o yaml"
        )


def _again(endpoint: Endpoint) -> str:
    return f"Release {endpoint.release} makes it: run the deployment (again), which makes what is missing."


def _told(found: Sequence[Route]) -> tuple[str, ...]:
    return tuple(f"{r.words} -> {r.backend}{', TLS passed through' if r.passthrough else ''}" for r in found)


def _no(code: str, words: str, evidence: tuple[str, ...], remedy: str, command: str) -> Verdict:
    return Verdict("failed", words, evidence, remedy, code=code, command=command)
