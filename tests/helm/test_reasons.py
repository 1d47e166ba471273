"""What Helm's words mean: messages as real Helms wrote them."""

from __future__ import annotations

import pytest

from bevel_tui.helm.reasons import one_line, reason_of, split_stderr


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("render", "INSTALLATION FAILED: execution error at (demo/templates/x.yaml:1:3): no connection refused here"),
        ("render", "INSTALLATION FAILED: template: demo/templates/x.yaml:1:10: executing: nil pointer"),
        ("render", 'demo/templates/broken.yaml:1:10 executing "demo/templates/b" at <.x>: nil pointer evaluating'),
        ("render", "INSTALLATION FAILED: YAML parse error on demo/templates/x.yaml: error converting YAML to JSON"),
        ("render", "values don't meet the specifications of the schema(s) in the following chart(s)"),
        ("render", "chart requires kubeVersion: >=1.99 which is incompatible with Kubernetes v1.34.0"),
        ("pending", "UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress"),
        ("pending", "INSTALLATION FAILED: cannot reuse a name that is still in use"),
        ("pending", 'create: failed to create: secrets "sh.helm.release.v1.demo.v1" already exists'),
        ("hook", "INSTALLATION FAILED: failed pre-install: 1 error occurred: * job demo failed: BackoffLimitExceeded"),
        ("hook", "INSTALLATION FAILED: failed post-install: timed out waiting for the condition"),
        ("hook", "UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred"),
        (
            "conflict",
            'Unable to continue with install: ConfigMap "a" in namespace "n" exists and cannot be imported into '
            "the current release: invalid ownership metadata",
        ),
        ("conflict", 'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.greeting'),
        (
            "conflict",
            'Job.batch "a" is invalid: spec.template: Invalid value: core.PodTemplateSpec: field is immutable',
        ),
        (
            "silent",
            'Kubernetes cluster unreachable: Get "http://127.0.0.1:9/version": dial tcp 127.0.0.1:9: connection refused',
        ),
        (
            "silent",
            'INSTALLATION FAILED: failed pre-install: Get "https://10.0.0.1:6443/apis/batch/v1/namespaces/n/jobs/j": '
            "dial tcp 10.0.0.1:6443: connect: connection refused",
        ),
        ("silent", 'create: failed to create: Post "https://127.0.0.1:6443/api/v1/namespaces/n/secrets": EOF'),
        (
            "silent",
            'query: failed to query with labels: Get "https://h/api/v1/secrets?labelSelector=name%3Dx%2Cowner%3Dhelm": '
            "read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer",
        ),
        ("silent", "UPGRADE FAILED: the server is currently unable to handle the request (get secrets)"),
        (
            "silent",
            'failed to get waiter: error loading config file "/k": yaml: line 1: did not find expected node content',
        ),
        ("silent", "unable to build kubernetes objects from release manifest: stat /k: no such file or directory"),
        ("silent", 'pods "a" is forbidden: not yet ready to handle request'),
        (
            "api",
            "Internal error occurred: failed calling webhook "
            '"policy.example.test": failed to call webhook: Post "https://127.0.0.1:1/validate?timeout=1s": dial tcp '
            "127.0.0.1:1: connect: connection refused",
        ),
        ("api", 'Kubernetes cluster unreachable: context "nowhere" does not exist'),
        ("api", 'secrets is forbidden: User "x" cannot list resource "secrets" in API group ""'),
        ("api", 'no matches for kind "Mapping" in version "getambassador.io/v3alpha1" ensure CRDs are installed first'),
        ("api", 'create: failed to create: namespaces "nothing" not found'),
        ("other", 'UPGRADE FAILED: "demo" has no deployed releases'),
    ],
)
def test_reasons(reason: str, error: str) -> None:
    assert reason_of(error) == reason


def test_helm_4_stderr() -> None:
    text = (
        'level=WARN msg="unable to find \\"x\\" in y" key=value\n'
        "level=INFO msg=hello\n"
        'time=2026-01-01T00:00:00Z level=DEBUG msg="warning: none"\n'
        "Error: INSTALLATION FAILED: first\n\n  second\n"
    )
    assert split_stderr(text) == ("INSTALLATION FAILED: first second", ('unable to find "x" in y key=value', "none"))


def test_helm_3_stderr() -> None:
    text = (
        "WARNING: Kubernetes configuration file is group-readable. This is insecure. Location: /x\n"
        'W1123 12:50:15.123456   12345 warnings.go:70] unknown field "spec.unheard"\n'
        "I1123 12:50:15.123456   12345 request.go:70] waited\n"
        "load.go:120: Warning: Dependencies are handled in Chart.yaml\n"
        "2026/11/23 12:50:15 Warning: Dependencies are handled in Chart.yaml\n"
        "something else\n"
    )
    assert split_stderr(text) == (
        "",
        ('unknown field "spec.unheard"', "Dependencies are handled in Chart.yaml", "something else"),
    )


def test_one_line() -> None:
    assert one_line("Error: Error:  a\n\tb\n") == "a b"
