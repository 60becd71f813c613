"""Names with a grammar: secret references, images, fields, and the nearest known name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetforge.fleet.findings import FieldPath, Finding, field_text, line_of, sorted_out
from fleetforge.fleet.image_reference import ImageReference
from fleetforge.fleet.nearest_name import did_you_mean, nearest_name
from fleetforge.fleet.references import (
    Reference,
    from_stored,
    is_reference,
    lifted,
    references_in,
    substituted,
    unknown_schemes,
)

VARIABLES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
PATHS = st.from_regex(r"[~./a-z][a-zA-Z0-9_./ -]{0,30}", fullmatch=True)
KEYS = st.from_regex(r"[a-z][a-zA-Z0-9_.:/-]{0,30}", fullmatch=True)
REFERENCES = st.one_of(
    VARIABLES.map(lambda name: Reference("env", name)),
    PATHS.map(lambda name: Reference("file", name)),
    KEYS.map(lambda name: Reference("secret", name)),
)
PART = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}", fullmatch=True)
IMAGES = st.builds(
    ImageReference,
    st.from_regex(r"[a-z0-9]{1,10}(\.[a-z0-9]{1,6}){0,2}(:[1-9][0-9]{1,3})?", fullmatch=True),
    st.lists(PART, min_size=1, max_size=3).map("/".join),
    PART,
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
)


@settings(deadline=None)
@given(REFERENCES, st.text("abc $-{", max_size=8), st.text("abc }-:", max_size=8))
def test_a_reference_is_found_wherever_it_stands(reference: Reference, before: str, after: str) -> None:
    assert is_reference(str(reference))
    assert references_in(f"{before}{reference}{after}") == (reference,)
    assert substituted(f"{before}{reference}{after}", lambda found: "VALUE") == f"{before}VALUE{after}"


@settings(deadline=None)
@given(REFERENCES)
def test_what_is_stored_is_exported_as_the_operator_wrote_it(reference: Reference) -> None:
    assert reference.stored.scheme == "secret"
    assert reference.stored.key == reference.key
    if reference.scheme != "secret":
        assert reference.stored.written == reference


@pytest.mark.parametrize(
    "text", ["", "${HOME}", "$env:A", "${env:}", "${env:1A}", "${env:A-B}", "${secret:}", "x${env:A}"]
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert not is_reference(text)


def test_a_shell_variable_is_left_alone_and_a_foreign_kind_is_named() -> None:
    assert substituted("echo ${HOME} $(id) ${env:A}", lambda found: "a") == "echo ${HOME} $(id) a"
    assert unknown_schemes("${HOME} ${env:A} ${vault:kv/root}") == ("vault",)


def test_a_stored_secret_is_looked_up_by_its_key() -> None:
    resolve = from_stored({"env:A": "one", "two": "2"})
    assert substituted("${env:A} ${secret:env:A} ${secret:two}", resolve) == "one one 2"
    with pytest.raises(KeyError):
        resolve(Reference("env", "B"))


def test_secrets_are_lifted_out_of_their_known_fields_only() -> None:
    document: dict[str, Any] = {
        "hosts": [
            {"name": "a", "password": "pw-a", "user": "pw-a"},
            {"name": "a", "password": "pw-b", "privateKeyPath": "/root/.ssh/id"},
            {"name": "c", "password": "${env:C}", "privateKey": ""},
        ],
        "registry": {"auths": {"hub:5000": {"username": "admin", "password": "pw-hub"}}},
    }
    kept, secrets = lifted(document, "one.yaml")
    assert secrets == {
        "one.yaml:hosts.a.password": "pw-a",
        "one.yaml:hosts.a.password~2": "pw-b",
        "one.yaml:registry.auths.hub:5000.password": "pw-hub",
    }
    assert kept["hosts"][0] == {"name": "a", "password": "${secret:one.yaml:hosts.a.password}", "user": "pw-a"}
    assert kept["hosts"][2] == document["hosts"][2]
    assert document["hosts"][0]["password"] == "pw-a"
    assert lifted(kept, "one.yaml") == (kept, {})


@settings(deadline=None)
@given(IMAGES)
def test_an_image_is_what_it_was_when_read_back(image: ImageReference) -> None:
    assert ImageReference.parse(str(image)) == image
    moved = image.in_registry("10.0.0.9:5000", "kubesphereio")
    assert str(moved) == f"10.0.0.9:5000/kubesphereio/{image.name}:{image.tag}"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_makes_the_image_reader_stumble(text: str) -> None:
    try:
        image = ImageReference.parse(text)
    except ValueError as error:
        assert repr(text) in str(error)
    else:
        assert str(image) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nginx:1.20", "lacks the registry's host or the namespace"),
        ("kubesphere/nginx:1.20", "lacks the registry's host or the namespace"),
        ("hub/ns/nginx", "needs one tag"),
        ("hub/ns/nginx:", "needs one tag"),
        ("hub/ns/nginx:1:2", "needs one tag"),
        ("hub/ns/nginx@sha256:00", "names a digest"),
        ("hub/ns/Nginx:1", "no registry takes"),
        ("hub//nginx:1", "no registry takes"),
        ("https://hub/ns/nginx:1", "no registry takes"),
    ],
)
def test_a_bad_image_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ImageReference.parse(text)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("projekt", "project"), ("contianerManager", "containerManager"), ("ROLEGROUPS", "roleGroups"), ("xyz", None)],
)
def test_a_typo_finds_the_name_that_was_meant(typed: str, meant: str | None) -> None:
    known = ["project", "containerManager", "roleGroups", "hosts"]
    assert nearest_name(typed, known) == meant
    assert did_you_mean(typed, known) == (f"; did you mean {meant!r}?" if meant else "")
    assert nearest_name(typed, []) is None


def test_a_field_is_written_as_an_operator_would_point_at_it() -> None:
    assert field_text(("spec", "hosts", 0, "port")) == "spec.hosts[0].port"
    assert field_text(("spec", "auths", "10.0.0.9")) == 'spec.auths["10.0.0.9"]'
    assert field_text(("#2", "metadata")) == "#2.metadata"


def test_a_field_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    lines: dict[FieldPath, int] = {(): 1, ("spec",): 4, ("spec", "hosts"): 5}
    assert line_of(lines, ("spec", "hosts", 3, "port")) == 5
    assert line_of(lines, ("metadata", "name")) == 1
    assert line_of({}, ("spec",)) is None


def test_errors_and_warnings_are_told_apart_and_each_once() -> None:
    error, warning = Finding("FF-SPEC-022", "no etcd", "fleet.yaml"), Finding("FF-SPEC-109", "no role", "one.yaml")
    found = sorted_out([error, warning, error], {}, {"fleet.yaml": "ours.yaml"})
    assert [str(one) for one in found.errors] == ["FF-SPEC-022: no etcd [ours.yaml]"]
    assert found.warnings == (warning,)
