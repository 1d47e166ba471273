"""The clusters of a Network: where they are reached, under which domain, and where their volumes come from."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from bevel_tui.network.basics import DnsMode, DnsName, IPv4, Model, Name, Text


class Storage(Model):
    """Where ledger volumes come from: Bevel's charts make one StorageClass per release (facts F).

    Empty: the provider's own provisioner where Bevel knows it (aws, gcp, azure, minikube), elsewhere provisioner and
    parameters of the cluster's default StorageClass, which the engine reads.
    """

    provisioner: Text | None = Field(None, description="CSI provisioner to put in every StorageClass.")
    parameters: dict[str, str] = Field({}, description="Parameters of that provisioner.")
    class_name: Text | None = Field(
        None,
        alias="class",
        description="Copy provisioner and parameters from this existing StorageClass of the cluster.",
    )

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="after")
    def _one(self) -> Storage:
        if self.class_name and self.provisioner:
            raise ValueError("class and provisioner exclude each other")
        return self


class ExistingGateway(Model):
    """A gateway that is there already and is used instead of installing one."""

    namespace: Name = Field(description="Namespace of the gateway's Service.")
    service: Name = Field(description="The Service of type LoadBalancer (or with an external IP) in front of it.")
    ingress_class: Name | None = Field(None, description="Its IngressClass (haproxy only); default: haproxy.")


class Cluster(Model):
    """One Kubernetes cluster, reached through a kubeconfig context."""

    name: Name = Field(description="Name of the cluster in this preset; organizations refer to it.")
    context: Text = Field(description="Context in the kubeconfig.")
    kubeconfig: Text | None = Field(None, description="kubeconfig file, when it is not the merged $KUBECONFIG.")
    domain: DnsName | None = Field(None, description="DNS name under which the gateway is found (external_url_suffix).")
    provider: Literal[
        "aws", "aws-baremetal", "azure", "gcp", "minikube", "digitalocean", "openshift", "kind", "k3s", "other"
    ] = Field(
        "other",
        description="Who runs the cluster. Bevel's charts know aws, gcp, azure and minikube (facts F).",
    )
    storage: Storage = Field(Storage(), description="Where ledger volumes come from.")
    existing_gateway: ExistingGateway | None = Field(
        None, description="Use this gateway, which is there already, instead of installing one."
    )
    gateway_annotations: dict[str, str] = Field(
        {},
        description="Annotations for the Service of the gateway that is installed here, such as the name of a reserved "
        "address in the words of the provider's load balancer.",
    )
    public_ip: IPv4 | None = Field(
        None,
        description="Indy: the IPv4 address under which all others reach this cluster, for good. Default: the one of "
        "the gateway's Service, or without a gateway of a node.",
    )
    dns: DnsMode | None = Field(None, description="Overrides dns.mode for this cluster.")
