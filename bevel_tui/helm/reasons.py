"""What Helm's words mean: one reading for all drivers, because Helm's errors are text only.

The texts are those of Helm 3.14 to 4.3 (pkg/action, pkg/engine, pkg/kube), checked by the drivers' contract tests.
"""

from __future__ import annotations

import re

from bevel_tui.helm.driver import Reason

#: what becomes of a connection when an API server goes away under it [go: net, net/http; client-go]
_LOST = (
    r"connection (?:refused|reset)|connection lost|broken pipe|no route to host|network is unreachable|i/o timeout|"
    r"\beof\b|tls handshake timeout|client\.timeout exceeded|sent goaway|use of closed|server misbehaving|"
    r"temporary failure in name resolution"
)

#: the first that matches holds; order matters where a text quotes another
_TEXTS: tuple[tuple[Reason, str], ...] = (
    # the template engine and the values: these quote whatever the chart's author wrote
    ("render", r"execution error at \("),
    ("render", r"template: \S+:\d+|\S+/templates/\S+:\d+(?::\d+)?:? executing "),
    ("render", r"parse error at \("),
    ("render", r"yaml parse error on"),
    ("render", r"error converting yaml to json"),
    ("render", r"values don't meet the specifications of the schema"),
    ("render", r"chart\.yaml file is missing|validation: chart\.|in charts/ directory|missing dependenc"),
    ("render", r"chart requires kubeversion"),
    ("render", r"cannot load values|failed to parse .*values"),
    # Nobody said anything about what was asked. The API server's own words about somebody else who does not answer
    # (a webhook) are no silence; a hook that could not be begun or seen for it has not failed.
    (
        "silent",
        rf"^(?!.*(?:webhook|internal error)).*\b(?:get|put|post|patch|delete|head) \"?https?://\S+: .*(?:{_LOST})",
    ),
    ("silent", r"decode an event from the watch stream|http2: client connection lost|watch closed before"),
    ("silent", r"the server is currently unable to handle|not yet ready to handle request|apiserver is shutting down"),
    ("silent", r"etcdserver: (?:request timed out|leader changed|no leader)"),
    # The kubeconfig is being written anew by somebody (kubectl, a cloud's tool), or is gone.
    ("silent", r"error loading config file|(?:unreachable|get waiter|release manifest): stat \S+: no such file"),
    # who holds the release
    ("pending", r"another operation \(install/upgrade/rollback\) is in progress"),
    ("pending", r"cannot re-?use a name that is still in use"),
    ("pending", r"release: already exists"),
    ("pending", r"secrets \"sh\.helm\.release\.v1\.\S+\" already exists"),
    # hooks: the text goes on with what became of the hook's objects
    ("hook", r"(?:failed )?(?:pre|post)-(?:install|upgrade|rollback|delete)(?: hooks?)? ?(?:failed|:)"),
    ("hook", r"failed (?:pre|post)-(?:install|upgrade|rollback|delete)"),
    # who owns an object
    ("conflict", r"apply failed with \d+ conflict"),
    ("conflict", r"invalid ownership metadata|cannot be imported into the current release"),
    ("conflict", r"field is immutable"),
    ("conflict", r"\" already exists"),
    # the cluster
    ("api", r"cluster unreachable|connection refused|no such host|dial tcp|i/o timeout|tls handshake timeout"),
    ("api", r"is forbidden|unauthorized|must be logged in|x509:"),
    ("api", r"context \"[^\"]*\" does not exist|context was not found|invalid configuration"),
    ("api", r"ensure crds are installed first|no matches for kind"),
    ("api", r"namespaces \"[^\"]*\" not found|the server (?:could not find|has asked)"),
    ("api", r"is invalid:|admission webhook|exceeded quota|error validating"),
)
_READINGS = tuple((reason, re.compile(pattern, re.IGNORECASE)) for reason, pattern in _TEXTS)

_SPACE = re.compile(r"\s+")
_PREFIX = re.compile(r"^(?:Error: )+", re.IGNORECASE)
#: a structured log line of Helm 4 (slog's text handler)
_SLOG = re.compile(r"(?:^|\s)level=(?P<level>[A-Z]+)(?:[+-]\d+)? msg=(?P<msg>\"(?:[^\"\\]|\\.)*\"|\S+)(?P<rest>.*)$")
#: a log line of client-go (klog): warnings of the API server come so
_KLOG = re.compile(r"^(?P<level>[IWEF])\d{4} [0-9:.]+\s+\d+ \S+\] (?P<msg>.*)$")
#: how a line says that it is a warning, after the time, or the file and line, that Go puts there
_WARNING = re.compile(r"^(?:[\d/]+ [\d:]+ )?(?:\S+\.go:\d+: )?warning: ?", re.IGNORECASE)
#: noise that says nothing about the release
_NOISE = ("Kubernetes configuration file is group-readable", "Kubernetes configuration file is world-readable")


def reason_of(error: str) -> Reason:
    """Our reading of an error message of Helm's."""
    return next((reason for reason, pattern in _READINGS if pattern.search(error)), "other")


def one_line(text: str) -> str:
    """A message in one line, without the word Error in front."""
    return _PREFIX.sub("", _SPACE.sub(" ", text).strip())


def split_stderr(text: str) -> tuple[str, tuple[str, ...]]:
    """What Helm wrote to stderr, as (error message in one line or "", warnings each in one line)."""
    error: list[str] = []
    warnings: list[str] = []
    for line in text.splitlines():
        if match := _SLOG.search(line):
            # Helm 4 logs some of its own warnings as information.
            message = _message(match)
            if match["level"] in {"WARN", "ERROR"} or _WARNING.match(message):
                warnings.append(message)
        elif match := _KLOG.match(line):
            if match["level"] in "WEF":
                warnings.append(match["msg"].strip())
        elif _WARNING.match(line):
            warnings.append(line)
        elif error or line.startswith("Error:"):
            # the message goes on to the end
            error.append(line)
        elif line.strip():
            warnings.append(line.strip())
    kept = [one_line(_WARNING.sub("", line)) for line in warnings]
    kept = [line for line in kept if not line.startswith(_NOISE)]
    return one_line(" ".join(error)), tuple(dict.fromkeys(filter(None, kept)))


def _message(match: re.Match[str]) -> str:
    text = match["msg"]
    if text.startswith('"'):
        text = text[1:-1].replace('\\"', '"').replace("\\n", " ").replace("\\\\", "\\")
    return f"{text}{match['rest']}".strip()
