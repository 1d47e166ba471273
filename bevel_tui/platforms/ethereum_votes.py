"""Validators that come after the genesis, or go: the votes of those that are there (facts A2.4, A3).

Keys of such a node are not the genesis'; it becomes a validator when more than half of the validators have voted for
its address, and none by a vote against it. Bevel's charts for that are a Job each. Its README calls the release like
the node's, which is taken; ours is ``propose-<node>``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bevel_tui.network.model import Network, Organization
from bevel_tui.network.naming import full_name, namespace_of
from bevel_tui.platforms import groundwork, sketch
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Manifest
from bevel_tui.platforms.ethereum_behaviour import VERSION
from bevel_tui.platforms.ethereum_charts import HOOKS_IMAGE
from bevel_tui.platforms.ids import release_id
from bevel_tui.platforms.values import Chart, text, value
from bevel_tui.records.steps import ObjectRef, ObjectValue, ReleaseStep

BESU_CHART, QUORUM_CHART = "besu-propose-validator", "quorum-propose-validator"

#: helm.vote_patches
VOTE_METHOD, VOTE_ADDRESS = "vote-method", "vote-address"

#: by platform and consensus: the JSON-RPC method that casts a vote (Besu and GoQuorum API references)
METHODS: Mapping[tuple[str, str], str] = {
    ("besu", "qbft"): "qbft_proposeValidatorVote",
    ("besu", "ibft2"): "ibft_proposeValidatorVote",
    ("besu", "clique"): "clique_propose",
    ("quorum", "qbft"): "istanbul_propose",
    ("quorum", "ibft"): "istanbul_propose",
}

_ADDRESS = r"(?:0x)?[0-9a-fA-F]{40}"


def _job(chart: str) -> ChartBehaviour:
    return ChartBehaviour(
        name=chart,
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"propose-(?P<node>.+)",
                container=r"propose-validator",
                player="propose-validator",
                seconds=0.6,
                source=f"{chart}/templates/{chart}.yaml",
            ),
        ),
    )


behaviours: Mapping[str, ChartBehaviour] = {chart: _job(chart) for chart in (BESU_CHART, QUORUM_CHART)}


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """What the chart of a vote renders. Raises KeyError for another chart."""
    if step.chart not in behaviours:
        raise KeyError(step.chart)
    chart = Chart(step)
    voters = " ".join(value(step.values, "validators.existingValidators", ()))
    candidates = " ".join(str(one) for one in value(step.values, "validators.proposeValidatorsAddr", ()))
    method = text(step.values, "validators.consensusMethod", "istanbul_propose")
    auth = text(step.values, "validators.auth", "true")
    environ = {"EXISTING_VALIDATOR_URLS": voters, "PROPOSE_VALIDATOR_ADDRS": candidates}
    if step.chart == BESU_CHART:
        environ["CONSENSUS_METHOD"] = method
    labels = sketch.labels(
        chart.release,
        chart.namespace,
        name=f"{step.chart}-job",
        component="propose-validator-job",
        part_of=chart.release,
        app=chart.release,
    )
    template = sketch.pod(
        labels,
        "default",
        [
            sketch.container(
                "propose-validator",
                HOOKS_IMAGE,
                script=[f'"method":"{method}","params":[candidate,{auth}]'],
                env=sketch.env(environ),
            )
        ],
    )
    job = sketch.job(text(step.values, "nameOverride", step.chart), chart.namespace, template, backoff=3)
    return shared.placed([job], chart)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that is voted in (`join`) or out; `address` is where its hook or keys step leaves its address."""

    node: str
    join: bool
    address: tuple[ObjectRef, str]


def vote(
    network: Network, organization: Organization, candidate: Candidate, voters: Sequence[str], needs: tuple[str, ...]
) -> ReleaseStep:
    """The release that casts the votes of `voters` (releases of the same namespace) on a candidate.

    The Job asks every voter inside the cluster. Raises KeyError for a consensus that knows no votes.
    """
    kind = network.platform.type
    namespace = namespace_of(network, organization)
    chart = BESU_CHART if kind == "besu" else QUORUM_CHART
    name = f"propose-{candidate.node}"
    ref, key = candidate.address
    node = f"{kind}-node"
    placement = groundwork.placement(network)
    step = ReleaseStep(
        id=release_id(organization.cluster, namespace, name),
        cluster=organization.cluster,
        namespace=namespace,
        organization=organization.name,
        managed=organization.managed,
        needs=needs,
        release=name,
        chart=chart,
        chart_version=VERSION,
        values={
            **({"global": {"placement": placement}} if placement else {}),
            # the Job's only name: by default that of the chart, which a second release would meet
            "nameOverride": name,
            "validators": {
                "auth": candidate.join,
                "consensusMethod": METHODS[kind, str(getattr(network.platform, "consensus", ""))],
                "existingValidators": [
                    f"http://{full_name(node, voter)}.{namespace}.svc.cluster.local:8545" for voter in voters
                ],
                "proposeValidatorsAddr": [ObjectValue(ref, key, _ADDRESS)],
            },
        },
        patches=(*((VOTE_METHOD,) if kind == "besu" else ()), VOTE_ADDRESS, *groundwork.patches(network)),
        lane=f"{organization.cluster}/{namespace}/{kind}-votes",
    )
    rendered = manifests(step)
    return replace(
        step, expects=groundwork.expects(rendered), estimate=groundwork.estimate(rendered, behaviours[chart])
    )
