"""kk's push of an artifact's images, against our servers and Debian's registry."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleetforge.fleet.oci import DOCKER_LIST, OCI_MANIFEST, digest_of
from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.oci_layout import (
    Member,
    Voice,
    copied_images,
    manifest_list,
    pushed_lists,
    write_layout,
)
from fleetforge.rehearsal.registry.client import CopyFailed, Login, RegistryClient

Running = Any
RECORDINGS = Path(__file__).parents[3] / "../shared/data/kk-transcripts"
IMAGES = ("docker.io/kubesphereio/pause:3.5", "docker.io/kubesphereio/coredns:1.8.0")


@dataclass
class Heard:
    out: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    @property
    def voice(self) -> Voice:
        return Voice(self.out.append, self.log.append, self.err.append)


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    write_layout(tmp_path / "images", IMAGES, ["amd64", "arm64"])
    return tmp_path / "images"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield int(probe.getsockname()[1])


def _push(running: Running, layout: Path, heard: Heard, login: Login | None = None) -> dict[str, list[Member]]:
    login = login or running.login
    lists = copied_images(layout, running.server.host, login, heard.voice)
    pushed_lists(lists, login, heard.voice)
    return lists


@pytest.mark.parametrize("name", ["harbor", "plain"])
def test_every_image_is_there_for_every_architecture(
    request: pytest.FixtureRequest, layout: Path, heard: Heard, name: str
) -> None:
    running: Running = request.getfixturevalue(name)
    lists = _push(running, layout, heard)
    assert list(lists) == [f"{running.server.host}/kubesphereio/{n}" for n in ("pause:3.5", "coredns:1.8.0")]
    for repository, tag in (("kubesphereio/pause", "3.5"), ("kubesphereio/coredns", "1.8.0")):
        for arch in ("amd64", "arm64"):
            assert running.server.has_image(repository, tag, arch)
            assert running.server.has_image(repository, f"{tag}-{arch}", arch)


def test_debians_registry_takes_the_same_push(debian_url: str, layout: Path, heard: Heard) -> None:
    host, login = debian_url.removeprefix("http://"), Login(plain_http=True)
    pushed_lists(copied_images(layout, host, login, heard.voice), login, heard.voice)
    client = RegistryClient(host, login)
    client.ping()
    found = client.manifest("kubesphereio/pause", "3.5")
    assert found is not None
    assert found[0] == DOCKER_LIST
    assert f"Digest: {digest_of(found[1])} Length: {len(found[1])}" in heard.log


def test_a_second_push_uploads_nothing_and_says_the_same(harbor: Running, layout: Path) -> None:
    first, second = Heard(), Heard()
    _push(harbor, layout, first)
    harbor.faults.add(Fault("registry", "POST .*/blobs/uploads/", times=100, status=500))
    _push(harbor, layout, second)
    assert (first.out, first.log, first.err) == (second.out, second.log, second.err)


def test_the_words_are_those_of_a_recorded_push(plain: Running, tmp_path: Path, heard: Heard) -> None:
    recording = RECORDINGS / "image-push-plainhttp-ok.txt"
    if not recording.exists():
        pytest.skip("the recordings of kk are not beside this checkout")
    write_layout(tmp_path / "oci", ["docker.io/kubesphere/pause:3.5"], ["amd64", "arm64"])
    for arch, image in (("amd64", "docker.io/coredns/coredns:1.8.0"),):
        write_layout(tmp_path / "oci", [image], [arch])
    _push(plain, tmp_path / "oci", heard)
    text = recording.read_text()
    out, err = text.partition("===== stdout")[2].split("===== stderr")
    said = [_anonymous(line) for line in err.splitlines()]
    assert [_anonymous(line) for line in heard.out] == [
        _anonymous(line) for line in out.splitlines() if line.startswith(("Getting", "Copying", "Writing", "Storing"))
    ]
    spoken = [_anonymous(line.replace(str(tmp_path / "oci"), "oci")) for line in heard.log]
    assert spoken == [line for line in said if line.startswith(("Source", "Destination", "Push multi", "Digest"))]


def _anonymous(line: str) -> str:
    line = re.sub(r"^\d\d:\d\d:\d\d UTC ", "", line)
    line = re.sub(r"sha256:[0-9a-f]{64}", "<digest>", line)
    return re.sub(r"(?:192\.168\.88\.10|127\.0\.0\.1):\d+", "<registry>", line)


@pytest.mark.parametrize(
    ("members", "digest", "length"),
    [
        (
            [("a7172a11263f13bcab69679170b9a35e512653fbde7028399a2cdc612c103c16", 418, "amd64")],
            "sha256:778c40b077dd4edc9700c2913f64ab9f85c0f3e79aa9cbf0c9480318ad169b0f",
            392,
        ),
        (
            [
                ("9ac595fd6168c25912866de7c1be97101f6419b48c7067ded66a547f33a4ac44", 418, "amd64"),
                ("0b5e8f4e48fc928a49527b23134c71f34059103992eb6c72edbf34d6e1badeab", 418, "arm64"),
            ],
            "sha256:cb24ef7b7e5c316b72fe80f96e125c44219c9891541505932b0f7473ce2f9f74",
            663,
        ),
    ],
)
def test_a_list_has_the_digest_a_real_kk_printed(members: list[tuple[str, int, str]], digest: str, length: int) -> None:
    content = manifest_list((OCI_MANIFEST, f"sha256:{found}", size, arch) for found, size, arch in members)
    assert (digest_of(content), len(content)) == (digest, length)


def test_a_registry_with_a_path_gets_the_images_below_it(plain: Running, layout: Path, heard: Heard) -> None:
    lists = copied_images(layout, f"{plain.server.host}/mirror", plain.login, heard.voice)
    pushed_lists(lists, plain.login, heard.voice)
    assert plain.server.has_image("mirror/kubesphereio/pause", "3.5", "arm64")


def test_a_missing_project_fails_five_times_and_nothing_after_it_is_tried(
    harbor: Running, tmp_path: Path, heard: Heard
) -> None:
    write_layout(tmp_path / "images", ["docker.io/nosuch/pause:3.5", *IMAGES], ["amd64"])
    with pytest.raises(CopyFailed) as failed:
        copied_images(tmp_path / "images", harbor.server.host, harbor.login, heard.voice)
    blob = r"sha256:[0-9a-f]{64}"
    where = f"{re.escape(harbor.server.host)}/nosuch/pause"
    text = (
        rf"trying to reuse blob ({blob}) at destination: checking whether a blob \1 exists in {where}: "
        r"unauthorized: authentication required"
    )
    assert re.fullmatch(text, str(failed.value))
    assert heard.out == ["Getting image source signatures", str(failed.value)] * 5
    assert heard.log == [
        f"Source: oci:{tmp_path}/images:docker.io/nosuch/pause:3.5-amd64",
        f"Destination: docker://{harbor.server.host}/nosuch/pause:3.5-amd64",
    ]


def test_a_wrong_password_is_said_in_harbors_words(harbor: Running, layout: Path, heard: Heard) -> None:
    login = Login("admin", "wrong", certs_path=harbor.login.certs_path)
    with pytest.raises(CopyFailed, match=r"writing blob: initiating layer upload to .* unauthorized: unauthorized to"):
        copied_images(layout, harbor.server.host, login, heard.voice)


def test_a_registry_that_is_down(layout: Path, heard: Heard, closed_port: int) -> None:
    host = f"127.0.0.1:{closed_port}"
    with pytest.raises(CopyFailed) as failed:
        copied_images(layout, host, Login(plain_http=True), heard.voice)
    reason = f'Get "http://{host}/v2/": dial tcp {host}: connect: connection refused'
    assert str(failed.value).endswith(f"at destination: pinging container registry {host}: {reason}")


def test_an_http_registry_without_plain_http(plain: Running, layout: Path, heard: Heard) -> None:
    with pytest.raises(CopyFailed) as failed:
        copied_images(layout, plain.server.host, Login(), heard.voice)
    assert str(failed.value).endswith('/v2/": http: server gave HTTP response to HTTPS client')


def test_a_ca_nobody_told_kk_about(harbor: Running, layout: Path, heard: Heard) -> None:
    with pytest.raises(CopyFailed, match="x509: certificate signed by unknown authority"):
        copied_images(layout, harbor.server.host, Login("admin", harbor.login.password), heard.voice)
    skipping = Login("admin", harbor.login.password, skip_tls_verify=True)
    assert copied_images(layout, harbor.server.host, skipping, heard.voice)


@pytest.mark.parametrize(
    ("match", "status", "text"),
    [
        (
            "GET /v2/$",
            500,
            "pinging container registry H: invalid status code from registry 500 (Internal Server Error)",
        ),
        ("GET /v2/$", 0, 'pinging container registry H: Get "https://H/v2/": EOF'),
        ("GET /service", 503, "Requesting bearer token: invalid status code from registry 503 (Service Unavailable)"),
        ("HEAD .*/blobs/", 500, "failed to read from destination repository R: 500 (Internal Server Error)"),
        (
            "POST .*/uploads/",
            503,
            "writing blob: initiating layer upload to /v2/R/blobs/uploads/ in H: "
            "received unexpected HTTP status: 503 Service Unavailable",
        ),
        (
            "PATCH",
            500,
            "writing blob: uploading layer chunked: received unexpected HTTP status: 500 Internal Server Error",
        ),
        ("PUT .*/uploads", 404, "unknown: not found"),
        ("PUT .*/manifests", 403, "writing manifest: uploading manifest 3.5-amd64 to H/R: unknown: forbidden"),
        ("PUT .*/manifests", 0, 'writing manifest: Put "https://H/v2/R/manifests/3.5-amd64": EOF'),
    ],
)
def test_a_failing_step_is_said_as_skopeo_says_it(
    harbor: Running, layout: Path, heard: Heard, match: str, status: int, text: str
) -> None:
    harbor.faults.add(Fault("registry", match, times=1000, status=status))
    with pytest.raises(CopyFailed) as failed:
        copied_images(layout, harbor.server.host, harbor.login, heard.voice)
    said = str(failed.value).replace(harbor.server.host, "H").replace("kubesphereio/pause", "R")
    assert said.endswith(text)


def test_four_failures_of_an_image_are_survived(harbor: Running, layout: Path, heard: Heard) -> None:
    harbor.faults.add(Fault("registry", "PUT .*/manifests/3.5-arm64", times=4, status=503))
    _push(harbor, layout, heard)
    assert sum("uploading manifest 3.5-arm64" in line for line in heard.out) == 4
    assert harbor.server.has_image("kubesphereio/pause", "3.5", "arm64")


def test_a_list_without_its_members_is_not_pushed(plain: Running, heard: Heard) -> None:
    image = f"{plain.server.host}/kubesphereio/pause:3.5"
    with pytest.raises(CopyFailed, match="all entries were skipped due to missing source image references"):
        pushed_lists({image: [Member(f"{image}-amd64", "amd64")]}, plain.login, heard.voice)


def test_without_a_private_registry_nothing_leaves_the_machine(layout: Path, heard: Heard) -> None:
    with pytest.raises(CopyFailed, match=r"pinging container registry registry-1\.docker\.io"):
        copied_images(layout, "", Login(), heard.voice)
    assert heard.log[1] == "Destination: docker://kubesphereio/pause:3.5-amd64"


def test_a_password_is_not_in_the_logins_repr() -> None:
    assert "hunter2" not in repr(Login("admin", "hunter2"))
