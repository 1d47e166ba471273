"""What must be in a cluster before any release: namespaces, and Secrets that no file may hold."""

from __future__ import annotations

import shlex
from typing import Any

from bevel_tui.export.handoffs import Manifest, external_secret
from bevel_tui.export.work import Gap, Work, values
from bevel_tui.platforms.ethereum_charts import QUORUM_KEYS
from bevel_tui.records.steps import KeysStep, NamespaceStep, ReleaseStep, SecretStep, SecretValue

#: the Secret with the secret values of a release, in the release's namespace
VALUES_SECRET = "bevel-tui-values-{}"  # noqa: S105 - a name


def namespaces(work: Work, cluster: str) -> list[Manifest]:
    """Namespace objects of a cluster."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": step.namespace, "labels": dict(step.labels)}}
        for step in work.plan.steps
        if isinstance(step, NamespaceStep) and step.cluster == cluster and step.managed
    ]


def secrets(work: Work, cluster: str) -> list[SecretStep]:
    """The Secrets that charts expect to find."""
    return [s for s in work.plan.steps if isinstance(s, SecretStep) and s.cluster == cluster and s.managed]


def keys(work: Work) -> list[KeysStep]:
    """Secrets with keys of nodes, which only bevel-tui makes."""
    return [step for step in work.plan.steps if isinstance(step, KeysStep) and step.managed]


def secret_gaps(step: ReleaseStep) -> tuple[Gap, ...]:
    """The secret values of a release."""
    return tuple(gap for gap in values(step)[1] if isinstance(gap.value, SecretValue))


def stored(work: Work, cluster: str, store: str) -> list[Manifest]:
    """ExternalSecrets for all of that, from a ClusterSecretStore; keys are named after references."""
    found = []
    for step in secrets(work, cluster):
        wanted = {key: _remote(value) for key, value in step.data if isinstance(value, SecretValue)}
        manifest = external_secret(step.name, str(step.namespace), store, wanted)
        if step.secret_type != "Opaque":  # noqa: S105 - a type
            manifest["spec"]["target"]["template"] = _login(step)
        elif wanted:
            manifest["spec"]["target"]["template"] = {
                "type": step.secret_type,
                "data": {key: _use(key) if isinstance(value, SecretValue) else value for key, value in step.data},
            }
        found.append(manifest)
    for made in (step for step in keys(work) if step.cluster == cluster):
        wanted = {name: (keys_remote(made), name) for name in QUORUM_KEYS}
        found.append(external_secret(made.name, str(made.namespace), store, wanted))
    for release in (release for release in work.releases if release.cluster == cluster):
        gaps = secret_gaps(release)
        if gaps:
            wanted = {key_of(gap): _remote(gap.value) for gap in gaps if isinstance(gap.value, SecretValue)}
            name = VALUES_SECRET.format(release.release)
            found.append(external_secret(name, str(release.namespace), store, wanted))
    return found


def keys_remote(step: KeysStep) -> str:
    """Where a store has the keys of a node."""
    return f"{step.namespace}-{step.name}"


def key_of(gap: Gap) -> str:
    """The data key that holds the value of a gap."""
    return gap.dotted.replace("[", ".").replace("]", "")


def _remote(value: SecretValue) -> tuple[str, str]:
    """Where the store has a value: the variable's name, or the last part of the file's path."""
    return (value.env or str(value.file).rsplit("/", maxsplit=1)[-1], "value")


def _use(key: str) -> str:
    return f'{{{{ index . "{key}" }}}}'


def _login(step: SecretStep) -> dict[str, Any]:
    data = dict(step.data)
    server = data["server"]
    login = (
        f'{{"auths":{{"{server}":{{"username":"{_use("username")}","password":"{_use("password")}",'
        '"auth":"{{ printf "%s:%s" (index . "username") (index . "password") | b64enc }}"}}}'
    )
    return {"type": step.secret_type, "data": {".dockerconfigjson": login}}


# ---------------------------------------------------------------- by hand


def commands(work: Work) -> list[str]:
    """Commands that make the same Secrets by hand; values come from variables and files, not from the command line."""
    found = []
    for cluster in work.clusters():
        for step in secrets(work, cluster):
            kubectl = f"kubectl --context {shlex.quote(work.context(cluster))} -n {step.namespace}"
            found.append(_command(kubectl, step))
        for release in (release for release in work.releases if release.cluster == cluster):
            gaps = secret_gaps(release)
            if gaps:
                kubectl = f"kubectl --context {shlex.quote(work.context(cluster))} -n {release.namespace}"
                name = VALUES_SECRET.format(release.release)
                found.append(_generic(kubectl, name, {key_of(gap): gap.value for gap in gaps}))
    return found


def _command(kubectl: str, step: SecretStep) -> str:
    data = dict(step.data)
    if step.secret_type == "Opaque":  # noqa: S105 - a type
        return _generic(kubectl, step.name, data)
    user, word = data["username"], data["password"]
    return (
        f'jq -n --arg user "{_shell(user)}" --arg word "{_shell(word)}" '
        f'\'{{auths: {{"{data["server"]}": {{username: $user, password: $word, auth: ($user + ":" + $word | @base64)}}}}}}\' '
        f"| {kubectl} create secret generic {step.name} --type={step.secret_type} --from-file=.dockerconfigjson=/dev/stdin"
    )


def _generic(kubectl: str, name: str, data: dict[str, Any]) -> str:
    """A Secret made of JSON on standard input: an argument would be seen by everybody on the machine."""
    exports = " ".join(f'v{i}="{_shell(value)}"' for i, value in enumerate(data.values()))
    fields = ", ".join(f'"{key}": (env.v{i} | @base64)' for i, key in enumerate(data))
    made = f'{{apiVersion: "v1", kind: "Secret", metadata: {{name: "{name}"}}, data: {{{fields}}}}}'
    return f"{exports} jq -n {shlex.quote(made)} | {kubectl} apply -f -"


def _shell(value: Any) -> str:
    if not isinstance(value, SecretValue):
        return str(value)
    return f"${{{value.env}:?}}" if value.env else f"$(cat {shlex.quote(str(value.file))})"
