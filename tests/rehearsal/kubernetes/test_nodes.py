"""Nodes: joining, cordoned, tainted, silent, drained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client


def _unschedulable(pod: Any) -> str:
    found = [one for one in pod.status.conditions or [] if one.type == "PodScheduled" and one.status == "False"]
    return str(found[0].message) if found else ""


def _evict(cluster: Any, pod: str) -> None:
    body = client.V1Eviction(metadata=client.V1ObjectMeta(name=pod, namespace="default"))
    cluster.core.create_namespaced_pod_eviction(pod, "default", body)


def test_a_control_plane_node_carries_its_role_and_keeps_ordinary_pods_off(bare: Any) -> None:
    bare.node("master", control_plane=True)
    node = bare.core.read_node("master")
    roles = {"node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"}
    assert roles <= set(node.metadata.labels)
    assert node.status.node_info.kubelet_version == "v1.22.17"
    bare.deploy(replicas=1)
    bare.until(lambda: [_unschedulable(pod) for pod in bare.pods()] != [""])
    assert "0/1 nodes are available" in _unschedulable(bare.pods()[0])
    bare.node("worker")
    bare.until(lambda: [pod.spec.node_name for pod in bare.running()] == ["worker"])


def test_from_1_24_on_the_role_master_is_gone(clusters: Callable[..., Any]) -> None:
    new = clusters(version="v1.26.15")
    new.node("master", control_plane=True)
    labels = set(new.core.read_node("master").metadata.labels)
    assert "node-role.kubernetes.io/control-plane" in labels
    assert "node-role.kubernetes.io/master" not in labels


def test_a_cordoned_node_gets_no_new_pods(one: Any) -> None:
    one.core.patch_node("amd", {"spec": {"unschedulable": True}})
    one.deploy(replicas=3)
    one.until(lambda: len(one.running()) == 3)
    assert {pod.spec.node_name for pod in one.running()} == {"arm-node"}


def test_a_tainted_node_takes_only_who_tolerates_it(one: Any) -> None:
    one.core.patch_node("amd", {"spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}})
    one.deploy(replicas=2)
    one.until(lambda: [pod.spec.node_name for pod in one.running()] == ["arm-node"] * 2)
    toleration = {"key": "gpu", "operator": "Exists"}
    spec = {"tolerations": [toleration], "nodeSelector": {"kubernetes.io/hostname": "amd"}}
    spec["containers"] = [{"name": "main", "image": "cuda:1"}]
    one.core.create_namespaced_pod("default", {"metadata": {"name": "learner", "labels": {"app": "gpu"}}, "spec": spec})
    one.until(lambda: [pod.spec.node_name for pod in one.running("app=gpu")] == ["amd"])


def test_more_than_a_node_has_is_not_scheduled(one: Any) -> None:
    resources = {"requests": {"cpu": "17"}}
    spec = {"containers": [{"name": "main", "image": "big:1", "resources": resources}]}
    one.core.create_namespaced_pod("default", {"metadata": {"name": "big", "labels": {"app": "big"}}, "spec": spec})
    one.until(lambda: "2 Insufficient cpu" in _unschedulable(one.pods("app=big")[0]))


def test_a_silent_node_turns_not_ready_with_its_pods_and_comes_back(one: Any) -> None:
    one.deploy(replicas=2)
    one.until(lambda: len(one.running()) == 2)
    one.call(one.cluster.silence_node, "amd")
    one.until(lambda: one.ready("amd") == "Unknown")
    one.until(lambda: one.apps.read_namespaced_deployment("web", "default").status.ready_replicas == 1)
    one.call(one.cluster.wake_node, "amd")
    one.until(lambda: one.ready("amd") == "True")
    one.until(lambda: one.apps.read_namespaced_deployment("web", "default").status.ready_replicas == 2)


def test_an_eviction_moves_a_pod_off_a_cordoned_node(one: Any) -> None:
    one.deploy(replicas=2)
    one.until(lambda: len(one.running()) == 2)
    one.core.patch_node("amd", {"spec": {"unschedulable": True}})
    _evict(one, next(pod.metadata.name for pod in one.running() if pod.spec.node_name == "amd"))
    one.until(lambda: [pod.spec.node_name for pod in one.running()] == ["arm-node"] * 2)


def test_a_budget_refuses_the_eviction_that_would_break_it(one: Any) -> None:
    one.deploy(replicas=2)
    one.until(lambda: len(one.running()) == 2)
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    policies = client.PolicyV1Api(one.api)
    policies.create_namespaced_pod_disruption_budget("default", {"metadata": {"name": "web"}, "spec": spec})
    one.until(lambda: policies.read_namespaced_pod_disruption_budget("web", "default").status)
    with pytest.raises(client.ApiException, match="would violate the pod's disruption budget") as refused:
        _evict(one, one.running()[0].metadata.name)
    assert refused.value.status == 429
    one.apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 3}})
    one.until(lambda: policies.read_namespaced_pod_disruption_budget("web", "default").status.disruptions_allowed == 1)
    _evict(one, one.running()[0].metadata.name)


def test_a_removed_node_takes_its_pods_along(one: Any) -> None:
    one.deploy(replicas=2)
    one.until(lambda: len(one.running()) == 2)
    one.run(one.cluster.remove_node("amd"))
    one.until(lambda: [pod.spec.node_name for pod in one.running()] == ["arm-node"] * 2 and len(one.pods()) == 2)
    assert [node.metadata.name for node in one.core.list_node().items] == ["arm-node"]


def test_the_system_runs_with_the_images_of_the_registry(bare: Any) -> None:
    bare.run(bare.cluster.serve_system(["hub.local/ks/kube-proxy:v1.22.17", "hub.local/ks/kube-apiserver:v1.22.17"]))
    bare.node("master", control_plane=True, **{"node-role.kubernetes.io/worker": ""})
    assert bare.run(bare.cluster.settled(5))
    pods = bare.core.list_namespaced_pod("kube-system").items
    images = {container.image for pod in pods for container in pod.spec.containers}
    assert {"hub.local/ks/kube-proxy:v1.22.17", "hub.local/ks/kube-apiserver:v1.22.17"} <= images
    assert all(image.startswith("hub.local/ks/") for image in images)
    names = [pod.metadata.name for pod in pods]
    assert "kube-apiserver-master" in names
    assert any(name.startswith("coredns-") for name in names)
