"""What the pods of Bevel's chaincode and console charts do (v1.3.0, chart versions 1.0.0)."""

from __future__ import annotations

from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves

VERSION = "1.0.0"


def _job(chart: str, name: str, container: str, player: str, seconds: float, file: str) -> ChartBehaviour:
    return ChartBehaviour(
        name=chart,
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=rf"{name}-.+",
                container=container,
                player=player,
                seconds=seconds,
                source=f"{chart}/templates/{file}",
            ),
        ),
    )


_CONSOLE = "fabric-operations-console/templates/deployment.yaml"

CHAINCODE: dict[str, ChartBehaviour] = {
    behaviour.name: behaviour
    for behaviour in (
        _job(
            "fabric-chaincode-install",
            "installchaincode",
            "installchaincode",
            "fabric-chaincode-install",
            2.0,
            "install_chaincode.yaml",
        ),
        _job(
            "fabric-external-chaincode-install",
            "instextcc",
            "instextcc",
            "fabric-external-install",
            0.8,
            "install_external_chaincode.yaml",
        ),
        _job(
            "fabric-chaincode-approve",
            "approvecc",
            "approvechaincode",
            "fabric-chaincode-approve",
            0.8,
            "approve_chaincode.yaml",
        ),
        _job(
            "fabric-chaincode-commit",
            "commitcc",
            "commitchaincode",
            "fabric-chaincode-commit",
            1.0,
            "commit_chaincode.yaml",
        ),
        _job(
            "fabric-chaincode-invoke",
            "invokecc",
            "invokechaincode",
            "fabric-chaincode-invoke",
            0.8,
            "invoke_chaincode.yaml",
        ),
        ChartBehaviour(
            name="fabric-external-chaincode",
            version=VERSION,
            pods=(
                Behaviour(
                    # the container bears name and version of the chaincode
                    kind="Deployment",
                    workload=r"cc-(?P<chaincode>.+)",
                    container=r".+",
                    seconds=0.5,
                    serves=(Serves(9999, "tcp"),),
                    source="fabric-external-chaincode/templates/deployment.yaml",
                ),
            ),
        ),
        ChartBehaviour(
            name="fabric-operations-console",
            version=VERSION,
            pods=(
                Behaviour(
                    kind="StatefulSet",
                    workload=r"(?P<release>.+console)",
                    container=r"couchdb",
                    seconds=0.3,
                    serves=(Serves(5984, "http"),),
                    source=_CONSOLE,
                ),
                Behaviour(
                    kind="StatefulSet",
                    workload=r"(?P<release>.+console)",
                    container=r"fabric-console",
                    seconds=0.6,
                    serves=(Serves(3000, "http"),),
                    source=_CONSOLE,
                ),
                Behaviour(
                    kind="StatefulSet",
                    workload=r"(?P<release>.+console)",
                    container=r"configtxlator",
                    seconds=0.2,
                    serves=(Serves(7059, "http"),),
                    source=_CONSOLE,
                ),
            ),
        ),
    )
}
