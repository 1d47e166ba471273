"""external-dns as a cluster shows it: its Deployments, its rights, and the names that a gateway's Service carries."""

from __future__ import annotations

from collections.abc import MutableMapping

from bevel_tui.engine.context import Access
from bevel_tui.kube.client import ApiError
from bevel_tui.reachability.names import externaldns
from bevel_tui.reachability.names.externaldns import ANNOTATION, CHECK, Controller, Facts
from bevel_tui.reachability.resolver import Resolver
from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.steps import AddressStep, DnsStep, ObjectRef


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
    if not found and access.simulation is not None:
        return _result(access, domain, "ok", "the sandbox plays external-dns")
    one = externaldns.chosen(found, domain)
    registry = {name: await resolver.texts(name) for name in one.registry_names(f"*.{domain}")} if one else None
    exists = bool((await resolver.lookup(f"bevel-tui-probe.{domain}")).addresses)
    facts = Facts(
        domain,
        service,
        found,
        may_list=await _may_list(access, one) if one else None,
        annotated=await annotated(access, gateway.service),
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


async def annotated(access: Access, service: ObjectRef) -> tuple[str, ...]:
    """The names on a Service, for external-dns. Raises ApiError."""
    found = await access.client.get(service)
    text = (((found or {}).get("metadata") or {}).get("annotations") or {}).get(ANNOTATION, "")
    return tuple(name.strip() for name in str(text).split(",") if name.strip())


async def annotate(access: Access, step: DnsStep, service: ObjectRef) -> bool:
    """Give a Service that somebody else installed the domain's name, beside those that it has; whether that was needed.

    Raises ApiError: a conflict too, when somebody changes the Service at the same moment.
    """
    found = await access.client.get(service)
    if found is None:
        return False
    names = await annotated(access, service)
    wanted = f"*.{step.domain}."
    if wanted.strip(".") in {name.strip(".") for name in names}:
        return False
    found["metadata"].setdefault("annotations", {})[ANNOTATION] = ",".join((*names, wanted))
    await access.client.replace(found)
    return True


async def release(access: Access, domain: str, service: ObjectRef) -> bool:
    """Take the domain's name off a Service that stays, so that external-dns removes the record. Raises ApiError."""
    found = await access.client.get(service)
    names = await annotated(access, service) if found is not None else ()
    kept = [name for name in names if name.strip(".") != f"*.{domain}"]
    if found is None or len(kept) == len(names):
        return False
    annotations = found["metadata"]["annotations"]
    if kept:
        annotations[ANNOTATION] = ",".join(kept)
    else:
        del annotations[ANNOTATION]
    await access.client.replace(found)
    return True


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
