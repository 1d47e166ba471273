"""The kinds of check about objects, with every way in which they can disagree."""

from __future__ import annotations

from bevel_tui.reachability.kinds import CheckKind, Failure

OBJECT_KINDS: tuple[CheckKind, ...] = (
    CheckKind(
        "route-object",
        "Does an object of the cluster route the endpoint to the Service that the plan says?",
        "a host, or a port of the gateway",
        "HAProxy: the Ingress that names the host, its class, passthrough, backend. Ambassador: the Mapping for the host; "
        "the TCPMapping and the Listener for the port. While one of them is wrong, what fails behind it is not judged.",
        "The object is missing, of another class, or leads elsewhere than the plan says.",
        failures=(
            Failure("route-missing", "No Ingress, Mapping or TCPMapping is for it."),
            Failure("route-class", "The Ingress is of a class that this gateway does not serve."),
            Failure("route-passthrough", "The Ingress passes TLS through and should not, or should and does not."),
            Failure("route-elsewhere", "The route leads to another Service or port than the plan says."),
            Failure("route-no-listener", "No Listener opens the TCPMapping's port."),
            Failure("route-twice", "Two TCPMappings claim the port."),
            Failure("route-no-upgrade", "The Mapping does not allow the upgrade to WebSocket."),
        ),
    ),
    CheckKind(
        "route-backend",
        "Is somebody ready behind the Service?",
        "a Service and its port",
        "The Service's ports, and the pods in its EndpointSlices.",
        "The Service is missing or has another port, or none of its pods is ready.",
        failures=(
            Failure("route-no-service", "The Service does not exist."),
            Failure("route-no-port", "The Service has no such port."),
            Failure("route-nobody-ready", "No pod behind the Service is ready."),
        ),
    ),
    CheckKind(
        "route-certificate",
        "Has the gateway the right certificate for a host whose TLS it ends itself (Ambassador's Hosts)?",
        "a host",
        "The certificate in the Secret that the Host names, and whether it is the one that is served.",
        "The Secret is missing, or holds a certificate for another name, an expired one, or another than is served.",
        failures=(
            Failure("route-no-host", "No Host is for the name, so that the gateway shows its own certificate."),
            Failure("route-no-secret", "The Host names no Secret, or one without a certificate."),
            Failure("route-wrong-name", "The certificate in the Secret is for another name."),
            Failure("route-expired", "The certificate in the Secret has expired."),
            Failure("route-stale-certificate", "The gateway serves another certificate than the Secret holds."),
        ),
    ),
    CheckKind(
        "route-address",
        "Do routes that tell an address tell the gateway's?",
        "a host",
        "The address in the Ingress' status beside the gateway's; external-dns makes records of it.",
        "A controller that is gone, or another one, has written the status.",
        ("lb-address",),
        failures=(
            Failure("route-other-address", "Warning: the Ingress' status has another address than the gateway."),
        ),
    ),
)
