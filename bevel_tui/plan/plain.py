"""A plan as plain JSON data without secrets: what `plan -o json` prints and what the plan's id is taken of.

Values may hold references (`SecretValue`, shown as ``<env:NAME>``) and passwords that Bevel's charts have as
defaults; the latter are masked by the name of their key. A reference is no secret: it is what the preset says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bevel_tui.records.steps import (
    AddressStep,
    CheckStep,
    ClusterFact,
    DnsStep,
    DnsUpdate,
    Endpoint,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ObjectRef,
    ObjectValue,
    Recorded,
    ReleaseStep,
    SecretStep,
    SecretValue,
    Step,
)

MASK = "***"

#: key names under which a string is taken for a secret...
SECRET_KEY = re.compile(r"passw(or)?d|passphrase|secret|token|credential|private_?key|api_?key|license_?key", re.I)
#: ...unless they name where one is, or switch something
NOT_SECRET_KEY = re.compile(
    r"(secret|token)(_?name|_?engine|_?prefix|_?path|_?ref|_?type|_?arn)$|(pull|tls)_?secrets?$", re.I
)


def reference(value: SecretValue) -> str:
    """How a secret reference is shown."""
    return f"<env:{value.env}>" if value.env else f"<file:{value.file}>"


def masked(value: Any, key: str = "") -> Any:
    """A values tree as JSON: references by name, strings under secret-sounding keys as ``***``."""
    if isinstance(value, SecretValue):
        return reference(value)
    if isinstance(value, ClusterFact):
        return f"<{str(value).strip('{}')}>"
    if isinstance(value, ObjectValue):
        return str(value)
    if isinstance(value, Mapping):
        # as in a pod's environment: the entry's name tells what its value is
        named = value.get("name")
        if isinstance(named, str) and "value" in value and hides(named):
            return {k: masked(v, named if k == "value" else k) for k, v in value.items()}
        return {str(k): masked(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, key) for item in value]
    if isinstance(value, str) and value and hides(key):
        return MASK
    return value


def hides(key: str) -> bool:
    """Whether a string under this key is to be masked."""
    return bool(SECRET_KEY.search(key)) and not NOT_SECRET_KEY.search(key)


def object_ref(ref: ObjectRef) -> dict[str, Any]:
    """An object's name."""
    return {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def endpoint(item: Endpoint) -> dict[str, Any]:
    """An endpoint."""
    return {
        "id": item.id,
        "cluster": item.cluster,
        "organization": item.organization,
        "release": item.release,
        "host": item.host,
        "port": item.port,
        "protocol": item.protocol,
        "probe": item.probe,
        "service": item.service,
        "exposed": item.exposed,
        "trust": None if item.trust is None else {**object_ref(item.trust[0]), "key": item.trust[1]},
        "certificate_names": list(item.certificate_names),
        # only Indy's are so: other plans stay as they are
        **({} if item.address is None else {"address": masked(item.address)}),
        **({"node_port": True} if item.node_port else {}),
        **({} if item.recorded is None else {"recorded": _recorded(item.recorded)}),
    }


def _recorded(item: Recorded) -> dict[str, Any]:
    """Where a ledger keeps an address."""
    return {**object_ref(item.ref), "key": item.key, "entry": item.name, "address_at": item.address_at}


def step(item: Step) -> dict[str, Any]:
    """A step: the same keys for every kind, and the kind's own under ``detail``."""
    release = item if isinstance(item, ReleaseStep) else None
    return {
        "id": item.id,
        "kind": item.kind,
        "cluster": item.cluster,
        "namespace": item.namespace,
        "organization": item.organization,
        "managed": item.managed,
        "release": release.release if release else None,
        "chart": release.chart if release else None,
        "chart_version": release.chart_version if release else None,
        "values": masked(release.values) if release else {},
        "needs": sorted(item.needs),
        "produces": [
            {**object_ref(p.ref), "keys": list(p.keys), "private": list(p.private), "keep": p.keep}
            for p in (release.produces if release else ())
        ],
        "expects": [{**object_ref(e.ref), "hook": e.hook} for e in (release.expects if release else ())],
        "estimate": item.estimate,
        "detail": _detail(item),
    }


def _detail(item: Step) -> dict[str, Any]:
    if isinstance(item, NamespaceStep):
        return {"labels": dict(item.labels)}
    if isinstance(item, SecretStep):
        return {"name": item.name, "type": item.secret_type, "data": {k: masked(v, k) for k, v in item.data}}
    if isinstance(item, KeysStep):
        return {
            "name": item.name,
            "keys": item.keys,
            "password": None if item.password is None else masked(item.password),
        }
    if isinstance(item, ReleaseStep):
        return {
            "origin": item.origin,
            "files": list(item.files),
            "patches": list(item.patches),
            "lane": item.lane,
            "endpoints": [e.id for e in item.endpoints],
            # some Fabric releases only: other plans stay as they are
            **({"rerun": True} if item.rerun else {}),
            **({"later": [object_ref(ref) for ref in item.later]} if item.later else {}),
            **({"awaits": [object_ref(ref) for ref in item.awaits]} if item.awaits else {}),
        }
    if isinstance(item, HandoffStep):
        target = item.target_object
        return {
            "source": object_ref(item.source),
            "key": item.key,
            "keep": list(item.keep),
            "keep_base64": item.keep_base64,
            **({} if item.member is None else {"member": item.member}),
            **({"keep_fields": list(item.keep_fields)} if item.keep_fields else {}),
            **({} if item.log is None else {"log": item.log.container}),
            "target_cluster": item.target_cluster,
            "target_step": item.target_step,
            "target_file": item.target_file,
            "target_object": None if target is None else object_ref(target),
            "policy": item.policy,
            **({} if item.crossing is None else {"crossing": item.crossing, "receivers": list(item.receivers)}),
        }
    if isinstance(item, AddressStep):
        return {"service": object_ref(item.service), "ports": list(item.ports)}
    if isinstance(item, DnsStep):
        return {
            "domain": item.domain,
            "hosts": list(item.hosts),
            "mode": item.mode,
            "address_step": item.address_step,
            **({"annotate": True} if item.annotate else {}),
            **({} if item.update is None else {"update": _update(item.update)}),
        }
    if isinstance(item, CheckStep):
        return {"domain": item.domain, "endpoints": [e.id for e in item.endpoints]}
    raise TypeError(f"unknown kind of step: {type(item).__name__}")


def _update(update: DnsUpdate) -> dict[str, Any]:
    return {
        "server": update.server,
        "key_name": update.key_name,
        "key_algorithm": update.key_algorithm,
        "key": masked(update.key),
    }
