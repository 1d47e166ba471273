"""Taking secrets out of text that leaves the machine, and keeping account of what was taken.

Snapshots hold no values of Secrets; what is left are logs and messages, in which programs say too much. Known forms are
masked: better a word too many than a key too few. The account says which kind, where and how often, never what.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

MASK = "******"


#: kind -> what it looks like; group `keep` before the secret stays
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "private key",
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    ),
    ("JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{5,}")),
    ("Vault token", re.compile(r"\b(?:hvs|hvb|hvr|s)\.[A-Za-z0-9_-]{20,}")),
    ("cloud access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("bearer token", re.compile(r"(?P<keep>\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)),
    ("password in a URL", re.compile(r"(?P<keep>://[^\s/:@]+:)[^\s/@]+(?=@)")),
    (
        "named secret",
        re.compile(
            r"(?P<keep>\b[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|seed|mnemonic|suri)[\w-]*[\"']?(?:=|:\s*|\s=\s*)[\"']?)"
            r"(?!\*{3}|null\b|none\b|true\b|false\b|\{)[^\s\"',;}]{4,}",
            re.IGNORECASE,
        ),
    ),
    ("hexadecimal key", re.compile(r"(?P<keep>\b(?:private|node|account)[ _-]?key\W{1,4})(?:0x)?[0-9a-fA-F]{64}\b", re.IGNORECASE)),
)  # fmt: skip


class Redaction:
    """Masks text and remembers: `account` counts by (file, kind). `values` are secrets that are known (a preset's)."""

    def __init__(self, values: tuple[str, ...] = ()) -> None:
        self.account: Counter[tuple[str, str]] = Counter()
        self._values = tuple(sorted((value for value in values if len(value) >= 4), key=len, reverse=True))

    def text(self, file: str, text: str) -> str:
        """`text` without what looks like a secret."""
        for value in self._values:
            count = text.count(value)
            if count:
                self.account[file, "value of the preset's secrets"] += count
                text = text.replace(value, MASK)
        for kind, form in _FORMS:
            text, count = form.subn(self._masked(), text)
            if count:
                self.account[file, kind] += count
        return text

    def tree(self, file: str, value: Any) -> Any:
        """A JSON tree with every string masked; keys and structure stay."""
        if isinstance(value, str):
            return self.text(file, value)
        if isinstance(value, dict):
            return {key: self.tree(file, one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(file, one) for one in value]
        return value

    @staticmethod
    def _masked() -> Callable[[re.Match[str]], str]:
        return lambda match: f"{match.groupdict().get('keep') or ''}{MASK}"

    def page(self) -> str:
        """The account, for people."""
        lines = ["What was masked in this archive (kind, how often, where). Values of Secrets are never collected."]
        for (file, kind), count in sorted(self.account.items()):
            lines.append(f"{file}: {kind}, {count}")
        if not self.account:
            lines.append("Nothing else looked like a secret.")
        lines.append(
            "What is left: names of hosts, namespaces and objects, addresses, and lines of logs. Read it before you send it."
        )
        return "\n".join(lines) + "\n"
