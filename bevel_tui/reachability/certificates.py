"""Certificates as evidence: what was served, in words, and how a trust anchor becomes a TLS context.

Nothing is accepted unverified: the unverified context here serves only to look at a certificate that a verified
handshake has refused, or where no trust anchor is expected.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

#: subjects of the certificates that gateways serve when no route matches (their sources: haproxy-ingress and
#: ingress-nginx `FakeCertificate`, traefik `DefaultCertificate`, emissary `fallback-self-signed-cert`)
_DEFAULTS = (
    "ingress controller fake certificate",
    "traefik default cert",
    "haproxy-ingress",
    "ambassador-self-signed",
    "fallback-self-signed",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server showed. `expires` is in UTC; `fingerprint` the SHA-256 of the certificate, in hex."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    expires: datetime | None
    fingerprint: str

    @property
    def known_default(self) -> bool:
        """Whether this is a certificate that a gateway serves for names it does not know."""
        return any(words in self.subject.lower() for words in _DEFAULTS)

    def evidence(self) -> tuple[str, ...]:
        """One fact a line."""
        expires = self.expires.strftime("%Y-%m-%d %H:%M UTC") if self.expires else "unknown"
        return (
            f"certificate subject: {self.subject or '(empty)'}",
            f"certificate issuer: {self.issuer or '(empty)'}",
            f"certificate names: {', '.join(self.names) or '(none)'}",
            f"certificate expires: {expires}",
            f"certificate SHA-256: {self.fingerprint}",
        )


def read(der: bytes) -> Certificate:
    """A DER certificate in words. Never raises: what cannot be parsed is described by its fingerprint alone."""
    from cryptography import x509

    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        parsed = x509.load_der_x509_certificate(der)
        names: list[str] = []
        try:
            extension = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = [*extension.get_values_for_type(x509.DNSName)]
            names += [str(address) for address in extension.get_values_for_type(x509.IPAddress)]
        except x509.ExtensionNotFound:
            pass
        return Certificate(
            parsed.subject.rfc4514_string(),
            parsed.issuer.rfc4514_string(),
            tuple(names),
            parsed.not_valid_after_utc,
            fingerprint,
        )
    except ValueError:
        return Certificate("(not readable)", "(not readable)", (), None, fingerprint)


def read_pem(pem: str) -> Certificate | None:
    """The first certificate of a PEM text in words; None when there is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    _, found, rest = pem.partition(begin)
    if not found or end not in rest:
        return None
    try:
        return read(ssl.PEM_cert_to_DER_cert(f"{begin}{rest.partition(end)[0]}{end}\n"))
    except ValueError:
        return None


def days_left(certificate: Certificate, now: datetime | None = None) -> float | None:
    """Days until it expires; negative when it has."""
    if certificate.expires is None:
        return None
    return (certificate.expires - (now or datetime.now(UTC))).total_seconds() / 86400


def trusting(pem: str, *, check_name: bool, alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """A context that accepts only what chains to `pem`. Raises ssl.SSLError or ValueError for a PEM without one.

    The anchor may be an intermediate (an organization's CA Secret holds what issued its certificates), and Fabric
    CA leaves out extensions that OpenSSL's strict mode, default from Python 3.13, insists on.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = check_name
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def looking(alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """A context that verifies nothing: to describe a certificate, never to trust it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
