"""ks-installer and what it leaves: status keys, ConfigMap, Secret, roles; runs that fail and runs that come again."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from kubernetes import client

from fleetforge.rehearsal.kubernetes import Pace

ROOM = "kubesphere-system"
CC = ("installer.kubesphere.io", "v1alpha1", ROOM, "clusterconfigurations")
IMAGE = "kubesphere/{}:v3.4.1"


class Installed:
    """A cluster with KubeSphere on it, or on its way."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster

    def install(self, configuration: dict[str, Any] | None = None) -> Installed:
        self.cluster.run(self.cluster.cluster.install_kubesphere("v3.4.1", configuration))
        return self

    def done(self) -> Installed:
        self.cluster.until(lambda: self.core_status().get("version") == "v3.4.1")
        return self

    def core_status(self) -> dict[str, Any]:
        return dict((self.configuration().get("status") or {}).get("core") or {})

    def configuration(self) -> dict[str, Any]:
        try:
            return dict(self.cluster.custom.get_namespaced_custom_object(*CC, "ks-installer"))
        except client.ApiException as refusal:
            assert refusal.status == 404
            return {}

    def edit(self, patch: dict[str, Any]) -> None:
        self.cluster.custom.patch_namespaced_custom_object(*CC, "ks-installer", patch)

    def log(self) -> str:
        """What its Pod printed; nothing while there is none, or it has not started."""
        pods = self.cluster.pods("app=ks-installer", ROOM)
        try:
            return str(self.cluster.core.read_namespaced_pod_log(pods[0].metadata.name, ROOM)) if pods else ""
        except client.ApiException as refusal:
            assert refusal.status in (400, 404)
            return ""

    def runs(self) -> int:
        return self.log().count("Welcome to KubeSphere!")

    def config(self) -> dict[str, Any]:
        held = self.cluster.core.read_namespaced_config_map("kubesphere-config", ROOM)
        return dict(yaml.safe_load(held.data["kubesphere.yaml"]))

    def deployments(self, namespace: str = ROOM) -> set[str]:
        return {found.metadata.name for found in self.cluster.apps.list_namespaced_deployment(namespace).items}


@pytest.fixture
def sphere(clusters: Callable[..., Any]) -> Installed:
    cluster = clusters()
    cluster.node("master", control_plane=True, **{"node-role.kubernetes.io/worker": ""})
    cluster.node("worker")
    return Installed(cluster)


def test_an_installation_ends_with_the_banner_the_version_and_the_core(sphere: Installed) -> None:
    sphere.install().done()
    sphere.cluster.until(lambda: sphere.runs() == 1)
    log = sphere.log()
    order = ["TASK [ks-core]", "Start installing monitoring", "Waiting for all", "(4/4)", "Collecting", "Welcome"]
    assert sorted(order, key=log.index) == order
    assert "Account: admin\nPassword: P@88w0rd" in log
    assert {"ks-apiserver", "ks-console", "ks-controller-manager", "ks-installer"} <= sphere.deployments()
    assert sphere.configuration()["status"]["monitoring"]["status"] == "enabled"
    assert "multicluster" not in sphere.configuration()["status"]


def test_at_the_usual_pace_an_installation_takes_seconds_and_then_costs_nothing(clusters: Callable[..., Any]) -> None:
    began = time.monotonic()
    cluster = clusters(pace=Pace())
    cluster.node("master", control_plane=True)
    cluster.node("worker")
    Installed(cluster).install().done()
    assert time.monotonic() - began < 8
    assert cluster.run(cluster.cluster.settled(5))
    used = time.process_time()
    time.sleep(1)
    assert time.process_time() - used < 0.1


def test_nothing_is_installed_before_the_installers_image_is_there(sphere: Installed) -> None:
    image = IMAGE.format("ks-installer")
    sphere.cluster.images.missing.add(image)
    sphere.install()
    selector = "reason=Failed"
    sphere.cluster.until(lambda: sphere.cluster.core.list_namespaced_event(ROOM, field_selector=selector).items)
    assert sphere.deployments() == {"ks-installer"}
    sphere.cluster.images.missing.clear()
    sphere.done()


def test_the_jwt_secret_is_random_once_and_the_same_in_secret_and_config(sphere: Installed) -> None:
    sphere.install().done()
    secret = sphere.config()["authentication"]["jwtSecret"]
    kept = sphere.cluster.core.read_namespaced_secret("kubesphere-secret", ROOM).data
    assert len(secret) == 32
    assert base64.b64decode(kept["secret"]).decode() == secret
    sphere.edit({"spec": {"terminal": {"timeout": 601}}})
    sphere.cluster.until(lambda: sphere.runs() == 2)
    assert sphere.config()["authentication"]["jwtSecret"] == secret


def test_only_a_changed_spec_starts_another_run(sphere: Installed) -> None:
    sphere.install().done()
    sphere.edit({"metadata": {"labels": {"a": "b"}}, "status": {"mine": "yes"}})
    sphere.edit({"spec": {"anything": 1}})
    sphere.cluster.until(lambda: sphere.runs() == 2)
    time.sleep(0.3)
    assert (sphere.runs(), sphere.log().count("TASK [preInstall]")) == (2, 2)
    assert sphere.configuration()["status"]["mine"] == "yes"


def test_a_host_gets_kubefed_tower_and_the_federated_kinds(sphere: Installed) -> None:
    sphere.install().done()
    assert sphere.config()["multicluster"] == {"clusterRole": "none"}
    sphere.edit({"spec": {"multicluster": {"clusterRole": "host", "hostClusterName": "centre"}}})
    sphere.cluster.until(lambda: sphere.config()["multicluster"]["clusterRole"] == "host")
    assert sphere.configuration()["status"]["multicluster"]["status"] == "enabled"
    section = sphere.config()["multicluster"]
    assert (section["enable"], section["hostClusterName"]) == (True, "centre")
    assert "tower" in sphere.deployments()
    federation = sphere.deployments("kube-federation-system")
    assert federation == {"kubefed-controller-manager", "kubefed-admission-webhook"}
    kinds = {found.metadata.name for found in _definitions(sphere.cluster)}
    wanted = {"kubefedclusters.core.kubefed.io", "federateddeployments.types.kubefed.io"}
    assert wanted | {"clusters.cluster.kubesphere.io"} <= kinds
    types = sphere.cluster.custom.list_cluster_custom_object("core.kubefed.io", "v1beta1", "federatedtypeconfigs")
    assert "deployments.apps" in {found["metadata"]["name"] for found in types["items"]}


def _definitions(cluster: Any) -> list[Any]:
    return list(client.ApiextensionsV1Api(cluster.api).list_custom_resource_definition().items)


def test_a_member_changes_nothing_but_its_configuration(sphere: Installed) -> None:
    sphere.install().done()
    before = sphere.deployments()
    sphere.edit({"spec": {"authentication": {"jwtSecret": "s" * 32}, "multicluster": {"clusterRole": "member"}}})
    sphere.cluster.until(lambda: sphere.config()["multicluster"] == {"clusterRole": "member", "enable": False})
    authentication = sphere.config()["authentication"]
    assert (authentication["jwtSecret"], authentication["oauthOptions"]["accessTokenMaxAge"]) == ("s" * 32, 0)
    assert sphere.deployments() == before
    assert "multicluster" not in sphere.configuration()["status"]
    assert not [found for found in _definitions(sphere.cluster) if "kubefed" in found.metadata.name]


def test_a_host_without_kubefeds_image_fails_in_the_summary_and_works_in_the_next_run(sphere: Installed) -> None:
    sphere.install().done()
    sphere.cluster.images.missing.add("kubesphere/kubefed:v0.8.1")
    sphere.edit({"spec": {"multicluster": {"clusterRole": "host"}}})
    sphere.cluster.until(lambda: "Task 'multicluster' failed:" in sphere.log())
    assert "task multicluster status is failed  (4/4)" in sphere.log()
    assert sphere.runs() == 1
    assert "multicluster" not in sphere.configuration()["status"]
    sphere.cluster.images.missing.clear()
    sphere.edit({"spec": {"again": 1}})
    sphere.cluster.until(lambda: sphere.runs() == 2)
    assert sphere.configuration()["status"]["multicluster"]["status"] == "enabled"


def test_a_core_that_does_not_start_ends_the_run_without_a_summary(sphere: Installed) -> None:
    sphere.cluster.images.missing.add(IMAGE.format("ks-console"))
    sphere.install()
    sphere.cluster.until(lambda: "fatal: [localhost]" in sphere.log())
    assert "ks-console" in sphere.log()
    assert "Collecting installation results" not in sphere.log()
    assert "version" not in sphere.core_status()


def test_a_configuration_without_es_kills_the_hook_until_it_is_mended(sphere: Installed) -> None:
    sphere.install({"common": {}, "terminal": {"timeout": 600}})
    sphere.cluster.until(lambda: "KeyError: 'es'" in sphere.log())
    assert not sphere.core_status()
    sphere.edit({"spec": {"common": {"es": {"enabled": False}}}})
    sphere.done()


def test_an_outdated_configuration_is_made_anew(sphere: Installed) -> None:
    sphere.install({"common": {"es": {}}, "events": {"enabled": False}})
    uid = sphere.configuration()["metadata"]["uid"]
    sphere.done()
    held = sphere.configuration()
    assert held["metadata"]["uid"] != uid
    assert (held["spec"]["terminal"], "ruler" in held["spec"]["events"]) == ({"timeout": 600}, True)


def test_a_weak_password_stops_the_run_before_anything_is_installed(sphere: Installed) -> None:
    sphere.install({"common": {"es": {}}, "terminal": {}, "authentication": {"adminPassword": "weak"}})
    sphere.cluster.until(lambda: "adminPassword must be" in sphere.log())
    assert sphere.deployments() == {"ks-installer"}


def test_switched_on_components_run_and_are_remembered(sphere: Installed) -> None:
    sphere.install().done()
    sphere.edit({"spec": {"alerting": {"enabled": True}, "metrics_server": {"enabled": True}}})
    sphere.cluster.until(lambda: sphere.runs() == 2)
    status = sphere.configuration()["status"]
    assert {status[key]["status"] for key in ("alerting", "metricsServer")} == {"enabled"}
    apis = client.ApiregistrationV1Api(sphere.cluster.api)

    def available() -> bool:
        found = apis.read_api_service("v1beta1.metrics.k8s.io").status.conditions
        return [condition.status for condition in found] == ["True"]

    sphere.cluster.until(available)
    read = sphere.cluster.apps.read_namespaced_stateful_set
    room = "kubesphere-monitoring-system"
    sphere.cluster.until(lambda: read("thanos-ruler-kubesphere", room).status.ready_replicas == 1)


def test_a_new_installer_pod_runs_again(sphere: Installed) -> None:
    sphere.install().done()
    sphere.cluster.until(lambda: sphere.runs() == 1)
    old = sphere.cluster.pods("app=ks-installer", ROOM)[0].metadata
    sphere.cluster.core.delete_namespaced_pod(old.name, ROOM)
    sphere.cluster.until(
        lambda: [pod.metadata.uid for pod in sphere.cluster.pods("app=ks-installer", ROOM)] != [old.uid]
    )
    sphere.cluster.until(lambda: len(sphere.cluster.pods("app=ks-installer", ROOM)) == 1 and sphere.runs() == 1)


def test_the_service_proxy_answers_while_the_apiserver_of_kubesphere_runs(sphere: Installed) -> None:
    sphere.install().done()

    def ask(path: str) -> dict[str, Any]:
        proxied = sphere.cluster.core.connect_get_namespaced_service_proxy_with_path
        return dict(json.loads(proxied(":ks-apiserver:", ROOM, f"kapis/{path}", _preload_content=False).read()))

    assert ask("version")["gitVersion"] == "v3.4.1"
    assert ask("config.kubesphere.io/v1alpha2/configs/configz")["multicluster"] is False
    sphere.cluster.apps.patch_namespaced_deployment_scale("ks-apiserver", ROOM, {"spec": {"replicas": 0}})
    sphere.cluster.until(lambda: not sphere.cluster.pods("app=ks-apiserver", ROOM))
    with pytest.raises(client.ApiException) as refused:
        ask("version")
    assert refused.value.status == 503


def test_a_run_cut_off_by_a_stopped_cluster_begins_anew(sphere: Installed) -> None:
    sphere.install()
    sphere.cluster.until(lambda: "TASK [preInstall]" in sphere.log())
    sphere.cluster.run(sphere.cluster.cluster.stop())
    sphere.cluster.run(sphere.cluster.cluster.start())
    sphere.done()


def test_two_masters_double_the_core_and_bring_redis(sphere: Installed) -> None:
    sphere.cluster.node("second", control_plane=True)
    sphere.install().done()
    replicas = {
        found.metadata.name: found.spec.replicas for found in sphere.cluster.apps.list_namespaced_deployment(ROOM).items
    }
    assert (replicas["ks-apiserver"], replicas["ks-console"], replicas["redis"]) == (2, 2, 1)
