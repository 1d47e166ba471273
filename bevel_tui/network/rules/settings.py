"""DNS, Vault, chart sources: references that must lead somewhere, and no secret in a URL."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem, YamlPath, error, warning
from bevel_tui.network.wording import meant

#: platforms whose charts mount global.vault.tls (facts E)
VAULT_CA_PLATFORMS = frozenset({"fabric"})


def rfc2136(network: Network) -> Iterator[Problem]:
    """Mode rfc2136 needs a server to update."""
    modes = {cluster.name: network.dns_mode(cluster) for cluster in network.clusters}
    wanting = [name for name, mode in modes.items() if mode == "rfc2136"]
    if wanting and network.dns.rfc2136 is None:
        yield error(
            "rfc2136-missing",
            ("dns", "mode") if network.dns.mode == "rfc2136" else ("clusters", list(modes).index(wanting[0]), "dns"),
            "mode rfc2136 needs `dns.rfc2136`: the server that takes updates, and the key",
        )
    elif network.dns.rfc2136 is not None and not wanting:
        yield warning("rfc2136-unused", ("dns", "rfc2136"), "no cluster uses mode rfc2136, so this is never used")


def external_dns(network: Network) -> Iterator[Problem]:
    """An external-dns to install belongs to its mode."""
    if network.dns.external_dns is not None and all(network.dns_mode(c) != "external-dns" for c in network.clusters):
        yield warning(
            "external-dns-unused", ("dns", "external_dns"), "no cluster uses mode external-dns, so none is installed"
        )


#: what the chart makes of our values; external-dns stops over a flag that is given twice
_CHARTS_OWN = frozenset(
    ("interval", "events", "policy", "registry", "txt-owner-id", "provider", "log-level", "log-format")
)


def external_dns_arguments(network: Network) -> Iterator[Problem]:
    """Arguments that external-dns would stop over: its pod never becomes ready, and the gate waits in vain."""
    given = network.dns.external_dns
    if given is None:
        return
    flags = [arg.partition("=")[0].removeprefix("--").removeprefix("no-") for arg in given.args]
    for i, flag in enumerate(flags):
        if flag in _CHARTS_OWN:
            yield error(
                "external-dns-argument",
                ("dns", "external_dns", "args", i),
                f"--{flag} is set already, and external-dns does not start with a flag that is given twice",
            )
    if given.provider != "rfc2136":
        return
    needed = ["rfc2136-host", "rfc2136-zone"]
    if not {"rfc2136-insecure", "rfc2136-gss-tsig"} & set(flags):
        needed += ["rfc2136-tsig-keyname", "rfc2136-tsig-secret-alg"]
    lacking = [f"--{name}=" for name in needed if name not in flags]
    if lacking:
        yield error(
            "external-dns-server",
            ("dns", "external_dns", "args"),
            f"provider rfc2136 does nothing without {', '.join(lacking)}",
        )


def resolvers(network: Network) -> Iterator[Problem]:
    """Resolvers are addresses, with a port or without."""
    for i, resolver in enumerate(network.dns.resolvers):
        if not _address(resolver):
            yield error(
                "resolver",
                ("dns", "resolvers", i),
                "must be an IP address, or address:port ([address]:port for IPv6), such as 192.0.2.53 or 192.0.2.53:5353",
            )


def _address(text: str) -> bool:
    host, port = text, "53"
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        if rest:
            port = rest.removeprefix(":") if rest.startswith(":") else "no"
    elif text.count(":") == 1:
        host, port = text.split(":")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def vault(network: Network) -> Iterator[Problem]:
    """Vault is asked by pods in every cluster, so its address may not be this machine's own (facts D 10)."""
    if network.vault is None:
        return
    path = ("vault", "address")
    host = _host(network.vault.address)
    if not host:
        yield error("vault-address", path, "must be a URL with a host, such as https://vault.example.com:8200")
        return
    try:
        address = ipaddress.ip_address(host)
        own = address.is_loopback or address.is_unspecified
    except ValueError:
        own = host == "localhost" or host.endswith(".localhost")
    if own:
        yield error(
            "vault-localhost",
            path,
            f"{host} means the pod itself to every pod that asks; give the address under which clusters reach Vault",
        )
    if network.vault.ca is not None and network.platform.type not in VAULT_CA_PLATFORMS:
        yield error(
            "vault-ca",
            ("vault", "ca"),
            f"the charts of {network.platform.type} have no place for Vault's own CA, so their pods would not trust it; "
            "give Vault a certificate of a public CA, or an address with http://",
        )
    known = [c.name for c in network.clusters]
    for name in network.vault.kubernetes_urls:
        if name not in known:
            yield error(
                "cluster-unknown",
                ("vault", "kubernetes_urls", name),
                f"there is no cluster called {name}{meant(name, known)}",
            )


def urls(network: Network) -> Iterator[Problem]:
    """No user name or password inside a URL: presets hold no secrets. The URL is not repeated in the message."""
    found: list[tuple[YamlPath, str | None]] = [
        (("vault", "address"), network.vault.address if network.vault else None)
    ]
    for name in ("ledger", "gateways"):
        source = getattr(network.charts, name)
        if source:
            found += [(("charts", name, field), getattr(source, field)) for field in ("repository", "oci")]
    for path, url in found:
        if url and "@" in url.split("://", 1)[-1].split("/", 1)[0]:
            yield error(
                "secret-in-url", path, "holds credentials before the host; a preset never holds a secret itself"
            )


RULES = (rfc2136, external_dns, external_dns_arguments, resolvers, vault, urls)
