"""Certificates: subjects as both tools write them, names, chains that a TLS library accepts."""

from __future__ import annotations

from cryptography import x509

from bevel_tui.sandbox.players import pki


def test_subject_of_openssl_and_of_fabric_ca() -> None:
    assert (
        pki.subject("/C=GB/ST=London/L=London/O=Orderer", "ca.x").rfc4514_string()
        == "CN=ca.x,O=Orderer,L=London,ST=London,C=GB"
    )
    name = pki.subject("O=Orderer,L=51.50/-0.13/London,C=GB", "n", "peer")
    values = {a.rfc4514_attribute_name: a.value for a in name}
    assert values["L"] == "51.50/-0.13/London"
    assert values["OU"] == "peer"


def test_an_issued_certificate_belongs_to_its_authority_only() -> None:
    ca, key = pki.authority(pki.subject("/O=A", "ca.a"), ["ca.a"])
    other, _ = pki.authority(pki.subject("/O=A", "ca.a"), ["ca.a"])
    certificate, _ = pki.issue(pki.subject("", "node"), ["node.a", "node.a.example.com"], ca, key)
    assert pki.names_of(certificate) == ["node.a", "node.a.example.com"]
    assert pki.signed_by(certificate, other + ca)
    assert pki.signed_by(ca, ca)
    assert not pki.signed_by(certificate, other)
    assert not pki.signed_by(certificate, b"nothing")
    assert x509.load_pem_x509_certificate(ca).extensions.get_extension_for_class(x509.BasicConstraints).value.ca
