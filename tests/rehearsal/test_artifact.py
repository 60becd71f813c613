"""The artifact file: members as kk packs them, its unpack flaw, stand-ins for every component."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest

from fleetforge.rehearsal.artifact import (
    Wanted,
    components_of,
    go_reason,
    left_out,
    pack,
    unpack_without_truncating,
    write_components,
)
from fleetforge.rehearsal.oci_layout import LayoutUnreadable, read_index, write_layout

RECORDINGS = Path(__file__).parents[2] / "../shared/data/kk-transcripts"
RECORDED = Wanted(
    arches=("amd64",),
    kubernetes_versions=("v1.22.17",),
    components={
        "etcd": {"version": "v3.5.13"},
        "cni": {"version": "v1.2.0"},
        "helm": {"version": "v3.14.3"},
        "crictl": {"version": "v1.29.0"},
        "containerRuntimes": [{"type": "containerd", "version": "1.7.13"}],
        "docker-registry": {"version": "2"},
    },
)


def _quiet(line: str) -> None:
    return None


def _packed(folder: Path, artifact: Path) -> list[str]:
    names: list[str] = []
    pack(folder, artifact, names.append)
    return names


def test_names_and_downloads_are_those_of_a_recorded_export(tmp_path: Path) -> None:
    recording = RECORDINGS / "real-artifact-export.txt"
    if not recording.exists():
        pytest.skip("the recordings of kk are not beside this checkout")
    text = recording.read_text()
    write_layout(tmp_path / "a" / "images", [f"10.198.0.5:5000/kubesphereio/i{n}:1" for n in range(8)], ["amd64"])
    components = write_components(tmp_path / "a", RECORDED)
    names = _packed(tmp_path / "a", tmp_path / "artifact.tar.gz")
    blob = re.compile(r"(?<=sha256/)[0-9a-f]{64}")
    recorded = re.findall(
        r"^(?:<\d+ NUL bytes>)?((?:cni|containerd|crictl|etcd|helm|images|kube|registry|runc)/\S+)", text, re.M
    )
    assert [blob.sub("…", name) for name in names] == [blob.sub("…", name) for name in recorded]
    said = [f"downloading {found.arch} {found.id} {found.version} ..." for found in components]
    assert said == re.findall(r"^downloading .*$", text, re.M)


def test_members_are_regular_files_without_a_leading_dot(tmp_path: Path) -> None:
    (tmp_path / "a" / "empty").mkdir(parents=True)
    write_components(tmp_path / "a", RECORDED)
    (tmp_path / "a" / "link").symlink_to("kube")
    names = _packed(tmp_path / "a", tmp_path / "artifact.tar.gz")
    with tarfile.open(tmp_path / "artifact.tar.gz") as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == names
    assert all(member.isreg() and not member.name.startswith(".") for member in members)


def test_folders_are_walked_before_their_longer_named_neighbours(tmp_path: Path) -> None:
    for name in ("cri/x", "cri-dockerd/x", "crictl/x", "cri.txt"):
        (tmp_path / "a" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a" / name).write_text(name)
    names = _packed(tmp_path / "a", tmp_path / "artifact.tar.gz")
    assert names == ["cri/x", "cri-dockerd/x", "cri.txt", "crictl/x"]


def test_unpacking_gives_the_files_back_and_says_their_paths(tmp_path: Path) -> None:
    write_components(tmp_path / "a", RECORDED)
    names = _packed(tmp_path / "a", tmp_path / "artifact.tar.gz")
    said: list[str] = []
    unpack_without_truncating(tmp_path / "artifact.tar.gz", tmp_path / "work", said.append)
    assert said == [str(tmp_path / "work" / name) for name in names]
    assert all((tmp_path / "work" / n).read_bytes() == (tmp_path / "a" / n).read_bytes() for n in names)
    assert (tmp_path / "work/kube/v1.22.17/amd64/kubeadm").stat().st_mode & 0o111


def test_a_shorter_index_over_a_longer_one_keeps_the_old_tail(tmp_path: Path) -> None:
    for name, images in (("big", ["docker.io/k/a:1", "docker.io/k/b:1"]), ("small", ["docker.io/k/a:1"])):
        write_layout(tmp_path / name / "images", images, ["amd64"])
        pack(tmp_path / name, tmp_path / f"{name}.tar.gz", _quiet)
        unpack_without_truncating(tmp_path / f"{name}.tar.gz", tmp_path / "work", _quiet)
    big, small = ((tmp_path / name / "images/index.json").read_bytes() for name in ("big", "small"))
    assert (tmp_path / "work/images/index.json").read_bytes() == small + big[len(small) :]
    with pytest.raises(LayoutUnreadable, match=r"unmarshal index\.json failed: %s: invalid character"):
        read_index(tmp_path / "work/images")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"kind: Manifest\n", "gzip: invalid header"), (None, "open artifact.tar.gz: no such file or directory")],
)
def test_an_artifact_that_cannot_be_read(tmp_path: Path, content: bytes | None, reason: str) -> None:
    artifact = tmp_path / "artifact.tar.gz"
    if content is not None:
        artifact.write_bytes(content)
    with pytest.raises((tarfile.ReadError, FileNotFoundError)) as failed:
        unpack_without_truncating(artifact, tmp_path / "work", _quiet)
    assert go_reason(failed.value, "artifact.tar.gz") == reason


def test_an_artifact_cut_short_gives_what_came_before_the_cut(tmp_path: Path) -> None:
    write_components(tmp_path / "a", RECORDED)
    (tmp_path / "a" / "zz").write_bytes(bytes(range(256)) * 4096)
    pack(tmp_path / "a", tmp_path / "artifact.tar.gz", _quiet)
    whole = (tmp_path / "artifact.tar.gz").read_bytes()
    (tmp_path / "artifact.tar.gz").write_bytes(whole[:-100])
    said: list[str] = []
    with pytest.raises(tarfile.ReadError) as failed:
        unpack_without_truncating(tmp_path / "artifact.tar.gz", tmp_path / "work", said.append)
    assert go_reason(failed.value, "artifact.tar.gz") == "unexpected EOF"
    assert str(tmp_path / "work/kube/v1.22.17/amd64/kubeadm") in said


def test_a_member_that_points_outside_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "x", arcname="../escaped")
    unpack_without_truncating(tmp_path / "evil.tar.gz", tmp_path / "work", _quiet)
    assert not (tmp_path / "escaped").exists()


def test_harbor_and_compose_are_left_out_for_arm64() -> None:
    components = {"harbor": {"version": "v2.10.1"}, "docker-compose": {"version": "v2.26.1"}}
    wanted = Wanted(("amd64", "arm64"), (), components)
    assert {(found.id, found.arch) for found in components_of(wanted)} == {
        ("harbor", "amd64"),
        ("compose", "amd64"),
        ("docker", "amd64"),
    }
    assert left_out(wanted) == (("harbor", "arm64"), ("docker-compose", "arm64"))


def test_every_component_of_the_documented_manifest_has_its_own_content_per_architecture(tmp_path: Path) -> None:
    components = {
        **RECORDED.components,
        "calicoctl": {"version": "v3.27.3"},
        "containerRuntimes": [{"type": "docker", "version": "24.0.9"}, {"type": "containerd", "version": "1.7.13"}],
    }
    wanted = Wanted(("amd64", "arm64"), ("v1.22.17",), components, (("arm64", "ubuntu", "22.04"),))
    written = write_components(tmp_path, wanted)
    contents = {(tmp_path / found.path).read_bytes() for found in written}
    assert len(contents) == len(written) == 26
    assert (tmp_path / "cri-dockerd/0.3.10/arm64/cri-dockerd-0.3.10.tgz").is_file()
    assert (tmp_path / "cni/v3.27.3/arm64/calicoctl").is_file()
    assert (tmp_path / "repository/arm64/ubuntu/22.04/ubuntu-22.04-arm64.iso").is_file()
