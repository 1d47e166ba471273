"""Certificates as Bevel's scripts make them: real keys, real signatures, the names the scripts ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_ATTRIBUTES = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
}
PrivateKey = ec.EllipticCurvePrivateKey


def subject(text: str, common_name: str | None = None, unit: str | None = None) -> x509.Name:
    """A name from openssl's ``/C=GB/O=Org`` or fabric-ca's ``O=Org,C=GB``; what is no attribute is left out.

    Both separators may occur inside a value (``L=51.50/-0.13/London``), so a part without ``=`` belongs to the
    one before it.
    """
    separator = "/" if text.startswith("/") else ","
    parts: list[list[str]] = []
    for piece in text.strip("/").split(separator):
        key, found, value = piece.partition("=")
        if found:
            parts.append([key.strip(), value.strip()])
        elif parts:
            parts[-1][1] += separator + piece
    values = {key: value for key, value in parts if key in _ATTRIBUTES and value}
    if not re.fullmatch("[A-Za-z]{2}", values.get("C", "")):
        values.pop("C", None)
    if common_name:
        values["CN"] = common_name
    if unit:
        values["OU"] = unit
    if "CN" in values:
        values["CN"] = values["CN"][:64]
    return x509.Name([x509.NameAttribute(_ATTRIBUTES[key], value) for key, value in values.items()])


def new_key() -> PrivateKey:
    """A P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: PrivateKey) -> bytes:
    """PKCS#8 PEM without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def cert_pem(certificate: x509.Certificate) -> bytes:
    """PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def authority(name: x509.Name, hosts: Iterable[str], days: int = 1024) -> tuple[bytes, bytes]:
    """A self-signed CA that is its own server certificate, as the Fabric CA chart makes it. Certificate, key: PEM."""
    key = new_key()
    certificate = _build(name, name, key, key, hosts, days, ca=True)
    return cert_pem(certificate), key_pem(key)


#: where fabric-ca puts an identity's attributes, as JSON (hyperledger/fabric-ca, lib/attrmgr)
ATTRIBUTES = x509.ObjectIdentifier("1.2.3.4.5.6.7.8.1")


def issue(
    name: x509.Name,
    hosts: Iterable[str],
    ca_cert: bytes,
    ca_key: bytes,
    days: int = 365,
    attributes: Mapping[str, str] | None = None,
) -> tuple[bytes, bytes]:
    """A certificate signed by the CA. Certificate and key, PEM. Raises ValueError on unreadable PEM."""
    issuer = x509.load_pem_x509_certificate(ca_cert)
    signer = serialization.load_pem_private_key(ca_key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ValueError("the CA's key is no EC key")
    key = new_key()
    return cert_pem(_build(name, issuer.subject, key, signer, hosts, days, ca=False, attributes=attributes)), key_pem(
        key
    )


def self_signed(common_name: str, hosts: Iterable[str] = (), days: int = 365) -> tuple[bytes, bytes]:
    """A certificate that only whoever was told of it trusts. Certificate and key, PEM."""
    key = new_key()
    name = subject("", common_name)
    return cert_pem(_build(name, name, key, key, hosts, days, ca=False)), key_pem(key)


def _build(
    name: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    signer: PrivateKey,
    hosts: Iterable[str],
    days: int,
    *,
    ca: bool,
    attributes: Mapping[str, str] | None = None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=ca,
                crl_sign=ca,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    names = [x509.DNSName(host) for host in dict.fromkeys(hosts)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if attributes is not None:
        told = json.dumps({"attrs": dict(attributes)}, sort_keys=True).encode()
        builder = builder.add_extension(x509.UnrecognizedExtension(ATTRIBUTES, told), critical=False)
    return builder.sign(signer, hashes.SHA256())


def names_of(pem: bytes) -> list[str]:
    """The DNS names that a certificate is valid for."""
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def signed_by(pem: bytes, trust: bytes) -> bool:
    """Whether a certificate is one of, or was signed by one of, the certificates in `trust`."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        anchors = x509.load_pem_x509_certificates(trust)
    except ValueError:
        return False
    for anchor in anchors:
        if certificate == anchor:
            return True
        try:
            certificate.verify_directly_issued_by(anchor)
        except (InvalidSignature, ValueError, TypeError):
            continue
        return True
    return False
