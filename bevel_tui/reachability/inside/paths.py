"""From what pods saw to the matrix: is a path wrong from everywhere, only from inside one cluster, or only from itself?

Pure. A path leads from a cluster's pods to another cluster's gateway, or to its own (the hairpin: many clouds cannot
send a node's packet to their own load balancer's outer address and back). What this machine saw is the measure: an
answer that is wrong from here too is no fault of a cluster's inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bevel_tui.reachability.inside.script import Question, Sight, Try
from bevel_tui.reachability.wanted import is_ip, normal
from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.steps import Endpoint

PATH, POD = "cluster-path", "cluster-pod"

Pattern = Literal["everywhere", "inside", "hairpin"]

_WORDS = {
    "refused": "the connection is refused",
    "timeout": "no answer",
    "unreachable": "no route to it",
}


@dataclass(slots=True)
class Seen:
    """What this machine found of one cluster: addresses by host, fingerprints by (host, port), ports by whether they
    connected, and the hosts that failed in DNS or later."""

    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    certificates: dict[tuple[str, int], str] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    problems: list[CheckResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that a pod of a cluster could not do. `key` is the same for the same thing seen from elsewhere."""

    key: str
    words: str


def seen(results: Iterable[CheckResult]) -> dict[str, Seen]:
    """The checks of this machine, by cluster asked about."""
    found: dict[str, Seen] = {}
    for result in results:
        if result.vantage != "here":
            continue
        one = found.setdefault(result.cluster, Seen())
        addresses = tuple(result.facts.get("addresses", "").split())
        if result.id == "dns-address" and result.status in ("ok", "warning"):
            one.addresses[result.target] = addresses
        if result.id == "tls-handshake" and "certificate" in result.facts:
            host, _, port = result.target.rpartition(":")
            one.certificates[host, int(port)] = result.facts["certificate"]
        if result.id == "tcp-connect" and result.status == "failed":
            one.dead.add(result.target)
        if result.status == "failed":
            one.problems.append(result)
    return found


def questions(endpoints: Iterable[Endpoint], here: Seen) -> tuple[Question, ...]:
    """What to ask a pod about one cluster: every host whose name an authority has, each port of the gateway once, and
    the certificate of every host that shows one.

    A host that does not resolve from here is not asked for: a resolver would remember the "no".
    """
    tries: dict[str, list[tuple[Try, int]]] = {}
    opened: set[tuple[tuple[str, ...], int]] = set()
    for endpoint in endpoints:
        host, port = endpoint.host, endpoint.port
        addresses = here.addresses.get(host)
        if not endpoint.exposed or not addresses:
            continue
        mine = tries.setdefault(host, [])
        if (addresses, port) not in opened:
            opened.add((addresses, port))
            mine.append(("tcp", port))
        if endpoint.protocol in ("https", "tls") and (host, port) in here.certificates and ("tls", port) not in mine:
            mine.append(("tls", port))
    return tuple(Question(host, tuple(what)) for host, what in tries.items())


def troubles(asked: Sequence[Question], sight: Sight, here: Seen) -> tuple[list[Trouble], list[str]]:
    """What went wrong on one path, and remarks about what is only different."""
    wrong: list[Trouble] = []
    remarks: list[str] = []
    closed = {(port, address) for (_, port, address), word in sight.tcp.items() if word != "open"}
    for question in asked:
        host = question.host
        wanted = {normal(address) for address in here.addresses.get(host, ())}
        found = sight.names.get(host)
        if found is None:
            wrong.append(Trouble(f"unanswered {host}", f"{host}: nothing was told of it"))
            continue
        if not found:
            wrong.append(Trouble(f"name {host}", f"{host}: no address found"))
            continue
        other = not is_ip(host) and {normal(address) for address in found} - wanted
        opened = True
        for (of, port, address), word in sight.tcp.items():
            if of == host and word != "open":
                opened = False
                where = f"{address}:{port}"
                wrong.append(Trouble(f"tcp {where}", f"{where} ({host}): {_WORDS[word]}"))
        for (of, port, address), shown in sight.tls.items():
            expected = here.certificates.get((of, port))
            if (port, address) in closed:
                continue  # said once, of the port
            if of == host and expected is not None and shown != expected:
                what = (
                    "no certificate is served" if shown is None else f"another certificate is served ({shown[:16]}...)"
                )
                wrong.append(Trouble(f"tls {host}:{port}", f"{host}:{port} at {address}: {what}"))
                opened = False
        if other and opened:
            remarks.append(f"{host} is {' '.join(found)} there, {' '.join(here.addresses.get(host, ()))} from here")
        elif other:
            wrong.append(
                Trouble(
                    f"address {host}",
                    f"{host} is {' '.join(found)} there, {' '.join(here.addresses.get(host, ()))} from here",
                )
            )
    return wrong, remarks


@dataclass(frozen=True, slots=True)
class Look:
    """One cluster's look: what its pod saw, or why there was none (`skipped`). `context` makes remedies exact."""

    cluster: str
    sight: Sight | None = None
    skipped: str = ""
    remedy: str | None = None
    took: float = 0.0
    policies: tuple[str, ...] = ()
    namespace: str = ""
    context: str | None = None


def judge(
    looks: Sequence[Look],
    asked: Mapping[str, Sequence[Question]],
    here: Mapping[str, Seen],
    *,
    only: str | None = None,
) -> list[CheckResult]:
    """One `cluster-pod` per cluster that looked and one `cluster-path` per pair. `asked` is by cluster looked at.

    All looks are needed to tell what is wrong only from one; with `only` one cluster's results are given.
    """
    found: dict[tuple[str, str], tuple[list[Trouble], list[str]]] = {}
    for look in looks:
        if look.sight is not None:
            for to, what in asked.items():
                if what:
                    found[look.cluster, to] = troubles(what, look.sight, here.get(to, Seen()))
    told = [look for look in looks if only is None or look.cluster == only]
    paths = [_path(look, to, found, looks, here.get(to, Seen())) for look in told for to in asked]
    return [*(_pod(look) for look in told), *paths]


def may_heal(look: Look, asked: Mapping[str, Sequence[Question]], here: Mapping[str, Seen]) -> bool:
    """Whether a look found something wrong that is right from this machine: worth another look."""
    if look.sight is None:
        return False
    return any(
        trouble.key.removeprefix("tcp ") not in here.get(to, Seen()).dead
        for to, what in asked.items()
        if what
        for trouble in troubles(what, look.sight, here.get(to, Seen()))[0]
    )


def _pod(look: Look) -> CheckResult:
    target = f"a pod in namespace {look.namespace}" if look.namespace else "a pod"
    evidence = tuple(f"NetworkPolicy {name} restricts what leaves pods there" for name in look.policies)
    if look.sight is None:
        return _result(POD, look.cluster, target, "skipped", look.skipped, look, remedy=look.remedy, evidence=evidence)
    words = f"a pod of {look.cluster} looked at every gateway"
    return _result(POD, look.cluster, target, "ok", words, look, evidence=evidence)


def _path(
    look: Look,
    to: str,
    found: Mapping[tuple[str, str], tuple[list[Trouble], list[str]]],
    looks: Sequence[Look],
    here: Seen,
) -> CheckResult:
    target = f"{look.cluster} -> {to}"
    if look.sight is None:
        return _result(PATH, to, target, "skipped", f"not asked: {look.skipped}", look)
    if (look.cluster, to) not in found:
        why = here.problems[0].summary if here.problems else "nothing of it is exposed"
        return _result(PATH, to, target, "skipped", f"not asked: {why}", look)
    wrong, remarks = found[look.cluster, to]
    if not wrong:
        if remarks:
            words = f"pods of {look.cluster} reach {to}, by other addresses than this machine"
            return _result(
                PATH, to, target, "warning", words, look, code="path-other-address", evidence=tuple(remarks),
                remedy="Fine where split-horizon DNS or a private load balancer is meant; else correct the records "
                "that the cluster's resolver sees.",
            )  # fmt: skip
        return _result(PATH, to, target, "ok", f"pods of {look.cluster} reach the gateway of {to}", look)
    sharing = [other.cluster for other in looks if _same(wrong, found.get((other.cluster, to)))]
    pattern = _pattern(look.cluster, to, wrong, sharing, here)
    evidence = tuple(trouble.words for trouble in wrong)
    return _result(
        PATH, to, target, "failed", _words(pattern, look.cluster, to, wrong, sharing), look,
        code=f"path-{pattern}", evidence=(*evidence, *remarks), remedy=_remedy(pattern, look, to, wrong),
        command=_command(pattern, look, wrong),
    )  # fmt: skip


def _same(wrong: Sequence[Trouble], other: tuple[list[Trouble], list[str]] | None) -> bool:
    return other is not None and bool({t.key for t in wrong} & {t.key for t in other[0]})


def _pattern(cluster: str, to: str, wrong: Sequence[Trouble], sharing: Sequence[str], here: Seen) -> Pattern:
    """`sharing` are the clusters whose pods have the same trouble."""
    dead_here = any(trouble.key.removeprefix("tcp ") in here.dead for trouble in wrong)
    if dead_here:
        return "everywhere"
    if cluster == to and set(sharing) == {to} and any(t.key.startswith("tcp ") for t in wrong):
        return "hairpin"
    return "inside"


def _words(pattern: Pattern, cluster: str, to: str, wrong: Sequence[Trouble], sharing: Sequence[str]) -> str:
    first = wrong[0].words + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else "")
    if pattern == "everywhere":
        return f"wrong from everywhere, from this machine too: {first}"
    if pattern == "hairpin":
        return f"hairpin: pods of {to} do not reach their own gateway by its outer address: {first}"
    where = f"inside {', '.join(sharing)}" if len(sharing) > 1 else f"only inside {cluster}"
    return f"wrong {where}, right from this machine: {first}"


def _remedy(pattern: Pattern, look: Look, to: str, wrong: Sequence[Trouble]) -> str:
    kinds = {trouble.key.partition(" ")[0] for trouble in wrong}
    if pattern == "everywhere":
        return f"Mend what the checks of {to} from this machine say first."
    if pattern == "hairpin":
        return (
            "Turn on hairpin (NAT loopback) at the load balancer, set the Service's externalTrafficPolicy so that nodes "
            "answer for its address themselves, or have the cluster's DNS lead these names to the gateway's ClusterIP."
        )
    if kinds & {"name", "address"}:
        return (
            f"The resolver of {look.cluster} answers otherwise: see CoreDNS's Corefile (forward, stub domains) and "
            "private zones of the cluster's network."
        )
    if "tls" in kinds and "tcp" not in kinds:
        return f"Something between {look.cluster} and {to} answers in the gateway's place: a proxy, or a mesh's egress."
    if look.policies:
        return f"Let the pods of {look.cluster} out to it in NetworkPolicy {', '.join(look.policies)}."
    return f"Let the nodes of {look.cluster} through to {to}: egress rules, security groups, the firewall in front of {to}."


def _command(pattern: Pattern, look: Look, wrong: Sequence[Trouble]) -> str | None:
    if pattern == "everywhere":
        return None
    kubectl = f"kubectl --context {look.context}" if look.context else "kubectl"
    if look.policies and pattern == "inside":
        return f"{kubectl} -n {look.namespace} describe networkpolicy {' '.join(look.policies)}"
    if pattern == "inside" and any(trouble.key.partition(" ")[0] in ("name", "address") for trouble in wrong):
        return f"{kubectl} -n kube-system get configmap coredns -o yaml"
    return f"{kubectl} -n {look.namespace} get networkpolicy" if pattern == "inside" and look.namespace else None


def _result(
    id: str,
    cluster: str,
    target: str,
    status: CheckStatus,
    summary: str,
    look: Look,
    *,
    code: str | None = None,
    evidence: tuple[str, ...] = (),
    remedy: str | None = None,
    command: str | None = None,
) -> CheckResult:
    return CheckResult(
        id=id,
        category="clusters",
        cluster=cluster,
        target=target,
        status=status,
        summary=summary,
        code=code,
        evidence=evidence,
        remedy=remedy,
        command=command,
        duration=round(look.took, 6) if id == POD else 0.0,
        vantage=look.cluster,
    )
