"""TLS as a probe: shake hands with SNI, verify against the organization's own CA, and say what came instead.

Nothing is accepted unverified. A second handshake, unverified, only describes what was served, and a third without SNI
tells whether that is the gateway's default certificate.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass

from bevel_tui.reachability import certificates
from bevel_tui.reachability.certificates import Certificate
from bevel_tui.reachability.found import Found
from bevel_tui.reachability.streams import FailureKind, ProbeError, Target, secured

#: OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_CERT_HAS_EXPIRED
_NAME_MISMATCH, _ADDRESS_MISMATCH, _EXPIRED = 62, 64, 10
#: days before expiry from which a certificate is worth a warning
EXPIRY_WARNING = 30


@dataclass(frozen=True, slots=True)
class Trust:
    """What a served certificate must satisfy: chain to `pem`, carry the host or one of `names` (facts A1.5)."""

    pem: str
    names: tuple[str, ...] = ()


async def tls(target: Target, trust: Trust | None, *, alpn: tuple[str, ...] = ()) -> Found:
    """Shake hands with SNI; verify against `trust`, or only describe the certificate when there is none.

    When verification fails, a second handshake, unverified, looks at what was served, and a third without SNI
    tells whether it is the gateway's default certificate.
    """
    phases: dict[str, float] = {}
    verifying = context(trust, alpn)
    try:
        async with secured(target, verifying, phases, sni=target.host) as (_, writer):
            found = served(writer)
            protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
            version = writer.get_extra_info("ssl_object").version()
    except ssl.SSLCertVerificationError as error:
        raise await refused(target, error, phases) from error
    evidence = (*target.route, f"{version}, ALPN {protocol or 'none'}", *(found.evidence() if found else ()))
    facts = {"certificate": found.fingerprint} if found else {}
    if trust is None:
        words = "the TLS handshake is completed (no trust anchor known: not verified)"
        return Found(words, evidence, phases, facts=facts)
    if found and trust.names and not carries(found, (target.host, *trust.names)):
        words = f"the certificate is not for {target.host}: it names {', '.join(found.names) or 'nobody'}"
        raise ProbeError("wrong-name", words, evidence=evidence, phases=phases)
    left = certificates.days_left(found) if found else None
    if left is not None and left < EXPIRY_WARNING:
        words = f"verified, but the certificate expires in {left:.0f} days"
        return Found(words, evidence, phases, warning=True, facts=facts, code="tls-expires-soon")
    return Found("the certificate is verified against the organization's CA", evidence, phases, facts=facts)


def context(trust: Trust | None, alpn: tuple[str, ...]) -> ssl.SSLContext:
    if trust is None:
        return certificates.looking(alpn)
    try:
        return certificates.trusting(trust.pem, check_name=not trust.names, alpn=alpn)
    except (ssl.SSLError, ValueError) as error:
        raise ProbeError("trust", "the CA certificate to verify against is not a PEM certificate") from error


def served(writer: asyncio.StreamWriter) -> Certificate | None:
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return certificates.read(der) if der else None


def carries(certificate: Certificate, hosts: tuple[str, ...]) -> bool:
    """Whether one of the names is among the certificate's; one label may be a wildcard (RFC 6125)."""
    names = {name.lower() for name in certificate.names}
    return any(host in names or f"*.{host.partition('.')[2]}" in names for host in (h.lower() for h in hosts))


async def refused(target: Target, error: ssl.SSLCertVerificationError, phases: dict[str, float]) -> ProbeError:
    """What was served instead of the right certificate."""
    found, anonymous = await asyncio.gather(_look(target, target.host), _look(target, None))
    evidence = (*target.route, f"verification: {error.verify_message}", *(found.evidence() if found else ()))
    misses = found is not None and not carries(found, (target.host,))
    default = found is not None and (
        found.known_default or (misses and anonymous is not None and anonymous.fingerprint == found.fingerprint)
    )
    if default:
        words = f"the gateway's default certificate came: no route matches {target.host}"
        return ProbeError("default-certificate", words, evidence=evidence, phases=phases)
    kind: FailureKind = "other-ca"
    if error.verify_code in (_NAME_MISMATCH, _ADDRESS_MISMATCH):
        kind = "wrong-name"
        named = ", ".join(found.names) if found and found.names else "nobody"
        words = f"the certificate is not for {target.host}: it names {named}"
    elif error.verify_code == _EXPIRED:
        kind = "expired"
        when = f" on {found.expires:%Y-%m-%d}" if found and found.expires else ""
        words = f"the certificate expired{when}"
    else:
        issuer = f" ({found.issuer})" if found else ""
        words = f"the certificate was not issued by the organization's CA{issuer}"
    return ProbeError(kind, words, evidence=evidence, phases=phases)


async def _look(target: Target, sni: str | None) -> Certificate | None:
    with contextlib.suppress(ProbeError, ssl.SSLError):
        async with secured(target, certificates.looking(), {}, sni=sni) as (_, writer):
            return served(writer)
    return None
