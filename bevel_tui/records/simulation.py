"""How a simulated cluster describes itself, so that any bevel-tui process can tell and reach it.

Stored as JSON in key ``description.json`` of ConfigMap ``bevel-tui-sandbox`` in ``kube-system`` of every
simulated cluster. Absent: the cluster is a real one.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

CONFIGMAP_NAME = "bevel-tui-sandbox"
CONFIGMAP_NAMESPACE = "kube-system"
CONFIGMAP_KEY = "description.json"


class Simulation(BaseModel):
    """`dns` is the ``address:port`` of the sandbox's authoritative server; `dial` maps ``host:port`` as the
    network sees it to the ``address:port`` on loopback that really listens (like curl's --connect-to).
    `speed` multiplies simulated time (2.0: twice as fast). `external_dns`: somebody outside of the cluster acts on
    external-dns' annotations, so that no Deployment of it is to be expected."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    cluster: str
    speed: float = 1.0
    dns: str
    dial: dict[str, str] = {}
    external_dns: bool = True
