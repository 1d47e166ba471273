"""Corda, open source and Enterprise: notaries, legal names, certificates, licensed images (facts A5, A6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bevel_tui.network import corda
from bevel_tui.network.model import CordaEnterprise, Network
from bevel_tui.network.naming import founder
from bevel_tui.network.problem import Problem, YamlPath, error, warning

#: attributes of a legal name and their lengths: Corda's, and for O what openssl accepts (RFC 5280, ub-organization-name)
LENGTHS = {"CN": 64, "OU": 64, "O": 64, "L": 64, "ST": 64, "C": 2}
MANDATORY = ("O", "L", "C")
#: characters that Corda forbids in names, or that end a string of the charts' scripts
FORBIDDEN = re.compile(r"[=,$\"'\\`]")
#: RFC 5280, ub-common-name: openssl makes no certificate for a longer one
COMMON_NAME = 64


def notaries(network: Network) -> Iterator[Problem]:
    """A network needs a notary; Enterprise's network map starts from the notaries of its own namespace (facts A6)."""
    if not corda.is_corda(network):
        return
    first = founder(network)
    holders = [i for i, o in enumerate(network.organizations) if corda.roles(o).notaries]
    if not holders:
        yield error(
            "notary-missing",
            ("organizations", 0, "corda", "notaries"),
            f"no organization has a notary, and without one no transaction is ever final; give {first.name} one",
        )
    if corda.enterprise(network):
        for i in holders:
            if i:
                yield error(
                    "notaries-elsewhere",
                    ("organizations", i, "corda", "notaries"),
                    "only the first organization can have notaries: the network map reads what they registered from a "
                    "Secret of its own namespace",
                )


def empty(network: Network) -> Iterator[Problem]:
    """Every organization but the first, which runs the services, has a node."""
    if not corda.is_corda(network):
        return
    for i, organization in enumerate(network.organizations[1:], start=1):
        roles = corda.roles(organization)
        if roles.nodes + roles.notaries == 0:
            yield error(
                "organization-empty", ("organizations", i, "corda", "nodes"), f"{organization.name} would have no node"
            )


def legal_names(network: Network) -> Iterator[Problem]:
    """Subjects are names that Corda accepts, and no two nodes of a network have the same (C06)."""
    if not corda.is_corda(network):
        return
    seen: dict[str, str] = {}
    for i, organization in enumerate(network.organizations):
        path: YamlPath = ("organizations", i, "subject" if organization.subject else "name")
        problem = unfit(corda.subject_of(organization))
        if problem:
            yield error("legal-name", path, f"{problem}, so Corda would refuse the nodes of {organization.name}")
            continue
        for release in corda.releases(network, organization):
            if release.role not in ("notary", "node"):
                continue
            name = corda.legal_name(organization, release)
            other = seen.setdefault(_same(name), organization.name)
            if other != organization.name:
                yield error(
                    "legal-name-duplicate",
                    path,
                    f"{other} and {organization.name} would both have a node called {name}; a network has every name once",
                )
                break


def unfit(subject: str) -> str | None:
    """What is wrong with a legal name; None if nothing. [Corda's rules for node names]"""
    parts = [part.partition("=")[::2] for part in subject.split(",")]
    keys = [key.strip().upper() for key, _ in parts]
    for key in MANDATORY:
        if key not in keys:
            return f"a legal name needs {key}"
    for key in keys:
        if key not in LENGTHS:
            return f"a legal name cannot hold {key}"
        if keys.count(key) > 1:
            return f"a legal name holds {key} once"
    for key, value in zip(keys, (value for _, value in parts), strict=True):
        if value != value.strip() or "  " in value:
            return f"{key} has blanks at an end or in a row"
        if FORBIDDEN.search(value):
            return f"{key} holds a character that a legal name cannot have"
        if len(value) > LENGTHS[key]:
            return f"{key} has more than {LENGTHS[key]} characters"
        if key == "C" and not re.fullmatch("[A-Z]{2}", value):
            return "C is a country's code of two capital letters"
        if key == "O" and not re.match(r"[A-Z].*[A-Za-z]", value):
            return "O starts with a capital letter and has two letters at least"
    return None


def _same(subject: str) -> str:
    """One text for all spellings of a name."""
    return ",".join(sorted(part.strip() for part in subject.split(",")))


def certificates(network: Network) -> Iterator[Problem]:
    """The names in the certificates for the gateway are no longer than a common name may be."""
    if not corda.is_corda(network):
        return
    at = {cluster.name: i for i, cluster in enumerate(network.clusters)}
    for organization in network.organizations:
        long = [
            host
            for release in corda.releases(network, organization)
            for host in corda.certified(network, organization, release)
            if len(host) > COMMON_NAME
        ]
        if long and organization.cluster in at:
            worst = max(long, key=len)
            yield error(
                "certificate-name",
                ("clusters", at[organization.cluster], "domain"),
                f"{worst} has {len(worst)} characters, and a certificate's common name may have {COMMON_NAME}: Bevel's "
                f"Job would make none; shorten the domain or the name of {organization.name}",
            )


def licence(network: Network) -> Iterator[Problem]:
    """Enterprise's images are licensed (facts A6, E07)."""
    if not isinstance(network.platform, CordaEnterprise):
        return
    if network.registry is None:
        yield warning(
            "licensed-images",
            ("registry",),
            "the images of Corda Enterprise need R3's licence; without `registry`, the login of a registry that may give "
            "them out, pods are expected to end in ImagePullBackOff",
        )


def vault_ca(network: Network) -> Iterator[Problem]:
    """Vault's certificate is one that everybody trusts: pods of Corda's charts are not given another (facts E)."""
    if corda.is_corda(network) and network.vault is not None and network.vault.ca is not None:
        yield error(
            "vault-ca",
            ("vault", "ca"),
            "no chart of Corda mounts the CA of Vault, so that curl in their scripts would refuse Vault's certificate; "
            "use one of a public CA, or none within a network that you trust (http://)",
        )


RULES = (notaries, empty, legal_names, certificates, licence, vault_ca)
