"""What the charts of version 1.0.0 render, reduced: chaincode Jobs and servers, and the operations console.

The Jobs as their private copies do: volumes of Secrets instead of init containers (helm.patches).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.fabric_charts import CRYPTO, TOOLS_IMAGE
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart


def _labels(chart: Chart, app: str, name: str) -> Json:
    return {
        "app": app,
        "app.kubernetes.io/name": name,
        "helm.sh/chart": f"{chart.step.chart}-{chart.step.chart_version}",
        "app.kubernetes.io/instance": chart.release,
    }


def _job(
    chart: Chart,
    name: str,
    container: str,
    script: Sequence[str],
    env: Mapping[str, str],
    *,
    volumes: Sequence[Json] = (),
    mounts: Mapping[str, str] | None = None,
) -> Json:
    namespace, peer = chart.namespace, chart.text("peer.name", "peer0")
    environment = {
        "CORE_PEER_ID": f"{peer}.{namespace}",
        "CORE_PEER_ADDRESS": chart.text("peer.address"),
        "CORE_PEER_LOCALMSPID": chart.text("peer.localmspid", "Org1MSP"),
        "CORE_PEER_TLS_ENABLED": chart.text("peer.tlsstatus", "true"),
        "CHAINCODE_NAME": chart.text("chaincode.name", "example"),
        "CHAINCODE_VERSION": chart.text("chaincode.version", "1"),
        **env,
    }
    template = sketch.pod(
        _labels(chart, name, name),
        chart.text("vault.serviceaccountname", "vault-auth"),
        [
            sketch.container(
                container,
                chart.text("metadata.images.fabrictools"),
                script=script,
                env=sketch.env(environment),
                mounts={"certificates": CRYPTO, **(mounts or {})},
            )
        ],
        volumes=[
            {"name": "certificates", "projected": {"sources": chart.value("global.material", [])}},
            shared.scripts_volume(),
            *volumes,
        ],
        pull_secret=chart.text("vault.imagesecretname") or None,
    )
    return sketch.job(name, namespace, template, backoff=6)


def _named(chart: Chart, what: str, *more: str) -> str:
    return "-".join((what, *more, chart.text("chaincode.name", "example"), chart.text("chaincode.version", "1")))


def install(chart: Chart) -> list[Json]:
    peer = chart.text("peer.name", "peer0")
    repository = "chaincode.repository"
    url = f"{chart.text(f'{repository}.git_username', 'user')}:$git_password@{chart.text(f'{repository}.url')}"
    branch = chart.text(f"{repository}.branch", "main")
    script = [f"git clone https://{url} -b {branch} chaincode", "peer lifecycle chaincode install"]
    env = {
        "PEER_NAME": peer,
        "PEER0_ADDRESS": f"peer0.{chart.namespace}:7051",
        "PEER_ADDRESS": chart.text("peer.address"),
        "CC_RUNTIME_LANGUAGE": chart.text("chaincode.lang", "golang"),
        "NETWORK_VERSION": chart.text("metadata.network.version", "2.2.2"),
    }
    name = _named(chart, "installchaincode", peer)
    return [_job(chart, name, "installchaincode", script, env, volumes=[shared.packages_volume()])]


def install_external(chart: Chart) -> list[Json]:
    name, version = chart.text("chaincode.name", "example"), chart.text("chaincode.version", "1")
    config = f"{chart.release}-package"
    package: Json = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": sketch.meta(config, chart.namespace),
        "binaryData": {f"{name}_{version}.tgz": chart.text("global.package")},
    }
    job = _job(
        chart,
        _named(chart, "instextcc", chart.text("peer.name", "peer0")),
        "instextcc",
        ["peer lifecycle chaincode install"],
        {"CHAINCODE_MOUNT_PATH": "/chaincodepackage"},
        volumes=[sketch.from_config_map("chaincodepackage", config)],
        mounts={"chaincodepackage": "/chaincodepackage"},
    )
    return [package, job]


def _definition(chart: Chart) -> dict[str, str]:
    return {
        "CHAINCODE_SEQUENCE": chart.text("chaincode.sequence", "1"),
        "CHANNEL_NAME": chart.text("channel.name", "mychannel"),
        "ORDERER_URL": chart.text("orderer.address"),
        # as the YAML of the chart's template has it, in double quotes
        "ENDORSEMENT_POLICIES": chart.text("chaincode.endorsementpolicies").replace('\\"', '"'),
        "INIT_REQUIRED": chart.text("chaincode.initrequired", "false"),
    }


def _endorsers(chart: Chart) -> dict[str, str]:
    return {
        "ENDORSERS_CORE_PEER_ADDR": chart.text("endorsers.corepeeraddress"),
        "ENDORSING_ORG_NAMES": chart.text("endorsers.name"),
    }


def approve(chart: Chart) -> list[Json]:
    name = f"{_named(chart, 'approvecc', chart.text('peer.name', 'peer0'))}-{chart.text('chaincode.sequence', '1')}"
    return [_job(chart, name, "approvechaincode", ["peer lifecycle chaincode approveformyorg"], _definition(chart))]


def commit(chart: Chart) -> list[Json]:
    name = f"{_named(chart, 'commitcc')}-{chart.text('chaincode.sequence', '1')}"
    env = {**_definition(chart), **_endorsers(chart)}
    script = ["peer lifecycle chaincode commit"]
    return [_job(chart, name, "commitchaincode", script, env, volumes=[shared.packages_volume()])]


def invoke(chart: Chart) -> list[Json]:
    env = {
        "CHANNEL_NAME": chart.text("channel.name", "mychannel"),
        "ORDERER_URL": chart.text("orderer.address"),
        "INVOKE_ARGUMENTS": chart.text("chaincode.invokearguments"),
        **_endorsers(chart),
    }
    name = _named(chart, "invokecc", chart.text("peer.name", "peer0"))
    return [_job(chart, name, "invokechaincode", ["peer chaincode invoke --isInit"], env)]


def server(chart: Chart) -> list[Json]:
    """fabric-external-chaincode: a server that peers call."""
    name = f"cc-{chart.text('chaincode.name', 'example')}"
    container = sketch.container(
        f"{chart.text('chaincode.name', 'example')}-{chart.text('chaincode.version', '1')}",
        chart.text("metadata.images.external_chaincode"),
        env=sketch.env(
            {
                "CHAINCODE_ID": chart.text("chaincode.ccid"),
                "CHAINCODE_SERVER_ADDRESS": "0.0.0.0:9999",
                "CHAINCODE_TLS_DISABLED": "true",
            }
        ),
    )
    container["ports"] = [{"containerPort": 9999}]
    template = sketch.pod(
        _labels(chart, name, name),
        chart.text("vault.serviceaccountname", "vault-auth"),
        [container],
        pull_secret=chart.text("vault.imagesecretname") or None,
    )
    service = sketch.service(name, chart.namespace, selector={"app": name}, ports=[("grpc", 7052)])
    service["spec"]["ports"] = [{"name": "grpc", "port": 7052, "targetPort": 9999}]
    return [sketch.deployment(name, chart.namespace, template), service]


def console(chart: Chart) -> list[Json]:
    """fabric-operations-console, with the database that it keeps its users in."""
    name, namespace = chart.text("service.name", "fabconsole"), chart.namespace
    host = f"{name}.{namespace}.{chart.text('proxy.external_url_suffix')}"
    config = f"{name}-config"
    couchdb = sketch.container(
        "couchdb", "couchdb:3.1.1", mounts={"datadir-couchdb": "/opt/couchdb/data"}, ports={"couchdb": 5984}
    )
    server = sketch.container(
        "fabric-console",
        "ghcr.io/hyperledger-labs/fabric-console:latest",
        mounts={f"{config}-volume": "/home/athena/env"},
        ports={"console": 3000},
    )
    translator = sketch.container(
        "configtxlator",
        chart.text("metadata.images.configtxlator", f"{TOOLS_IMAGE}:2.2.2"),
        script=["/usr/local/bin/configtxlator start --CORS=*"],
        ports={"configtxlator": 7059},
    )
    template = sketch.pod(
        _labels(chart, name, name),
        chart.text("service.serviceaccountname", "default"),
        [couchdb, server, translator],
        volumes=[
            sketch.from_config_map(f"{config}-volume", config),
            {"name": "datadir-couchdb", "persistentVolumeClaim": {"claimName": f"{name}-db-volume"}},
        ],
        pull_secret=chart.text("service.imagesecretname") or None,
    )
    objects = [
        sketch.config_map(config, namespace, {"config.yaml": f"host_url: https://{host}\n"}),
        sketch.stateful_set(name, namespace, template, service=name, claims=()),
        sketch.claim(
            f"{name}-db-volume",
            storage_class=chart.text("storage.couchdb.storageclassname", "gp2"),
            size=chart.text("storage.couchdb.storagesize", "512Mi"),
            namespace=namespace,
        ),
        sketch.service(
            name,
            namespace,
            selector={"app": name},
            ports=[("console", 3000), ("couchdb", 5984), ("configtxlator", 7059)],
            headless=True,
        ),
    ]
    if chart.text("proxy.provider", "haproxy") == "haproxy":
        ingress = sketch.ingress(name, namespace, [(host, name, 3000)], passthrough=False, ingress_class="")
        ingress["metadata"]["annotations"] = {
            "kubernetes.io/ingress.class": chart.text("global.ingressClass", "haproxy")
        }
        del ingress["spec"]["ingressClassName"]
        ingress["spec"]["tls"] = [{"hosts": [host]}]
        objects.append(ingress)
    return objects
