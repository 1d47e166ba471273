"""What a look at one context found, for screens and prompts: facts without logic, growing while answers come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: how far a look has come; `login`: a credential plugin needs the terminal and was not started
SurveyState = Literal["waiting", "asking", "login", "reachable", "dead"]
#: who runs a cluster, as its users call it
Provider = Literal["EKS", "AKS", "GKE", "DOKS", "OpenShift", "kind", "minikube", "k3s", "plain"]


@dataclass(frozen=True, slots=True)
class FoundGateway:
    """A gateway that is in a cluster already: its kind as presets have it, the Service in front of it, its address."""

    kind: Literal["haproxy", "ambassador", "istio"]
    namespace: str
    service: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRow:
    """One context. A later row of the same context replaces the earlier one; `complete`: nothing more will come.

    None and empty texts are what is not known (yet, or because reading it is not allowed: see `unread`). `cpu` is in
    cores, `memory` in bytes, both what nodes offer to pods; `seconds` is how long the first answer took.
    """

    context: str
    server: str
    user: str = ""
    file: str = ""
    current: bool = False
    insecure: bool = False
    state: SurveyState = "waiting"
    complete: bool = False
    #: one sentence for dead contexts, and what to do
    cause: str = ""
    remedy: str = ""
    seconds: float | None = None
    version: str = ""
    provider: Provider | None = None
    nodes: int | None = None
    ready_nodes: int | None = None
    cpu: float | None = None
    memory: int | None = None
    storage_class: str | None = None
    storage_classes: tuple[str, ...] | None = None
    load_balancer: bool | None = None
    #: how that is known
    load_balancer_why: str = ""
    #: rights that a deployment needs and that are not there; empty: all are; None: not asked
    missing_rights: tuple[str, ...] | None = None
    gateways: tuple[FoundGateway, ...] | None = None
    external_dns: bool | None = None
    #: names of networks that bevel-tui deployed there
    networks: tuple[str, ...] = ()
    #: uid of namespace kube-system: equal for contexts of one cluster
    uid: str = ""
    #: other contexts that lead to the same cluster
    same_as: tuple[str, ...] = ()
    simulated: bool | None = None
    #: what could not be read, in words
    unread: tuple[str, ...] = ()
