"""What cenm and cenm-networkmap render, reduced: the services of a Corda Enterprise network (facts A6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bevel_tui.platforms import corda_charts as parts
from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

CERTS = "cenm-certs"
NOTARY_INFO = "notary-info"
TAG = "1.5.9-zulu-openjdk8u382"

#: ports of each service's Service, by the names that the chart gives them
PORTS = {
    "auth": {"auth": 8081},
    "gateway": {"gateway": 8080},
    "zone": {"zone-enm": 25000, "zone-admin": 12345},
    "signer": {"adminlistener": 6000},
    "idman": {"issuance": 5052, "revocation": 5053, "main": 10000, "adminlistener": 6000},
    "networkmap": {"http": 5050, "http-external": 10000, "adminlistener": 6000},
}
#: claims of each StatefulSet
CLAIMS = {
    "auth": ("auth-h2", "auth-logs"),
    "gateway": ("gateway-logs",),
    "zone": ("zone-h2", "zone-logs"),
    "signer": ("signer-logs",),
    "idman": ("idman-h2", "idman-etc", "idman-logs"),
    "networkmap": ("networkmap-h2", "networkmap-logs", "networkmap-etc", "notary-nodeinfo"),
}


def cenm(chart: Chart) -> list[Json]:
    """Keys, authentication, gateway, zone, signer and identity manager, in one chart."""
    return [
        shared.storage_class(chart),
        parts.cleanup_job(chart, CERTS, "settings.removeKeysOnDelete"),
        _pki(chart),
        *_auth(chart),
        *_gateway(chart),
        *_zone(chart),
        *_signer(chart),
        *_idman(chart),
        *parts.tls(chart),
    ]


def _image(chart: Chart, path: str, name: str) -> str:
    """An image by its value, `path` being the place of the (sub-)chart's `image` tree."""
    key = path.rpartition(".")[2]
    prefix = f"{path.rpartition('.')[0]}.image.{key}" if "." in path else f"image.{path}"
    return f"{chart.text(f'{prefix}.repository', f'corda/enterprise-{name}')}:{chart.text(f'{prefix}.tag', TAG)}"


def _pki(chart: Chart) -> Json:
    script = [f"vaultBevelFunc 'readJson' {CERTS}"] if chart.hashicorp else []
    script += [
        'subject = "CN=DLT Root CA,OU=DLT,O=DLT,L=London,C=GB"',
        "java -jar bin/pkitool.jar --config-file pki.conf",
        "safeWriteSecret cenm /opt/cenm/DATA",
    ]
    mounts = {
        "generated-config": "/home",
        "scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh",
        "openssl-conf": "/home/openssl.conf#openssl.conf",
    }
    container = sketch.container(
        "cenm-pki", _image(chart, "pki", "pkitool"), script=script, env=parts.vault_env(chart), mounts=mounts
    )
    volumes = (
        {"name": "generated-config", "emptyDir": {}},
        shared.scripts_volume(),
        sketch.from_config_map("openssl-conf", parts.OPENSSL),
    )
    return parts.hook_job(chart, "certgen", container, backoff=1, app=chart.release, volumes=volumes)


# ---------------------------------------------------------------- what all services have


def _labels(chart: Chart, part: str, whole: str, app: str | None = None) -> Json:
    return sketch.labels(
        chart.release, chart.namespace, name=f"{part}-statefulset", component=part, part_of=whole, app=app
    )


def _config(chart: Chart, whole: str, files: Mapping[str, str]) -> Json:
    return sketch.config_map(f"{whole}-conf", chart.namespace, dict(files))


def _service(chart: Chart, part: str, whole: str, name: str) -> Json:
    return sketch.service(name, chart.namespace, selector=_labels(chart, part, whole), ports=list(PORTS[part].items()))


def _set(
    chart: Chart,
    part: str,
    whole: str,
    containers: Sequence[Json],
    *,
    init: Sequence[Json] = (),
    volumes: Sequence[Json] = (),
    pull: str,
) -> Json:
    pod = sketch.pod(
        _labels(chart, part, whole, whole),
        chart.account,
        containers,
        init=init,
        volumes=[
            sketch.from_secret("cenm-certs", CERTS),
            sketch.from_config_map(f"{part}-conf", f"{whole}-conf"),
            *volumes,
        ],
        pull_secret=chart.value(pull),
    )
    claims = [
        sketch.claim(name, storage_class=f"storage-{chart.release}", size="5Gi" if name.endswith("-h2") else "1Gi")
        for name in CLAIMS[part]
    ]
    return sketch.stateful_set(whole, chart.namespace, pod, service=whole, claims=claims)


def _server(part: str, image: str, script: Sequence[str], mounts: Mapping[str, str]) -> Json:
    return sketch.container(part, image, script=script, mounts={"cenm-certs": "/certs", **mounts})


def _log_reader(part: str, image: str, name: str = "logs") -> Json:
    script = ["while true; do tail -f logs/*.log; sleep 5; done"]
    return sketch.container(name, image, script=script, mounts={f"{part}-logs": "/opt/cenm/logs"})


def _probe(chart: Chart, service: str, image: str) -> Json:
    """An init container that asks a port again and again, without end."""
    port = next(iter(PORTS[service].values()))
    script = [f"until nc -w 5 -vz {service}.{chart.namespace} {port} > /dev/null 2>&1", "do echo failed; done"]
    return sketch.container(f"init-check-{service}", image, script=script)


def zone_token(chart: Chart, user: str, more: str) -> str:
    """The script that logs in at the gateway again and again, without end, and then tells the zone of its service."""
    gateway = f"gateway.{chart.namespace}:{PORTS['gateway']['gateway']}"
    return (
        f'echo "Trying to login to {gateway} ..."\n'
        f"java -jar bin/cenm-tool.jar context login -s http://{gateway} -u {user} -p p4ssWord\n"
        f"{more}\n"
    )


# ---------------------------------------------------------------- one service after the other


def _auth(chart: Chart) -> list[Json]:
    whole, image = parts.part_name("auth", chart.release), _image(chart, "auth.auth", "auth")
    server = _server("auth", image, ["./run.sh"], {"auth-conf": "/opt/cenm/run.sh#run.sh", "auth-etc": "/opt/cenm/etc"})
    return [
        _config(chart, whole, {"authservice.conf": "server { port = 8081 }\n", "run.sh": "# runs the service\n"}),
        _service(chart, "auth", whole, "auth"),
        _set(
            chart,
            "auth",
            whole,
            [server, _log_reader("auth", image)],
            volumes=[sketch.empty("auth-etc")],
            pull="auth.image.pullSecret",
        ),
    ]


def _gateway(chart: Chart) -> list[Json]:
    whole, image = parts.part_name("gateway", chart.release), _image(chart, "gateway.gateway", "gateway")
    server = _server(
        "gateway", image, ["./run.sh"], {"gateway-conf": "/opt/cenm/run.sh#run.sh", "gateway-etc": "/opt/cenm/etc"}
    )
    setup = sketch.pod(
        {"job-of": whole},
        "",
        [
            sketch.container(
                "main",
                image,
                script=[f"./setupAuth.sh gateway.{chart.namespace} {PORTS['gateway']['gateway']}"],
                mounts={"gateway-conf": "/opt/cenm/CM-FILES/setupAuth.sh#setupAuth.sh"},
            )
        ],
        init=[_probe(chart, "gateway", image), _probe(chart, "auth", image)],
        volumes=[sketch.from_config_map("gateway-conf", f"{whole}-conf")],
        pull_secret=chart.value("gateway.image.pullSecret"),
    )
    del setup["spec"]["serviceAccountName"]  # the one pod of the chart without
    files = {
        "gateway.conf": "auth { port = 8081 }\n",
        "run.sh": "# runs the service\n",
        "setupAuth.sh": "# makes users\n",
    }
    return [
        _config(chart, whole, files),
        sketch.job(f"{whole}-job", chart.namespace, setup, backoff=6, labels=_labels(chart, "gateway", whole)),
        _service(chart, "gateway", whole, "gateway"),
        _set(
            chart,
            "gateway",
            whole,
            [server, _log_reader("gateway", image)],
            init=[_probe(chart, "auth", image)],
            volumes=[sketch.empty("gateway-etc")],
            pull="gateway.image.pullSecret",
        ),
    ]


def _zone(chart: Chart) -> list[Json]:
    whole, image = parts.part_name("zone", chart.release), _image(chart, "zone.zone", "zone")
    server = _server("zone", image, ["bash /opt/cenm/run.sh"], {"zone-conf": "/opt/cenm/run.sh#run.sh"})
    return [
        _config(chart, whole, {"run.sh": "# runs the service\n"}),
        _service(chart, "zone", whole, "zone"),
        _set(chart, "zone", whole, [server, _log_reader("zone", image, "logs-zone")], pull="zone.image.pullSecret"),
    ]


def _signer(chart: Chart) -> list[Json]:
    whole, image = parts.part_name("signer", chart.release), _image(chart, "signer.signer", "signer")
    token = sketch.container(
        "init-token",
        _image(chart, "signer.enterpriseCli", "cli"),
        script=["bin/getZoneToken.sh"],
        mounts={
            "signer-etc": "/opt/cenm/etc",
            "cenm-certs": "/certs",
            "signer-conf": "/opt/cenm/CM/getZoneToken.sh#getZoneToken.sh",
        },
    )
    server = _server("signer", image, ["bin/run.sh"], {"signer-conf": "/opt/cenm/bin/run.sh#run.sh"})
    files = {
        "run.sh": "# runs the service\n",
        "signer.conf": "signers = {}\n",
        "getZoneToken.sh": zone_token(chart, "config-maintainer", "cenm-tool signer config set-admin-address"),
    }
    return [
        _config(chart, whole, files),
        _service(chart, "signer", whole, "signer"),
        _set(
            chart,
            "signer",
            whole,
            [server, _log_reader("signer", image)],
            init=[token],
            volumes=[sketch.empty("signer-etc")],
            pull="signer.image.pullSecret",
        ),
    ]


def _idman(chart: Chart) -> list[Json]:
    release, namespace = chart.release, chart.namespace
    whole, image = parts.part_name("idman", release), _image(chart, "idman.idman", "identitymanager")
    token = sketch.container(
        "init-token",
        _image(chart, "idman.enterpriseCli", "cli"),
        script=["bin/getZoneToken.sh"],
        mounts={
            "idman-etc": "/opt/cenm/etc",
            "cenm-certs": "/certs",
            "idman-conf": "/opt/cenm/bin/getZoneToken.sh#getZoneToken.sh",
        },
    )
    server = _server(
        "idman",
        image,
        ["java -jar bin/angel.jar --jar-name=bin/identitymanager.jar"],
        {"idman-etc": "/opt/cenm/etc", "idman-conf": "/opt/cenm/etc/idman.conf#idman.conf"},
    )
    files = {
        "idman.conf": 'address = "0.0.0.0:10000"\n',
        "getZoneToken.sh": zone_token(chart, "config-maintainer", "cenm-tool identity-manager config set --zone-token"),
    }
    objects = [
        _config(chart, whole, files),
        _service(chart, "idman", whole, "idman"),
        _set(chart, "idman", whole, [server, _log_reader("idman", image)], init=[token], pull="idman.image.pullSecret"),
    ]
    if chart.proxy == "ambassador":
        hostname = f"{release}-doorman.{chart.suffix}"
        objects += [
            parts.host(f"{release}-doorman", namespace, hostname, parts.DOORMAN_TLS, insecure="Reject"),
            parts.mapping(f"{release}-mapping", namespace, hostname, f"idman.{namespace}:10000"),
        ]
    return objects


def network_map(chart: Chart) -> list[Json]:
    """The network map: it starts from what notaries have registered (E06)."""
    release, namespace = chart.release, chart.namespace
    whole, image = parts.fullname(chart), _image(chart, "networkmap", "networkmap")
    details = {"notary-details": "/opt/cenm/notary-details", "notary-nodeinfo": "/opt/cenm/notary-nodeinfo"}
    subzone = sketch.container(
        "init-networkmap",
        _image(chart, "enterpriseCli", "cli"),
        script=["for notary in nodeInfo*", "bin/getZoneToken.sh", "tail -f /dev/null"],
        mounts={
            "networkmap-etc": "/opt/cenm/etc",
            "cenm-certs": "/certs",
            **details,
            "networkmap-conf": "/opt/cenm/bin/getZoneToken.sh#getZoneToken.sh",
        },
    )
    server = _server(
        "networkmap",
        image,
        ["java -jar bin/networkmap.jar --network-truststore /certs/network-root-truststore.jks", "bin/run.sh"],
        {**details, "networkmap-conf": "/opt/cenm/bin/run.sh#run.sh"},
    )
    files = {
        "networkmap.conf": f"identityManager = {{\n    host = idman.{namespace}\n    port = 5052\n}}\n",
        "getZoneToken.sh": zone_token(chart, "network-maintainer", "cenm-tool zone create-subzone"),
        "run.sh": "# runs the service\n",
    }
    objects = [
        shared.storage_class(chart),
        _config(chart, whole, files),
        _service(chart, "networkmap", whole, "cenm-networkmap"),
        _set(
            chart,
            "networkmap",
            whole,
            [subzone, server, _log_reader("networkmap", image)],
            volumes=[sketch.from_secret("notary-details", NOTARY_INFO)],
            pull="image.pullSecret",
        ),
    ]
    if chart.proxy == "ambassador":
        hostname = f"{chart.text('prefix')}-nms.{chart.suffix}"
        objects += [
            parts.host(f"{release}-nms", namespace, hostname, parts.NMS_TLS, insecure="Reject"),
            parts.mapping(f"{release}-mapping", namespace, hostname, f"cenm-networkmap.{namespace}:10000"),
        ]
    return objects
