"""A real client against our Harbor: skopeo pushes, inspects, lists, pulls and deletes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fleetforge.fleet.oci import DOCKER_LIST, OCI_INDEX, platform_digests
from fleetforge.rehearsal.images import tiny_image
from fleetforge.rehearsal.oci_layout import Voice, copied_images, pushed_lists, write_layout

Running = Any
IMAGE = "docker.io/kubesphereio/pause:3.5"
SKOPEO = shutil.which("skopeo")

pytestmark = pytest.mark.skipif(SKOPEO is None, reason="skopeo is not installed")


def _skopeo(*arguments: str, fails: bool = False) -> str:
    command = [str(SKOPEO), "--insecure-policy", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stderr if fails else done.stdout


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    write_layout(tmp_path / "images", [IMAGE], ["amd64", "arm64"])
    return tmp_path / "images"


@pytest.fixture
def pushed(harbor: Running, layout: Path) -> str:
    """``docker://…/pause:3.5``: a two-architecture image in Harbor, pushed the way kk does."""
    silent = Voice(lambda line: None, lambda line: None, lambda line: None)
    pushed_lists(copied_images(layout, harbor.server.host, harbor.login, silent), harbor.login, silent)
    return f"docker://{harbor.server.host}/kubesphereio/pause:3.5"


def _certs(harbor: Running) -> str:
    return str(harbor.ca.parent)


def test_skopeo_pushes_over_https_with_a_login(harbor: Running, layout: Path) -> None:
    target = f"docker://{harbor.server.host}/kubesphereio/pause:3.5-arm64"
    login = ["--dest-cert-dir", _certs(harbor), "--dest-creds", "admin:Harbor12345"]
    for _ in range(2):
        _skopeo("copy", *login, f"oci:{layout}:{IMAGE}-arm64", target)
    assert harbor.server.has_image("kubesphereio/pause", "3.5-arm64", "arm64")


@pytest.mark.parametrize("format_", ["v2s2", "oci"])
def test_skopeo_pushes_and_pulls_all_architectures_at_once(
    harbor: Running, pushed: str, tmp_path: Path, format_: str
) -> None:
    certs, copy = _certs(harbor), pushed.replace("pause:3.5", "copy:1")
    login = ["--dest-cert-dir", certs, "--dest-creds", "admin:Harbor12345", "--src-cert-dir", certs, "--src-no-creds"]
    _skopeo("copy", "--all", "--format", format_, *login, pushed, copy)
    raw = json.loads(_skopeo("inspect", "--raw", "--cert-dir", certs, "--no-creds", copy))
    assert raw["mediaType"] == {"v2s2": DOCKER_LIST, "oci": OCI_INDEX}[format_]
    assert set(platform_digests(raw)) == {"amd64", "arm64"}
    _skopeo("copy", "--all", "--src-cert-dir", certs, "--src-no-creds", copy, f"oci:{tmp_path}/pulled:x")
    assert all(harbor.server.has_image("kubesphereio/copy", "1", arch) for arch in ("amd64", "arm64"))


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_a_node_of_each_architecture_pulls_its_own_image(harbor: Running, pushed: str, arch: str) -> None:
    arguments = ["inspect", "--cert-dir", _certs(harbor), "--no-creds", pushed]
    found = json.loads(_skopeo("--override-os", "linux", "--override-arch", arch, *arguments))
    assert (found["Architecture"], found["RepoTags"]) == (arch, ["3.5", "3.5-amd64", "3.5-arm64"])
    assert found["Layers"] == [tiny_image(IMAGE, arch).digests[2]]


def test_skopeo_lists_tags_and_deletes(harbor: Running, pushed: str) -> None:
    login = ["--cert-dir", _certs(harbor), "--creds", "admin:Harbor12345"]
    _skopeo("delete", *login, pushed)
    tags = json.loads(_skopeo("list-tags", *login, pushed.removesuffix(":3.5")))["Tags"]
    assert tags == ["3.5-amd64", "3.5-arm64"]


def test_skopeo_is_refused_a_project_that_does_not_exist(harbor: Running, layout: Path) -> None:
    target = f"docker://{harbor.server.host}/nosuch/pause:3.5"
    login = ["--dest-cert-dir", _certs(harbor), "--dest-creds", "admin:Harbor12345"]
    said = _skopeo("copy", *login, f"oci:{layout}:{IMAGE}-arm64", target, fails=True)
    assert "unauthorized: authentication required" in said


def test_skopeo_is_refused_with_a_wrong_password(harbor: Running, layout: Path) -> None:
    target = f"docker://{harbor.server.host}/kubesphereio/pause:3.5"
    login = ["--dest-cert-dir", _certs(harbor), "--dest-creds", "admin:wrong"]
    said = _skopeo("copy", *login, f"oci:{layout}:{IMAGE}-arm64", target, fails=True)
    assert "unauthorized to access repository: kubesphereio/pause, action: push" in said


def test_skopeo_does_not_trust_a_ca_it_was_not_told_about(harbor: Running, pushed: str) -> None:
    assert "unknown authority" in _skopeo("inspect", "--no-creds", pushed, fails=True)
