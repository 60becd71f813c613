"""What stands between this machine and the registry: names, ports, TLS, time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetforge.blocks.http import Http
from fleetforge.blocks.registry import Registry
from fleetforge.fleet.errors import FleetforgeError, NeedsOperator, Transient
from fleetforge.rehearsal.pki import Pki


def refusal(work: Callable[[], Any]) -> FleetforgeError:
    with pytest.raises(FleetforgeError) as caught:
        work()
    return caught.value


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


def test_the_ca_may_be_given_as_text_or_as_a_file(harbor: Any) -> None:
    Registry(Http(harbor.server.url, ca=harbor.ca.read_text())).ping()
    Registry(Http(harbor.server.url, ca=str(harbor.ca))).ping()


def test_an_unknown_ca_needs_the_operator(harbor: Any, tmp_path: Path) -> None:
    error = refusal(harbor.registry(ca=str(Pki(tmp_path / "other").ca_path)).ping)
    assert isinstance(error, NeedsOperator) and error.code == "FF-REG-004"
    assert "caFile" in error.remedy


def test_without_a_ca_the_public_ones_do_not_help(harbor: Any) -> None:
    assert refusal(Registry(Http(harbor.server.url)).ping).code == "FF-REG-004"


def test_a_certificate_for_another_name_is_not_accepted(start_harbor: Callable[..., Any]) -> None:
    served = start_harbor(names=("dockerhub.kubekey.local",))
    assert refusal(served.registry().ping).code == "FF-REG-004"


def test_tls_verification_can_be_left_out(harbor: Any) -> None:
    Registry(Http(harbor.server.url, verify=False)).ping()


def test_a_ca_file_that_is_none_is_found_at_once(harbor: Any, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing")
    assert refusal(lambda: harbor.registry(ca=str(tmp_path / "ca.crt"))).code == "FF-REG-004"


def test_http_and_https_mixed_up_is_not_a_registry(plain: Any, harbor: Any) -> None:
    https_to_http = Http(plain.server.url.replace("http://", "https://"), ca=harbor.ca.read_text())
    assert refusal(Registry(https_to_http).ping).code == "FF-REG-006"


def test_nothing_listening_is_transient(plain: Any) -> None:
    plain.stop()
    error = refusal(plain.registry(None).ping)
    assert isinstance(error, Transient) and error.code == "FF-REG-001" and plain.server.url in error.where


def test_an_unknown_name_is_told_apart() -> None:
    assert refusal(Registry(Http("http://registry.invalid:5000")).ping).code == "FF-REG-003"


def test_silence_ends_at_the_time_limit(silent: int) -> None:
    registry = Registry(Http(f"http://127.0.0.1:{silent}", timeouts=(0.3, 0.3)))
    assert refusal(registry.ping).code == "FF-REG-002"


def test_proxies_of_the_environment_are_not_used(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    plain.registry(None).ping()
