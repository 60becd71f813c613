"""The product's own adapters against rehearsed clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kube_resources import CLUSTERS, CONFIG_MAPS, NAMESPACES, NODES
from fleetforge.blocks.kubesphere import KubeSphere


@pytest.fixture
def kube(clusters: Callable[..., Any]) -> Any:
    cluster = clusters()
    cluster.node("master", control_plane=True, **{"node-role.kubernetes.io/worker": ""})
    held = Kube(cluster.cluster.kubeconfig(), name="one")
    held.rehearsed = cluster  # type: ignore[attr-defined]
    yield held
    held.close()


def _map(**data: str) -> dict[str, Any]:
    metadata = {"name": "m", "namespace": "room"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def test_kube_reads_applies_patches_and_deletes(kube: Any) -> None:
    assert (kube.version(), kube.ready()) == ("v1.22.17", True)
    assert [node["metadata"]["name"] for node in kube.list(NODES)] == ["master"]
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "room"}})
    assert kube.apply(_map(a="1"))["data"] == {"a": "1"}
    assert kube.merge_patch(CONFIG_MAPS, "m", {"data": {"a": None, "b": "2"}}, "room")["data"] == {"b": "2"}
    operations = [{"op": "add", "path": "/data/c", "value": "3"}]
    assert kube.json_patch(CONFIG_MAPS, "m", operations, "room")["data"] == {"b": "2", "c": "3"}
    kube.delete(NAMESPACES, "room", wait=5)
    assert kube.get(CONFIG_MAPS, "m", "room") is None


def test_kube_waits_through_a_server_that_goes_away(kube: Any) -> None:
    kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "default"}})
    cluster = kube.rehearsed
    seen: list[str] = []

    def changed(item: dict[str, Any] | None) -> bool | None:
        seen.append("asked")
        if len(seen) == 1:
            cluster.run(cluster.cluster.stop())
            cluster.run(cluster.cluster.start())
            cluster.core.patch_namespaced_config_map("m", "default", {"data": {"a": "1"}})
        return True if item and item.get("data") == {"a": "1"} else None

    assert kube.wait_for(CONFIG_MAPS, "m", changed, namespace="default", deadline=10, what="the change")


def test_kubesphere_is_installed_and_takes_either_role(kube: Any) -> None:
    cluster = kube.rehearsed
    cluster.run(cluster.cluster.install_kubesphere("v3.4.1", None))
    sphere = KubeSphere(kube)
    assert sphere.await_installed(20, "v3.4.1") == "v3.4.1"
    assert [str(found) for found in sphere.components() if not found.healthy] == []
    assert (sphere.role(), len(sphere.jwt_secret())) == ("none", 32)
    sphere.become_member("t" * 32, 20)
    assert (sphere.role(), sphere.jwt_secret()) == ("member", "t" * 32)
    assert kube.service("kubesphere-system", ":ks-apiserver:", "kapis/version")["gitVersion"] == "v3.4.1"
    assert list(kube.list(CLUSTERS)) == []


def test_kubesphere_becomes_the_host_with_a_ready_cluster_object_of_its_own(kube: Any) -> None:
    cluster = kube.rehearsed
    cluster.run(cluster.cluster.install_kubesphere("v3.4.1", None))
    sphere = KubeSphere(kube)
    sphere.await_installed(20)
    sphere.become_host("centre", 20)
    assert sphere.role() == "host"
    assert sphere.multicluster_not_ready() == ()
    own = kube.need(CLUSTERS, "centre")
    assert "cluster-role.kubesphere.io/host" in own["metadata"]["labels"]
    assert own["spec"]["joinFederation"] is True
