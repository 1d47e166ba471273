"""From references to values, all of them before anything is changed. Values stay in this process's memory and in
what Kubernetes and Helm are given; they are in no event, no argument, no environment and no file of ours.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import DnsStep, KeysStep, ReleaseStep, SecretStep, SecretValue, Step

#: what a shell takes as one word and as nothing else
_WORD = re.compile(r"[A-Za-z0-9_.,:@%+=/~^-]+")
#: what stands in a URL for itself wherever it is put (RFC 3986, unreserved)
_URL = re.compile(r"[A-Za-z0-9._~-]+")


class Secrets:
    """Resolved references of a plan. Make it with `resolve`."""

    def __init__(self, values: Mapping[SecretValue, str]) -> None:
        self._values = values

    @classmethod
    def resolve(cls, steps: Iterable[Step]) -> Secrets:
        """Look up every reference of these steps.

        Raises BevelError(SECRET_UNSET) naming all that are not set, BevelError(SECRET_UNFIT) naming all whose value
        would break the script that a chart puts it into.
        """
        values: dict[SecretValue, str] = {}
        problems: list[str] = []
        unfit: list[str] = []
        in_urls: list[str] = []
        for step in steps:
            for reference in references(step):
                if reference in values:
                    continue
                try:
                    values[reference] = _look_up(reference)
                except LookupError as error:
                    problems.append(f"{error.args[0]} (needed by {step.id})")
                    values[reference] = ""
                    continue
                if reference.url and not _URL.fullmatch(values[reference]):
                    in_urls.append(f"{_name(reference)} (needed by {step.id})")
                elif reference.word and not _WORD.fullmatch(values[reference]):
                    unfit.append(f"{_name(reference)} (needed by {step.id})")
        if problems:
            raise BevelError(
                Code.SECRET_UNSET,
                "A secret that the preset refers to is not set."
                if len(problems) == 1
                else f"{len(problems)} secrets that the preset refers to are not set.",
                details=tuple(problems),
            )
        if unfit:
            raise BevelError(
                Code.SECRET_UNFIT,
                "A secret holds a blank or a character that a shell would read; Bevel's charts put it into a script as "
                "it is.",
                details=tuple(unfit),
            )
        if in_urls:
            raise BevelError(
                Code.SECRET_UNFIT,
                "A secret holds something else than letters, digits and .~_-; Bevel's charts put it into a URL as it is.",
                details=tuple(in_urls),
            )
        return cls(values)

    def values(self) -> tuple[str, ...]:
        """Every resolved value, for masking."""
        return tuple(self._values.values())

    def value(self, reference: SecretValue) -> str:
        """What one reference leads to."""
        return self._values[reference]

    def fill(self, tree: Any) -> Any:
        """A copy of a values tree with every reference replaced by its value."""
        if isinstance(tree, SecretValue):
            return self._values[tree]
        if isinstance(tree, Mapping):
            return {key: self.fill(value) for key, value in tree.items()}
        if isinstance(tree, list | tuple):
            return [self.fill(value) for value in tree]
        return tree

    def data(self, step: SecretStep) -> dict[str, str]:
        """The ``data`` of a Secret object (base64), for `step`."""
        plain = {key: str(self.fill(value)) for key, value in step.data}
        if step.secret_type == "kubernetes.io/dockerconfigjson":  # noqa: S105 - a type name
            plain = {".dockerconfigjson": _docker_config(plain)}
        return {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}


def environment(steps: Iterable[Step]) -> dict[str, str]:
    """This process's environment without the variables that these steps' secrets stand in: what children get."""
    hidden = {reference.env for step in steps for reference in references(step) if reference.env is not None}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def problem(env: str | None, file: str | None) -> str | None:
    """Why this reference leads to no value, as a sentence; None when it leads to one. The value is not told."""
    try:
        _look_up(SecretValue(env=env, file=file))
    except LookupError as error:
        return str(error.args[0])
    return None


def references(step: Step) -> Iterator[SecretValue]:
    """Every secret reference in a step."""
    if isinstance(step, SecretStep):
        yield from (value for _, value in step.data if isinstance(value, SecretValue))
    elif isinstance(step, KeysStep):
        if step.password is not None:
            yield step.password
    elif isinstance(step, ReleaseStep):
        yield from _in(step.values)
    elif isinstance(step, DnsStep) and step.update is not None:
        yield step.update.key


def _in(tree: Any) -> Iterator[SecretValue]:
    if isinstance(tree, SecretValue):
        yield tree
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _in(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _in(value)


def _name(reference: SecretValue) -> str:
    return f"environment variable {reference.env}" if reference.env is not None else f"file {reference.file}"


def _look_up(reference: SecretValue) -> str:
    if reference.env is not None:
        value = os.environ.get(reference.env)
        if not value:
            raise LookupError(f"environment variable {reference.env} is not set")
        return value
    path = Path(reference.file or "").expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "it is not text"
        raise LookupError(f"file {reference.file} cannot be read: {words}") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise LookupError(f"file {reference.file} is empty")
    return text


def _docker_config(fields: Mapping[str, str]) -> str:
    user, password = fields.get("username", ""), fields.get("password", "")
    entry = {
        "username": user,
        "password": password,
        "auth": base64.b64encode(f"{user}:{password}".encode()).decode(),
    }
    if fields.get("email"):
        entry["email"] = fields["email"]
    return json.dumps({"auths": {fields.get("server", ""): entry}}, sort_keys=True)
