"""What the Corda charts have in common: images, patches of private copies, volumes, and the certificates sub-chart."""

from __future__ import annotations

from bevel_tui.platforms import shared_manifests as shared
from bevel_tui.platforms import sketch
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart

HOOKS_IMAGE = "ghcr.io/hyperledger/bevel-build:jdk8-stable"

#: certificates of the tls Job are signed for 30 days, and nothing renews them (helm.corda_patches)
CERTIFICATE_DAYS = "certificate-days"
#: pods of hooks name no pull secret, so a private registry refuses them (helm.corda_patches)
HOOK_PULL_SECRET = "hook-pull-secret"  # noqa: S105 - a patch's name
#: Enterprise nodes advertise the gateway's port 443, where TLS ends with another certificate than theirs
ADVERTISED_PORT = "advertised-p2p-port"

#: what the founder's TLS Job makes beside the release's own certificate (facts A5)
DOORMAN_TLS, NMS_TLS = "doorman-tls-certs", "nms-tls-certs"
OPENSSL = "openssl-conf"


def fullname(chart: Chart) -> str:
    """Name of a release's objects: the chart's name goes in front unless the release's contains it (_helpers.tpl)."""
    return part_name(chart.step.chart, chart.release)


def part_name(part: str, release: str) -> str:
    """The same for a sub-chart, by its alias."""
    return release if part in release else f"{part}-{release}"


def secure(chart: Chart) -> bool:
    """tls.enabled: certificates are made, and doorman and network map are asked by TLS."""
    return chart.on("tls.enabled")


def vault_env(chart: Chart) -> list[Json]:
    """The environment for scripts that reach Vault; none without it."""
    return sketch.env(chart.vault_env) if chart.hashicorp else []


def service_certificates(chart: Chart) -> tuple[list[Json], dict[str, str]]:
    """Volumes and mounts of the certificates of network map and doorman, which nodes trust by name."""
    if not secure(chart):
        return [], {}
    volumes = [sketch.from_secret("nms-certs", NMS_TLS), sketch.from_secret("doorman-certs", DOORMAN_TLS)]
    return volumes, {"nms-certs": "/certs/nms", "doorman-certs": "/certs/doorman"}


def maven(chart: Chart) -> list[Json]:
    """The volume with the login for applications."""
    name = chart.value("cordApps.mavenSecret")
    return [sketch.from_secret("maven-secrets", name)] if name else []


def hook_job(
    chart: Chart, what: str, container: Json, *, backoff: int, app: str | None = None, volumes: tuple[Json, ...] = ()
) -> Json:
    """A pre-install or pre-delete Job."""
    name, phase = fullname(chart), "pre-install" if what == "certgen" else "pre-delete"
    labels = sketch.labels(chart.release, chart.namespace, name=f"{phase}-hook", component=what, part_of=name, app=app)
    job = sketch.job(
        f"{name}-{phase}-hook",
        chart.namespace,
        sketch.pod(
            labels,
            chart.account,
            [container],
            volumes=volumes,
            pull_secret=chart.pull_secret if HOOK_PULL_SECRET in chart.step.patches else None,
        ),
        backoff=backoff,
    )
    return sketch.hook(job, phase, delete="before-hook-creation" if phase == "pre-install" else "hook-succeeded")


def cleanup_job(chart: Chart, secret: str, flag: str) -> Json:
    """The pre-delete Job: it deletes the keys only where the values say so (facts G)."""
    script = [f"deleteSecret {secret}"] if chart.on(flag) else []
    container = sketch.container(f"{fullname(chart)}-cleanup", HOOKS_IMAGE, script=[*script, 'echo "Completed"'])
    return hook_job(chart, "cleanup", container, backoff=3)


# ---------------------------------------------------------------- corda-certs-gen, alias tls


def tls(chart: Chart) -> list[Json]:
    """The objects of the certificates sub-chart; for a network service it makes three certificates."""
    if not secure(chart):
        return []
    release, namespace = chart.release, chart.namespace
    name = chart.text("tls.nameOverride", "tls")
    labels = {"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": release}
    mounts = {"certificates": "/certificates", "scripts-volume": "/scripts/bevel-vault.sh#bevel-vault.sh"}
    made = {f"{release}-tls-certs": ("ambassador", f"{release}.{chart.suffix}")}
    if chart.on("tls.settings.networkServices"):
        made[DOORMAN_TLS] = ("doorman", f"{release}-doorman.{chart.suffix}")
        made[NMS_TLS] = ("nms", f"{release}-nms.{chart.suffix}")
    days = "-days 1024 " if CERTIFICATE_DAYS in chart.step.patches else ""
    script = [f"DNS.{i} = {release}{part}.{chart.suffix}" for i, part in enumerate(("", "api", "web"), start=1)]
    for file, host in made.values():
        script.append(
            f"openssl req -x509 {days}-out {file}.crt -keyout {file}.key"
            + ("" if file == "ambassador" else f' -addext "subjectAltName = DNS:{host}"')
        )
    script += [
        f"kubectl create secret tls --namespace {namespace} {secret} --cert={file}.crt"
        for secret, (file, _) in made.items()
    ]
    image, pull = shared.ALPINE, chart.value("tls.image.pullSecret")
    check = sketch.container(
        "init-check-certificates",
        image,
        script=["# looks for certificates in Vault"],
        env=vault_env(chart),
        mounts=mounts,
    )
    generate = sketch.job(
        name,
        namespace,
        sketch.pod(
            labels,
            chart.account,
            [
                sketch.container(
                    "generate-certs",
                    image,
                    script=script,
                    env=[*vault_env(chart), *sketch.env({"EXTERNAL_URL": f"{release}.{chart.suffix}"})],
                    mounts=mounts,
                )
            ],
            init=[check] if chart.hashicorp else (),
            volumes=[sketch.empty("certificates"), shared.scripts_volume()],
            pull_secret=pull,
        ),
        backoff=6,
    )
    delete = [f"kubectl delete secret --namespace {namespace} {secret}" for secret in made]
    cleanup = sketch.job(
        f"{name}-cleanup",
        namespace,
        sketch.pod(
            {"app.kubernetes.io/name": "corda-certs-gen-job-cleanup"},
            chart.account,
            [sketch.container("delete-certs", image, script=delete)],
            restart="Never",
            pull_secret=pull,
        ),
        backoff=3,
    )
    return [generate, sketch.hook(cleanup, "pre-delete", delete="hook-succeeded")]


# ---------------------------------------------------------------- routes


def host(name: str, namespace: str, hostname: str, secret: str, *, insecure: str) -> Json:
    """A Host with a certificate of its own; `insecure` is what becomes of plain HTTP."""
    return sketch.ambassador(
        "Host",
        name,
        namespace,
        {
            "hostname": hostname,
            "acmeProvider": {"authority": "none"},
            "requestPolicy": {"insecure": {"action": insecure}},
            "tlsSecret": {"name": secret, "namespace": namespace},
        },
    )


def mapping(name: str, namespace: str, hostname: str, service: str, *, context: str | None = None) -> Json:
    """A Mapping of all paths of a host; with `context` the backend is spoken to by TLS."""
    spec = {"host": hostname, "prefix": "/", "service": service, **({"tls": context} if context else {})}
    return sketch.ambassador("Mapping", name, namespace, spec)


def tls_context(name: str, namespace: str, hostname: str, secret: str) -> Json:
    """The certificate that a Mapping's backend is shown."""
    return sketch.ambassador(
        "TLSContext",
        name,
        namespace,
        {
            "hosts": [hostname],
            "secret": f"{secret}.{namespace}",
            "secret_namespacing": True,
            "min_tls_version": "v1.2",
        },
    )
