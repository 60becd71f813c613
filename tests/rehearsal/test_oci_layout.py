"""The image layout of an artifact: as kk writes it, readable by skopeo, refused in kk's words when damaged."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from fleetforge.fleet.oci import OCI_MANIFEST, REF_NAME, digest_of, entries_of, missing_images, present_images
from fleetforge.rehearsal.images import tiny_image
from fleetforge.rehearsal.oci_layout import LayoutUnreadable, add_image, read_blob, read_index, write_layout

PAUSE = "docker.io/kubesphere/pause:3.5"
COREDNS = "docker.io/coredns/coredns:1.8.0"


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    write_layout(tmp_path / "images", [PAUSE, COREDNS], ["amd64", "arm64"])
    return tmp_path / "images"


def test_the_index_has_one_entry_per_image_and_architecture_in_kks_order(layout: Path) -> None:
    index = json.loads((layout / "index.json").read_text())
    names = [entry["annotations"][REF_NAME] for entry in index["manifests"]]
    assert names == [f"{image}-{arch}" for image in (PAUSE, COREDNS) for arch in ("amd64", "arm64")]
    assert all("platform" not in entry and entry["mediaType"] == OCI_MANIFEST for entry in index["manifests"])
    assert (layout / "oci-layout").read_text() == '{"imageLayoutVersion":"1.0.0"}'


def test_what_was_written_is_what_is_read(layout: Path) -> None:
    entries = entries_of(read_index(layout))
    assert not missing_images([PAUSE, COREDNS], ["amd64", "arm64"], present_images(entries))
    for entry in entries:
        manifest = read_blob(layout, entry.digest)
        assert (digest_of(manifest), len(manifest)) == (entry.digest, entry.size)
        config = json.loads(read_blob(layout, json.loads(manifest)["config"]["digest"]))
        assert config["architecture"] == entry.arch


def test_every_blob_has_the_name_of_its_content(layout: Path) -> None:
    blobs = sorted((layout / "blobs" / "sha256").iterdir())
    assert len(blobs) == 4 * 3
    assert all(digest_of(blob.read_bytes()) == f"sha256:{blob.name}" for blob in blobs)


def test_adding_an_image_again_replaces_its_entry(layout: Path) -> None:
    heard: list[str] = []
    other = tiny_image("docker.io/other/image:1", "amd64")
    add_image(layout, PAUSE, "amd64", heard.append, other)
    entries = {(entry.image, entry.arch): entry.digest for entry in entries_of(read_index(layout))}
    assert (len(entries), entries[PAUSE, "amd64"]) == (4, other.digest)
    assert heard == [
        "Getting image source signatures",
        f"Copying blob {other.digests[2]}",
        f"Copying config {other.digests[1]}",
        "Writing manifest to image destination",
        "Storing signatures",
    ]


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_skopeo_reads_each_image_by_its_name(layout: Path, arch: str) -> None:
    command = ["skopeo", "--override-arch", arch, "inspect", f"oci:{layout}:{PAUSE}-{arch}"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout)
    image = tiny_image(PAUSE, arch)
    assert (found["Digest"], found["Architecture"], found["Layers"]) == (image.digest, arch, [image.digests[2]])


def test_an_absent_index_is_refused_in_kks_words(tmp_path: Path) -> None:
    with pytest.raises(LayoutUnreadable) as refused:
        read_index(tmp_path)
    assert str(refused.value) == f"read index.json failed: open {tmp_path}/index.json: no such file or directory"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"manifests":[]}0}', "invalid character '0' after top-level value"),
        ("hello", "invalid character 'h' looking for beginning of value"),
        ('{"manifests":[', "unexpected end of JSON input"),
        ("", "unexpected end of JSON input"),
    ],
)
def test_a_damaged_index_is_refused_in_gos_words(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(LayoutUnreadable) as refused:
        read_index(tmp_path)
    assert str(refused.value) == f"unmarshal index.json failed: %s: {reason}"


def test_an_image_is_the_same_bytes_every_time_and_different_per_name_and_arch() -> None:
    tiny_image.cache_clear()
    first = tiny_image(PAUSE, "amd64")
    tiny_image.cache_clear()
    assert tiny_image(PAUSE, "amd64") == first
    assert len({first.digest, tiny_image(PAUSE, "arm64").digest, tiny_image(COREDNS, "amd64").digest}) == 3


def test_the_config_names_the_uncompressed_layer() -> None:
    image = tiny_image(PAUSE, "arm/v7")
    config, tar = json.loads(image.config), gzip.decompress(image.layers[0])
    assert config["rootfs"]["diff_ids"] == [digest_of(tar)]
    assert (config["architecture"], config["variant"], config["os"]) == ("arm", "v7", "linux")
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        assert archive.getnames() == ["image.txt"]
