"""A host cluster and its members: imported, given types, sent a workload, and freed of it again."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fleetforge.blocks.federation import KubeFed
from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kube_resources import (
    CLUSTERS,
    DEPLOYMENTS,
    FEDERATED_DEPLOYMENTS,
    FEDERATED_TYPE_CONFIGS,
    NAMESPACES,
)
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.federation import Expected, Placed, placed_workload
from fleetforge.fleet.member_clusters import FEDERATION_NAMESPACE, cluster_object, why_unusable
from fleetforge.fleet.spec import Override, Registry, Validation

LIMIT = 15.0
SHORT = 0.5
TYPES = ("namespaces", "deployments.apps")
BASE = Expected(1, "registry.local/kubesphereio/nginx:1.20")
PLACED = Placed("proof", "web", BASE, {"m1": Expected(3, "registry.local/kubesphereio/nginx:1.21")})


@dataclass
class Pair:
    """A host cluster and ``m1``, a member with the host's jwtSecret that is not imported yet."""

    host: Any
    m1: Any
    federation: KubeFed

    def imported(self, **labels: str) -> KubeFed:
        self.federation.import_member("m1", self.m1.cluster.kubeconfig(), "direct", labels)
        self.federation.await_member("m1", LIMIT)
        return self.federation

    def sent(self, placed: Placed = PLACED) -> KubeFed:
        self.imported().place(placed)
        self.federation.await_propagation(placed, "m1", LIMIT)
        return self.federation

    def refuses(self, name: str, kubeconfig: str | None, connection: str = "direct") -> str:
        """The code of the refusal; nothing may have been written."""
        code = refusal(lambda: self.federation.import_member(name, kubeconfig, connection, {})).code
        assert self.host.kube().get(CLUSTERS, name) is None
        return code


def refusal(work: Callable[[], Any]) -> FleetforgeError:
    with pytest.raises(FleetforgeError) as caught:
        work()
    return caught.value


def stop_kubefed(kube: Kube) -> None:
    name, change = "kubefed-controller-manager", {"spec": {"replicas": 0}}
    kube.merge_patch(DEPLOYMENTS, name, change, FEDERATION_NAMESPACE)

    def stopped(item: dict[str, Any] | None) -> bool | None:
        return None if item and (item.get("status") or {}).get("readyReplicas") else True

    kube.wait_for(DEPLOYMENTS, name, stopped, namespace=FEDERATION_NAMESPACE, deadline=LIMIT, what="KubeFed to stop")


@pytest.fixture
def pair(start_cluster: Callable[..., Any]) -> Iterator[Pair]:
    host, m1 = start_cluster("host"), start_cluster("m1")
    for cluster in (host, m1):
        cluster.install_kubesphere()
    host.kubesphere().await_installed(LIMIT)
    host.kubesphere().become_host("host", LIMIT)
    m1.kubesphere().await_installed(LIMIT)
    m1.kubesphere().become_member(host.kubesphere().jwt_secret(), LIMIT)
    federation = KubeFed(host.kube())
    yield Pair(host, m1, federation)
    federation.close()


def test_an_unknown_member_becomes_usable_by_its_import(pair: Pair) -> None:
    assert pair.federation.member("m1").known is False
    facts = pair.imported(region="east").member("m1")
    assert facts.known and facts.unusable == ()
    assert pair.host.kube().need(CLUSTERS, "m1")["metadata"]["labels"]["region"] == "east"


def test_an_import_that_changes_nothing_writes_nothing(pair: Pair) -> None:
    pair.imported(region="east")
    pair.host.fails("PATCH /apis/cluster.kubesphere.io", 403, times=9)
    pair.imported(region="east")
    assert refusal(lambda: pair.imported(region="west")).code == "FF-K8S-004"


def test_an_import_gives_a_known_member_its_new_kubeconfig_and_labels(pair: Pair) -> None:
    pair.imported()
    renewed = pair.m1.cluster.kubeconfig() + "\n# renewed\n"
    pair.federation.import_member("m1", renewed, "direct", {"region": "west"})
    held = pair.host.kube().need(CLUSTERS, "m1")
    assert base64.b64decode(held["spec"]["connection"]["kubeconfig"]).decode() == renewed
    assert held["metadata"]["labels"]["region"] == "west"


def test_a_kubeconfig_that_leads_nowhere_or_to_the_wrong_cluster_is_not_imported(pair: Pair) -> None:
    assert pair.refuses("m1", None) == "FF-K8S-015"
    assert pair.refuses("m1", "no: kubeconfig") == "FF-K8S-011"
    assert pair.refuses("m1", pair.m1.kubeconfig(server="https://lb.kubesphere.local:6443")) == "FF-FED-005"
    own = refusal(lambda: pair.federation.import_member("m1", pair.host.cluster.kubeconfig(), "direct", {}))
    assert own.code == "FF-FED-003" and "the host cluster itself" in own.what
    pair.m1.stop()
    assert pair.refuses("m1", pair.m1.cluster.kubeconfig()) == "FF-K8S-001"
    pair.m1.start()


def test_a_cluster_is_imported_under_one_name_and_a_name_stands_for_one_cluster(
    pair: Pair, start_cluster: Callable[..., Any]
) -> None:
    pair.imported()
    assert pair.refuses("m2", pair.m1.cluster.kubeconfig()) == "FF-FED-003"
    rebuilt = start_cluster("m1")
    import_it = pair.federation.import_member
    assert refusal(lambda: import_it("m1", rebuilt.cluster.kubeconfig(), "direct", {})).code == "FF-FED-010"


def test_a_silent_ks_apiserver_another_secret_or_another_role_is_not_imported(pair: Pair) -> None:
    kubesphere, kubeconfig = pair.m1.kubesphere(), pair.m1.cluster.kubeconfig()
    pair.m1.fails("ks-apiserver", 503, times=99)
    assert pair.refuses("m1", kubeconfig) == "FF-FED-004"
    kubesphere.become_member("another-secret-of-another-fleet", LIMIT)
    assert pair.refuses("m1", kubeconfig) == "FF-FED-002"
    kubesphere.become_host("m1", LIMIT)
    assert pair.refuses("m1", kubeconfig) == "FF-FED-001"


def test_only_a_host_cluster_imports(one: Any) -> None:
    kubeconfig = one.cluster.kubeconfig()
    assert refusal(lambda: KubeFed(one.kube()).import_member("m1", kubeconfig, "direct", {})).code == "FF-FED-009"


def test_a_member_that_dies_is_unusable_although_its_cluster_object_stays_ready(pair: Pair) -> None:
    pair.imported()
    pair.m1.stop()
    error = refusal(lambda: pair.federation.await_member("m1", SHORT))
    assert error.code == "FF-FED-006" and "m1" in error.what and error.evidence
    assert why_unusable(pair.host.kube().need(CLUSTERS, "m1")) == ()
    assert any("FF-K8S-001" in why for why in pair.federation.member("m1").unusable)
    pair.m1.start()
    pair.federation.await_member("m1", LIMIT)


def test_a_proxied_member_without_its_agent_says_so(pair: Pair) -> None:
    pair.federation.import_member("m1", pair.m1.cluster.kubeconfig(), "proxy", {})
    assert "kubeconfig" not in pair.host.kube().need(CLUSTERS, "m1")["spec"]["connection"]
    assert any("AgentAvailable=absent" in why for why in pair.federation.member("m1").unusable)
    assert refusal(lambda: pair.federation.await_member("m1", SHORT)).code == "FF-FED-007"
    assert refusal(lambda: pair.federation.member_kube("m1")).code == "FF-FED-007"
    assert refusal(lambda: pair.federation.member_kube("m2")).code == "FF-FED-008"


def test_types_that_are_not_distributed_become_live(pair: Pair) -> None:
    kube, wanted = pair.host.kube(), (*TYPES, "daemonsets.apps", "configmaps")
    kube.merge_patch(FEDERATED_TYPE_CONFIGS, "configmaps", {"spec": {"propagation": "Disabled"}}, FEDERATION_NAMESPACE)
    assert pair.federation.missing_types(wanted) == ("daemonsets.apps", "configmaps")
    pair.federation.ensure_types(wanted, LIMIT)
    assert pair.federation.missing_types(wanted) == ()


def test_a_type_that_nobody_serves_or_distributes_is_an_error(pair: Pair) -> None:
    for unknown in ("widgets.apps", "widgets.example.com", "widgets"):
        assert refusal(lambda name=unknown: pair.federation.ensure_types([name], LIMIT)).code == "FF-FED-023"  # type: ignore[misc]
    stop_kubefed(pair.host.kube())
    error = refusal(lambda: pair.federation.ensure_types([*TYPES, "daemonsets.apps"], SHORT))
    assert error.code == "FF-FED-024" and "daemonsets.apps" in error.what
    assert pair.federation.missing_types([*TYPES, "daemonsets.apps"]) == ("daemonsets.apps",)
    for value in ("Disabled", "Enabled"):
        change = {"spec": {"propagation": value}}
        pair.host.kube().merge_patch(FEDERATED_TYPE_CONFIGS, "deployments.apps", change, FEDERATION_NAMESPACE)
    assert pair.federation.missing_types(TYPES) == ("deployments.apps",)


def test_a_workload_reaches_a_member_that_refused_it_first_with_its_override_and_leaves_no_trace(pair: Pair) -> None:
    validation = Validation(overrides={"m1": Override(replicas=3, image="nginx:1.21")})
    placed = placed_workload(validation, Registry(url="https://registry.local"), ("m1",))
    pair.m1.fails("POST .*/deployments", 503, times=3)
    pair.sent(placed)
    found = pair.m1.kube().need(DEPLOYMENTS, placed.name, placed.namespace)
    image = found["spec"]["template"]["spec"]["containers"][0]["image"]
    assert (found["spec"]["replicas"], image) == (3, "registry.local/kubesphereio/nginx:1.21")
    error = refusal(lambda: pair.federation.await_propagation(placed, "m9", SHORT))
    assert error.code == "FF-FED-020" and any("does not list the member" in line for line in error.evidence)
    pair.federation.remove(placed, LIMIT)
    for cluster in (pair.m1, pair.host):
        assert cluster.kube().get(NAMESPACES, placed.namespace) is None
    pair.federation.remove(placed, LIMIT)


def test_a_workload_placed_again_takes_the_new_override(pair: Pair) -> None:
    changed = replace(PLACED, by_member={"m1": replace(BASE, replicas=2)})
    pair.sent().place(changed)
    pair.federation.await_propagation(changed, "m1", LIMIT)
    spec = pair.m1.kube().need(DEPLOYMENTS, "web", "proof")["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (2, BASE.image)
    stop_kubefed(pair.host.kube())
    pair.federation.place(PLACED)
    error = refusal(lambda: pair.federation.await_propagation(PLACED, "m1", SHORT))
    assert error.code == "FF-FED-020" and any("has not looked at it" in line for line in error.evidence)


@pytest.mark.parametrize("reason", ["CreationFailed", "ClusterNotReady", "NamespaceNotFederated"])
def test_a_workload_that_does_not_arrive_says_why(pair: Pair, reason: str) -> None:
    federation, placed = pair.imported(), PLACED
    if reason == "CreationFailed":
        pair.m1.fails("POST .*/deployments", 403, times=999, text="quota of this member")
    if reason == "NamespaceNotFederated":
        for item in (placed.namespace_object, placed.federated_deployment):
            pair.host.kube().apply(item)
    else:
        federation.place(placed)
    if reason == "ClusterNotReady":
        federation.await_propagation(placed, "m1", LIMIT)
        pair.m1.stop()
        pair.host.kube().apply(replace(placed, base=replace(BASE, replicas=9)).federated_deployment)
    error = refusal(lambda: federation.await_propagation(placed, "m1", SHORT * 2))
    assert error.code == "FF-FED-020" and any(reason in line for line in error.evidence)
    if reason == "CreationFailed":
        assert any("CreateInClusterFailed" in line and "quota of this member" in line for line in error.evidence)
    if reason == "ClusterNotReady":
        pair.m1.start()


def test_an_override_that_cannot_be_applied_ends_the_wait_at_once(pair: Pair) -> None:
    federation, item = pair.sent(), copy.deepcopy(PLACED.federated_deployment)
    item["spec"]["overrides"][0]["clusterOverrides"][0]["path"] = "/spec/nothing/here"
    pair.host.kube().apply(item)
    error = refusal(lambda: federation.await_propagation(PLACED, "m1", LIMIT))
    assert error.code == "FF-FED-021" and "ApplyOverridesFailed" in error.what


@pytest.mark.parametrize("where", ["host", "m1"])
def test_a_foreign_namespace_is_neither_taken_nor_removed(pair: Pair, where: str) -> None:
    federation, cluster = pair.imported(), pair.host if where == "host" else pair.m1
    cluster.kube().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "proof"}})
    error = refusal(lambda: federation.place(PLACED))
    assert error.code == "FF-FED-022" and where in str(error.where)
    federation.remove(PLACED, LIMIT)
    assert cluster.kube().get(NAMESPACES, "proof") is not None
    assert pair.host.kube().get(FEDERATED_DEPLOYMENTS, "web", "proof") is None


def test_a_workload_is_placed_without_asking_a_proxied_member(pair: Pair) -> None:
    beyond = pair.m1.kubeconfig(server="https://127.0.0.1:9")
    placed = replace(PLACED, by_member={"far": BASE})
    for connection in ("direct", "proxy"):
        item = cluster_object("far", beyond, {}, "direct")
        item["spec"]["connection"]["type"] = connection
        pair.host.kube().apply(item)
        if connection == "direct":
            assert refusal(lambda: pair.federation.place(placed)).code == "FF-K8S-001"
    pair.federation.place(placed)
    assert pair.host.kube().get(FEDERATED_DEPLOYMENTS, "web", "proof") is not None


def test_a_workload_that_a_dead_member_keeps_is_named_and_leaves_once_it_is_back(pair: Pair) -> None:
    federation = pair.sent()
    pair.m1.stop()
    error = refusal(lambda: federation.remove(PLACED, SHORT * 2))
    assert error.code == "FF-FED-040" and any("m1: still there" in line for line in error.evidence)
    pair.m1.start()
    federation.remove(PLACED, LIMIT)
    assert pair.m1.kube().get(NAMESPACES, "proof") is None
