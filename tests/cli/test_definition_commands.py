"""init, apply, export, revisions, restore: what an operator types, against a real Prefect server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "aicc"
SECRETS = {"AICC_ROOT_PASSWORD": "r00t-Passw0rd", "AICC_HARBOR_PASSWORD": "h4rbor-Passw0rd"}
Run = Callable[..., Result]


@pytest.fixture
def run(prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``fleetforge`` with the example's secrets in the environment."""
    from fleetforge.cli.main import app

    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def ran(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return ran


@pytest.fixture
def files(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The example's files, as a fleet named after the test."""
    directory = tmp_path / "files"
    shutil.copytree(EXAMPLE, directory)
    edit(directory / "fleet.yaml", "  name: aicc\nspec", f"  name: {name_of(request)}\nspec")
    return directory


def name_of(request: pytest.FixtureRequest) -> str:
    return request.node.name.removeprefix("test_").replace("_", "-")[:40].rstrip("-")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_apply_stores_a_fleet_and_says_which_revision(run: Run, files: Path, request: pytest.FixtureRequest) -> None:
    first = run("apply", "-f", files / "fleet.yaml", "-o", "json")
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["revision"] == 1
    again = run("apply", "-f", files / "fleet.yaml", "-o", "json")
    assert (json.loads(again.stdout)["revision"], json.loads(again.stdout)["changed"]) == (1, False)
    assert name_of(request) in run("status").stdout


def test_a_dry_run_stores_nothing(run: Run, files: Path, request: pytest.FixtureRequest) -> None:
    assert run("apply", "-f", files / "fleet.yaml", "--dry-run").exit_code == 0
    assert run("revisions", name_of(request)).exit_code == 2


def test_a_former_revision_comes_back_as_a_new_one(run: Run, files: Path, request: pytest.FixtureRequest) -> None:
    name = name_of(request)
    run("apply", "-f", files / "fleet.yaml", "--comment", "first")
    edit(files / "fleet.yaml", "replicas: 2", "replicas: 3")
    shown = run("apply", "-f", files / "fleet.yaml", "--comment", "three of them")
    assert "+        replicas: 3" in shown.stdout
    assert run("restore", name, 1).exit_code == 0
    rows = json.loads(run("revisions", name, "-o", "json").stdout)
    assert [row["number"] for row in rows] == [3, 2, 1]
    assert rows[0]["digest"] == rows[2]["digest"] != rows[1]["digest"]


def test_export_gives_the_files_back_with_references(
    run: Run, files: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run("apply", "-f", files / "fleet.yaml")
    assert run("export", name_of(request), "-d", tmp_path / "out").exit_code == 0
    for name in ("fleet.yaml", "clusters/aicc.yaml", "clusters/hefei.yaml", "manifest-sample.yaml"):
        assert (tmp_path / "out" / name).read_text() == (files / name).read_text()
    exported = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.yaml"))
    assert not [secret for secret in SECRETS.values() if secret in exported]


def test_init_writes_a_fleet_for_existing_kk_files(run: Run, files: Path) -> None:
    (files / "fleet.yaml").unlink()
    clusters = files / "clusters"
    arguments = [clusters / "aicc.yaml", clusters / "hefei.yaml", "-m", files / "manifest-sample.yaml"]
    made = run("init", *arguments, "-f", files / "fleet.yaml", "--name", "from-kk-files")
    assert made.exit_code == 0, made.output
    assert run("apply", "-f", files / "fleet.yaml").exit_code == 0
    assert run("init", *arguments, "-f", files / "fleet.yaml").exit_code == 2


def test_secrets_are_stored_encrypted_and_shown_nowhere(
    run: Run, files: Path, request: pytest.FixtureRequest, prefect_server: str
) -> None:
    import requests

    edit(files / "clusters" / "hefei.yaml", "${env:AICC_ROOT_PASSWORD}", "written-in-Cl3ar")
    stored = run("apply", "-f", files / "fleet.yaml")
    assert stored.exit_code == 0, stored.output
    held = requests.post(f"{prefect_server}/api/block_documents/filter", json={}, timeout=30).text
    assert "written-in-Cl3ar" not in held + stored.output
    assert not [secret for secret in SECRETS.values() if secret in held]


BAD = {
    "yaml-syntax": ("clusters/aicc.yaml", "  roleGroups:", "  roleGroups: [", "FF-SPEC-001"),
    "wrong-type": ("clusters/aicc.yaml", "    port: 6443", "    port: many", "FF-SPEC-"),
    "no-metadata-name": ("clusters/hefei.yaml", "metadata:\n  name: hefei\n", "metadata: {}\n", "FF-SPEC-"),
    "unknown-host-in-role": (
        "clusters/hefei.yaml",
        "worker:\n      - node-172-31-140-12",
        "worker:\n      - node-x",
        "FF-SPEC-",
    ),
    "no-registry-host": (
        "clusters/aicc.yaml",
        "    registry:\n      - ifly-172-29-232-69\n",
        "    registry: []\n",
        "FF-SPEC-",
    ),
    "two-clusters-with-one-name": ("fleet.yaml", "- name: hefei", "- name: aicc", "FF-SPEC-"),
    "no-host-cluster": ("fleet.yaml", "role: host", "role: member", "FF-SPEC-"),
    "two-host-clusters": ("fleet.yaml", "role: member", "role: host", "FF-SPEC-"),
    "overlapping-addresses": ("clusters/hefei.yaml", "address: 172.31.140.11", "address: 172.31.132.99", "FF-SPEC-"),
    "unsupported-kubernetes": ("clusters/hefei.yaml", "version: v1.22.17", "version: v1.11.3", "FF-SPEC-"),
    "misspelt-field": ("fleet.yaml", "workspace:", "workspce:", "FF-SPEC-004"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_2_names_the_place_and_stores_nothing(
    run: Run, files: Path, request: pytest.FixtureRequest, case: str
) -> None:
    file, old, new, code = BAD[case]
    edit(files / "fleet.yaml", f"name: {name_of(request)}", f"name: bad-{case}")
    edit(files / file, old, new)
    refused = run("apply", "-f", files / "fleet.yaml", "-o", "json")
    assert refused.exit_code == 2, refused.output
    errors = json.loads(refused.stdout)["errors"]
    assert any(error["code"].startswith(code) and file in error["where"] and error["remedy"] for error in errors), (
        errors
    )
    assert run("revisions", f"bad-{case}").exit_code == 2


def test_a_fleet_nobody_stored_is_bad_input_for_every_command(run: Run) -> None:
    for command in ("plan", "build", "validate", "status", "revisions"):
        refused = run(command, "nowhere")
        assert refused.exit_code == 2, (command, refused.output)
        assert "FF-FLT-001" in refused.stderr


def test_help_is_there_for_every_command(run: Run) -> None:
    for command in ("init", "apply", "plan", "build", "status", "validate", "export", "rehearse", "up-server"):
        shown = run(command, "--help")
        assert shown.exit_code == 0
        assert "Usage:" in shown.stdout


def test_explain_tells_the_remedy_of_a_code(run: Run) -> None:
    assert "ssh-keygen -R" in run("explain", "ff-host-009").stdout
