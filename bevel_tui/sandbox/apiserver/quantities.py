"""Resource quantities as Kubernetes stores them: ``0.5`` CPU reads back as ``500m``, ``1024Mi`` as ``1Gi``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
FACTORS = {suffix: Decimal(10) ** (3 * n) for n, suffix in enumerate(_DECIMAL, start=-3)} | {
    suffix: Decimal(1024) ** n for n, suffix in enumerate(_BINARY) if suffix
}
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?")


def quantity(text: Any) -> Decimal:
    """The number that a resource quantity stands for (``500m``, ``1Gi``). Raises ValueError."""
    found = _QUANTITY.fullmatch(str(text))
    if not found:
        raise ValueError(f"{text!r} is no quantity")
    return Decimal(found[1]) * (Decimal(10) ** int(found[2]) if found[2] else FACTORS[found[3] or ""])


def canonical(text: Any) -> str:
    """A quantity in its canonical form: the largest suffix of its family that leaves a whole number.

    Decimal exponents (``1e3``) stay as they are written.
    """
    found = _QUANTITY.fullmatch(str(text))
    if not found or found[2]:
        return str(text)
    value = quantity(text)
    if not value:
        return "0"
    suffixes = _BINARY if (found[3] or "").endswith("i") and abs(value) >= 1024 else _DECIMAL
    for suffix in reversed(suffixes):
        scaled = value / FACTORS[suffix]
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    return str(text)
