"""Simulated Kubernetes API servers, good enough for kubectl, Helm and the Kubernetes clients unmodified.

Own code because no package serves: the emulators on PyPI fail at Helm's OpenAPI step or have no server at all, and
everything else needs containers or a built Kubernetes (engineering notes, section 2). What can be taken from
Kubernetes is: names, fields, types, list and merge keys come from its own published OpenAPI (`data/`,
`tools/kubernetes_api.py`); answers and messages are worded as the real server's, because people and tools read them.

What a real control plane does by itself and is done here too: garbage collection by owner, namespace deletion,
default ServiceAccount and root CA ConfigMap, CRDs becoming Established. Everything else (nodes, pods running,
Deployments, Jobs, volumes, load balancers) is the workload simulator's, which acts over HTTP as a client and could
drive a real API server just so. In particular a pod with a node is, as in Kubernetes, only *marked* deleted: the
kubelet (the simulator) ends it with a second DELETE with gracePeriodSeconds 0.

Sandbox-only paths, absent from real servers, all under ``/bevel-tui/``:
  ``POST|PUT /bevel-tui/logs/{namespace}/{pod}/{container}[?previous=true]``  append to | replace a container's log
  ``GET /bevel-tui/metrics``  requests counted by user, verb and resource
"""

from bevel_tui.sandbox.apiserver.cluster import SimulatedCluster
from bevel_tui.sandbox.kubeconfig import write_kubeconfig

__all__ = ["SimulatedCluster", "write_kubeconfig"]
