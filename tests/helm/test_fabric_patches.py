"""The patches of the Fabric and shared charts: on small charts, and on what they must refuse."""

from __future__ import annotations

import pytest

from bevel_tui.helm import patches
from bevel_tui.records.errors import BevelError, Code

ABOUT = b"apiVersion: v1\nname: chart\nversion: 1.1.0\n"
ACCOUNT = """apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .Values.global.serviceAccountName }}
  namespace: {{ .Release.Namespace }}
"""
GENESIS = """              if [ -e /templates/{{ $orderer.name }}-orderer-tls.json ]; then
                echo "$CONFIG_FILE" | base64 -d > ${OUTPUT_PATH_PEER}/{{ $org.name }}/orderers/{{ $orderer.name }}/tls/server.crt
              fi
"""
ROUTE = (
    'spec:\n  ingressClassName: "haproxy"\n---\nmetadata:\n  annotations:\n    kubernetes.io/ingress.class: "haproxy"\n'
)
CORE = (
    "chaincode:\n    externalBuilders:\n        - path: /var/buildpacks/sampleBuilder\n          name: sampleBuilder\n"
)
JOB = """kind: Job
spec:
  template:
    spec:
      volumes:
      - name: certificates
        emptyDir:
          medium: Memory
      - name: chaincodepackage
        emptyDir:
          medium: Memory
      initContainers:
      - name: certificates-init
        args:
        - |-
          echo containers:
      - name: package-init
        image: x
      containers:
      - name: work
        image: y
"""


def patched(patch: str, text: str, path: str = "templates/a.yaml") -> dict[str, str]:
    tree = patches.apply({"Chart.yaml": ABOUT, path: text.encode()}, [patch])
    return {name: content.decode() for name, content in tree.items()}


def test_the_account_names_the_pull_secret_where_there_is_one() -> None:
    text = patched("account-pull-secret", ACCOUNT)["templates/a.yaml"]
    assert text.startswith(
        "apiVersion: v1\n{{- with .Values.global.pullSecret }}\nimagePullSecrets:\n- name: {{ . }}\n{{- end }}\nkind: ServiceAccount\n"
    )


def test_the_folder_is_made_before_the_certificate() -> None:
    """failures F10"""
    lines = patched("fabric-foreign-orderers", GENESIS)["templates/a.yaml"].splitlines()
    folder = "${OUTPUT_PATH_PEER}/{{ $org.name }}/orderers/{{ $orderer.name }}/tls"
    assert lines[1].strip() == f"mkdir -p {folder}"
    assert lines[2].strip() == f'echo "$CONFIG_FILE" | base64 -d > {folder}/server.crt'


def test_routes_name_the_class_in_both_ways() -> None:
    text = patched("fabric-ingress-class", ROUTE)["templates/a.yaml"]
    assert '"haproxy"' not in text
    assert "  ingressClassName: {{ .Values.global.ingressClass | quote }}\n" in text
    assert "    kubernetes.io/ingress.class: {{ .Values.global.ingressClass | quote }}\n" in text


def test_jobs_trust_vaults_ca_besides_public_ones() -> None:
    script = "      volumes:\n      - name: a\n          volumeMounts:\n          - name: a\n              . /scripts/bevel-vault.sh\n"
    text = patched("fabric-vault-ca", script, "templates/job.yaml")["templates/job.yaml"]
    assert "      - name: own-vault-ca\n        secret:\n          secretName: {{ . }}\n" in text
    assert "          - name: own-vault-ca\n            mountPath: /own-vault-ca\n" in text
    assert text.index("cat /own-vault-ca/ca.crt.pem >> ") < text.index(". /scripts/bevel-vault.sh")


def test_the_builder_comes_first() -> None:
    text = patched("fabric-ccaas-builder", CORE, "conf/default_core.yaml")["conf/default_core.yaml"]
    builders = text.partition("externalBuilders:\n")[2]
    assert builders.startswith(
        "        - name: ccaas_builder\n          path: /opt/hyperledger/ccaas_builder\n        - path:"
    )


def test_jobs_get_volumes_instead_of_init_containers() -> None:
    text = patched("fabric-chaincode-material", JOB)["templates/a.yaml"]
    assert "init" not in text and "- name: work" in text
    assert (
        "      - name: certificates\n        projected:\n          sources: {{ toJson .Values.global.material }}\n"
        in text
    )
    assert text.count("emptyDir") == 1, "of other volumes"


def test_the_package_is_a_config_map() -> None:
    tree = patched("fabric-chaincode-package", JOB)
    assert "        configMap:\n          name: {{ .Release.Name }}-package\n" in tree["templates/a.yaml"]
    assert "{{ .Values.chaincode.name }}_{{ .Values.chaincode.version }}.tgz" in tree["templates/package.yaml"]


@pytest.mark.parametrize(
    ("patch", "path", "text"),
    [
        ("account-pull-secret", "templates/a.yaml", "kind: Role\n"),
        ("fabric-foreign-orderers", "templates/a.yaml", "echo nothing\n"),
        ("fabric-foreign-orderers", "templates/a.yaml", GENESIS + GENESIS),
        ("fabric-ingress-class", "templates/a.yaml", 'spec:\n  ingressClassName: "nginx"\n'),
        ("fabric-vault-ca", "templates/job.yaml", JOB),
        ("fabric-ccaas-builder", "templates/a.yaml", CORE),
        ("fabric-ccaas-builder", "conf/default_core.yaml", CORE.replace("- path", "- name: x\n          path")),
        ("fabric-ccaas-builder", "conf/default_core.yaml", CORE.replace("sampleBuilder", "ccaas_builder")),
        ("fabric-chaincode-material", "templates/a.yaml", JOB.replace("certificates\n", "keys\n")),
        ("fabric-chaincode-material", "templates/a.yaml", JOB.replace("      initContainers:\n", "")),
        ("fabric-chaincode-package", "templates/a.yaml", JOB.replace("chaincodepackage", "package")),
        ("fabric-chaincode-package", "templates/package.yaml", JOB),
    ],
)
def test_what_a_patch_does_not_expect(patch: str, path: str, text: str) -> None:
    with pytest.raises(BevelError) as caught:
        patched(patch, text, path)
    assert caught.value.code is Code.CHART_RENDER
    assert patch in caught.value.message
