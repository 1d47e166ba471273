"""What the Jobs that update a channel's configuration run (`fabric_update_manifests`), put together from its parts.

Fabric's own tools read and write the configuration, jq changes it, and looks at what is about to be signed.
"""

from __future__ import annotations

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
  echo "The update that was handed over is empty, and ${CHANNEL_NAME} is not as it should be."
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

KEEP = """\
set -e
kubectl create configmap "${NAME}" --namespace "${NAMESPACE}" --from-file=update_base64=/work/update.base64 \\
  --dry-run=client -o yaml | kubectl apply -f -
"""

#: the same for an orderer among those who order, by its address
_ORDERER_DONE = """\
CONSENTER='.channel_group.groups.Orderer.values.ConsensusType.value.metadata.consenters'
if [ "$(jq --arg h "${ORDERER_HOST}" --argjson p "${ORDERER_PORT}" "any(${CONSENTER}[]; .host == \\$h and .port == \\$p)" \\
  config.json)" = "${JOINS}" ]; then
  echo "Nothing to do: the configuration of ${CHANNEL_NAME} says so of ${ORDERER_HOST}:${ORDERER_PORT} already."
  echo none > update.base64
  exit 0
fi
"""

_ORDERER_JOINS = """\
jq --arg m "${MEMBER}" --arg h "${ORDERER_HOST}" --argjson p "${ORDERER_PORT}" \\
  --arg c "$(base64 < /certificate/servercrt | tr -d '\\n')" '.channel_group.groups.Orderer
  |= (.values.ConsensusType.value.metadata.consenters += [{client_tls_cert: $c, host: $h, port: $p, server_tls_cert: $c}]
  | .groups[$m].values.Endpoints.value.addresses += ["\\($h):\\($p)"])' config.json > wanted.json
"""

_ORDERER_LEAVES = """\
jq --arg m "${MEMBER}" --arg h "${ORDERER_HOST}" --argjson p "${ORDERER_PORT}" '.channel_group.groups.Orderer
  |= (.values.ConsensusType.value.metadata.consenters |= map(select(.host != $h or .port != $p))
  | .groups[$m].values.Endpoints.value.addresses -= ["\\($h):\\($p)"])' config.json > wanted.json
"""

#: one consenter more (or less), its organization's addresses, and nothing else of how the channel is ordered
_ORDERER_LOOK = """\
decode common.Envelope update.pb update.json
jq -e --arg c "${CHANNEL_NAME}" --arg m "${MEMBER}" --arg h "${ORDERER_HOST}" --argjson p "${ORDERER_PORT}" \\
  --argjson joins "${JOINS}" --slurpfile now config.json '
  $now[0].channel_group.groups.Orderer as $before
  | .payload.data.config_update
  | .channel_id == $c and (.write_set.groups | keys) == ["Orderer"]
  and (.write_set.groups.Orderer
    | ([.values | to_entries[] | select(.value.value != null).key] == ["ConsensusType"])
    and (.values.ConsensusType.value as $new | $before.values.ConsensusType.value as $old
      | ($new | del(.metadata.consenters)) == ($old | del(.metadata.consenters))
      and ($new.metadata.consenters as $n | $old.metadata.consenters as $o
        | if $joins then $o - $n == [] and [$n - $o | .[] | [.host, .port]] == [[$h, $p]]
          else $n - $o == [] and [$o - $n | .[] | [.host, .port]] == [[$h, $p]] end))
    and all(.policies[]; .policy == null)
    and all(.groups | to_entries[] | select(.key != $m).value; .groups == {} and .values == {} and .policies == {})
    and (.groups[$m] | [.values | to_entries[] | select(.value.value != null).key] == ["Endpoints"]
      and all(.policies[]; .policy == null)
      and ((.values.Endpoints.value.addresses // []) as $n | $before.groups[$m].values.Endpoints.value.addresses as $o
        | (if $joins then [$n - $o, $o - $n] else [$o - $n, $n - $o] end) == [["\\($h):\\($p)"], []])))' \\
  update.json > /dev/null || {
  echo "The update of ${CHANNEL_NAME} changes something else than ${ORDERER_HOST}:${ORDERER_PORT}: not signed."
  exit 1
}
"""


def script(*, makes: bool, submits: bool, joins: bool, orderer: bool = False) -> str:
    """What the Job of one organization runs: the first `makes` the update, the last `submits` it, all others sign.

    It is about a member of the channel, or with `orderer` about one of those who order.
    """
    if orderer:
        done, change, look = _ORDERER_DONE, _ORDERER_JOINS if joins else _ORDERER_LEAVES, _ORDERER_LOOK
    else:
        done, change, look = _MEMBER_DONE, _JOINS if joins else _LEAVES, _LOOK
    made = change + _ENVELOPE if makes else _HANDED
    return _BEGIN + done + made + look + (_SUBMIT if submits else _SIGN)
