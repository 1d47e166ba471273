"""Discovery: which groups, versions and resources there are, in the aggregated and in the plain form."""

from __future__ import annotations

from typing import Any

from bevel_tui.sandbox.apiserver.kinds import KindTable

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
#: semver build metadata says in every `kubectl version` what this is
GIT_VERSION = "v1.34.2+simulated"


def version() -> dict[str, Any]:
    """The answer of /version."""
    return {
        "major": "1",
        "minor": "34",
        "emulationMajor": "1",
        "emulationMinor": "34",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "33",
        "gitVersion": GIT_VERSION,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2025-11-12T00:00:00Z",
        "goVersion": "go1.24.9",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def aggregated(kinds: KindTable, api_version: str, *, core: bool) -> dict[str, Any]:
    """APIGroupDiscoveryList in version v2 or v2beta1, for /api (`core`) or /apis."""
    items = []
    for group, versions in kinds.group_versions().items():
        if (group == "") != core:
            continue
        listed = []
        for v in versions:
            resources = []
            for kind in kinds:
                if (kind.group, kind.version) != (group, v):
                    continue
                entry = dict(kind.discovery)
                response = entry["responseKind"]
                if not response.get("version"):
                    entry["responseKind"] = {"group": group, "version": v, "kind": response["kind"]}
                entry["subresources"] = [
                    s
                    if s["responseKind"].get("version")
                    else {**s, "responseKind": {"group": group, "version": v, "kind": s["responseKind"]["kind"]}}
                    for s in entry.get("subresources", ())
                ]
                if not entry["subresources"]:
                    del entry["subresources"]
                resources.append(entry)
            listed.append({"version": v, "resources": resources, "freshness": "Current"})
        meta: dict[str, Any] = {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None}
        items.append({"metadata": meta, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{api_version}",
        "metadata": {},
        "items": items,
    }


def legacy_versions(address: str) -> dict[str, Any]:
    """The plain answer of /api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def groups(kinds: KindTable) -> dict[str, Any]:
    """The plain answer of /apis."""
    listed = [_group(name, versions) for name, versions in kinds.group_versions().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def group(kinds: KindTable, name: str) -> dict[str, Any] | None:
    """The answer of /apis/<group>; None when there is no such group."""
    versions = kinds.group_versions().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions and name else None


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resources(kinds: KindTable, group_name: str, version_name: str) -> dict[str, Any] | None:
    """The answer of /apis/<group>/<version>; None when it is not served."""
    listed: list[dict[str, Any]] = []
    found = False
    for kind in kinds:
        if (kind.group, kind.version) != (group_name, version_name):
            continue
        found = True
        entry: dict[str, Any] = {
            "name": kind.plural,
            "singularName": kind.discovery.get("singularResource", ""),
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": sorted(kind.verbs),
        }
        for key in ("shortNames", "categories"):
            if kind.discovery.get(key):
                entry[key] = kind.discovery[key]
        listed.append(entry)
        for sub in kind.discovery.get("subresources", ()):
            more = {
                "name": f"{kind.plural}/{sub['subresource']}",
                "singularName": "",
                "namespaced": kind.namespaced,
                "kind": sub["responseKind"]["kind"],
                "verbs": sub["verbs"],
            }
            for key in ("group", "version"):
                if sub["responseKind"].get(key):
                    more[key] = sub["responseKind"][key]
            listed.append(more)
    if not found:
        return None
    group_version = f"{group_name}/{version_name}" if group_name else version_name
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}
