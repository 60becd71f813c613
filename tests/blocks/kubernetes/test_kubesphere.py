"""KubeSphere installed, failing, given a role: what the installer says and what becomes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from fleetforge.blocks import ks_components
from fleetforge.blocks.kube_resources import CLUSTER_CONFIGURATIONS, CLUSTERS, CONFIG_MAPS, DEPLOYMENTS
from fleetforge.fleet.errors import FleetforgeError, NeedsOperator
from fleetforge.fleet.kubesphere_log import InstallerEvent, Step
from fleetforge.fleet.spec import Role

LIMIT = 20.0
SYSTEM = "kubesphere-system"


def refusal(work: Callable[[], Any]) -> FleetforgeError:
    with pytest.raises(FleetforgeError) as caught:
        work()
    return caught.value


def spec_of(one: Any) -> dict[str, Any]:
    held = one.kube().need(CLUSTER_CONFIGURATIONS, "ks-installer", SYSTEM)["spec"]
    assert isinstance(held, dict)
    return held


def test_without_kubesphere_there_is_no_version_role_or_component(one: Any) -> None:
    kubesphere = one.kubesphere()
    assert kubesphere.installed_version() is None and kubesphere.role() == "none" and kubesphere.components() == ()
    assert refusal(kubesphere.jwt_secret).code == "FF-KS-004"
    assert refusal(lambda: kubesphere.become_member("s" * 32, 1)).code == "FF-KS-003"


def test_an_installation_is_followed_until_every_component_is_healthy(one: Any) -> None:
    heard: list[InstallerEvent] = []
    one.install_kubesphere()
    assert one.kubesphere().await_installed(LIMIT, "v3.4.1", heard.append) == "v3.4.1"
    assert one.kubesphere().components() and all(found.healthy for found in one.kubesphere().components())
    assert {event.task for event in heard if event.step is Step.SUCCEEDED} >= {"monitoring", "multicluster"}
    assert not any("P@88w0rd" in str(event) for event in heard)


def test_an_installed_kubesphere_is_not_waited_for_again(one: Any) -> None:
    one.with_kubesphere()
    before = spec_of(one)
    assert one.kubesphere().await_installed(5) == "v3.4.1"
    assert spec_of(one) == before


def test_a_serial_task_that_fails_is_an_error_with_its_reason_not_a_wait(one: Any) -> None:
    one.images.missing.add("ks-apiserver")
    one.install_kubesphere()
    error = refusal(lambda: one.kubesphere().await_installed(LIMIT))
    assert isinstance(error, NeedsOperator) and error.code == "FF-KS-001"
    assert any("ks-apiserver" in line and "timed out waiting" in line for line in error.evidence)


def test_a_parallel_task_that_fails_is_named_with_its_reason(one: Any) -> None:
    one.with_kubesphere()
    one.images.missing.add("kubefed")
    error = refusal(lambda: one.kubesphere().become_host("one", LIMIT))
    assert error.code == "FF-KS-001" and "multicluster" in error.what
    assert any("kubefed" in line for line in error.evidence)


def test_a_failed_installation_is_started_again_once_its_cause_is_repaired(one: Any) -> None:
    one.images.missing.add("ks-apiserver")
    one.install_kubesphere()
    assert refusal(lambda: one.kubesphere().await_installed(LIMIT)).code == "FF-KS-001"
    one.images.missing.clear()
    assert one.kubesphere().await_installed(LIMIT) == "v3.4.1"


def test_an_installer_that_cannot_start_ends_at_the_time_limit_with_the_last_state(one: Any) -> None:
    one.images.missing.add("ks-installer")
    one.install_kubesphere()
    error = refusal(lambda: one.kubesphere().await_installed(1))
    assert error.code == "FF-KS-002" and "1 s for KubeSphere" in error.what


def _change_image(kube: Any, image: str) -> None:
    """Of ks-console, which KubeSphere's installer no longer puts right."""
    kube.merge_patch(DEPLOYMENTS, "ks-installer", {"spec": {"replicas": 0}}, SYSTEM)
    kube.merge_patch(DEPLOYMENTS, "ks-console", {"spec": {"replicas": 0}}, SYSTEM)
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
    kube.json_patch(DEPLOYMENTS, "ks-console", change, SYSTEM)
    kube.merge_patch(DEPLOYMENTS, "ks-console", {"spec": {"replicas": 1}}, SYSTEM)


def test_images_that_cannot_be_pulled_end_the_wait_and_are_named(one: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ks_components, "PATIENCE", 1.0)
    one.with_kubesphere()
    one.images.missing.add("broken")
    _change_image(one.kube(), "registry.local/broken:1")
    error = refusal(lambda: one.kubesphere().await_components(LIMIT))
    assert error.code == "FF-KS-008"
    assert any("registry.local/broken:1" in line for line in error.evidence)


def test_a_component_that_stays_ill_is_named(one: Any) -> None:
    one.with_kubesphere()
    kube = one.kube()
    kube.merge_patch(DEPLOYMENTS, "ks-installer", {"spec": {"replicas": 0}}, SYSTEM)
    kube.merge_patch(DEPLOYMENTS, "ks-console", {"spec": {"replicas": 0}}, SYSTEM)
    nowhere = {"nodeSelector": {"no": "such-node"}}
    kube.merge_patch(DEPLOYMENTS, "ks-console", {"spec": {"replicas": 1, "template": {"spec": nowhere}}}, SYSTEM)
    error = refusal(lambda: one.kubesphere().await_components(1))
    assert error.code == "FF-KS-006" and any("ks-console" in line for line in error.evidence)


def test_a_member_carries_the_hosts_secret_and_is_made_once(one: Any) -> None:
    secret = "h" * 32
    one.with_kubesphere()
    one.kubesphere().become_member(secret, LIMIT)
    assert one.kubesphere().role() == Role.MEMBER and one.kubesphere().jwt_secret() == secret
    before = spec_of(one)
    one.kubesphere().become_member(secret, 5)
    assert spec_of(one) == before


def test_a_host_has_tower_and_kubefed_and_its_own_cluster_and_is_made_once(one: Any) -> None:
    one.with_kubesphere()
    one.kubesphere().become_host("one", LIMIT)
    assert one.kubesphere().role() == Role.HOST and one.kubesphere().multicluster_not_ready() == ()
    assert one.kube().get(CLUSTERS, "one") is not None
    before = spec_of(one)
    one.kubesphere().become_host("one", 5)
    assert spec_of(one) == before


def test_a_host_cluster_keeps_its_first_name(one: Any) -> None:
    one.with_kubesphere().kubesphere().become_host("one", LIMIT)
    error = refusal(lambda: one.kubesphere().become_host("other", 5))
    assert error.code == "FF-KS-007" and "one" in error.what


def test_a_role_that_does_not_come_says_which_one_is_there(one: Any) -> None:
    one.with_kubesphere()
    one.kube().merge_patch(DEPLOYMENTS, "ks-installer", {"spec": {"replicas": 0}}, SYSTEM)
    error = refusal(lambda: one.kubesphere().become_member("h" * 32, 1))
    assert error.code == "FF-KS-005" and any("role none" in line for line in error.evidence)


def test_a_damaged_configuration_is_an_error_not_a_role(one: Any) -> None:
    one.with_kubesphere()
    one.kube().merge_patch(CONFIG_MAPS, "kubesphere-config", {"data": {"kubesphere.yaml": "a: b: c"}}, SYSTEM)
    assert refusal(one.kubesphere().role).code == "FF-KS-004"


def test_following_lasts_through_an_installer_pod_that_is_replaced(one: Any) -> None:
    one.install_kubesphere()
    waiting, found = threading.Event(), []

    def heard(event: InstallerEvent) -> None:
        if event.step is Step.ANSIBLE and not waiting.is_set():
            waiting.set()
            pods = [held["metadata"]["name"] for held in one.kube().list(DEPLOYMENTS, SYSTEM)]
            found.extend(pods)
            one.stop()
            one.start()

    assert one.kubesphere().await_installed(LIMIT, on_event=heard) == "v3.4.1"
    assert waiting.is_set() and "ks-installer" in found
