"""Faults of namespaces: what admission refuses in them, and what people, hooks and half-done removals leave there."""

from __future__ import annotations

import base64
import fnmatch
import gzip
import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bevel_tui.records.steps import ObjectRef
from bevel_tui.sandbox.workloads.view import Object

if TYPE_CHECKING:
    from bevel_tui.sandbox.apiserver import SimulatedCluster
    from bevel_tui.sandbox.world import Site

#: undoes what a script did
Heal = Callable[[], Awaitable[None]]
_OWN = {"default", "kube-system", "kube-public", "kube-node-lease", "bevel-tui"}
#: the finalizer of a controller that has gone
FINALIZER = "example.com/cleanup"


def _each(site: Site, target: str, kind: str, act: Callable[[Object], Awaitable[Any]]) -> Heal:
    """Do something once to every object of a kind in the namespaces of a pattern, those that come included."""
    on = True

    def seen(change: str, _kind: str, obj: Object) -> None:
        meta = obj["metadata"]
        place = str(meta.get("namespace") or meta["name"])
        if on and change == "ADDED" and place not in _OWN and fnmatch.fnmatch(place, target):
            site.errands.do(act(obj))  # type: ignore[arg-type]

    site.view.listen([kind], seen)
    for obj in site.view.all(kind):
        seen("ADDED", kind, obj)

    async def heal() -> None:
        nonlocal on
        on = False

    return heal


def _with(site: Site, target: str, make: Callable[[str], list[dict[str, Any]]]) -> Heal:
    """Create objects in every namespace of the pattern; they are deleted again when it is over."""
    made: list[dict[str, Any]] = []

    async def fill(space: Object) -> None:
        for obj in make(space["metadata"]["name"]):
            made.append(obj)
            await site.client.create(obj)

    stop = _each(site, target, "Namespace", fill)

    async def heal() -> None:
        await stop()
        for obj in made:
            meta = obj["metadata"]
            await site.client.delete(ObjectRef(obj["apiVersion"], obj["kind"], meta["name"], meta["namespace"]))

    return heal


def _object(version: str, kind: str, where: str, name: str = "fault", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": where}, **fields}


# ---------------------------------------------------------------- what admission allows


async def quota(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A ResourceQuota of no pods."""
    return _with(site, target, lambda where: [_object("v1", "ResourceQuota", where, spec={"hard": {"pods": "0"}})])


async def limit_range(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A LimitRange whose least is more than pods ask for (of containers: those that say nothing would be given it)."""
    limits = [{"type": "Pod", "min": {"memory": "64Gi"}}]
    return _with(site, target, lambda where: [_object("v1", "LimitRange", where, spec={"limits": limits})])


async def pod_security(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """The level restricted [kubernetes: staging pod-security-admission/admission/admission.go]."""
    words = (
        'pods "{name}" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false '
        '(container "main" must set securityContext.allowPrivilegeEscalation=false)'
    )
    return _refuse(server, target, 403, "Forbidden", words)


async def webhook_denies(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A policy's webhook says no [kubernetes: apiserver admission/plugin/webhook/errors/statuserror.go]."""
    words = (
        'admission webhook "validate.kyverno.svc-fail" denied the request: images must come from registry.corp.example'
    )
    return _refuse(server, target, 400, "BadRequest", words)


async def create_refused(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """The API server cannot write [etcd: ErrNoSpace]."""
    return _refuse(server, target, 500, "InternalError", "etcdserver: mvcc: database space exceeded")


def _refuse(server: SimulatedCluster | None, target: str, code: int, reason: str, words: str) -> Heal:
    """New pods of the namespaces are refused, whoever wants them."""
    from bevel_tui.sandbox.apiserver.errors import Refusal

    if server is None:
        raise ValueError("only simulated API servers refuse what real ones would allow")

    def fault(request: Any) -> None:
        parts = request.path.split("/")
        wants_pod = request.method == "POST" and parts[:4] == ["", "api", "v1", "namespaces"] and parts[5:] == ["pods"]
        if wants_pod and fnmatch.fnmatch(parts[4], target):
            raise Refusal(code, words.replace("{name}", "node-0"), reason=reason)

    server.faults.append(fault)

    async def heal() -> None:
        server.faults.remove(fault)

    return heal


# ---------------------------------------------------------------- what is left, or changed by hand


async def namespace_stuck(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """The namespace is deleted while something in it has the finalizer of a controller that has gone."""

    async def fill(space: Object) -> None:
        where = space["metadata"]["name"]
        kept = _object("v1", "ConfigMap", where)
        kept["metadata"]["finalizers"] = [FINALIZER]
        await site.client.create(kept)
        await site.client.delete(ObjectRef("v1", "Namespace", where))

    return _each(site, target, "Namespace", fill)


async def claim_lost(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """The volume behind a claim was deleted: what the persistent volume controller writes then."""

    async def lose(claim: Object) -> None:
        meta = claim["metadata"]
        await site.view.until(
            ["PersistentVolumeClaim"],
            lambda: (_live(site, claim).get("status") or {}).get("phase") == "Bound",
        )
        await site.hands.patch(
            "PersistentVolumeClaim",
            meta["namespace"],
            meta["name"],
            {"status": {"phase": "Lost"}},
            subresource="status",
        )

    return _each(site, target, "PersistentVolumeClaim", lose)


def _live(site: Site, obj: Object) -> dict[str, Any]:
    meta = obj["metadata"]
    found: dict[str, Any] = dict(site.view.get(obj["kind"], meta["namespace"], meta["name"]) or {})
    return found


async def service_selector(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """Somebody changed what a Service selects."""
    before: list[tuple[str, str, dict[str, str]]] = []

    async def turn(service: Object) -> None:
        meta = service["metadata"]
        selector = service["spec"].get("selector") or {}
        before.append((meta["namespace"], meta["name"], dict(selector)))
        mistyped = {**dict.fromkeys(selector), "mistyped": "yes"}
        await site.hands.patch("Service", meta["namespace"], meta["name"], {"spec": {"selector": mistyped}})

    stop = _each(site, target, "Service", turn)

    async def heal() -> None:
        await stop()
        for where, name, selector in before:
            await site.hands.patch("Service", where, name, {"spec": {"selector": {**selector, "mistyped": None}}})

    return heal


async def job_suspended(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A Job that somebody has suspended."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example.com/job:1"}]}
    spec = {"suspend": True, "template": {"spec": pod}}
    return _with(site, target, lambda where: [_installed(_object("batch/v1", "Job", where, spec=spec))])


async def scaled_down(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A Deployment of a release that somebody has scaled to nothing."""
    labels = {"app": "scaled"}
    pod = {"containers": [{"name": "main", "image": "registry.example.com/node:1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return _with(site, target, lambda where: [_installed(_object("apps/v1", "Deployment", where, spec=spec))])


def _installed(obj: dict[str, Any]) -> dict[str, Any]:
    """As Helm marks what it makes."""
    obj["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    return obj


async def ingress_class(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """An Ingress of a class that nobody serves."""
    return _with(site, target, lambda where: [_ingress(where, "node", ingressClassName="traefik")])


async def ingress_backend(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """An Ingress that leads to a Service which is not there."""
    return _with(site, target, lambda where: [_ingress(where, "gone")])


def _ingress(where: str, service: str, **spec: Any) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 8545}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rule = {"host": f"node.{where}.example.com", "http": {"paths": [path]}}
    return _object("networking.k8s.io/v1", "Ingress", where, spec={"rules": [rule], **spec})


async def certificate_expired(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """A route's certificate that ended yesterday."""

    def made(where: str) -> list[dict[str, Any]]:
        host = f"node.{where}.example.com"
        secret = _object(
            "v1", "Secret", where, data={"tls.crt": _expired(host), "tls.key": _text("none of your business")}
        )
        route = _ingress(where, "node", tls=[{"hosts": [host], "secretName": "fault"}])
        return [secret, route]

    return _with(site, target, made)


def _expired(host: str) -> str:
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    from bevel_tui.sandbox.clock import moment

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    found = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment() - timedelta(days=30))
        .not_valid_after(moment() - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(found.public_bytes(serialization.Encoding.PEM)).decode()


def _text(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


async def helm_pending(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """What a Helm process leaves that was killed twenty minutes ago."""
    return _with(site, target, lambda where: [_release(where, "pending-install", "Initial install underway", 1200.0)])


async def helm_failed(site: Site, server: SimulatedCluster | None, target: str) -> Heal:
    """What Helm leaves of an installation that failed."""
    words = 'Release "left" failed: Service "left" is invalid: spec.ports[0].nodePort: provided port is not in the valid range'
    return _with(site, target, lambda where: [_release(where, "failed", words, 60.0)])


def _release(where: str, status: str, description: str, old: float) -> dict[str, Any]:
    """Helm's record of a release: base64 of gzipped JSON, in base64 as every Secret is [helm: pkg/storage/driver]."""
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - old))
    info = {"status": status, "description": description, "first_deployed": then, "last_deployed": then}
    chart = {"metadata": {"name": "left", "version": "1.0.0", "apiVersion": "v2"}}
    body = {
        "name": "left",
        "namespace": where,
        "version": 1,
        "info": info,
        "chart": chart,
        "config": {},
        "manifest": "",
    }
    packed = base64.b64encode(gzip.compress(json.dumps(body).encode(), mtime=0))
    made = _object("v1", "Secret", where, "sh.helm.release.v1.left.v1", type="helm.sh/release.v1")
    made["metadata"]["labels"] = {
        "owner": "helm", "name": "left", "status": status, "version": "1", "modifiedAt": str(int(time.time() - old)),
    }  # fmt: skip
    return {**made, "data": {"release": base64.b64encode(packed).decode()}}


SPACES: dict[str, Callable[[Site, SimulatedCluster | None, str], Awaitable[Heal]]] = {
    function.__name__: function
    for function in (
        quota, limit_range, pod_security, webhook_denies, create_refused, namespace_stuck, claim_lost, service_selector,
        job_suspended, scaled_down, ingress_class, ingress_backend, certificate_expired, helm_pending, helm_failed,
    )
}  # fmt: skip
