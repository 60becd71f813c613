"""What can be pulled, proved to the image's own config; and the registry's refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleetforge.fleet.errors import FleetforgeError, Transient
from fleetforge.fleet.image_reference import ImageReference
from fleetforge.fleet.oci import DOCKER_LIST, OCI_MANIFEST
from fleetforge.rehearsal.images import TinyImage
from fleetforge.rehearsal.oci_layout import manifest_list
from fleetforge.rehearsal.registry.client import Login, RegistryClient

REPOSITORY = "kubesphereio/pause"


def refusal(work: Callable[[], Any]) -> FleetforgeError:
    with pytest.raises(FleetforgeError) as caught:
        work()
    return caught.value


def wanted(name: str, *arches: str) -> list[tuple[ImageReference, str]]:
    return [(ImageReference.parse(f"registry.local/{name}"), arch) for arch in arches]


@pytest.mark.parametrize("kind", ["harbor", "plain"])
def test_a_list_proves_each_of_its_architectures(
    request: pytest.FixtureRequest, kind: str, amd64: TinyImage, arm64: TinyImage
) -> None:
    served = request.getfixturevalue(kind)
    served.push(REPOSITORY, "3.5", amd64, arm64)
    found = served.registry().architectures(REPOSITORY, "3.5")
    assert found == {"amd64": amd64.digest, "arm64": arm64.digest}


def test_a_single_image_proves_its_own_architecture_alone(harbor: Any, arm64: TinyImage) -> None:
    harbor.push(REPOSITORY, "3.5", arm64)
    assert set(harbor.registry().architectures(REPOSITORY, "3.5")) == {"arm64"}


def test_a_list_that_lies_about_a_member_proves_nothing_for_it(plain: Any, amd64: TinyImage) -> None:
    plain.push(REPOSITORY, "plain", amd64)
    client = RegistryClient(plain.server.host, Login(plain_http=True))
    client.ping()
    lie = manifest_list([(OCI_MANIFEST, amd64.digest, len(amd64.manifest), "arm64")])
    client.put_manifest(REPOSITORY, "lie", DOCKER_LIST, lie)
    client.close()
    assert plain.registry(None).architectures(REPOSITORY, "lie") == {}


def test_missing_images_are_named_per_architecture_in_the_order_asked(harbor: Any, amd64: TinyImage) -> None:
    harbor.push(REPOSITORY, "3.5", amd64)
    asked = [*wanted("kubesphereio/absent:v1", "amd64"), *wanted(f"{REPOSITORY}:3.5", "amd64", "arm64")]
    assert harbor.registry().missing(asked) == (("kubesphereio/absent:v1", "amd64"), (f"{REPOSITORY}:3.5", "arm64"))


def test_nothing_is_missing_when_both_architectures_are_there(harbor: Any, amd64: TinyImage, arm64: TinyImage) -> None:
    harbor.push(REPOSITORY, "3.5", amd64, arm64)
    assert harbor.registry().missing(wanted(f"{REPOSITORY}:3.5", "amd64", "arm64")) == ()


def test_a_digest_is_verified_and_an_absent_tag_is_none(harbor: Any, amd64: TinyImage) -> None:
    harbor.push(REPOSITORY, "3.5", amd64)
    registry = harbor.registry()
    assert registry.digest(REPOSITORY, "3.5") == amd64.digest
    assert registry.manifest(REPOSITORY, "3.6") is None and registry.digest(REPOSITORY, "3.6") is None


def test_tags_come_page_by_page(plain: Any, amd64: TinyImage) -> None:
    for tag in ("a", "b", "c"):
        plain.push(REPOSITORY, tag, amd64)
    registry = plain.registry(None)
    assert list(registry.tags(REPOSITORY)) == ["a", "b", "c"]
    assert list(registry.tags("kubesphereio/none")) == []


def test_damaged_content_is_never_believed(plain: Any, amd64: TinyImage, tmp_path: Path) -> None:
    plain.push(REPOSITORY, "3.5", amd64)
    damaged = next(
        path for path in (tmp_path / "plain").rglob("*") if path.is_file() and path.read_bytes() == amd64.config
    )
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes().replace(b"amd64", b"arm64"))
    assert refusal(lambda: plain.registry(None).architectures(REPOSITORY, "3.5")).code == "FF-REG-020"


def test_a_wrong_password_is_refused_even_though_nobody_may_pull(harbor: Any) -> None:
    harbor.registry().check_login()
    assert refusal(harbor.registry("wrong").check_login).code == "FF-REG-401"


def test_a_private_repository_needs_a_login(harbor: Any, amd64: TinyImage) -> None:
    harbor.harbor().create_project("private", public=False)
    harbor.push("private/pause", "3.5", amd64)
    assert harbor.registry().digest("private/pause", "3.5") == amd64.digest
    assert refusal(lambda: harbor.registry(None).manifest("private/pause", "3.5")).code == "FF-REG-401"


def test_a_token_that_died_is_fetched_again(start_harbor: Callable[..., Any], amd64: TinyImage) -> None:
    served = start_harbor()
    served.push(REPOSITORY, "3.5", amd64)
    registry = served.registry()
    assert registry.digest(REPOSITORY, "3.5") == amd64.digest
    for scope, (_, until) in list(registry._login._tokens.items()):
        registry._login._tokens[scope] = ("not.a.token", until)
    assert registry.digest(REPOSITORY, "3.5") == amd64.digest


@pytest.mark.parametrize(("status", "code"), [(500, "FF-REG-500"), (503, "FF-REG-500"), (429, "FF-REG-429")])
def test_a_failing_registry_is_transient(plain: Any, status: int, code: str) -> None:
    plain.fails("registry", "/manifests/", status)
    error = refusal(lambda: plain.registry(None).manifest(REPOSITORY, "3.5"))
    assert isinstance(error, Transient) and error.code == code


def test_one_failed_lookup_of_many_is_not_called_missing(harbor: Any, amd64: TinyImage) -> None:
    harbor.push(REPOSITORY, "3.5", amd64)
    harbor.fails("registry", "/manifests/3.5", 503, times=9)
    asked = [*wanted(f"{REPOSITORY}:3.5", "amd64"), *wanted("kubesphereio/absent:v1", "amd64")]
    assert refusal(lambda: harbor.registry().missing(asked)).code == "FF-REG-500"
