"""external-dns as it can be found: each thing that keeps it from making the record is told by its own code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bevel_tui.reachability.names.externaldns import EXTERNAL_DNS_KIND, Facts, controllers, judge, owner_of

ARGS = ("--source=service", "--registry=txt", "--txt-owner-id=n-east", "--domain-filter=example.com", "--provider=aws")
OURS = "heritage=external-dns,external-dns/owner=n-east,external-dns/resource=service/gw/edge"


def deployment(
    *args: str, ready: int = 1, image: str = "registry.k8s.io/external-dns/external-dns:v0.21.0"
) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "external-dns", "name": "external-dns"},
        "spec": {
            "template": {
                "spec": {
                    "serviceAccountName": "external-dns",
                    "containers": [{"name": "c", "image": image, "args": list(args)}],
                }
            }
        },
        "status": {"readyReplicas": ready},
    }


WELL = Facts(
    "east.example.com",
    "gw/edge",
    controllers([deployment(*ARGS)]),
    may_list=True,
    annotated=("*.east.example.com.", "console.example.com."),
    registry={"a-*.east.example.com": (OURS,)},
    exists=True,
    others={"n-west": "west"},
)


def found(*args: str, **more: Any) -> Facts:
    return replace(WELL, controllers=controllers([deployment(*args, **more)]))


CASES = [
    (WELL, None, "ok"),
    (replace(WELL, may_list=None), None, "ok"),
    (replace(WELL, registry={}, exists=False), None, "ok"),
    (found("--source", "service", "--source", "ingress", "--txt-owner-id", "n-east"), None, "ok"),
    (replace(WELL, controllers=()), "external-dns-absent", "failed"),
    (found(*ARGS, image="docker.io/library/nginx"), "external-dns-absent", "failed"),
    (found(*ARGS, ready=0), "external-dns-not-ready", "failed"),
    (found("--source=ingress", *ARGS[1:]), "external-dns-source", "failed"),
    (found(*ARGS[:3], "--domain-filter=other.org"), "external-dns-domain-filter", "failed"),
    (found(*ARGS[:3], "--domain-filter=ast.example.com"), "external-dns-domain-filter", "failed"),
    (replace(WELL, may_list=False), "external-dns-rights", "failed"),
    (replace(WELL, annotated=("east.example.com.",)), "external-dns-annotation", "failed"),
    (replace(WELL, annotated=()), "external-dns-annotation", "failed"),
    (replace(WELL, others={"n-east": "west"}), "external-dns-owner-shared", "failed"),
    (replace(WELL, registry={"a-*.east.example.com": (OURS.replace("n-east", "old"),)}), "external-dns-not-owner", "failed"),
    (replace(WELL, registry={"a-*.east.example.com": ("v=spf1 -all",)}), "external-dns-unowned", "warning"),
    (found(*ARGS, "--namespace=gw", "--service-type-filter=LoadBalancer"), None, "ok"),
    (found(*ARGS, "--namespace=shop"), "external-dns-source", "failed"),
    (found(*ARGS, "--service-type-filter=ClusterIP"), "external-dns-source", "failed"),
    (found(*ARGS, "--exclude-domains=east.example.com"), "external-dns-domain-filter", "failed"),
    (found(*ARGS[:3], r"--regex-domain-filter=\.example\.com$"), None, "ok"),
    (found(*ARGS, r"--regex-domain-filter=\.example\.org$"), "external-dns-domain-filter", "failed"),
    (found(*ARGS, "--regex-domain-exclusion=[.]east[.]"), "external-dns-domain-filter", "failed"),
    (replace(found(*ARGS[:-1], "--provider=azure"), registry={}, exists=False), "external-dns-wildcard", "failed"),
    (replace(found(*ARGS[:-1], "--provider=azure", "--txt-wildcard-replacement=any"), registry={}, exists=False), None, "ok"),
    (found(*ARGS[:-1], "--provider=rfc2136"), "external-dns-blind", "warning"),
    (found(*ARGS[:-1], "--provider=rfc2136", "--rfc2136-tsig-axfr"), None, "ok"),
    (found(*ARGS[:-1], "--provider=rfc2136", "--rfc2136-tsig-axfr", "--no-rfc2136-tsig-axfr"), "external-dns-blind", "warning"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "code", "status"), CASES)
def test_each_is_told_by_its_own_code(facts: Facts, code: str | None, status: str) -> None:
    verdict = judge(facts)
    assert (verdict.code, verdict.status) == (code, status)
    assert (verdict.remedy is None) == (status == "ok")
    assert code is None or code in {failure.code for failure in EXTERNAL_DNS_KIND.failures}


def test_every_code_is_produced() -> None:
    assert {code for _, code, _ in CASES} - {None} == {failure.code for failure in EXTERNAL_DNS_KIND.failures}


@pytest.mark.parametrize(
    ("args", "names"),
    [
        ((), ("a-*.e.test", "*.e.test")),
        (("--txt-prefix=xdns-",), ("xdns-a-*.e.test", "xdns-*.e.test")),
        (("--txt-suffix=-xdns", "--txt-wildcard-replacement=any"), ("a-any-xdns.e.test", "any-xdns.e.test")),
        (("--txt-prefix=%{record_type}-x-",), ("a-x-*.e.test", "-x-*.e.test")),
    ],
)
def test_the_registry_is_looked_for_where_external_dns_keeps_it(args: tuple[str, ...], names: tuple[str, ...]) -> None:
    (one,) = controllers([deployment(*args)])
    assert one.registry_names("*.e.test", ("a",)) == names


def test_owners_are_read_from_the_registry_only() -> None:
    assert owner_of(f'"{OURS}"') == "n-east"
    assert owner_of("heritage=bevel-tui,network=n") is None


def test_what_stands_in_the_environment_counts_as_the_arguments_do() -> None:
    """kingpin's DefaultEnvars: every flag has a variable, many values stand in lines of their own."""
    one = deployment("--txt-owner-id=n-east")
    env = {
        "EXTERNAL_DNS_SOURCE": "ingress\nservice",
        "EXTERNAL_DNS_TXT_OWNER_ID": "other",
        "EXTERNAL_DNS_PROVIDER": "rfc2136",
    }
    container = one["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    container["env"].append(
        {"name": "EXTERNAL_DNS_RFC2136_TSIG_SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    )
    (controller,) = controllers([one])
    assert controller.option("source") == ("ingress", "service")
    assert (controller.owner, controller.blind) == ("n-east", True)
