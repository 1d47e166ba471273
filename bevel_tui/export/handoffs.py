"""What crosses between releases, for engines that know of no such thing: a script each, or External Secrets.

Only what the plan lets go is in them: a key by its name, a whole object reduced to the keys that may go.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from bevel_tui.export.work import Work
from bevel_tui.records.steps import HandoffStep

Manifest = dict[str, Any]


def slug(handoff: HandoffStep) -> str:
    """A file name for a handoff."""
    return re.sub(r"[^a-z0-9]+", "-", handoff.id.lower()).strip("-")


def script(work: Work, handoff: HandoffStep, chart: str | None) -> str:
    """A POSIX shell script that carries one handoff; `chart` is the folder of the chart whose file it fills.

    Run in the folder of the export. It needs kubectl, jq and base64, and stops at the first thing that fails.
    """
    source = handoff.source
    lines = [
        "#!/bin/sh",
        f"# {handoff.id}: {source.kind} {source.name} of {handoff.cluster}/{source.namespace}.",
        "# Written by bevel-tui; only public material goes.",
        "set -eu",
    ]
    if handoff.crossing == "import":
        lines += ['from=$(realpath "${1:?name the file that was handed over}")']
    lines += ['cd "$(dirname "$0")/.."', "umask 077", *_work(work, handoff, chart)]
    return "\n".join(lines) + "\n"


def outgoing(handoff: HandoffStep) -> str:
    """Where the script of a handoff to another operator leaves what that operator's script takes."""
    return f"outgoing/{slug(handoff)}" + ("" if handoff.target_file else ".json")


def _work(work: Work, handoff: HandoffStep, chart: str | None) -> list[str]:
    """The lines that do it. What crosses between operators is a file: neither can read the other's cluster."""
    kubectl = f"kubectl --context {shlex.quote(work.context(handoff.cluster))} -n {handoff.source.namespace}"
    into = handoff.target_object
    command = _content(handoff, kubectl) if into is None else _object(handoff, kubectl)
    if handoff.crossing == "export":
        return _to_file(command, outgoing(handoff))
    if into is None:
        if chart is None:
            raise ValueError(f"{handoff.id} fills a file of a chart that is not here")
        target = f"{chart}/{handoff.target_file}"
        return _to_file('cat "$from"' if handoff.crossing == "import" else command, target)
    other = f"kubectl --context {shlex.quote(work.context(handoff.target_cluster))} -n {into.namespace} apply -f"
    return [f'{other} "$from"'] if handoff.crossing == "import" else [f"{command} | {other} -"]


def _to_file(command: str, target: str) -> list[str]:
    """Written beside it first: a file that is half there would be installed."""
    part, folder = shlex.quote(f"{target}.part"), shlex.quote(target.rsplit("/", maxsplit=1)[0])
    return [f"mkdir -p {folder}", f"{command} > {part}", f"test -s {part}", f"mv {part} {shlex.quote(target)}"]


def _key(handoff: HandoffStep) -> str:
    """A jq filter: the value of the handoff's key, decoded where it is base64."""
    read = f".data[{json.dumps(handoff.key)}] // error({json.dumps('no key ' + str(handoff.key))})"
    decode = handoff.source.kind == "Secret" and not handoff.keep_base64
    found = f"({read})" + (" | @base64d" if decode else "")
    if handoff.member is not None:
        # as JSON: that is what the chart reads
        return f"{found} | fromjson | .[{json.dumps(handoff.member)}] | tojson"
    if handoff.keep_fields:
        parts = " | ".join(_keep(field) for field in handoff.keep_fields)
        return f"{found} | fromjson | . as $all | {{}} | {parts} | tojson"
    return found


def _keep(field: str) -> str:
    path = json.dumps(field.split("."))
    return f"setpath({path}; $all | getpath({path}))"


def _content(handoff: HandoffStep, kubectl: str) -> str:
    source = handoff.source
    if handoff.log is not None:
        return _log(handoff, kubectl)
    get = f"{kubectl} get {source.kind.lower()} {source.name} -o json"
    if handoff.key is not None:
        return f"{get} | jq -ej {shlex.quote(_key(handoff))}"
    reduced = (
        "{apiVersion, kind, metadata: {name: .metadata.name, namespace: .metadata.namespace}, data: "
        f"(.data | {_kept(handoff)})}}"
    )
    return f"{get} | jq -ecj {shlex.quote(reduced)}"


def _kept(handoff: HandoffStep) -> str:
    return "{" + ", ".join(json.dumps(key) for key in handoff.keep) + "}" if handoff.keep else "."


def _log(handoff: HandoffStep, kubectl: str) -> str:
    log = handoff.log
    if log is None:
        raise ValueError(handoff.id)
    # jq's expressions are those of the plan; sed's are others
    match = f'[inputs | match({json.dumps(f"^(?:{log.pattern})$")}).captures[0].string] | last // error("not said yet")'
    return f"{kubectl} logs {handoff.source.name} -c {log.container} | jq -Rnj {shlex.quote(match)}"


def _object(handoff: HandoffStep, kubectl: str) -> str:
    """A command that writes the target object as JSON."""
    into, source = handoff.target_object, handoff.source
    if into is None:
        raise ValueError(handoff.id)
    about = f'{{apiVersion: "v1", kind: "{into.kind}", metadata: {{name: "{into.name}", namespace: "{into.namespace}"}}, data: '
    encode = into.kind == "Secret"
    if handoff.log is not None:
        value = "$value | @base64" if encode else "$value"
        made = shlex.quote(f"{about}{{{json.dumps(str(handoff.key))}: ({value})}}}}")
        return f'jq -en --arg value "$({_log(handoff, kubectl)})" {made}'
    get = f"{kubectl} get {source.kind.lower()} {source.name} -o json"
    if handoff.key is not None:
        found = _key(handoff) + (" | @base64" if encode else "")
        return f"{get} | jq -e {shlex.quote(f'{about}{{{json.dumps(handoff.key)}: ({found})}}}}')}"
    recode = ""
    if source.kind == "Secret" and not encode:
        recode = " | map_values(@base64d)"
    elif source.kind != "Secret" and encode:
        recode = " | map_values(@base64)"
    return f"{get} | jq -e {shlex.quote(f'{about}(.data | {_kept(handoff)}{recode})}}')}"


# ---------------------------------------------------------------- External Secrets


def external(handoff: HandoffStep, store: str) -> tuple[Manifest, Manifest] | None:
    """(PushSecret for the source's cluster, ExternalSecret for the target's), through a ClusterSecretStore.

    None where the operator has no means: it carries keys of Secrets to Secrets, and fills no chart files.
    """
    into, source = handoff.target_object, handoff.source
    if into is None or into.kind != "Secret" or source.kind != "Secret" or handoff.key is not None or not handoff.keep:
        return None
    if handoff.cluster == handoff.target_cluster or handoff.crossing is not None:
        return None
    remote = slug(handoff)
    push: Manifest = {
        "apiVersion": "external-secrets.io/v1alpha1",
        "kind": "PushSecret",
        "metadata": {"name": remote, "namespace": source.namespace},
        "spec": {
            "refreshInterval": "1m",
            "secretStoreRefs": [{"name": store, "kind": "ClusterSecretStore"}],
            "selector": {"secret": {"name": source.name}},
            "data": [
                {"match": {"secretKey": key, "remoteRef": {"remoteKey": remote, "property": key}}}
                for key in handoff.keep
            ],
        },
    }
    return push, external_secret(into.name, str(into.namespace), store, {key: (remote, key) for key in handoff.keep})


def external_secret(name: str, namespace: str, store: str, keys: dict[str, tuple[str, str]]) -> Manifest:
    """An ExternalSecret that makes Secret `name`; `keys`: data key -> (remote key, property)."""
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "refreshInterval": "1m",
            "secretStoreRef": {"name": store, "kind": "ClusterSecretStore"},
            "target": {"name": name},
            "data": [
                {"secretKey": key, "remoteRef": {"key": remote, "property": part}}
                for key, (remote, part) in keys.items()
            ],
        },
    }
