"""Is an external-dns at work that will make this domain's records, and are they its own to change?

Pure: the engine reads Deployments, the gateway's Service and what an API server says of rights; the resolver reads the
TXT registry. The names of its records are those of external-dns itself (registry/mapper/mapper.go, 0.21): the record's
type and a dash before the first label, after ``--txt-prefix``, before ``--txt-suffix``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bevel_tui.reachability.kinds import CheckKind, Failure
from bevel_tui.reachability.verdict import Verdict

ANNOTATION = "external-dns.alpha.kubernetes.io/hostname"
CHECK = "external-dns"

#: providers that take an asterisk as a whole label only (kubernetes-sigs/external-dns, issues 2922 and 3028)
_STRICT = frozenset({"azure", "azure-dns", "azure-private-dns", "pdns"})

EXTERNAL_DNS_KIND = CheckKind(
    CHECK,
    "Is an external-dns at work in the cluster that makes the domain's records, and are they its own?",
    "a domain whose mode is external-dns",
    "The controller's Deployment with its sources, domain filters and owner id, its rights, the annotation of the gateway's "
    "Service, and the owner that the TXT registry names.",
    "No controller runs, it does not look after this domain, or the record belongs to somebody else, whom it respects.",
    ("lb-address",),
    (
        Failure("external-dns-absent", "no Deployment of external-dns is in the cluster"),
        Failure("external-dns-not-ready", "there is one, and none of its pods is ready"),
        Failure("external-dns-source", "it does not look at the gateway's Service (--source, --namespace, --service-type-filter)"),
        Failure("external-dns-domain-filter", "it looks after other domains only (--domain-filter)"),
        Failure("external-dns-rights", "its ServiceAccount may not list Services"),
        Failure("external-dns-annotation", "the gateway's Service does not carry the domain's name"),
        Failure("external-dns-owner-shared", "two clusters' controllers have one owner id, and take each other's records away"),
        Failure("external-dns-not-owner", "the TXT registry says that another external-dns owns the record"),
        Failure("external-dns-unowned", "the record is nobody's in the registry, so that it is left as it is; warning"),
        Failure("external-dns-wildcard", "the provider takes no TXT record named a-*, so that no wildcard is made"),
        Failure("external-dns-blind", "it makes records, but removes none and respects nobody's (rfc2136 without transfers); warning"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Controller:
    """One external-dns Deployment. `args` are its container's, `env` its variables that are plain text."""

    namespace: str
    name: str
    ready: bool
    args: tuple[str, ...]
    account: str
    env: Mapping[str, str] = field(default_factory=dict)

    def option(self, name: str) -> tuple[str, ...]:
        """The values of ``--name=value`` and ``--name value``, in order; else the lines of ``EXTERNAL_DNS_NAME``."""
        found = []
        for index, arg in enumerate(self.args):
            if arg.startswith(f"--{name}="):
                found.append(arg.partition("=")[2])
            elif arg == f"--{name}" and index + 1 < len(self.args):
                found.append(self.args[index + 1])
        return tuple(found or self.env.get(f"EXTERNAL_DNS_{name.replace('-', '_').upper()}", "").split())

    def flag(self, name: str) -> bool:
        """Whether a switch is on: ``--name``, and no ``--no-name`` behind it."""
        said = [arg for arg in self.args if arg in {f"--{name}", f"--no-{name}"}]
        return said[-1] == f"--{name}" if said else self.option(name) == ("true",)

    @property
    def blind(self) -> bool:
        """Whether it cannot read the zone that it writes (provider/rfc2136/rfc2136.go, ``List``)."""
        return self.option("provider") == ("rfc2136",) and not self.flag("rfc2136-tsig-axfr")

    @property
    def owner(self) -> str:
        """Its name in the registry; ``default`` is external-dns' own default."""
        return next(iter(self.option("txt-owner-id")), "default")

    def looks_after(self, domain: str) -> bool:
        """Whether its domain filters, if it has any, let the domain through (endpoint/domain_filter.go)."""
        pattern, excluded = (next(iter(self.option(f"regex-domain-{one}")), "") for one in ("filter", "exclusion"))
        if pattern or excluded:
            made = f"*.{domain}"
            return _matches(pattern, made) and not (excluded and _matches(excluded, made))
        filters, without = self._domains("domain-filter"), self._domains("exclude-domains")
        inside = not filters or any(f".{domain}".endswith(f".{one}") for one in filters)
        return inside and not any(f".{domain}".endswith(f".{one}") for one in without)

    def _domains(self, name: str) -> list[str]:
        return [one.strip(".") for text in self.option(name) for one in text.split(",") if one.strip(".")]

    def overlooks(self, service: str) -> str | None:
        """The argument for which it does not see a Service (``namespace/name``, of type LoadBalancer)."""
        if "service" not in self.option("source"):
            return "--source=service is missing"
        namespace, types = self.option("namespace"), self.option("service-type-filter")
        if namespace and namespace != (service.partition("/")[0],):
            return f"--namespace={namespace[0]}"
        return f"--service-type-filter={','.join(types)}" if types and "LoadBalancer" not in types else None

    def registry_names(self, host: str, kinds: Sequence[str] = ("a", "aaaa", "cname")) -> tuple[str, ...]:
        """Where the registry's TXT records for `host` stand; the last one is that of old versions."""
        prefix, suffix, star = (
            next(iter(self.option(name)), "").lower()
            for name in ("txt-prefix", "txt-suffix", "txt-wildcard-replacement")
        )
        first, _, rest = host.partition(".")
        first = star if star and first == "*" else first
        names = []
        for kind in kinds:
            typed = "%{record_type}" in prefix + suffix
            before, after = (text.replace("%{record_type}", kind) for text in (prefix, suffix))
            names.append(f"{before}{'' if typed else f'{kind}-'}{first}{after}.{rest}")
        return (*names, f"{prefix.replace('%{record_type}', '')}{first}{suffix.replace('%{record_type}', '')}.{rest}")


def controllers(deployments: Sequence[Mapping[str, Any]]) -> tuple[Controller, ...]:
    """Those of a cluster's Deployments that run an image called external-dns."""
    found = []
    for one in deployments:
        template = one["spec"]["template"]["spec"]
        for container in template.get("containers") or ():
            image = str(container.get("image", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]
            if image != "external-dns":
                continue
            args = (*(container.get("command") or ()), *(container.get("args") or ()))
            ready = int((one.get("status") or {}).get("readyReplicas") or 0) > 0
            meta = one["metadata"]
            account = template.get("serviceAccountName") or "default"
            env = {e["name"]: str(e["value"]) for e in container.get("env") or () if "value" in e}
            found.append(Controller(meta["namespace"], meta["name"], ready, tuple(map(str, args)), account, env))
    return tuple(found)


def _matches(pattern: str, domain: str) -> bool:
    """Go's regular expressions are nearly Python's; one that is not lets everything through."""
    try:
        return re.search(pattern, domain) is not None
    except re.error:
        return True


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read. `may_list` None: nobody would say; `annotated` are the names on the gateway's Service.

    `registry` are TXT records by name, `exists` whether authorities have the domain's record; `others` are owner ids of
    other clusters' controllers -> cluster.
    """

    domain: str
    service: str
    controllers: tuple[Controller, ...]
    may_list: bool | None = None
    annotated: tuple[str, ...] = ()
    registry: Mapping[str, tuple[str, ...]] | None = None
    exists: bool = False
    others: Mapping[str, str] | None = None


def chosen(found: Sequence[Controller], domain: str) -> Controller | None:
    """The controller that looks after a domain, or the first one, for which it can be said why it does not."""
    fit = [one for one in found if one.looks_after(domain) and "service" in one.option("source")]
    return next(iter([one for one in fit if one.ready] or fit or found), None)


def keeps(one: Controller, domain: str) -> str | None:
    """Why a controller leaves a record whose name is on no Service any more; None when it removes it."""
    name = f"external-dns {one.namespace}/{one.name}"
    policy = next(iter(one.option("policy")), "sync")
    if not one.looks_after(domain):
        return f"{name} does not look after {domain}"
    if one.blind:
        return f"{name} removes nothing (it may not read the zone: --rfc2136-tsig-axfr is missing)"
    if policy != "sync":
        return f"{name} removes nothing (policy {policy})"
    if not one.ready:
        return f"{name} has no ready pod"
    return None


def judge(facts: Facts) -> Verdict:
    """Which of it is not as it should be; the first thing that keeps the record from being made."""
    one = chosen(facts.controllers, facts.domain)
    if one is None:
        remedy = "Install external-dns (dns.external_dns in the preset does), or set the cluster's dns to manual."
        return _no("external-dns-absent", "no external-dns runs in the cluster", (), remedy)
    name = f"{one.namespace}/{one.name}"
    evidence = (
        f"Deployment {name}: {'ready' if one.ready else 'no pod ready'}",
        f"sources {', '.join(one.option('source')) or '(none)'}; domains {', '.join(one.option('domain-filter')) or '(all)'}; "
        f"owner id {one.owner}; policy {', '.join(one.option('policy')) or 'sync'}",
        f"Service {facts.service} is annotated with {', '.join(facts.annotated) or '(no name)'}",
    )
    overlooked = one.overlooks(facts.service)
    if overlooked is not None:
        words = f"external-dns {name} does not look at Service {facts.service}: {overlooked}"
        return _no("external-dns-source", words, evidence, f"Change the arguments of Deployment {name}.")
    if not one.looks_after(facts.domain):
        return _no("external-dns-domain-filter", f"external-dns {name} does not look after {facts.domain}", evidence,
                   f"Add --domain-filter={facts.domain} to Deployment {name}.")  # fmt: skip
    if not one.ready:
        return _no("external-dns-not-ready", f"external-dns {name} has no ready pod", evidence,
                   f"Read its log: kubectl -n {one.namespace} logs deployment/{one.name}")  # fmt: skip
    if facts.may_list is False:
        return _no("external-dns-rights", f"ServiceAccount {one.namespace}/{one.account} of external-dns may not list Services",
                   evidence, "Bind its ServiceAccount to a ClusterRole that may get, list and watch services (rbac.create of its chart).")  # fmt: skip
    names = {text.strip().strip(".") for text in facts.annotated}
    if f"*.{facts.domain}" not in names:
        return _no("external-dns-annotation", f"the gateway's Service does not name *.{facts.domain}", evidence,
                   "Run the deployment again: it annotates the Service with every name of the cluster.")  # fmt: skip
    cluster = (facts.others or {}).get(one.owner)
    if cluster is not None:
        return _no("external-dns-owner-shared", f"external-dns here and in cluster {cluster} have one owner id, {one.owner}", evidence,
                   "Give each its own --txt-owner-id: with one id each removes what the other made.")  # fmt: skip
    return _owned(facts, one, name, evidence)


def _owned(facts: Facts, one: Controller, name: str, evidence: tuple[str, ...]) -> Verdict:
    ok = Verdict("ok", f"external-dns {name} makes the records of {facts.domain}", evidence)
    if one.blind:
        words = (
            f"external-dns {name} cannot read the zone of {facts.domain}: it removes no record and respects nobody's"
        )
        remedy = (
            f"Add --rfc2136-tsig-axfr to Deployment {name}, and let its key transfer the zone (BIND: allow-transfer)."
        )
        return Verdict("warning", words, evidence, remedy, code="external-dns-blind")
    if facts.registry is None or next(iter(one.option("registry")), "txt") != "txt":
        return ok
    owners = {owner for texts in facts.registry.values() for text in texts if (owner := owner_of(text)) is not None}
    evidence = (*evidence, f"owner by the TXT registry: {', '.join(sorted(owners)) or '(nobody)'}")
    if owners and one.owner not in owners:
        words = f"the record of {facts.domain} belongs to external-dns {', '.join(sorted(owners))}, not to {one.owner}"
        remedy = f"Give the controller the owner id that made it, or remove the record and its TXT records: {', '.join(facts.registry)}"
        return _no("external-dns-not-owner", words, evidence, remedy)
    provider = next(iter(one.option("provider")), "")
    if not facts.exists and provider in _STRICT and not one.option("txt-wildcard-replacement"):
        words = f"external-dns {name} cannot make *.{facts.domain}: {provider} refuses the TXT record a-*.{facts.domain} beside it"
        remedy = f"Add --txt-wildcard-replacement=wildcard to Deployment {name}."
        return _no("external-dns-wildcard", words, evidence, remedy)
    if facts.exists and not owners:
        words = f"the record of {facts.domain} is nobody's in external-dns' registry, so that it is never changed"
        remedy = "Fine while the gateway keeps its address; remove the record to let external-dns make its own."
        return Verdict("warning", words, evidence, remedy, code="external-dns-unowned")
    return Verdict("ok", ok.words, evidence)


def owner_of(text: str) -> str | None:
    """The owner that a TXT record of the registry names; None for any other text."""
    fields = dict(part.partition("=")[::2] for part in text.strip('"').split(","))
    return fields.get("external-dns/owner") if fields.get("heritage") == "external-dns" else None


def _no(code: str, words: str, evidence: tuple[str, ...], remedy: str) -> Verdict:
    return Verdict("failed", words, evidence, remedy, code=code)
