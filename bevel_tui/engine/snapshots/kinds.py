"""Which kinds a snapshot holds, and how each is watched: one list-and-watch per kind and cluster."""

from __future__ import annotations

from typing import NamedTuple

from bevel_tui.engine.labels import HOME


class Watched(NamedTuple):
    """One kind. `metadata_only`: the server leaves everything else out (Secrets' values never come here).
    `optional`: clusters without it are well. `place`: the only namespace that matters."""

    api_version: str
    kind: str
    namespaced: bool = True
    metadata_only: bool = False
    optional: bool = False
    place: str | None = None


_GATEWAY = "getambassador.io/v3alpha1"
_ADMISSION = "admissionregistration.k8s.io/v1"

KINDS: tuple[Watched, ...] = (
    Watched("v1", "Pod"),
    Watched("v1", "Event"),
    Watched("v1", "Service"),
    Watched("v1", "PersistentVolumeClaim"),
    Watched("v1", "Secret", metadata_only=True),
    Watched("v1", "ConfigMap", metadata_only=True),
    Watched("v1", "ServiceAccount", metadata_only=True),
    Watched("v1", "ResourceQuota"),
    Watched("coordination.k8s.io/v1", "Lease", place=HOME),
    Watched("v1", "Node", namespaced=False),
    Watched("v1", "Namespace", namespaced=False),
    Watched("apps/v1", "Deployment"),
    Watched("apps/v1", "StatefulSet"),
    Watched("apps/v1", "DaemonSet"),
    Watched("apps/v1", "ReplicaSet"),
    Watched("batch/v1", "Job"),
    Watched("discovery.k8s.io/v1", "EndpointSlice"),
    Watched("networking.k8s.io/v1", "Ingress"),
    Watched("networking.k8s.io/v1", "IngressClass", namespaced=False),
    Watched("storage.k8s.io/v1", "StorageClass", namespaced=False),
    Watched("apiextensions.k8s.io/v1", "CustomResourceDefinition", namespaced=False),
    Watched(_ADMISSION, "ValidatingWebhookConfiguration", namespaced=False, optional=True),
    Watched(_ADMISSION, "MutatingWebhookConfiguration", namespaced=False, optional=True),
    Watched(_GATEWAY, "Mapping", optional=True),
    Watched(_GATEWAY, "TCPMapping", optional=True),
    Watched(_GATEWAY, "Host", optional=True),
    Watched(_GATEWAY, "Listener", optional=True),
    Watched("helm.toolkit.fluxcd.io/v2", "HelmRelease", optional=True),
)

API_VERSION = {watched.kind: watched.api_version for watched in KINDS}
