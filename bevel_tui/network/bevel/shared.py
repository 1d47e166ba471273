"""The parts of a network.yaml that all platforms have: environment, images, Vault, clusters."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from bevel_tui.network.bevel.reading import PLACEHOLDER, Part, Reading
from bevel_tui.network.bevel.source import Node
from bevel_tui.network.problem import printable

#: stands where the file has no URL of a Vault; the name can never resolve (RFC 6761)
NO_VAULT = "https://vault.invalid:8200"
DEFAULT_PORTS = "15010-15050"
#: node ports that Indy's stewards get without a gateway
NODE_PORTS = "30010-30050"
IMAGES = "ghcr.io/hyperledger"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?")
_LOCAL = ".svc.cluster.local"


def gateway(reading: Reading) -> dict[str, Any]:
    """The preset's `gateway`, from network.env."""
    env = reading.network.get("env")
    proxy = env.text("proxy", "none")
    if proxy == "ambassador":
        env.get("proxy").note(
            "changed",
            "Bevel installs Ambassador Edge Stack, which needs a licence; the preset installs Emissary-ingress, which "
            "reads the same objects (gateway.edition says otherwise)",
        )
    found = {"type": proxy}
    ports = _ports(reading, env)
    if ports != DEFAULT_PORTS:
        found["p2p_ports"] = ports
    return found


def _ports(reading: Reading, env: Node) -> str:
    given = env.get("ambassadorPorts")
    indy = reading.network.text("type") == "indy" and reading.gateway == "none"
    low, high = given.get("portRange").number("from"), given.get("portRange").number("to")
    single = [node.data for node in given.items("ports") if isinstance(node.data, int)]
    ports = f"{low}-{high}" if low is not None and high is not None else ""
    if single:
        whole = sorted({*single, *(range(low, high + 1) if low is not None and high is not None else ())})
        ports = f"{whole[0]}-{whole[-1]}"
        if whole != list(range(whole[0], whole[-1] + 1)):
            given.note("changed", f"a preset has one range of ports: {ports}")
    if indy:
        inside = ports and int(ports.split("-")[0]) >= 30000 and int(ports.split("-")[1]) <= 32767
        if not inside:
            env.get("proxy").note(
                "changed",
                f"without a gateway stewards are reached at node ports, which lie in 30000-32767: the preset gives out {NODE_PORTS}",
            )
            return NODE_PORTS
    return ports or DEFAULT_PORTS


def dns(reading: Reading) -> dict[str, Any]:
    """The preset's `dns`, from network.env.external_dns."""
    env = reading.network.get("env")
    return {"mode": "external-dns"} if env.on("external_dns") and reading.gateway != "none" else {}


def registry(reading: Reading, own_images: str | None) -> dict[str, Any] | None:
    """The preset's `registry`, from network.docker. `own_images`: where the charts' images come from, None: anywhere."""
    docker = reading.network.get("docker")
    url = docker.text("url")
    if own_images is not None and url not in ("", own_images, own_images.split("/", maxsplit=1)[0]):
        docker.get("url").note(
            "changed",
            f"Bevel's playbooks pull their own images from {printable(url)}; the preset leaves them where Bevel's charts say "
            f"({own_images}), and the login below is for pulling only",
        )
    username, password = docker.get("username"), docker.get("password")
    if bool(username) != bool(password):
        (username or password).note("doubt", "username and password go together; no login is taken over")
        return None
    user, word = reading.secret(username, "DOCKER_USERNAME"), reading.secret(password, "DOCKER_PASSWORD")
    if user is None or word is None:
        return None
    return {"server": url.split("/", maxsplit=1)[0] or "ghcr.io", "username": user, "password": word}


def vault(reading: Reading) -> dict[str, Any] | None:
    """The preset's `vault`, from the organizations' own ones, which must be one."""
    found: list[tuple[str, str, Node]] = []
    token = None
    for organization in reading.organizations:
        node = organization.get("vault")
        url, path = node.text("url"), node.text("secret_path", "secretsv2")
        if reading.options.without_vault:
            node.whole()
            continue
        if not node or not url:
            node.whole()
            continue
        found.append((url, path, node))
        token = reading.secret(node.get("root_token"), "VAULT_TOKEN") or token
    if reading.options.without_vault or not found:
        return None
    url, path, first = found[0]
    for other in found[1:]:
        if other[:2] != (url, path):
            other[2].note(
                "refused",
                "this organization has another Vault (or path) than the first one; a preset has one for all: use one, or "
                "import with --without-vault and keep keys in Kubernetes Secrets",
            )
    if not _is_url(url):
        first.get("url").note(
            "fill-in", f"is no URL that pods could ask; the preset has vault.address {NO_VAULT} in its place"
        )
        url = NO_VAULT
    first.note(
        "changed",
        "Bevel's playbooks keep secrets under <env.type><organization>; the preset's plan under <network>-<organization>",
    )
    settings: dict[str, Any] = {"address": url, "token": token or {"env": "VAULT_TOKEN"}}
    return settings if path == "secretsv2" else {**settings, "secret_engine": path}


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or "")) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def clusters(reading: Reading, part: Part) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The preset's `clusters`, one per context, and the cluster of every organization."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    homes: dict[str, str] = {}
    for organization in reading.organizations:
        name = organization.text("name")
        k8s = organization.get("k8s")
        file, context = k8s.text("config_file"), reading.options.contexts.get(name) or k8s.text("context")
        if not context:
            k8s.note("refused", "names no context, so nobody knows the cluster of this organization")
            continue
        if PLACEHOLDER.search(context) or context in ("cluster_context", "minikube_context"):
            k8s.get("context").note("fill-in", "looks like a place holder: name a context of your kubeconfig")
        if file == "cluster_config" or PLACEHOLDER.search(file):
            k8s.get("config_file").note("changed", "looks like a place holder and is left out: $KUBECONFIG is used")
            file = ""
        key = (file, context)
        cluster = found.setdefault(key, _cluster(reading, organization, file, context, found))
        homes[name] = cluster["name"]
        _same(reading, cluster, organization)
        _address(cluster, organization, part)
    return list(found.values()), homes


def _cluster(
    reading: Reading, organization: Node, file: str, context: str, others: dict[tuple[str, str], dict[str, Any]]
) -> dict[str, Any]:
    wanted = organization.get("k8s").text("cluster_id")
    if not _NAME.fullmatch(wanted):
        wanted = re.sub(r"[^a-z0-9]+", "-", context.lower()).strip("-")[:40].strip("-") or "cluster"
    taken = {cluster["name"] for cluster in others.values()}
    name, count = wanted, 2
    while name in taken:
        name, count = f"{wanted}-{count}", count + 1
    cluster: dict[str, Any] = {"name": name, "context": context}
    if file:
        cluster["kubeconfig"] = file
    domain = _domain(reading, organization)
    if domain:
        cluster["domain"] = domain
    provider = organization.text("cloud_provider", "other")
    if provider not in ("aws", "aws-baremetal", "azure", "gcp", "minikube"):
        organization.get("cloud_provider").note("changed", "is no provider that Bevel's charts know: other")
        provider = "other"
    if provider == "minikube" and reading.gateway not in ("none", ""):
        organization.get("cloud_provider").note(
            "doubt", "load balancers of minikube get no address until `minikube tunnel` runs"
        )
    if provider != "other":
        cluster["provider"] = provider
    return cluster


def _domain(reading: Reading, organization: Node) -> str | None:
    suffix = organization.text("external_url_suffix")
    if reading.gateway == "none" and reading.network.text("type") != "indy":
        if suffix and not suffix.endswith(_LOCAL):
            organization.get("external_url_suffix").note("left-out", "without a gateway no name leads into the cluster")
        return None
    return suffix or None


def _same(reading: Reading, cluster: dict[str, Any], organization: Node) -> None:
    """Organizations of one context have one domain and one provider: a preset has them per cluster."""
    domain = _domain(reading, organization)
    if domain and domain != cluster.get("domain"):
        organization.get("external_url_suffix").note(
            "changed",
            f"a cluster has one domain in a preset, so this organization is reached under {cluster.get('domain')} as the "
            "first one of its context is; where it has a cluster of its own, import with --context ORGANIZATION=CONTEXT",
        )
    if organization.text("cloud_provider") != cluster.get("provider", "other"):
        organization.get("cloud_provider").note(
            "doubt", f"an organization of the same context says {cluster.get('provider', 'other')}, which is taken"
        )


def _address(cluster: dict[str, Any], organization: Node, part: Part) -> None:
    """Indy: the one address of a cluster, and what reserves it at its load balancer."""
    node = part.addresses.get(organization.text("name"))
    if node is None:
        return
    if "public_ip" not in cluster:
        cluster["public_ip"] = node.data
    elif cluster["public_ip"] != node.data:
        node.note(
            "changed", f"a cluster has one address in a preset; its stewards get {cluster['public_ip']}, the first one"
        )
    group = organization.get("azure").text("node_resource_group")
    if cluster.get("provider") == "azure" and group:
        prefix = "service.beta.kubernetes.io/azure-load-balancer"
        cluster["gateway_annotations"] = {f"{prefix}-resource-group": group, f"{prefix}-ipv4": node.data}
