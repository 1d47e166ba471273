"""external-dns as a cluster shows it: its Deployments, its rights, and whether it will do what is expected of it."""

from __future__ import annotations

from collections.abc import MutableMapping

from bevel_tui.engine.announcing import names_on
from bevel_tui.engine.context import Access
from bevel_tui.kube.client import ApiError
from bevel_tui.reachability.names import externaldns
from bevel_tui.reachability.names.externaldns import CHECK, Controller, Facts
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.steps import AddressStep


async def examine(
    access: Access, domain: str, gateway: AddressStep, resolver: Resolver, owners: MutableMapping[str, tuple[str, str]]
) -> CheckResult:
    """The check `external-dns` of a cluster. `owners` are owner ids seen so far -> cluster, domain; this one's is added."""
    service = f"{gateway.service.namespace}/{gateway.service.name}"
    try:
        found = externaldns.controllers(await access.client.list("apps/v1", "Deployment"))
    except ApiError as error:
        if error.status != 403:
            raise
        return _result(access, domain, "skipped", "not asked: Deployments of the cluster may not be listed")
    if not found and access.simulation is not None and access.simulation.external_dns:
        return _result(access, domain, "ok", "the sandbox plays external-dns")
    one = externaldns.chosen(found, domain)
    registry = {name: await resolver.texts(name) for name in one.registry_names(f"*.{domain}")} if one else None
    exists = bool((await resolver.lookup(f"bevel-tui-probe.{domain}")).addresses)
    facts = Facts(
        domain,
        service,
        found,
        may_list=await _may_list(access, one) if one else None,
        annotated=names_on(await access.client.get(gateway.service)),
        registry=registry,
        exists=exists,
        others={
            owner: cluster
            for owner, (cluster, theirs) in owners.items()
            if cluster != access.name and one is not None and one.looks_after(theirs)
        },
    )
    if one is not None:
        owners.setdefault(one.owner, (access.name, domain))
    verdict = externaldns.judge(facts)
    return CheckResult(
        id=CHECK,
        category="dns",
        cluster=access.name,
        target=domain,
        status=verdict.status,
        summary=verdict.words,
        code=verdict.code,
        evidence=verdict.evidence,
        remedy=verdict.remedy,
    )


async def obstacle(access: Access, domain: str) -> str | None:
    """Why no external-dns of the cluster will remove the domain's records, in words; None when one should.

    Where Deployments may not be listed we hope so. Raises ApiError.
    """
    try:
        found = externaldns.controllers(await access.client.list("apps/v1", "Deployment"))
    except ApiError as error:
        if error.status != 403:
            raise
        return None
    one = externaldns.chosen(found, domain)
    if one is None:
        # without a controller of its own a simulated cluster is served by the sandbox's
        played = access.simulation is not None and access.simulation.external_dns
        return None if played else "no external-dns runs in the cluster"
    return externaldns.keeps(one, domain)


async def _may_list(access: Access, one: Controller) -> bool | None:
    """Whether a controller's account may list Services; None where we may not ask (SubjectAccessReview)."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{one.namespace}:{one.account}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{one.namespace}", "system:authenticated"],
            "resourceAttributes": {"verb": "list", "resource": "services", "version": "v1"},
        },
    }
    try:
        answer = await access.client.create(review)
    except ApiError:
        return None
    return bool((answer.get("status") or {}).get("allowed"))


def _result(access: Access, domain: str, status: CheckStatus, words: str) -> CheckResult:
    return CheckResult(id=CHECK, category="dns", cluster=access.name, target=domain, status=status, summary=words)
