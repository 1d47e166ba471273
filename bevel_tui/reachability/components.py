"""One question in the language of each other component: Fabric, Corda, Tessera (facts A1.5, A5, B)."""

from __future__ import annotations

import ssl

from bevel_tui.reachability.found import Found
from bevel_tui.reachability.grpc import health
from bevel_tui.reachability.handshake import Trust, context, refused
from bevel_tui.reachability.queries import as_json, http, must_be_served, said
from bevel_tui.reachability.streams import ProbeError, Target, secured


async def fabric_operations(target: Target) -> Found:
    """GET /healthz of a Fabric component's operations service (plain HTTP, facts A1.5)."""
    phases: dict[str, float] = {}
    response = await http(target, None, False, phases, path="/healthz")
    must_be_served(response, target, phases)
    status = as_json(response).get("status")
    if response.status != 200 or status != "OK":
        failed = [f"{c.get('component')}: {c.get('reason')}" for c in as_json(response).get("failed_checks") or []]
        words = f"the component is not healthy: {status or f'HTTP {response.status}'}"
        raise ProbeError("answer", words, evidence=(*said(response, target), *failed), phases=phases)
    return Found("the component says that it is healthy", (*target.route, "/healthz: OK"), phases)


async def fabric_ca(target: Target, trust: Trust | None) -> Found:
    """GET /cainfo of a Fabric CA, over TLS that is verified."""
    phases: dict[str, float] = {}
    response = await http(target, trust, True, phases, path="/cainfo")
    must_be_served(response, target, phases)
    result = as_json(response).get("result")
    name = result.get("CAName") if isinstance(result, dict) else None
    if response.status != 200 or not isinstance(result, dict):
        words = f"/cainfo is not answered as a Fabric CA does: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=said(response, target), phases=phases)
    version = result.get("Version", "unknown")
    return Found(
        f"the CA answers as {name or 'unnamed'}",
        (*target.route, f"CAName {name or '(empty)'}, version {version}"),
        phases,
    )


async def fabric_grpc(target: Target, trust: Trust | None) -> Found:
    """TLS with ALPN h2, which gRPC clients insist on, and the health call; where a component does not serve that, that it
    speaks HTTP/2 is all there is to know without a Fabric client's keys."""
    phases: dict[str, float] = {}
    try:
        async with secured(target, context(trust, ("h2",)), phases, sni=target.host) as streams:
            protocol = streams[1].get_extra_info("ssl_object").selected_alpn_protocol()
            if protocol != "h2":
                words = "the TLS server does not offer HTTP/2 (ALPN h2), which gRPC needs"
                raise ProbeError("answer", words, evidence=(*target.route, f"ALPN {protocol or 'none'}"), phases=phases)
            told = await health(streams, target, phases)
    except ssl.SSLCertVerificationError as error:
        raise await refused(target, error, phases) from error
    except ssl.SSLError as error:
        if "CERTIFICATE_REQUIRED" not in str(error.reason):
            raise ProbeError("closed", "the component hung up after the handshake", phases=phases) from error
        return Found("the component offers gRPC to clients with a certificate", (*target.route, "ALPN h2"), phases)
    except OSError as error:
        raise ProbeError("closed", "the component hung up after the handshake", phases=phases) from error
    evidence = (*target.route, "ALPN h2", f"grpc.health.v1: {told.words}")
    if told.serving is False:
        words = f"the component answers gRPC, but says of itself: {told.words}"
        raise ProbeError("answer", words, evidence=evidence, phases=phases)
    return Found(
        "the component is serving gRPC" if told.serving else "the component answers gRPC (HTTP/2)", evidence, phases
    )


async def network_map(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """GET /network-map of a Corda network map: it is given out, or only to those who are in it (facts A5)."""
    phases: dict[str, float] = {}
    response = await http(target, trust, over_tls, phases, path="/network-map")
    must_be_served(response, target, phases)
    if response.status not in (200, 401):
        words = f"/network-map is not answered as a network map does: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=said(response, target), phases=phases)
    return Found("the network map answers", (*target.route, f"/network-map: HTTP {response.status}"), phases)


async def doorman(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """Any answer of a Corda doorman (identity manager): what its root says differs between versions (facts A5)."""
    phases: dict[str, float] = {}
    response = await http(target, trust, over_tls, phases, path="/")
    must_be_served(response, target, phases)
    if response.status >= 500:
        words = f"the doorman answers with an error: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=said(response, target), phases=phases)
    return Found("the doorman answers", (*target.route, f"/: HTTP {response.status}"), phases)


async def tessera(target: Target, trust: Trust | None, *, over_tls: bool) -> Found:
    """GET /upcheck of a transaction manager's port for peers ("I'm up!").

    With strict TLS it wants a client's certificate, which only its peers have: asking for one is its answer then.
    """
    phases: dict[str, float] = {}
    try:
        response = await http(target, trust, over_tls, phases, path="/upcheck")
    except ProbeError as error:
        if isinstance(error.__cause__, ssl.SSLError) and "CERTIFICATE_REQUIRED" in str(error.__cause__.reason):
            evidence = (*target.route, "TLS alert: certificate required")
            return Found("the transaction manager answers peers with a certificate", evidence, phases)
        raise
    must_be_served(response, target, phases)
    if response.status != 200 or "up" not in response.text.lower():
        words = f"/upcheck is not answered as Tessera does: HTTP {response.status}"
        raise ProbeError("answer", words, evidence=said(response, target), phases=phases)
    return Found("the transaction manager is up", (*target.route, f"/upcheck: {response.first_line}"), phases)
