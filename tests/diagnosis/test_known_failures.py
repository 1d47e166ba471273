"""docs/known-failures.md accounts for every known failure of Bevel, by codes that exist and words that lead to them."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from bevel_tui.diagnosis.catalogue import BY_CODE
from bevel_tui.diagnosis.words import WORDS

PAGE = Path(__file__).parents[2] / "docs" / "known-failures.md"
ROW = re.compile(r"^\| ([GFBICES]\d\d) \| (.+) \| (.+) \|$", re.MULTILINE)
CODE = re.compile(r"\b[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)+\b|\b(?:QUOTA|LIMIT)\b")
#: how many there are of each letter
COUNTED = {"G": 36, "F": 25, "B": 18, "I": 10, "C": 11, "E": 8, "S": 9}

#: what containers wrote -> the failure that it is. Sources: Bevel v1.3.0's charts and its docs/source/references
SAID: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("G08", ('{"errors":["permission denied"]}', "Error: Failed to obtain Vault token.")),
    ("G09", ("vault: ERROR: Unable to retrieve. Http status: 503",)),
    ("G09", ("vault: ERROR: Unable to retrieve. Http status: 403",)),
    ("G10", ("curl: (28) Failed to connect to vault.example.com port 8200 after 130000 ms: Connection timed out",)),
    ("G13", ("Unsupported Linux distribution: arch",)),
    ("G13", ("Unable to determine the Linux distribution.",)),
    ("G13", ("Unsupported package manager",)),
    ("G14", ("curl: (6) Could not resolve host: dl.k8s.io",)),
    ("G14", ("curl: (7) Failed to connect to storage.googleapis.com port 443: Connection refused",)),
    ("G35", ("Fatal: Failed to write genesis block: database contains incompatible genesis (have 9a1b, new 77cd)",)),
    ("F01", ("curl: (7) Failed to connect to vault.example.com port 8200", "requesting vault token")),
    ("F02", ("CA certs not found in Vault",)),
    ("F02", ("CA certs not found in Kubernetes secret",)),
    ("F03", ("Retry attempted 10 times, orderer certificates have not been obtained.",)),
    ("F04", ("Retry attempted 20 times, peer certificates have not been obtained.",)),
    ("F05", ("x509: certificate is valid for ca.org, not ca.org.east.example.com",)),
    ("F06", ("Post https://ca.org.east.example.com/enroll: dial tcp: lookup ca.org.east.example.com: no such host",)),
    ("F06", ("dial tcp ca.org.east.example.com:7051: connect: connection refused",)),
    ("F08", ("Certficates absent in kuberenetes secrets",)),
    ("F09", ("MSP Config absent in Kuberenetes",)),
    ("F11", ("failed to create deliver client for orderer: orderer client failed to connect to o.org.east.example.com:443: context deadline exceeded",)),
    ("F12", ("Error: genesis block file not found open allchannel.block: no such file or directory",)),
    ("F16", ("implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1",)),
    ("B05", ("Supplied genesis block does not match chain data stored in /data/besu",)),
    ("B08", ("requesting vault token", "curl: (6) Could not resolve host: vault.example.com")),
    ("I03", ("indy.error.PoolLedgerTimeout",)),
    ("I03", ("Not able to connect to the indy pool",)),
    ("I05", ('Error from server (AlreadyExists): configmaps "dtg" already exists',)),
    ("C05", ("no DB up and running. Giving up!",)),
    ("C06", ("Error in initial-registration",)),
    ("E03", ("Trying to login to gateway.cenm-ent:8080 ...",)),
    ("E04", ("Going to sleep for the requested 120 seconds to let you log in and investigate.",)),
    ("S04", ("Failed to insert key aura into Keystore.",)),
)  # fmt: skip


def answers() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Failure -> (its answer, the codes in it)."""
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {number: (answer, tuple(CODE.findall(answer))) for number, _, answer in found}


def test_every_known_failure_is_accounted_for() -> None:
    known = answers()
    assert set(known) == {f"{letter}{n:02}" for letter, count in COUNTED.items() for n in range(1, count + 1)}
    assert len(known) == 117
    for number, (answer, codes) in known.items():
        assert answer.startswith(("told: ", "prevented: ", "legal: ", "not here: ")), number
        assert codes or not answer.startswith("told"), number


def test_every_code_on_the_page_is_one_of_the_catalogue() -> None:
    named = set(CODE.findall(PAGE.read_text(encoding="utf-8"))) - {"FAILED-RETRYING"}
    assert named <= set(BY_CODE), named - set(BY_CODE)
    assert len(named) > 90


@pytest.mark.parametrize(("number", "lines"), SAID, ids=[f"{n}-{i}" for i, (n, _) in enumerate(SAID)])
def test_what_containers_write_leads_to_a_code_of_the_failure(number: str, lines: tuple[str, ...]) -> None:
    told = next(
        words.code
        for words in WORDS
        if (words.also is None or any(map(words.also.search, lines))) and any(map(words.pattern.search, lines))
    )
    assert told in answers()[number][1]


def test_every_code_that_a_log_tells_is_tried_by_a_line() -> None:
    """Those of the table above, or those that are no failure of Bevel's own."""
    tried = set(chain.from_iterable(answers()[number][1] for number, _ in SAID))
    others = {"VLT-TLS", "POD-IMG-ARCH", "PVC-FULL", "CERT-UNKNOWN", "POD-RBAC", "GW-LIC"}
    assert {words.code for words in WORDS} - tried == others
