"""The README of an export: what stands where, and in which order a person does what the engine cannot."""

from __future__ import annotations

import shlex

from bevel_tui.export import groundwork
from bevel_tui.export.handoffs import outgoing, slug
from bevel_tui.export.holds import by_hand, holds
from bevel_tui.export.work import Work, asking, place, values
from bevel_tui.platforms.ethereum_charts import QUORUM_KEYS
from bevel_tui.records.steps import HandoffStep, KeysStep, SecretValue
from bevel_tui.views.words import plural

#: as in Bevel's chart quorum-node (templates/node-hooks-pre-install.yaml)
_GENESIS_TOOL = "npx quorum-genesis-tool --validators 0 --members 1 --bootnodes 0"

TITLES = {"flux": "Flux", "argocd": "Argo CD", "helmfile": "helmfile"}

_START = {
    "flux": """\
Commit this folder to the root of {repository} (branch {branch}). Each cluster runs its own Flux; let it read its folder, and
let External Secrets, where you use it, be installed before:

{bootstrap}
""",
    "argocd": """\
Commit this folder to the root of {repository} (branch {branch}). Argo CD must know every cluster under the name of its
context, and must judge the health of Applications, or it does not wait between waves (argocd-cm:
`resource.customizations.health.argoproj.io_Application`, see Argo CD's documentation). Then:

    kubectl apply -f root.yaml

Argo CD renders charts without asking the cluster, so Helm's `lookup` finds nothing there: with Fabric, peers of an
organization that also orders look for their orderers' certificate under another name then (<peer>-orderer-tls-cacert).
""",
    "helmfile": """\
helmfile runs on one machine with all contexts in its kubeconfig. It needs helm, kubectl and jq. Then, in this folder:

    helmfile sync
""",
}


def readme(work: Work, engine: str, *, repository: str, branch: str, store: str | None) -> str:
    """The text of README.md."""
    network = work.network
    bootstrap = "\n".join(
        f"    kubectl --context {work.context(c)} apply -f clusters/{c}/ -R   # or a Kustomization of Flux for that folder"
        for c in work.clusters()
    )
    start = _START[engine].format(repository=repository, branch=branch, bootstrap=bootstrap)
    parts = [
        f"# {network.name} for {TITLES[engine]}\n",
        f"Written by bevel-tui from the plan of a {network.platform.type} network: {plural(len(work.releases), 'release')} in "
        f"{plural(len(work.clusters()), 'cluster')}. `charts/` holds the private copy of each release's chart, with its dependencies and "
        "corrections; files that other releases make are put in there on the way. No secret is in these files.\n",
        "## Start\n",
        start,
        *_filled(work),
        *_secrets(work, engine, store),
        *_handoffs(work, engine, store),
        *_held(work, engine, store),
        "## Names and checks\n",
        "The engine waits for no DNS record and checks nothing from outside. bevel-tui does, with the same preset:\n",
        "    bevel-tui dns --preset FILE       # the records to create",
        "    bevel-tui check --preset FILE     # whether everything can be reached\n",
    ]
    return "\n".join(parts)


def _filled(work: Work) -> list[str]:
    asked: dict[tuple[str, str], list[str]] = {}
    for step in work.releases:
        for gap in values(step)[1]:
            if not isinstance(gap.value, SecretValue):
                asked.setdefault((gap.dotted, asking(work, step, gap)), []).append(place(step))
    rows = [f"- `{dotted}` of {', '.join(places)}: `{question}`" for (dotted, question), places in asked.items()]
    if not rows:
        return []
    return [
        "## To fill in\n",
        "Only the clusters know these values; FILL-IN stands in their place. (Storage needs none when the preset says "
        "`clusters[].storage` or a provider that Bevel's charts know.)\n",
        *rows,
        "",
    ]


def _secrets(work: Work, engine: str, store: str | None) -> list[str]:
    made = groundwork.keys(work)
    wanted = groundwork.commands(work)
    lines: list[str] = []
    if wanted and store is not None:
        lines += [
            f"ExternalSecrets read them from the ClusterSecretStore `{store}`, under the names of their variables.\n"
        ]
    elif wanted and engine == "helmfile":
        lines += [
            "helmfile reads secret values from the environment when it runs. Before that, with the variables set:\n"
        ]
        lines += [f"    {command}" for command in wanted if "bevel-tui-values-" not in command]
        lines += [""]
    elif wanted:
        lines += ["With the variables set (namespaces must be there):\n", *(f"    {command}" for command in wanted), ""]
    if engine == "argocd":
        lost = [(step, gap) for step in work.releases for gap in groundwork.secret_gaps(step)]
        if lost:
            lines += [
                "Argo CD has no way to put a Secret into values; give these by a plugin such as argocd-vault-plugin:\n"
            ]
            lines += [f"- {place(step)}: `{gap.dotted}`: {gap.value}" for step, gap in lost] + [""]
    if made:
        lines += [*_node_keys(work, made, store), ""]
    return ["## Secrets\n", *lines, ""] if lines else []


def _node_keys(work: Work, made: list[KeysStep], store: str | None) -> list[str]:
    """How a person makes the keys of nodes that bevel-tui makes when it deploys, with the tool that Bevel's charts use."""
    lines = [
        "Each of the Secrets below must hold the keys of a node before its release is installed: Bevel's chart makes them "
        "incompletely. Make a set for each, and remove the files then. A chosen password of the account goes behind "
        "`--accountPassword`; without one the tool makes one up.\n"
    ]
    files = " ".join(f"--from-file={name}" for name in QUORUM_KEYS)
    for step in made:
        folder = f"keys/{step.cluster}-{step.name}"
        lines.append(f"    {_GENESIS_TOOL} --outputPath {folder}")
        if store is None:
            kubectl = f"kubectl --context {shlex.quote(work.context(step.cluster))} -n {step.namespace}"
            lines.append(f"    (cd {folder}/*/member0 && {kubectl} create secret generic {step.name} {files})")
    if store is not None:
        lines += [
            f"\nPut the content of the files into the store behind `{store}`, as properties of these names "
            f"({', '.join(QUORUM_KEYS)}):\n",
            *(f"- `{groundwork.keys_remote(step)}`" for step in made),
        ]
    return lines


def _handoffs(work: Work, engine: str, store: str | None) -> list[str]:
    if not work.handoffs:
        return []
    lines = ["## Handoffs\n"]
    if engine == "helmfile":
        lines += ["helmfile carries what crosses between releases by itself, by the scripts in `handoffs/`.\n"]
    carried = [h for h in work.handoffs if h not in by_hand(work, engine, store)]
    if carried and engine != "helmfile":
        lines += [f"External Secrets carries {', '.join(h.id for h in carried)} through `{store}`.\n"]
    manual = by_hand(work, engine, store)
    if not manual:
        return lines
    if engine == "helmfile":
        lines += ["What crosses between operators is a file that one gives to the other:\n"]
    else:
        lines += [
            f"{TITLES[engine]} has no means for these. When the source is ready, run the script; where it fills a file of a "
            "chart, commit and push that.\n"
        ]
    return [*lines, *(_by_hand(handoff) for handoff in manual), ""]


_GO_ON = {
    "flux": "suspended: dependsOn reaches no further than a cluster, and Flux sees no person's work. Let one go on with\n"
    "`flux resume helmrelease RELEASE -n NAMESPACE`, or set `suspend: false` in its file",
    "argocd": "not synced by themselves, and later waves wait for them. Let one go on with `argocd app sync APPLICATION`, or\n"
    "turn on its automated sync",
}


def _held(work: Work, engine: str, store: str | None) -> list[str]:
    """When to let the releases go on that are held back, in an order in which it can be done."""
    held = holds(work, engine, store)
    if not held:
        return []
    rows = []
    for hold in held.values():
        needed = [
            *(f"`handoffs/{slug(handoff)}.sh` was run" for handoff in hold.handoffs),
            *(f"Secret `{keys.name}` is there" for keys in hold.keys),
            *(f"{place(other)} is ready" for other in hold.releases),
        ]
        rows.append(f"1. **{place(hold.step)}**, when {', '.join(needed)}")
    return ["## Held back\n", f"These are {_GO_ON[engine]}.\n", *rows, ""]


def _by_hand(handoff: HandoffStep) -> str:
    """One handoff that a person carries."""
    source, made = handoff.source, handoff.target_object
    into = handoff.target_step or (f"{made.kind} {made.name}" if made else handoff.target_cluster)
    name = f"sh handoffs/{slug(handoff)}.sh"
    what = f"{source.kind} {source.name} of {handoff.cluster}/{source.namespace} -> {into}"
    if handoff.crossing == "import":
        return f"1. `{name} FILE`: {what}; FILE is what the operator of {handoff.organization} hands over"
    if handoff.crossing == "export":
        return f"1. `{name}`: {what}; give `{outgoing(handoff)}` to the operator of {', '.join(handoff.receivers)}"
    return f"1. `{name}`: {what}"
