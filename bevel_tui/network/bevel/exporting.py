"""Network -> network.yaml: what Bevel's playbooks would deploy, and a list of what their format cannot say.

`importing.read(write(n).text)` is `n` but for what is listed. The text is valid against Bevel's own schema whatever the
Network; where the schema wants a word that a Network does not have, a place holder stands, and that is listed too.
Secrets are Ansible lookups where the schema lets them be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from bevel_tui.network.bevel import write_ethereum, write_fabric, write_others
from bevel_tui.network.bevel.shared import DEFAULT_PORTS, IMAGES
from bevel_tui.network.bevel.source import lookup
from bevel_tui.network.bevel.writing import Writing
from bevel_tui.network.model import Cluster, Network, Organization
from bevel_tui.network.naming import namespace_of
from bevel_tui.network.problem import Problem, YamlPath, warning

#: what Bevel's schema takes for a registry
_REGISTRY = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9](?::[0-9]{2,5})?(?:/[a-z0-9-]{1,61})*"
)
_PROVIDERS = ("aws", "aws-baremetal", "azure", "gcp", "minikube")

#: per platform: version, what stands below `network`, and what below an organization
WRITERS: dict[str, Callable[[Writing], dict[str, Any]]] = {
    "besu": write_ethereum.network,
    "quorum": write_ethereum.network,
    "fabric": write_fabric.network,
    "indy": write_others.indy,
    "corda": write_others.corda,
    "corda-enterprise": write_others.corda,
    "substrate": write_others.substrate,
}
ORGANIZATIONS: dict[str, Callable[[Writing, int], dict[str, Any]]] = {
    "besu": write_ethereum.organization,
    "quorum": write_ethereum.organization,
    "fabric": write_fabric.organization,
    "indy": write_others.indy_organization,
    "corda": write_others.corda_organization,
    "corda-enterprise": write_others.corda_organization,
    "substrate": write_others.substrate_organization,
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A network.yaml, and by path of the preset what it does not say or says by a place holder."""

    text: str
    lost: tuple[Problem, ...] = field(default=())


def write(network: Network) -> Exported:
    """The network.yaml of a Network. Pure; never raises for a Network that the rules allow."""
    writing = Writing(network)
    kind = network.platform.type
    body: dict[str, Any] = {"type": kind, "name": network.name, "version": None}
    body["env"] = _env(writing)
    body["docker"] = _docker(writing)
    body |= WRITERS[kind](writing)
    body["organizations"] = [
        {"organization": None, **_organization(writing, i), **ORGANIZATIONS[kind](writing, i)}
        for i in range(len(network.organizations))
    ]
    _elsewhere(writing)
    text = yaml.dump({"network": body}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 16)
    seen: dict[tuple[YamlPath, str], Problem] = {(p.path, p.message): p for p in writing.lost}
    return Exported(_HEAD + text, tuple(seen.values()))


_HEAD = """\
---
# Written by bevel-tui for the playbooks of Hyperledger Bevel.
# Secrets are looked up from the environment where Bevel's schema allows it, elsewhere place holders stand: vault_token,
# docker_username. Git repository and cloud login are needed by the playbooks only and are place holders throughout.
"""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Everything in quotes that is not plainly a word: Ansible reads YAML 1.1, where on and 12:30 are none."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]|[a-z]", value) and value.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')


_WORDS = ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
_Dumper.add_representer(str, _quoted)
_Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


# ---------------------------------------------------------------- what all platforms have


def _env(writing: Writing) -> dict[str, Any]:
    network = writing.network
    mode = network.dns.mode
    if mode not in ("manual", "external-dns") or (mode == "external-dns" and network.gateway.type == "none"):
        writing.lose(("dns", "mode"), "names are published by external-dns or by hand")
    for name in ("resolvers", "ttl", "rfc2136"):
        if getattr(network.dns, name) != type(network.dns).model_fields[name].default:
            writing.lose(("dns", name), "belongs to bevel-tui's own waiting for names")
    env: dict[str, Any] = {
        "type": "bevel",
        "proxy": network.gateway.type,
        "retry_count": 20,
        "external_dns": "enabled" if mode == "external-dns" else "disabled",
    }
    if network.gateway.edition != "emissary":
        writing.lose(("gateway", "edition"), "Bevel's playbooks always install Edge Stack")
    if network.platform.type == "fabric":
        if network.gateway.p2p_ports != DEFAULT_PORTS:
            writing.lose(("gateway", "p2p_ports"), "Fabric needs none")
        return env
    low, _, high = network.gateway.p2p_ports.partition("-")
    return {**env, "ambassadorPorts": {"portRange": {"from": int(low), "to": int(high)}}}


def _docker(writing: Writing) -> dict[str, Any]:
    network, registry = writing.network, writing.network.registry
    own = "docker.io" if network.platform.type == "corda-enterprise" else IMAGES
    own = "ghcr.io" if network.platform.type == "substrate" else own
    if registry is None:
        return {"url": own}
    path = ("registry",)
    host = registry.server if _REGISTRY.fullmatch(registry.server) else own
    if host.split("/", maxsplit=1)[0] != registry.server:
        writing.lose((*path, "server"), "is no registry that Bevel's schema takes")
    url = own if own.split("/", maxsplit=1)[0] == host else host
    if url == host:
        writing.tell((*path, "server"), "Bevel pulls its own images from there, too, so they must be there")
    if registry.pull_secret != "regcred":  # noqa: S105 - the name of a Secret
        writing.lose((*path, "pull_secret"), "Bevel calls it regcred")
    if registry.username.env != "DOCKER_USERNAME":
        writing.lose(
            (*path, "username"), "Bevel's schema takes no lookup here; put the user in place of docker_username"
        )
    return {"url": url, "username": "docker_username", "password": lookup(writing.ref(registry.password))}


def _organization(writing: Writing, index: int) -> dict[str, Any]:
    network = writing.network
    organization = network.organizations[index]
    path: YamlPath = ("organizations", index)
    if organization.namespace is not None:
        writing.lose((*path, "namespace"), "Bevel's playbooks name namespaces themselves")
    if not organization.managed:
        writing.lose((*path, "managed"), "Bevel's playbooks run everybody's part")
    if organization.state != "new":
        writing.lose((*path, "state"), "what is written is a network from nothing")
    cluster = network.cluster(organization.cluster)
    found: dict[str, Any] = {"name": organization.name}
    suffix = _suffix(writing, organization, cluster)
    if suffix:
        found["external_url_suffix"] = suffix
    provider = cluster.provider if cluster.provider in _PROVIDERS else "minikube"
    found["cloud_provider"] = provider
    if provider.startswith("aws"):
        found["aws"] = {"access_key": "aws_access_key", "secret_key": "aws_secret_key"}
    found["k8s"] = {"cluster_id": cluster.name, "context": cluster.context, "config_file": cluster.kubeconfig or ""}
    vault = network.vault
    found["vault"] = {
        "url": vault.address if vault else "",
        "root_token": "vault_token",
        "secret_path": vault.secret_engine if vault else "secretsv2",
    }
    return {**found, "gitops": dict(_GITOPS)}


def _suffix(writing: Writing, organization: Organization, cluster: Cluster) -> str | None:
    network = writing.network
    if network.gateway.type == "none" and network.platform.type != "indy":
        return f"{namespace_of(network, organization)}.svc.cluster.local"
    return cluster.domain


_GITOPS = {
    "git_protocol": "https",
    "git_url": "https://github.com/<username>/bevel.git",
    "branch": "develop",
    "release_dir": "platforms/releases/dev",
    "component_dir": "platforms/releases/k8sComponent",
    "chart_source": "platforms/charts",
    "git_repo": "github.com/<username>/bevel.git",
    "username": "git_username",
    "password": "git_access_token",
    "email": "git@example.com",
    "private_key": "/path/to/private_key",
}


def _elsewhere(writing: Writing) -> None:
    """What stands in no organization and has no place in network.yaml."""
    network = writing.network
    for name in ("charts", "placement", "probe"):
        if getattr(network, name) != type(network).model_fields[name].default:
            writing.lose((name,), "belongs to bevel-tui, not to Bevel's playbooks")
    if network.vault is None:
        writing.tell(("vault",), "Bevel's playbooks need a Vault: fill in organizations[].vault.url")
    else:
        if network.vault.token.env != "VAULT_TOKEN":
            writing.lose(
                ("vault", "token"), "Bevel's schema takes no lookup here; put the token in place of vault_token"
            )
        for name in ("ca", "kubernetes_urls"):
            if getattr(network.vault, name):
                writing.lose(("vault", name), "Bevel's playbooks have no such setting")
    inhabited = {organization.cluster for organization in network.organizations}
    for i, cluster in enumerate(network.clusters):
        path: YamlPath = ("clusters", i)
        if cluster.name not in inhabited:
            writing.lose(path, "no organization lives there")
            continue
        if cluster.provider not in _PROVIDERS:
            if cluster.provider != "other":
                writing.lose(
                    (*path, "provider"), f"Bevel's schema does not know {cluster.provider}; minikube stands there"
                )
            else:
                writing.lose((*path, "provider"), "Bevel's schema wants a provider; minikube stands there")
        if cluster.domain and network.gateway.type == "none" and network.platform.type != "indy":
            writing.lose((*path, "domain"), "without a gateway it has no meaning")
        for name in ("storage", "existing_gateway", "gateway_annotations", "dns"):
            if getattr(cluster, name) != type(cluster).model_fields[name].default:
                writing.lose((*path, name), "Bevel's playbooks have no such setting")
        if cluster.public_ip and network.platform.type != "indy":
            writing.lose((*path, "public_ip"), "only Indy goes by addresses")
    order = list(dict.fromkeys(organization.cluster for organization in network.organizations))
    if order != [cluster.name for cluster in network.clusters if cluster.name in inhabited]:
        writing.lose(("clusters",), "stand in the order in which organizations name them")


def lost(path: YamlPath, why: str) -> Problem:
    """One thing that a network.yaml does not say."""
    return warning("not-in-network-yaml", path, why)
