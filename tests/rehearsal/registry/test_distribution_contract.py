"""What every registry must do, run against ours, ours behind Harbor, and Debian's docker-registry where it is there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from fleetforge.fleet.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from fleetforge.rehearsal.images import TinyImage
from fleetforge.rehearsal.oci_layout import manifest_list

Registry = Any
NOWHERE = digest_of(b"never pushed")


def _codes(answer: requests.Response) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


def test_the_version_endpoint_says_which_api_it_is(registry: Registry) -> None:
    answer = registry.session.get(f"{registry.url}/v2/")
    assert answer.status_code == 200
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert answer.json() == {}


def test_a_blob_sent_in_chunks_comes_back_whole(registry: Registry) -> None:
    answer = registry.session.post(registry.at("blobs/uploads/"))
    assert answer.status_code == 202
    assert answer.headers["Docker-Upload-UUID"]
    for chunk, arrived in ((b"first ", "0-5"), (b"second", "0-11")):
        location = urljoin(answer.url, answer.headers["Location"])
        headers = {"Content-Type": "application/octet-stream"}
        answer = registry.session.patch(location, data=chunk, headers=headers)
        assert (answer.status_code, answer.headers["Range"]) == (202, arrived)
    digest = digest_of(b"first second")
    closed = registry.session.put(urljoin(answer.url, answer.headers["Location"]), params={"digest": digest})
    assert closed.status_code == 201
    assert closed.headers["Docker-Content-Digest"] == digest
    assert registry.session.get(urljoin(closed.url, closed.headers["Location"])).content == b"first second"


def test_a_blob_sent_with_the_closing_put_comes_back_whole(registry: Registry) -> None:
    digest = registry.upload(b"monolith")
    answer = registry.session.get(registry.at(f"blobs/{digest}"))
    assert answer.content == b"monolith"
    assert answer.headers["Docker-Content-Digest"] == digest
    head = registry.session.head(registry.at(f"blobs/{digest}"))
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "8", b"")


def test_a_digest_on_the_opening_post_opens_an_ordinary_upload(registry: Registry) -> None:
    params = {"digest": digest_of(b"all at once")}
    answer = registry.session.post(registry.at("blobs/uploads/"), params=params, data=b"all at once")
    assert answer.status_code == 202
    assert registry.session.head(registry.at(f"blobs/{params['digest']}")).status_code == 404


def test_content_that_does_not_match_its_digest_is_refused_and_not_kept(registry: Registry) -> None:
    opened = registry.session.post(registry.at("blobs/uploads/"))
    location = urljoin(opened.url, opened.headers["Location"])
    answer = registry.session.put(location, params={"digest": NOWHERE}, data=b"something else")
    assert (answer.status_code, _codes(answer)) == (400, ["DIGEST_INVALID"])
    assert registry.session.head(registry.at(f"blobs/{NOWHERE}")).status_code == 404


def test_closing_an_upload_without_a_digest_is_refused(registry: Registry) -> None:
    opened = registry.session.post(registry.at("blobs/uploads/"))
    answer = registry.session.put(urljoin(opened.url, opened.headers["Location"]), data=b"x")
    assert (answer.status_code, _codes(answer)) == (400, ["DIGEST_INVALID"])


def test_an_unknown_blob_is_404(registry: Registry) -> None:
    answer = registry.session.get(registry.at(f"blobs/{NOWHERE}"))
    assert (answer.status_code, _codes(answer)) == (404, ["BLOB_UNKNOWN"])
    assert answer.json()["errors"][0]["detail"] == NOWHERE


def test_a_cancelled_upload_is_gone(registry: Registry) -> None:
    opened = registry.session.post(registry.at("blobs/uploads/"))
    location = urljoin(opened.url, opened.headers["Location"])
    assert registry.session.get(location).status_code == 204
    assert registry.session.delete(location).status_code == 204
    again = registry.session.get(location)
    assert (again.status_code, _codes(again)) == (404, ["BLOB_UPLOAD_UNKNOWN"])


def test_a_blob_of_another_repository_is_unknown_until_it_is_mounted(registry: Registry) -> None:
    digest = registry.upload(b"shared layer")
    other = f"{registry.url}/v2/{registry.repository}-other/blobs"
    assert registry.session.head(f"{other}/{digest}").status_code == 404
    params = {"mount": digest, "from": registry.repository}
    mounted = registry.session.post(f"{other}/uploads/", params=params)
    assert (mounted.status_code, mounted.headers["Docker-Content-Digest"]) == (201, digest)
    assert registry.session.get(f"{other}/{digest}").content == b"shared layer"


def test_mounting_what_is_not_there_falls_back_to_an_upload(registry: Registry) -> None:
    params = {"mount": NOWHERE, "from": registry.repository}
    answer = registry.session.post(registry.at("blobs/uploads/"), params=params)
    assert answer.status_code == 202
    assert answer.headers["Location"]


@pytest.mark.parametrize(("asked", "got"), [("bytes=2-4", b"cde"), ("bytes=7-", b"hij"), ("bytes=-2", b"ij")])
def test_a_range_of_a_blob_is_206(registry: Registry, asked: str, got: bytes) -> None:
    digest = registry.upload(b"abcdefghij")
    answer = registry.session.get(registry.at(f"blobs/{digest}"), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, got)
    assert answer.headers["Content-Range"].endswith("/10")


def test_a_range_behind_the_end_of_a_blob_is_416(registry: Registry) -> None:
    digest = registry.upload(b"abcdefghij")
    headers = {"Range": "bytes=20-"}
    with registry.session.get(registry.at(f"blobs/{digest}"), headers=headers, stream=True) as answer:
        assert answer.status_code == 416


def test_a_manifest_is_found_by_tag_and_by_digest(registry: Registry, amd64: TinyImage) -> None:
    registry.pushed(amd64, "3.5")
    for reference in ("3.5", amd64.digest):
        answer = registry.get(reference)
        assert (answer.status_code, answer.content) == (200, amd64.manifest)
        assert answer.headers["Content-Type"] == OCI_MANIFEST
        assert answer.headers["Docker-Content-Digest"] == amd64.digest
    head = registry.session.head(registry.at("manifests/3.5"), headers={"Accept": OCI_MANIFEST})
    assert head.headers["Content-Length"] == str(len(amd64.manifest))


def test_a_docker_manifest_keeps_its_type(registry: Registry, amd64: TinyImage) -> None:
    for content in amd64.blobs.values():
        registry.upload(content)
    put = registry.put("docker", amd64.docker_manifest, DOCKER_MANIFEST)
    assert put.headers["Docker-Content-Digest"] == digest_of(amd64.docker_manifest)
    assert registry.get("docker").headers["Content-Type"] == DOCKER_MANIFEST


def test_a_manifest_that_names_absent_blobs_is_refused_with_each_of_them(registry: Registry, amd64: TinyImage) -> None:
    answer = registry.put("3.5", amd64.manifest)
    assert (answer.status_code, set(_codes(answer))) == (400, {"MANIFEST_BLOB_UNKNOWN"})
    assert {error["detail"] for error in answer.json()["errors"]} == set(amd64.blobs)
    assert registry.get("3.5").status_code == 404


def test_a_list_that_names_an_absent_image_is_refused(registry: Registry, amd64: TinyImage, arm64: TinyImage) -> None:
    registry.pushed(amd64, "3.5-amd64")
    content = manifest_list((OCI_MANIFEST, i.digest, len(i.manifest), i.arch) for i in (amd64, arm64))
    answer = registry.put("3.5", content, DOCKER_LIST)
    assert (answer.status_code, _codes(answer)) == (400, ["MANIFEST_BLOB_UNKNOWN"])
    assert answer.json()["errors"][0]["detail"] == arm64.digest


def test_a_list_of_two_architectures_comes_back_byte_for_byte(
    registry: Registry, amd64: TinyImage, arm64: TinyImage
) -> None:
    registry.pushed(amd64, "3.5-amd64")
    registry.pushed(arm64, "3.5-arm64")
    content = registry.pushed_list("3.5", amd64, arm64)
    answer = registry.get("3.5")
    assert (answer.content, answer.headers["Content-Type"]) == (content, DOCKER_LIST)


def test_an_oci_index_is_hidden_from_a_client_that_does_not_accept_it(registry: Registry, amd64: TinyImage) -> None:
    registry.pushed(amd64, "3.5-amd64")
    content = manifest_list([(OCI_MANIFEST, amd64.digest, len(amd64.manifest), "amd64")])
    index = content.replace(DOCKER_LIST.encode(), OCI_INDEX.encode())
    assert registry.put("index", index, OCI_INDEX).status_code == 201
    assert registry.get("index", OCI_INDEX).content == index
    assert registry.get("index", DOCKER_MANIFEST).status_code == 404


def test_a_manifest_under_a_digest_that_is_not_its_own_is_refused(registry: Registry, amd64: TinyImage) -> None:
    registry.pushed(amd64, "3.5")
    answer = registry.put(NOWHERE, amd64.manifest)
    assert (answer.status_code, _codes(answer)) == (400, ["DIGEST_INVALID"])


@pytest.mark.parametrize("content", [b"no json", b'{"schemaVersion":2,"mediaType":"text/plain"}'])
def test_something_that_is_no_manifest_is_refused(registry: Registry, content: bytes) -> None:
    answer = registry.put("3.5", content)
    assert (answer.status_code, _codes(answer)) == (400, ["MANIFEST_INVALID"])


def test_a_tag_moves_to_the_manifest_pushed_last(registry: Registry, amd64: TinyImage, arm64: TinyImage) -> None:
    registry.pushed(amd64, "latest")
    registry.pushed(arm64, "latest")
    assert registry.get("latest").headers["Docker-Content-Digest"] == arm64.digest
    assert registry.get(amd64.digest).status_code == 200


def test_deleting_a_manifest_takes_its_tags_along(registry: Registry, amd64: TinyImage, arm64: TinyImage) -> None:
    registry.pushed(amd64, "3.5-amd64")
    registry.pushed(arm64, "3.5-arm64")
    assert registry.session.delete(registry.at(f"manifests/{amd64.digest}")).status_code == 202
    assert registry.get("3.5-amd64").status_code == 404
    assert registry.get(amd64.digest).status_code == 404
    assert registry.get("3.5-arm64").status_code == 200
    assert registry.session.delete(registry.at(f"manifests/{amd64.digest}")).status_code == 404


def test_an_unknown_tag_and_an_unknown_repository_are_404(registry: Registry, amd64: TinyImage) -> None:
    absent = registry.get("3.5")
    registry.pushed(amd64, "3.5")
    for answer in (absent, registry.get("3.6"), registry.get(NOWHERE)):
        expected = "NOT_FOUND" if registry.is_harbor else "MANIFEST_UNKNOWN"
        assert (answer.status_code, _codes(answer)) == (404, [expected])


def test_tags_are_listed(registry: Registry, amd64: TinyImage) -> None:
    nobody = registry.session.get(registry.at("tags/list"))
    expected = "NOT_FOUND" if registry.is_harbor else "NAME_UNKNOWN"
    assert (nobody.status_code, _codes(nobody)) == (404, [expected])
    registry.pushed(amd64, "b")
    registry.pushed(amd64, "a")
    listed = registry.session.get(registry.at("tags/list")).json()
    assert (listed["name"], sorted(listed["tags"])) == (registry.repository, ["a", "b"])


def test_the_catalogue_is_paged_with_a_link(registry: Registry, amd64: TinyImage) -> None:
    registry.pushed(amd64, "3.5")
    session, url, seen = registry.session, f"{registry.url}/v2/_catalog?n=1", []
    while url and len(seen) < 50:
        answer = session.get(url)
        seen += answer.json()["repositories"]
        following = answer.links.get("next", {}).get("url", "")
        url = urljoin(answer.url, following) if following else ""
    assert registry.repository in seen
    assert seen == sorted(set(seen))


def test_a_repository_name_with_capitals_is_refused(registry: Registry) -> None:
    answer = registry.session.get(f"{registry.url}/v2/kubesphereio/Pause/tags/list")
    assert answer.status_code in (400, 404)
