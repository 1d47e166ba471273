"""What the pods of Bevel's Fabric charts do (v1.3.0, chart versions 1.1.0; facts A1).

`seconds` are nominal: long enough for the order of things to be seen, short enough for a rehearsal.
"""

from __future__ import annotations

from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves
from bevel_tui.platforms.fabric_chaincode_behaviour import CHAINCODE
from bevel_tui.platforms.shared_behaviour import VAULT_MGMT

VERSION = "1.1.0"

#: Secret of an orderer or peer that holds its TLS certificate and key (facts A1.3, runtime)
NODE_TLS = ("{release}-tls", "servercrt", "serverkey")
CA_TLS = ("fabric-ca-server-certs", "tls.crt", "tls.key")

#: fabric-catools, alias certs: enrols the node at its CA (facts A1.3); fails silently in the original (F03)
CERTS = (
    Behaviour(
        kind="Job",
        workload=r"(?P<release>.+)-certs-job",
        container=r"generate-certs",
        player="fabric-certs",
        seconds=1.5,
        source="fabric-catools/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"(?P<release>.+)-certs-cleanup",
        container=r"delete-secrets",
        player="fabric-certs-cleanup",
        seconds=0.3,
        source="fabric-catools/templates/job-cleanup.yaml",
    ),
)

#: fabric-cli, alias peer: a shell beside a peer
CLI = (
    Behaviour(
        kind="Deployment",
        workload=r"(?P<release>.+)-cli",
        container=r"certificates-init",
        seconds=0.2,
        init=True,
        waits_for=("admin-msp", "admin-tls"),
        patience=300.0,
        source="fabric-cli/templates/deployment.yaml (20 tries, 15 s apart)",
    ),
    Behaviour(
        kind="Deployment",
        workload=r"(?P<release>.+)-cli",
        container=r"cli",
        seconds=0.3,
        source="fabric-cli/templates/deployment.yaml",
    ),
)

GRPC_WEB = Serves(7443, "tls", tls=NODE_TLS)

BEHAVIOURS: dict[str, ChartBehaviour] = {
    "fabric-ca-server": ChartBehaviour(
        name="fabric-ca-server",
        version=VERSION,
        pods=(
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-ca-server-(?P<release>.+)",
                container=r"ca-certs-init",
                player="fabric-ca",
                seconds=0.5,
                init=True,
                source="fabric-ca-server/templates/statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-ca-server-(?P<release>.+)",
                container=r"ca",
                seconds=1.0,
                serves=(Serves(7054, "fabric-ca", tls=CA_TLS), Serves(9443, "fabric-operations")),
                source="fabric-ca-server/templates/statefulset.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"fabric-ca-server-cleanup",
                container=r"delete-secrets",
                player="fabric-ca-cleanup",
                seconds=0.3,
                source="fabric-ca-server/templates/ca-job-cleanup.yaml",
            ),
            *VAULT_MGMT,
        ),
    ),
    "fabric-orderernode": ChartBehaviour(
        name="fabric-orderernode",
        version=VERSION,
        pods=(
            *CERTS,
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-orderernode-(?P<release>.+)",
                container=r"kafka-healthcheck",
                seconds=0.1,
                init=True,
                source="fabric-orderernode/templates/node-statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-orderernode-(?P<release>.+)",
                container=r"certificates-init",
                seconds=0.2,
                init=True,
                waits_for=("{release}-tls", "{release}-msp"),
                patience=150.0,
                source="fabric-orderernode/templates/node-statefulset.yaml (10 tries, 15 s apart)",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-orderernode-(?P<release>.+)",
                container=r"fabric-orderer",
                seconds=1.0,
                serves=(
                    Serves(7050, "grpc", tls=NODE_TLS),
                    Serves(7055, "tls", tls=NODE_TLS),
                    Serves(9443, "fabric-operations"),
                ),
                source="fabric-orderernode/templates/node-statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-orderernode-(?P<release>.+)",
                container=r"grpc-web",
                seconds=0.2,
                serves=(GRPC_WEB,),
                source="fabric-orderernode/templates/node-statefulset.yaml",
            ),
        ),
    ),
    "fabric-peernode": ChartBehaviour(
        name="fabric-peernode",
        version=VERSION,
        pods=(
            *CERTS,
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-peernode-(?P<release>.+)",
                container=r"certificates-init",
                seconds=0.2,
                init=True,
                waits_for=("{release}-tls", "{release}-msp"),
                patience=300.0,
                source="fabric-peernode/templates/node-statefulset.yaml (20 tries, 15 s apart)",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-peernode-(?P<release>.+)",
                container=r"couchdb",
                seconds=0.3,
                serves=(Serves(5984, "http"),),
                source="fabric-peernode/templates/node-statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"fabric-peernode-(?P<release>.+)",
                container=r"grpc-web",
                seconds=0.2,
                serves=(GRPC_WEB,),
                source="fabric-peernode/templates/node-statefulset.yaml",
            ),
            Behaviour(
                # the container bears the release's name
                kind="StatefulSet",
                workload=r"fabric-peernode-(?P<release>.+)",
                container=r".+",
                seconds=1.0,
                serves=(
                    Serves(7051, "grpc", tls=NODE_TLS),
                    Serves(7053, "tcp"),
                    Serves(9443, "fabric-operations"),
                ),
                source="fabric-peernode/templates/node-statefulset.yaml",
            ),
            *CLI,
        ),
    ),
    "fabric-genesis": ChartBehaviour(
        name="fabric-genesis",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+)-job",
                container=r"generate-artifacts",
                player="fabric-genesis",
                seconds=2.0,
                source="fabric-genesis/templates/job.yaml",
            ),
            Behaviour(
                kind="Job",
                # not the clean-up Jobs of the CA and of the enrolments, whose container bears the same name
                workload=r"(?P<release>(?!fabric-ca-server-cleanup)(?!.+-certs-cleanup).+)-cleanup",
                container=r"delete-secrets",
                player="fabric-genesis-cleanup",
                seconds=0.3,
                source="fabric-genesis/templates/genesis-job-cleanup.yaml",
            ),
        ),
    ),
    "fabric-osnadmin-channel-create": ChartBehaviour(
        name="fabric-osnadmin-channel-create",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"channel-create-(?P<release>.+)",
                container=r"certificates-init",
                seconds=0.2,
                init=True,
                source="fabric-osnadmin-channel-create/templates/osn_create_channel.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"channel-create-(?P<release>.+)",
                container=r"createchannel",
                player="fabric-osnadmin",
                seconds=1.0,
                source="fabric-osnadmin-channel-create/templates/osn_create_channel.yaml",
            ),
        ),
    ),
    "fabric-channel-create": ChartBehaviour(
        name="fabric-channel-create",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"createchannel-(?P<release>.+)",
                container=r"certificates-init",
                seconds=0.2,
                init=True,
                source="fabric-channel-create/templates/create_channel.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"createchannel-(?P<release>.+)",
                container=r"createchannel",
                player="fabric-create",
                seconds=1.0,
                source="fabric-channel-create/templates/create_channel.yaml",
            ),
        ),
    ),
    "fabric-channel-join": ChartBehaviour(
        name="fabric-channel-join",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"(?:joinchannel|anchorpeer)-(?P<release>.+)",
                container=r"certificates-init",
                seconds=0.1,
                init=True,
                source="fabric-channel-join/templates/join_channel.yaml, anchorpeer.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"joinchannel-(?P<release>.+)",
                container=r"joinchannel",
                player="fabric-join",
                seconds=0.8,
                source="fabric-channel-join/templates/join_channel.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"anchorpeer-(?P<release>.+)",
                container=r"anchorpeer",
                player="fabric-anchor",
                seconds=0.6,
                source="fabric-channel-join/templates/anchorpeer.yaml",
            ),
        ),
    ),
    **CHAINCODE,
}
