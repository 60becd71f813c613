"""Reading image names, layout indexes and manifest lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetforge.fleet.oci import (
    DOCKER_LIST,
    OCI_INDEX,
    OCI_MANIFEST,
    REF_NAME,
    LayoutEntry,
    digest_of,
    entries_of,
    is_digest,
    is_list,
    joined_ref_name,
    missing_images,
    normal_arch,
    platform_digests,
    present_images,
    split_ref_name,
)

DIGEST = digest_of(b"")


@pytest.mark.parametrize(
    ("name", "image", "arch"),
    [
        ("docker.io/kubesphere/pause:3.5-amd64", "docker.io/kubesphere/pause:3.5", "amd64"),
        ("10.0.0.1:5000/k/kube-rbac-proxy:v0.11.0-arm64", "10.0.0.1:5000/k/kube-rbac-proxy:v0.11.0", "arm64"),
        ("h/n/x:1-arm64-v8", "h/n/x:1", "arm64"),
        ("h/n/x:1-arm-v7", "h/n/x:1", "arm/v7"),
        ("h/n/x:v1-alpine-amd64", "h/n/x:v1-alpine", "amd64"),
        ("h/n/x:amd64-arm64", "h/n/x:amd64", "arm64"),
    ],
)
def test_a_name_in_an_artifact_is_an_image_and_an_architecture(name: str, image: str, arch: str) -> None:
    assert split_ref_name(name) == (image, arch)


@pytest.mark.parametrize("name", ["", "h/n/x", "h:5000/n/x-amd64", "h/n/x:1", "h/n/x:amd64", "h/n/x:1-sparc"])
def test_a_name_without_an_architecture_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not end in a known architecture"):
        split_ref_name(name)


@given(
    st.from_regex(r"[a-z0-9.]{1,12}(:[0-9]{2,4})?/[a-z0-9]{1,8}/[a-z0-9-]{1,8}:[a-z0-9._-]{1,12}", fullmatch=True),
    st.sampled_from(["amd64", "arm64", "arm/v7", "ppc64le"]),
)
def test_splitting_undoes_joining(image: str, arch: str) -> None:
    assert split_ref_name(joined_ref_name(image, arch)) == (image, arch)


@pytest.mark.parametrize(
    ("spelling", "normal"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("arm64/v8", "arm64"), ("arm/v7", "arm/v7")]
)
def test_an_architecture_has_one_spelling(spelling: str, normal: str) -> None:
    assert normal_arch(spelling) == normal


def test_entries_keep_the_order_of_the_index() -> None:
    names = ["h/n/b:1-arm64", "h/n/a:1-amd64"]
    index = {"manifests": [{"digest": DIGEST, "size": 7, "annotations": {REF_NAME: name}} for name in names]}
    assert entries_of(index) == (LayoutEntry("h/n/b:1", "arm64", DIGEST, 7), LayoutEntry("h/n/a:1", "amd64", DIGEST, 7))


@pytest.mark.parametrize(
    "index",
    [
        {},
        {"manifests": {}},
        {"manifests": ["x"]},
        {"manifests": [{"digest": DIGEST}]},
        {"manifests": [{"digest": "sha256:short", "annotations": {REF_NAME: "h/n/x:1-amd64"}}]},
    ],
)
def test_an_index_that_names_nothing_is_refused(index: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="image index"):
        entries_of(index)


def test_what_is_missing_is_told_once_in_the_order_wanted() -> None:
    present = present_images([LayoutEntry("a:1", "amd64", DIGEST, 1), LayoutEntry("b:1", "arm64", DIGEST, 1)])
    missing = missing_images(["b:1", "a:1", "b:1"], ["amd64", "aarch64"], present)
    assert missing == (("b:1", "amd64"), ("a:1", "arm64"))


def test_nothing_is_missing_where_everything_is_there() -> None:
    assert missing_images(["a:1"], ["arm64/v8"], {("a:1", "arm64")}) == ()
    assert missing_images([], ["amd64"], []) == ()


@pytest.mark.parametrize("media_type", [DOCKER_LIST, OCI_INDEX, None])
def test_a_list_maps_architectures_to_digests(media_type: str | None) -> None:
    members = [("amd64", "linux", None), ("arm64", "linux", "v8"), ("arm", "linux", "v7"), ("amd64", "windows", None)]
    document = {
        "manifests": [
            {"digest": digest_of(str(number).encode()), "platform": {"architecture": a, "os": o, "variant": v}}
            for number, (a, o, v) in enumerate(members)
        ]
        + [{"digest": DIGEST, "platform": {"architecture": "unknown", "os": "unknown"}}, {"digest": DIGEST}]
    }
    if media_type:
        document["mediaType"] = media_type  # type: ignore[assignment]
    found = platform_digests(document)
    assert found == {"amd64": digest_of(b"0"), "arm64": digest_of(b"1"), "arm/v7": digest_of(b"2")}


def test_a_single_image_is_no_list() -> None:
    document = {"mediaType": OCI_MANIFEST, "config": {}, "layers": []}
    assert not is_list(document)
    with pytest.raises(ValueError, match="single image"):
        platform_digests(document)


def test_a_digest_is_sha256_and_64_hex() -> None:
    assert is_digest(DIGEST)
    assert not is_digest(DIGEST.upper())
    assert not is_digest("sha512:" + "0" * 128)
