"""Reading an operator's files: what is wrong in each is said with its place, and secrets stay out of what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetforge.blocks.definition_files import LoadedFleet, load_fleet
from fleetforge.fleet.errors import FleetforgeError, Many
from fleetforge.fleet.errors.catalogue import CATALOGUE
from fleetforge.fleet.findings import Finding

CASES = Path(__file__).resolve().parents[1] / "fleet" / "cases"
NAMES = sorted(path.stem for path in (CASES / "files").glob("*.yaml"))
ENVIRONMENT = {"ROOT_PASSWORD": "r00t-Passw0rd", "HARBOR_PASSWORD": "h4rbor-Passw0rd"}
SECRETS = (*ENVIRONMENT.values(), "s3cret-word", "12345678")
Edits = Iterable[tuple[str, str]]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Mapping[str, Edits | None]], Path]:
    """Writes the base fleet with changes (file to old and new texts; None: no such file); gives its fleet.yaml."""

    def written(changes: Mapping[str, Edits | None]) -> Path:
        for path in (CASES / "base").rglob("*.yaml"):
            name = str(path.relative_to(CASES / "base"))
            edits = changes.get(name, ())
            if edits is None:
                continue
            target = tmp_path / name
            target.parent.mkdir(exist_ok=True)
            target.write_text(edited(path.read_text(), edits))
        return tmp_path / "fleet.yaml"

    return written


Changed = Callable[[Mapping[str, Edits | None]], Path]


def edited(text: str, edits: Edits) -> str:
    for old, new in edits:
        assert old == "*" or old in text, f"{old!r} is not there"
        text = new if old == "*" else text.replace(old, new)
    return text


def read(path: Path) -> tuple[tuple[FleetforgeError, ...], tuple[Finding, ...], LoadedFleet | None]:
    """Errors, warnings and, when there are no errors, the fleet."""
    try:
        loaded = load_fleet(path, ENVIRONMENT)
    except Many as error:
        return error.errors, (), None
    return (), loaded.warnings, loaded


def told(found: Iterable[FleetforgeError | Finding]) -> list[str]:
    return [f"{one.code} {one.where}: {one.what}" for one in found]


def test_a_fleet_without_a_fault_is_read_without_a_word(changed: Changed) -> None:
    errors, warnings, loaded = read(changed({}))
    assert (errors, warnings) == ((), ())
    assert loaded is not None
    assert [cluster.name for cluster in loaded.fleet.spec.spec.clusters] == ["one", "two"]


@pytest.mark.parametrize("name", NAMES)
def test_a_case_says_exactly_its_errors_and_warnings(changed: Changed, name: str) -> None:
    held: dict[str, Any] = yaml.safe_load((CASES / "files" / f"{name}.yaml").read_text())
    errors, warnings, _ = read(changed(held["change"]))
    assert told(errors) == held.get("errors", [])
    assert told(warnings) == held.get("warnings", [])
    assert held.get("remedy", "") in "\n".join([CATALOGUE[one.code].remedy for one in warnings] + remedies(errors))
    said = "\n".join([*(error.rendered() for error in errors), *(str(one.as_dict()) for one in warnings)])
    assert [secret for secret in SECRETS if secret in said] == []


def remedies(errors: Iterable[FleetforgeError]) -> list[str]:
    return [error.remedy for error in errors]


def test_every_code_about_one_file_has_a_case_or_a_test() -> None:
    said = "\n".join(path.read_text() for path in (CASES / "files").glob("*.yaml")) + Path(__file__).read_text()
    assert [f"FF-SPEC-{number:03}" for number in range(1, 15) if f"FF-SPEC-{number:03}" not in said] == []


def test_a_file_in_another_encoding_is_told_with_its_line(changed: Changed) -> None:
    path = changed({})
    config = path.parent / "clusters" / "two.yaml"
    config.write_bytes(config.read_bytes().replace(b"edge2", "\u8fb92".encode("gb18030"), 1))
    errors, _, _ = read(path)
    assert [(error.code, error.where) for error in errors] == [("FF-SPEC-006", "clusters/two.yaml:7")]
    assert "iconv -f GB18030 -t UTF-8" in errors[0].remedy


def test_a_byte_order_mark_is_no_part_of_the_file(changed: Changed) -> None:
    path = changed({})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(path)[0] == ()


def test_a_file_far_too_large_is_refused_unread(changed: Changed) -> None:
    path = changed({})
    with (path.parent / "manifest.yaml").open("r+b") as manifest:
        manifest.truncate(5 * 1024 * 1024)
    errors, _, _ = read(path)
    assert told(errors) == ["FF-SPEC-007 manifest.yaml: the file has 5,242,880 bytes, more than 4,194,304"]


def test_a_directory_in_place_of_a_file_is_told(changed: Changed) -> None:
    path = changed({"manifest.yaml": None})
    (path.parent / "manifest.yaml").mkdir()
    assert told(read(path)[0]) == ["FF-SPEC-002 manifest.yaml: the file cannot be read: is a directory"]


def test_a_fleet_file_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(Many) as raised:
        load_fleet(tmp_path / "fleet.yaml", {})
    assert told(raised.value.errors) == ["FF-SPEC-002 fleet.yaml: the file cannot be read: no such file or directory"]


def test_what_is_said_names_the_file_as_the_operator_called_it(changed: Changed) -> None:
    path = changed({"fleet.yaml": [("role: host", "role: member")]})
    other = path.rename(path.with_name("our-site.yml"))
    assert told(read(other)[0]) == [
        "FF-SPEC-028 our-site.yml:14 spec.clusters: no cluster of the fleet has the role host"
    ]


def test_a_rendered_error_tells_what_where_evidence_and_remedy(changed: Changed) -> None:
    errors, _, _ = read(changed({"clusters/one.yaml": [("etcd: [node1]", "etcd: [node1")]}))
    assert errors[0].rendered().splitlines() == [
        "FF-SPEC-001  did not find expected ',' or ']'",
        "  where:    clusters/one.yaml:11:18",
        "  evidence:     control-plane: [node1]",
        "  evidence:                  ^",
        "  remedy:   Correct the line shown. YAML takes spaces only, never tabs, and every key ends with ': '.",
    ]


def test_a_line_that_holds_a_key_is_not_shown(changed: Changed) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXktdjEAAAAA-----END OPENSSH PRIVATE KEY-----"
    old = 'address: 10.0.1.1, password: "${env:ROOT_PASSWORD}"}'
    errors, _, _ = read(changed({"clusters/two.yaml": [(old, f'address: 10.0.1.1, privateKey: "{key}" x}}')]}))
    assert [error.code for error in errors] == ["FF-SPEC-001"]
    assert "b3BlbnNzaC1rZXktdjE" not in errors[0].rendered()


def test_a_wrong_value_comes_with_what_the_field_is_for(changed: Changed) -> None:
    errors, _, _ = read(changed({"fleet.yaml": [("name: two, role", "name: Two_2, role")]}))
    assert errors[0].evidence == ("name: Lower-case letters, digits and '-', 42 at most.",)
