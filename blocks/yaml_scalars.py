"""Plain YAML scalars as kk's YAML library reads them: no timestamps, no numbers to base 60."""

from __future__ import annotations

from collections.abc import Callable

_TRUE = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


def _whole(text: str) -> int | str:
    digits = text.replace("_", "")
    if ":" in digits:
        return text
    sign, body = (-1 if digits.startswith("-") else 1), digits.lstrip("+-")
    if body.startswith(("0x", "0b")):
        return sign * int(body, 0)
    return sign * int(body, 8 if len(body) > 1 and body.startswith("0") else 10)


def _float(text: str) -> float | str:
    digits = text.replace("_", "").lower()
    return text if ":" in digits else float(digits.replace(".inf", "inf").replace(".nan", "nan"))


SCALARS: dict[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:null": lambda text: None,
    "tag:yaml.org,2002:bool": lambda text: _TRUE[text.lower()],
    "tag:yaml.org,2002:int": _whole,
    "tag:yaml.org,2002:float": _float,
}
"""Value of a scalar by its tag; text stays text. ``ValueError`` or ``KeyError`` where it cannot be read so."""
