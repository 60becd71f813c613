"""The catalogue and the code that raises: neither knows a code the other does not."""

from __future__ import annotations

import re
from pathlib import Path

from fleetforge.fleet.errors.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("fleet", "blocks", "tasks", "flows", "cli", "rehearsal")
CODE = re.compile(r"FF-[A-Z0-9]{2,5}-\d{3}\b")


def sources() -> dict[Path, str]:
    return {path: path.read_text() for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}


def test_every_code_that_is_mentioned_is_in_the_catalogue() -> None:
    unknown = {f"{path.name}: {code}" for path, text in sources().items() for code in CODE.findall(text)}
    assert {entry for entry in unknown if entry.split(": ")[1] not in CATALOGUE} == set()


def test_every_code_of_the_catalogue_can_be_raised() -> None:
    raising = "\n".join(text for path, text in sources().items() if not path.name.startswith("codes_"))
    spelled = set(CODE.findall(raising))
    by_status = re.compile(r"FF-(REG|HBR)-[45]\d\d")  # made from the HTTP status of an answer
    assert [code for code in CATALOGUE if code not in spelled and not by_status.fullmatch(code)] == []


def test_every_remedy_says_what_to_do() -> None:
    assert [entry.code for entry in CATALOGUE.values() if len(entry.remedy) < 15 or not entry.title] == []
