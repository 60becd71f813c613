"""Clusters of a site: nothing until they are created, then what kk would have built from the same config."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from kubernetes import client

from fleetforge.rehearsal.site_request import SiteRefused

SECONDS = 10.0


def eventually(found: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while (last := found()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert last == wanted, f"still so after {SECONDS:g} s"


def ready(core: client.CoreV1Api) -> dict[str, str]:
    nodes = core.list_node().items
    return {node.metadata.name: one.status for node in nodes for one in node.status.conditions if one.type == "Ready"}


@pytest.fixture
def core(site, kubernetes) -> Iterator[client.CoreV1Api]:
    """The core API of the member cluster, which is thrown away afterwards."""
    yield client.CoreV1Api(kubernetes(site.created_cluster("hefei")))
    site.ask("DELETE", "/clusters/hefei")


def pod(core: client.CoreV1Api, image: str) -> Callable[[], str]:
    """Creates a Pod of that image; the function returned says what it does."""
    container = {"name": "one", "image": image}
    core.create_namespaced_pod("default", {"metadata": {"name": "one"}, "spec": {"containers": [container]}})

    def state() -> str:
        status = core.read_namespaced_pod("one", "default").status
        waiting = [one.state.waiting.reason for one in status.container_statuses or [] if one.state.waiting]
        return waiting[0] if waiting else str(status.phase)

    return state


def leave_only(core: client.CoreV1Api, arch: str) -> None:
    """Cordons the nodes of every other architecture."""
    for node in core.list_node().items:
        if node.status.node_info.architecture != arch:
            core.patch_node(node.metadata.name, {"spec": {"unschedulable": True}})


def test_a_cluster_is_not_there_before_it_is_created(site) -> None:
    assert site.cluster("hefei")["created"] is False
    with pytest.raises(SiteRefused, match="not created"):
        site.start_api("hefei")


def test_a_created_cluster_has_its_configs_nodes_ready(site, core) -> None:
    wanted = {host.hostname: "True" for host in site.description.hosts if host.cluster == "hefei"}
    eventually(lambda: ready(core), wanted)
    assert site.cluster("hefei")["nodes"] == sorted(wanted)


def test_nodes_have_the_architectures_roles_and_addresses_of_the_config(site, core) -> None:
    hosts = {host.hostname: host for host in site.description.hosts}
    for node in core.list_node().items:
        host = hosts[node.metadata.name]
        assert node.status.node_info.architecture == host.arch
        assert host.address in [one.address for one in node.status.addresses]
    masters = core.list_node(label_selector="node-role.kubernetes.io/control-plane").items
    assert [len(masters), masters[0].status.addresses[0].address] == [1, site.description.clusters[1].api_address]


def test_creating_a_cluster_twice_changes_nothing(site, core) -> None:
    before = {node.metadata.uid for node in core.list_node().items}
    site.created_cluster("hefei")
    assert {node.metadata.uid for node in core.list_node().items} == before


def test_the_control_plane_host_holds_the_kubeconfig(site, core, visitor) -> None:
    host = next(one for one in site.description.hosts if one.address == site.description.clusters[1].api_address)
    connection = visitor.host(host.name)
    assert f"https://{host.address}:6443" in connection.run("cat /etc/kubernetes/admin.conf").text
    site.ask("DELETE", "/clusters/hefei")
    assert connection.run("test -e /etc/kubernetes").exit_code == 1


def test_a_node_joins_and_leaves(site, core) -> None:
    node = {"name": "new", "arch": "arm64", "internal_ip": "127.9.9.9", "control_plane": False, "labels": {"a": "b"}}
    site.ask("POST", "/clusters/hefei/nodes", node)
    eventually(lambda: ready(core).get("new"), "True")
    assert core.read_node("new").metadata.labels["a"] == "b"
    site.ask("DELETE", "/clusters/hefei/nodes/new")
    eventually(lambda: ready(core).get("new"), None)


def test_a_silenced_node_is_not_ready_until_it_wakes(site, core) -> None:
    name = site.cluster("hefei")["nodes"][0]
    eventually(lambda: ready(core)[name], "True")
    site.silence_node("hefei", name)
    eventually(lambda: ready(core)[name], "Unknown")
    site.wake_node("hefei", name)
    eventually(lambda: ready(core)[name], "True")


def test_an_image_of_the_registry_runs_on_nodes_of_its_architecture(core, push) -> None:
    leave_only(core, "amd64")
    eventually(pod(core, push("app", "amd64")), "Running")


def test_an_image_for_another_architecture_stays_in_back_off(core, push) -> None:
    leave_only(core, "amd64")
    eventually(pod(core, push("wrong", "arm64")), "ImagePullBackOff")


def test_an_image_the_registry_lacks_stays_in_back_off(site, core) -> None:
    eventually(pod(core, f"{site.description.registry.authority}/library/absent:1"), "ImagePullBackOff")


def test_an_image_of_the_internet_stays_in_back_off(core) -> None:
    eventually(pod(core, "docker.io/library/nginx:1.20"), "ImagePullBackOff")


def test_a_stopped_api_does_not_answer_and_forgets_nothing(site, core) -> None:
    core.create_namespace({"metadata": {"name": "kept"}})
    site.stop_api("hefei")
    assert site.cluster("hefei")["running"] is False
    with pytest.raises(urllib3.exceptions.HTTPError):
        core.list_node(_request_timeout=2)
    site.start_api("hefei")
    assert core.read_namespace("kept").metadata.name == "kept"


def test_kubesphere_waits_for_its_image(site) -> None:
    site.created_cluster("aicc", "v3.4.1")
    assert site.cluster("aicc")["installer"] == {"version": "v3.4.1", "state": "waiting"}
    site.ask("DELETE", "/clusters/aicc")


@pytest.mark.parametrize("text", ["kind: Cluster", "kind: [", "hosts: []", ""])
def test_a_config_that_cannot_be_read_is_refused(site, text) -> None:
    with pytest.raises(SiteRefused) as caught:
        site.ask("POST", "/clusters/aicc/create", {"config": text})
    assert caught.value.status == 400
