"""Deployments, StatefulSets, DaemonSets, Jobs and their Pods: from the object to Running on a node."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from kubernetes import client


def _template(name: str, image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": image}], **spec}}


def _body(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": name}}, **spec}}


def _waiting(pod: Any) -> str:
    statuses = pod.status.container_statuses or []
    return str(statuses[0].state.waiting.reason) if statuses and statuses[0].state.waiting else ""


def test_a_deployment_becomes_running_pods_spread_over_the_nodes(one: Any) -> None:
    one.deploy(replicas=2)
    one.until(lambda: one.apps.read_namespaced_deployment("web", "default").status.available_replicas == 2)
    pods = one.pods()
    assert {pod.spec.node_name for pod in pods} == {"amd", "arm-node"}
    assert all(pod.status.pod_ip and pod.status.host_ip and pod.status.container_statuses[0].ready for pod in pods)
    assert {pod.metadata.owner_references[0].kind for pod in pods} == {"ReplicaSet"}
    conditions = one.apps.read_namespaced_deployment("web", "default").status.conditions
    assert {found.type: found.status for found in conditions} == {"Available": "True", "Progressing": "True"}


def test_a_deployment_scales_up_and_down(one: Any) -> None:
    one.deploy(replicas=1)
    for wanted in (4, 2, 0):
        one.apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": wanted}})
        one.until(lambda wanted=wanted: len(one.running()) == len(one.pods()) == wanted)
    assert one.apps.read_namespaced_deployment_scale("web", "default").spec.replicas == 0


def test_a_new_image_rolls_over_without_going_below_what_must_stay(one: Any) -> None:
    one.deploy(replicas=4)
    one.until(lambda: len(one.running()) == 4)
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "nginx:2"}]}}}}
    one.apps.patch_namespaced_deployment("web", "default", patch)
    fewest = 4

    def rolled() -> bool:
        nonlocal fewest
        fewest = min(fewest, one.apps.read_namespaced_deployment("web", "default").status.ready_replicas or 0)
        return {pod.spec.containers[0].image for pod in one.pods()} == {"nginx:2"} and len(one.running()) == 4

    one.until(rolled)
    assert fewest >= 3
    assert len(one.apps.list_namespaced_replica_set("default").items) == 2


def test_a_rollout_to_an_image_nobody_has_stands_still_with_the_old_pods_up(one: Any) -> None:
    one.deploy(replicas=4)
    one.until(lambda: len(one.running()) == 4)
    one.images.missing.add("nginx:2")
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "nginx:2"}]}}}}
    one.apps.patch_namespaced_deployment("web", "default", patch)
    one.until(lambda: any(_waiting(pod) == "ImagePullBackOff" for pod in one.pods()))
    assert {pod.spec.containers[0].image for pod in one.running()} == {"nginx:1"}
    assert len(one.running()) >= 3


def test_a_missing_image_holds_a_pod_until_it_is_there(one: Any) -> None:
    one.images.missing.add("nginx:1")
    one.deploy(replicas=1)
    one.until(lambda: [_waiting(pod) for pod in one.pods()] == ["ImagePullBackOff"])
    events = one.core.list_namespaced_event("default", field_selector="reason=Failed").items
    assert "nginx:1" in events[0].message
    one.images.missing.clear()
    one.until(lambda: len(one.running()) == 1)


def test_an_image_for_one_architecture_runs_only_there(one: Any) -> None:
    one.images.missing.add("nginx:1@arm64")
    one.deploy(replicas=2)
    one.until(
        lambda: {pod.spec.node_name: _waiting(pod) for pod in one.pods()} == {"amd": "", "arm-node": "ImagePullBackOff"}
    )


def test_a_deleted_pod_is_replaced(one: Any) -> None:
    one.deploy(replicas=1)
    one.until(lambda: len(one.running()) == 1)
    old = one.running()[0].metadata.name
    one.core.delete_namespaced_pod(old, "default")
    one.until(lambda: [pod.metadata.name for pod in one.running()] not in ([], [old]) and len(one.pods()) == 1)


def test_a_stateful_set_numbers_its_pods_and_claims_its_volumes(one: Any) -> None:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    storage = {"metadata": {"name": "local", "annotations": default}, "provisioner": "test"}
    client.StorageV1Api(one.api).create_storage_class(storage)
    claim = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    spec = {"serviceName": "db", "replicas": 2, "template": _template("db"), "volumeClaimTemplates": [claim]}
    one.apps.create_namespaced_stateful_set("default", _body("db", **spec))
    one.until(lambda: one.apps.read_namespaced_stateful_set("db", "default").status.ready_replicas == 2)
    assert [pod.metadata.name for pod in one.pods("app=db")] == ["db-0", "db-1"]
    claims = one.core.list_namespaced_persistent_volume_claim("default").items
    assert [(found.metadata.name, found.status.phase) for found in claims] == [
        ("data-db-0", "Bound"),
        ("data-db-1", "Bound"),
    ]


def test_a_daemon_set_runs_once_on_every_node_that_joins(one: Any) -> None:
    one.apps.create_namespaced_daemon_set("default", _body("agent", template=_template("agent")))
    one.until(lambda: {pod.spec.node_name for pod in one.running("app=agent")} == {"amd", "arm-node"})
    one.node("late")
    one.until(lambda: one.apps.read_namespaced_daemon_set("agent", "default").status.number_ready == 3)


def test_a_job_completes(one: Any) -> None:
    jobs = client.BatchV1Api(one.api)
    jobs.create_namespaced_job(
        "default", {"metadata": {"name": "once"}, "spec": {"template": _template("once", restartPolicy="Never")}}
    )
    one.until(lambda: jobs.read_namespaced_job("once", "default").status.succeeded == 1)
    assert [pod.status.phase for pod in one.pods("app=once")] == ["Succeeded"]


def test_a_service_has_the_addresses_of_ready_pods(one: Any) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}], "type": "NodePort"}
    made = one.core.create_namespaced_service("default", {"metadata": {"name": "web"}, "spec": spec})
    assert made.spec.cluster_ip and made.spec.ports[0].node_port
    one.deploy(replicas=2)
    one.until(lambda: len(one.running()) == 2)

    def addresses() -> set[str]:
        subsets = one.core.read_namespaced_endpoints("web", "default").subsets or []
        return {address.ip for subset in subsets for address in subset.addresses or []}

    one.until(lambda: addresses() == {pod.status.pod_ip for pod in one.running()})
    one.apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 0}})
    one.until(lambda: addresses() == set())


def test_a_pod_log_is_read_from_its_end_and_followed_until_the_pod_goes(one: Any) -> None:
    one.deploy(replicas=1)
    one.until(lambda: len(one.running()) == 1)
    pod = one.running()[0].metadata
    log = one.cluster.logs.of(pod.uid)
    one.call(log.write, "first\nsecond")
    assert one.core.read_namespaced_pod_log(pod.name, "default", tail_lines=1) == "second\n"
    heard: list[bytes] = []

    def follow() -> None:
        answer = one.core.read_namespaced_pod_log(pod.name, "default", follow=True, _preload_content=False)
        heard.extend(line for chunk in answer.stream(None) for line in chunk.splitlines())

    thread = threading.Thread(target=follow)
    thread.start()
    one.until(lambda: heard == [b"first", b"second"])
    one.call(log.write, "third")
    one.until(lambda: heard[2:] == [b"third"])
    one.core.delete_namespaced_pod(pod.name, "default")
    thread.join(5)
    assert not thread.is_alive()


def test_a_pod_that_waits_for_its_image_has_no_log(one: Any) -> None:
    one.images.missing.add("nginx:1")
    one.deploy(replicas=1)
    one.until(lambda: [_waiting(pod) for pod in one.pods()] == ["ImagePullBackOff"])
    with pytest.raises(client.ApiException, match="trying and failing to pull image") as refused:
        one.core.read_namespaced_pod_log(one.pods()[0].metadata.name, "default")
    assert refused.value.status == 400
