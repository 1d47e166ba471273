"""Our own chart for an update of a channel's configuration, which Bevel does with playbooks in a CLI pod (facts A1.1b).

One Job per organization that must sign. The first reads the configuration from an orderer and makes the update, each
looks at what it is about to sign, all but the last hand it on in a ConfigMap, the last one submits it. What leaves a
namespace is an envelope with signatures and certificates: nothing private is in it. The commands are those of Bevel's
playbooks (new_organization/create_block, config_block/sign_and_update, delete_org_script); the image is the one in which
fabric-channel-join runs ``configtxlator`` and ``jq`` as well.
"""

from __future__ import annotations

from typing import Any

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Manifest
from bevel_tui.platforms.fabric_charts import ADMIN_MSP, TOOLS_IMAGE
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

CHART, VERSION = "bevel-channel-update", "1.0.0"
#: data key of the ConfigMaps that hold an update, and what stands there when there was nothing left to do
UPDATE_KEY, NOTHING = "update_base64", "none"

behaviours = {
    CHART: ChartBehaviour(
        name=CHART,
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+-update-[0-9]+)",
                container=r"channel-update",
                player="fabric-channel-update",
                seconds=1.0,
                init=True,
                source="our own; commands of Bevel's playbooks, see fabric_update_manifests",
            ),
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+-update-[0-9]+)",
                container=r"keep",
                seconds=0.2,
                source="our own",
            ),
        ),
    )
}

#: Ends at the first error. What was done already is not done again: a Job may be started as often as it takes.
_BEGIN = """\
set -e
cd /work
if ! command -v jq > /dev/null; then
  . /scripts/package-manager.sh
  apt-get update --allow-releaseinfo-change
  install_packages "jq"
fi
orderer() { peer channel "$@" -o "${ORDERER_URL}" -c "${CHANNEL_NAME}" --tls --cafile "${ORDERER_CA}"; }
decode() { configtxlator proto_decode --type "$1" --input "$2" --output "$3"; }
encode() { configtxlator proto_encode --type "$1" --input "$2" --output "$3"; }
orderer fetch config block.pb
decode common.Block block.pb block.json
jq '.data.data[0].payload.data.config' block.json > config.json
"""

_MEMBER_DONE = """\
if [ "$(jq --arg m "${MEMBER}" '.channel_group.groups.Application.groups | has($m)' config.json)" = "${JOINS}" ]; then
  echo "Nothing to do: the configuration of ${CHANNEL_NAME} says so of ${MEMBER} already."
  echo none > update.base64
  exit 0
fi
"""

_JOINS = """\
jq --arg m "${MEMBER}" --arg host "${ANCHOR_HOST}" --argjson port "${ANCHOR_PORT}" \\
  --slurpfile new "/definition/${DEFINITION}" '.channel_group.groups.Application.groups[$m] = ($new[0]
  | del(.values.Endpoints)
  | .values.AnchorPeers = {mod_policy: "Admins", version: "0", value: {anchor_peers: [{host: $host, port: $port}]}})' \\
  config.json > wanted.json
"""

_LEAVES = """\
jq --arg m "${MEMBER}" 'del(.channel_group.groups.Application.groups[$m])' config.json > wanted.json
"""

_ENVELOPE = """\
encode common.Config config.json config.pb
encode common.Config wanted.json wanted.pb
configtxlator compute_update --channel_id "${CHANNEL_NAME}" --original config.pb --updated wanted.pb --output delta.pb
decode common.ConfigUpdate delta.pb delta.json
jq --arg c "${CHANNEL_NAME}" '{payload: {header: {channel_header: {channel_id: $c, type: 2}}, data: {config_update: .}}}' \\
  delta.json > envelope.json
encode common.Envelope envelope.json update.pb
"""

_HANDED = """\
if [ "$(cat /handed/update_base64)" = none ]; then
  echo "The update that was handed over is empty, and ${MEMBER} is not as it should be in ${CHANNEL_NAME}."
  exit 1
fi
base64 -d < /handed/update_base64 > update.pb
"""

#: nothing is signed that does more than it should: one organization more (or less), and no policy or value of others
_LOOK = """\
decode common.Envelope update.pb update.json
jq -e --arg c "${CHANNEL_NAME}" --arg m "${MEMBER}" --argjson joins "${JOINS}" --slurpfile now config.json '
  .payload.data.config_update
  | .channel_id == $c and (.write_set.groups | keys) == ["Application"]
  and (.write_set.groups.Application
    | (.groups | keys) as $after | ($now[0].channel_group.groups.Application.groups | keys) as $before
    | (if $joins then [$after - $before, $before - $after] else [$before - $after, $after - $before] end) == [[$m], []]
    and all(.groups | to_entries[] | select(.key != $m).value; .groups == {} and .values == {} and .policies == {})
    and all(.values[]; .value == null) and all(.policies[]; .policy == null))' update.json > /dev/null || {
  echo "The update of ${CHANNEL_NAME} changes something else than ${MEMBER}: not signed."
  exit 1
}
"""

_SIGN = """\
peer channel signconfigtx -f update.pb
base64 update.pb | tr -d '\\n' > update.base64
echo "${CORE_PEER_LOCALMSPID} has signed the update of ${CHANNEL_NAME}."
"""

_SUBMIT = """\
base64 update.pb | tr -d '\\n' > update.base64
orderer update -f update.pb
echo "Channel ${CHANNEL_NAME} is updated."
"""

_KEEP = """\
set -e
kubectl create configmap "${NAME}" --namespace "${NAMESPACE}" --from-file=update_base64=/work/update.base64 \\
  --dry-run=client -o yaml | kubectl apply -f -
"""


def script(*, makes: bool, submits: bool, joins: bool) -> str:
    """What the Job of one organization runs: the first `makes` the update, the last `submits` it, all others sign."""
    change = _JOINS if joins else _LEAVES
    made = change + _ENVELOPE if makes else _HANDED
    return _BEGIN + _MEMBER_DONE + made + _LOOK + (_SUBMIT if submits else _SIGN)


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of the chart, complete."""
    chart = Chart(step)
    release, namespace = chart.release, chart.namespace
    makes, submits, joins = chart.on("update.makes"), chart.on("update.submits"), chart.on("update.joins")
    environment = {
        "CHANNEL_NAME": chart.text("update.channel"),
        "MEMBER": chart.text("update.member"),
        "JOINS": "true" if joins else "false",
        "ORDERER_URL": chart.text("peer.ordererAddress"),
        "ORDERER_CA": "/orderer/tls/cacert",
        "CORE_PEER_ADDRESS": chart.text("peer.address"),
        "CORE_PEER_LOCALMSPID": chart.text("peer.localMspId"),
        "CORE_PEER_MSPCONFIGPATH": "/crypto/msp",
        "CORE_PEER_TLS_ENABLED": "true",
        "CORE_PEER_TLS_ROOTCERT_FILE": "/crypto/msp/tlscacerts/tlsca.crt",
    }
    mounts = {"admin-msp": "/crypto/msp", "orderer-ca": "/orderer/tls", "package-manager": "/scripts", "work": "/work"}
    items = [{"key": key, "path": f"{key}/{file}"} for key, file in ADMIN_MSP]
    volumes: list[dict[str, Any]] = [
        {"name": "admin-msp", "secret": {"secretName": "admin-msp", "items": items}},
        sketch.from_config_map("orderer-ca", chart.text("peer.ordererCa"), "cacert"),
        shared.packages_volume(),
        sketch.empty("work"),
    ]
    if not makes:
        volumes.append(sketch.from_config_map("handed", chart.text("update.handed"), UPDATE_KEY))
        mounts["handed"] = "/handed"
    elif joins:
        definition = chart.text("update.definition")
        host, _, port = chart.text("update.anchor").partition(":")
        environment |= {"DEFINITION": definition, "ANCHOR_HOST": host, "ANCHOR_PORT": port}
        volumes.append(sketch.from_config_map("definition", definition, definition))
        mounts["definition"] = "/definition"
    labels = sketch.labels(
        release, namespace, name=release, component="fabric-channel-update-job", part_of=CHART, app=release
    )
    template = sketch.pod(
        labels,
        chart.account,
        [
            sketch.container(
                "keep",
                shared.ALPINE,
                script=_KEEP.splitlines(),
                env=sketch.env({"NAME": release, "NAMESPACE": namespace}),
                mounts={"work": "/work"},
            )
        ],
        init=[
            sketch.container(
                "channel-update",
                f"{TOOLS_IMAGE}:{chart.text('global.version', '2.5.4')}",
                script=script(makes=makes, submits=submits, joins=joins).splitlines(),
                env=sketch.env(environment),
                mounts=mounts,
            )
        ],
        volumes=volumes,
        pull_secret=chart.pull_secret,
    )
    return shared.placed([sketch.job(release, namespace, template, backoff=6)], chart)
