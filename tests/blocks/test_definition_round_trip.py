"""Files in, stored texts, fleet, files out: the same bytes, with secrets and host keys where they belong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetforge.blocks.definition_files import LoadedFleet, fleet_from_files, initial_fleet, load_fleet, written
from fleetforge.blocks.documents import parsed_documents
from fleetforge.blocks.secret_texts import quoted, stored_text, with_secrets, written_text
from fleetforge.fleet.errors import FleetforgeError, Many

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "tests" / "fleet" / "cases" / "base"
EXAMPLE = ROOT / "examples" / "aicc"
ENVIRONMENT = {
    "ROOT_PASSWORD": "r00t-Passw0rd",
    "HARBOR_PASSWORD": "h4rbor: 'Passw0rd'",
    "AICC_ROOT_PASSWORD": "r00t-Passw0rd",
    "AICC_HARBOR_PASSWORD": "h4rbor-Passw0rd",
}
KNOWN_HOSTS = "10.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHk\n"


@pytest.fixture(params=["base", "example"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with a fleet's files."""
    return Path(shutil.copytree(BASE if request.param == "base" else EXAMPLE, tmp_path / "files"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BASE, tmp_path / "files"))


def loaded(directory: Path) -> LoadedFleet:
    return load_fleet(directory / "fleet.yaml", ENVIRONMENT)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_what_is_written_is_byte_for_byte_what_was_read(files: Path, tmp_path: Path) -> None:
    fleet = fleet_from_files(loaded(files).fleet.files)
    out = written(fleet, tmp_path / "out")
    assert len(out) == 4
    for path in out:
        assert path.read_bytes() == (files / path.relative_to(tmp_path / "out")).read_bytes()


def test_the_stored_texts_make_the_same_fleet_again(files: Path) -> None:
    fleet = loaded(files).fleet
    assert fleet_from_files(fleet.files) == fleet


def test_no_secret_stands_in_any_stored_or_written_text(files: Path, tmp_path: Path) -> None:
    held = loaded(files)
    written(held.fleet, tmp_path / "out")
    texts = [*held.fleet.files.values(), *(path.read_text() for path in (tmp_path / "out").rglob("*.yaml")), repr(held)]
    assert held.secrets
    assert [value for value in held.secrets.values() if value in "\n".join(texts)] == []


def test_kk_is_given_the_secrets_back_in_their_places(base: Path) -> None:
    held = loaded(base)
    text = with_secrets(held.fleet.files["clusters/one.yaml"], held.secrets, "clusters/one.yaml")
    spec = yaml.safe_load(text)["spec"]
    assert [host["password"] for host in spec["hosts"]] == [ENVIRONMENT["ROOT_PASSWORD"]] * 3
    assert spec["registry"]["auths"]["10.0.0.9"]["password"] == ENVIRONMENT["HARBOR_PASSWORD"]


def test_kk_is_given_nothing_when_a_secret_is_gone(base: Path) -> None:
    held = loaded(base)
    with pytest.raises(FleetforgeError, match="FF-SPEC-012: no secret is stored under 'env:HARBOR_PASSWORD'"):
        with_secrets(held.fleet.files["clusters/one.yaml"], {"env:ROOT_PASSWORD": "something"}, "clusters/one.yaml")


def test_a_plain_password_is_lifted_out_with_a_warning_that_hides_it(base: Path, tmp_path: Path) -> None:
    edit(base / "clusters" / "two.yaml", '10.0.1.1, password: "${env:ROOT_PASSWORD}"', "10.0.1.1, password: pl4in-word")
    held = loaded(base)
    assert held.secrets["clusters/two.yaml:spec.hosts.edge1.password"] == "pl4in-word"
    assert [(one.code, one.where) for one in held.warnings] == [
        ("FF-SPEC-102", "clusters/two.yaml:6 spec.hosts[0].password")
    ]
    written(held.fleet, tmp_path / "out")
    exported = (tmp_path / "out" / "clusters" / "two.yaml").read_text()
    assert "${secret:clusters/two.yaml:spec.hosts.edge1.password}" in exported
    assert "pl4in-word" not in exported + str(held.warnings[0].as_dict())


def test_exported_files_of_a_stored_fleet_are_applied_again(base: Path, tmp_path: Path) -> None:
    edit(base / "clusters" / "two.yaml", '10.0.1.1, password: "${env:ROOT_PASSWORD}"', "10.0.1.1, password: pl4in-word")
    first = loaded(base)
    written(first.fleet, tmp_path / "out")
    again = load_fleet(tmp_path / "out" / "fleet.yaml", ENVIRONMENT, {"pair": first.secrets}.__getitem__)
    assert (again.fleet, again.secrets, again.warnings) == (first.fleet, first.secrets, ())


def test_a_secret_comes_from_a_file_beside_the_fleet(base: Path, tmp_path: Path) -> None:
    (base / "secrets").mkdir()
    (base / "secrets" / "edge").write_text("fr0m-a-file\n")
    edit(
        base / "clusters" / "two.yaml",
        '10.0.1.1, password: "${env:ROOT_PASSWORD}"',
        '10.0.1.1, password: "${file:secrets/edge}"',
    )
    held = loaded(base)
    assert held.secrets["file:secrets/edge"] == "fr0m-a-file"
    out = written(held.fleet, tmp_path / "out")
    assert "secrets" not in {path.parent.name for path in out}
    assert (tmp_path / "out" / "clusters" / "two.yaml").read_text() == (base / "clusters" / "two.yaml").read_text()


def test_a_private_key_keeps_its_lines(base: Path) -> None:
    key = "-----BEGIN KEY-----\nAAAA\nBBBB\n-----END KEY-----\n"
    block = "privateKey: |\n" + "".join(f"          {line}\n" for line in key.splitlines())
    edit(
        base / "clusters" / "two.yaml",
        '    - {name: edge1, address: 10.0.1.1, password: "${env:ROOT_PASSWORD}"}\n',
        f"    - name: edge1\n      address: 10.0.1.1\n      {block}",
    )
    held = loaded(base)
    stored = held.fleet.files["clusters/two.yaml"]
    assert "AAAA" not in stored
    assert yaml.safe_load(with_secrets(stored, held.secrets, "two"))["spec"]["hosts"][0]["privateKey"] == key


def test_the_host_keys_travel_with_the_fleet(base: Path, tmp_path: Path) -> None:
    (base / "known_hosts").write_text(KNOWN_HOSTS)
    fleet = loaded(base).fleet
    assert fleet.files["known_hosts"] == KNOWN_HOSTS
    assert tmp_path / "out" / "known_hosts" in written(fleet, tmp_path / "out")
    assert (tmp_path / "out" / "known_hosts").read_text() == KNOWN_HOSTS
    assert fleet_from_files(fleet.files).files == fleet.files


def test_host_keys_that_lay_elsewhere_are_exported_beside_the_fleet(base: Path, tmp_path: Path) -> None:
    keys = tmp_path / "ssh" / "site_keys"
    keys.parent.mkdir()
    keys.write_text(KNOWN_HOSTS)
    edit(base / "fleet.yaml", "  artifact:\n", f"  hostKeys: {{file: {keys}}}\n  artifact:\n")
    fleet = loaded(base).fleet
    assert fleet.files[str(keys)] == KNOWN_HOSTS
    written(fleet, tmp_path / "out")
    assert (tmp_path / "out" / "known_hosts").read_text() == KNOWN_HOSTS
    assert loaded(tmp_path / "out").fleet.host_key_file == "known_hosts"


def test_without_a_known_hosts_file_none_is_carried(base: Path, tmp_path: Path) -> None:
    edit(base / "fleet.yaml", "  artifact:\n", "  hostKeys: {file: /nowhere/known_hosts}\n  artifact:\n")
    fleet = loaded(base).fleet
    assert sorted(fleet.files) == ["clusters/one.yaml", "clusters/two.yaml", "fleet.yaml", "manifest.yaml"]
    written(fleet, tmp_path / "out")
    assert (tmp_path / "out" / "fleet.yaml").read_bytes() == (base / "fleet.yaml").read_bytes()


def test_files_that_lay_outside_come_inside_when_written(base: Path, tmp_path: Path) -> None:
    shutil.move(base / "manifest.yaml", tmp_path / "elsewhere.yaml")
    shutil.move(base / "clusters" / "two.yaml", tmp_path / "second.yaml")
    edit(base / "fleet.yaml", "manifest: manifest.yaml", f"manifest: {tmp_path}/elsewhere.yaml # ours")
    edit(base / "fleet.yaml", "config: clusters/two.yaml", "config: ../second.yaml")
    fleet = loaded(base).fleet
    out = written(fleet, tmp_path / "out")
    assert {str(path.relative_to(tmp_path / "out")) for path in out} == {
        "fleet.yaml", "manifest.yaml", "clusters/one.yaml", "clusters/two.yaml",
    }  # fmt: skip
    assert "# ours" in (tmp_path / "out" / "fleet.yaml").read_text()
    assert loaded(tmp_path / "out").fleet.spec.cluster("two").config == "clusters/two.yaml"


def test_a_file_with_other_content_is_never_overwritten(base: Path, tmp_path: Path) -> None:
    fleet = loaded(base).fleet
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.yaml").write_text("mine\n")
    with pytest.raises(FleetforgeError, match="FF-SPEC-090"):
        written(fleet, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.yaml"]


def test_stored_texts_that_lack_a_file_are_refused(base: Path) -> None:
    files = {name: text for name, text in loaded(base).fleet.files.items() if name != "clusters/two.yaml"}
    with pytest.raises(Many) as raised:
        fleet_from_files(files)
    assert [str(error) for error in raised.value.errors] == [
        "FF-SPEC-002: the stored fleet lacks clusters/two.yaml [fleet.yaml]"
    ]
    with pytest.raises(Many, match=r"the stored fleet lacks fleet\.yaml"):
        fleet_from_files({})


def test_the_first_fleet_file_loads_and_means_the_kk_files(files: Path) -> None:
    was = loaded(files).fleet
    (files / "fleet.yaml").unlink()
    configs = [files / cluster.config for cluster in was.spec.spec.clusters]
    text = initial_fleet(files / was.manifest_file, configs, directory=files, name=was.name)
    (files / "fleet.yaml").write_text(text)
    made = loaded(files).fleet
    assert made.configs == was.configs
    assert made.spec.spec.clusters[0].role == "host"
    assert (made.registry_host, made.spec.spec.registry.install) == (was.registry_host, was.spec.spec.registry.install)


def test_the_first_fleet_file_names_files_as_seen_from_where_it_stands(base: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    text = initial_fleet(base / "manifest.yaml", [base / "clusters" / "one.yaml"], directory=tmp_path / "site")
    (tmp_path / "site" / "fleet.yaml").write_text(text)
    assert loaded(tmp_path / "site").fleet.config_file("one") == "../files/clusters/one.yaml"


def test_every_bad_kk_file_is_told_before_a_first_fleet_file_is_written(base: Path) -> None:
    edit(base / "clusters" / "one.yaml", "etcd: [node1]", "etcd: [node1")
    edit(base / "clusters" / "two.yaml", "kind: Cluster", "kind: Clutser")
    with pytest.raises(Many) as raised:
        initial_fleet(base / "none.yaml", [base / "clusters" / "one.yaml", base / "clusters" / "two.yaml"])
    assert [error.code for error in raised.value.errors] == ["FF-SPEC-002", "FF-SPEC-001", "FF-SPEC-011"]


TEXT = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40)


@settings(deadline=None)
@given(TEXT)
def test_any_text_is_the_same_after_yaml_quoting(value: str) -> None:
    assert yaml.safe_load(f"key: {quoted(value)}") == {"key": value}
    assert "\n" not in quoted(value)


@settings(suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(TEXT.filter(lambda value: "${" not in value), st.booleans())
def test_any_password_comes_out_of_storage_as_it_went_in(value: str, flow: bool) -> None:
    inner = (
        f"{{name: a, password: {quoted(value)}, port: 22}}" if flow else f"name: a\n  password: {quoted(value)} # why"
    )
    text = f"hosts:\n- {inner}\n# the end\n"
    documents = parsed_documents(text, "one.yaml")
    held = stored_text(text, documents, lambda reference: "")
    assert held.secrets == {"one.yaml:hosts.a.password": value}
    assert written_text(held.text) == held.text
    assert yaml.safe_load(with_secrets(held.text, held.secrets, "one.yaml")) == yaml.safe_load(text)
    assert held.text.endswith("# the end\n")
