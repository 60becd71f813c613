"""kk's files as kk itself would take them: defaults, ranges, roles, addresses, and everything unknown kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetforge.fleet.kk_cluster import ClusterConfig, expanded, networks, read_cluster
from fleetforge.fleet.kk_manifest import Manifest, read_manifest
from fleetforge.fleet.kk_versions import KUBERNETES, nearest_supported, pulled_images

ROOT = Path(__file__).resolve().parents[2]
HOSTS = [{"name": "a", "address": "10.0.0.1"}, {"name": "b", "address": "10.0.0.2"}]


def document(**spec: Any) -> dict[str, Any]:
    return {"kind": "Cluster", "metadata": {"name": "one"}, "spec": {"hosts": HOSTS} | spec}


def cluster(*others: dict[str, Any], **spec: Any) -> ClusterConfig:
    config, found = read_cluster([document(**spec), *others], "one.yaml")
    assert config is not None, found
    return config


def test_what_is_left_out_has_kks_defaults() -> None:
    config = cluster()
    host = config.host("a")
    assert (host.port, host.user, host.arch, host.timeout, host.internal_address) == (
        22,
        "root",
        "amd64",
        30,
        "10.0.0.1",
    )
    assert (config.kubernetes_version, config.kubernetes_type) == ("v1.23.17", "kubernetes")
    assert (config.container_manager, config.max_pods) == ("docker", 110)
    assert (config.pods_cidr, config.service_cidr) == ("10.233.64.0/18", "10.233.0.0/18")
    assert config.api_address == ("", 6443)


def test_an_empty_text_and_a_zero_are_taken_as_absent() -> None:
    host = {"name": "a", "address": "10.0.0.1", "user": "", "port": 0, "arch": "", "internalAddress": ""}
    config = cluster(hosts=[host], kubernetes={"version": "", "maxPods": 0}, network={"kubePodsCIDR": ""})
    assert (config.host("a").user, config.host("a").port, config.host("a").arch) == ("root", 22, "amd64")
    assert (config.kubernetes_version, config.max_pods, config.pods_cidr) == ("v1.23.17", 110, "10.233.64.0/18")


def test_nulls_are_taken_as_absent() -> None:
    config = cluster(registry=None, roleGroups={"etcd": None}, kubernetes={"version": None})
    assert config.registry.host == ""
    assert not config.hosts_in("etcd")
    assert config.kubernetes_version == "v1.23.17"


@settings(deadline=None)
@given(st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True), st.integers(0, 500), st.integers(0, 40))
def test_a_range_stands_for_each_of_its_hosts(prefix: str, first: int, more: int) -> None:
    names = expanded(f"{prefix}[{first}:{first + more}]")
    assert names == tuple(f"{prefix}{number}" for number in range(first, first + more + 1))
    assert expanded(prefix) == (prefix,)


def test_a_range_without_end_is_refused_unspelled() -> None:
    assert len(expanded("n[1:10000]")) == 10_000
    with pytest.raises(ValueError, match="more than 10,000 hosts"):
        expanded("n[1:999999999999]")


def test_a_range_backwards_names_nobody() -> None:
    assert expanded("n[3:1]") == ()


def test_master_is_an_older_word_for_control_plane() -> None:
    config = cluster(roleGroups={"control-plane": ["b"], "master": ["a"], "worker": ["a", "b"]})
    assert [host.name for host in config.hosts_in("control-plane")] == ["a", "b"]
    assert config.hosts_in("master") == config.hosts_in("control-plane")


def test_nodes_are_the_hosts_that_kubernetes_gets() -> None:
    config = cluster(roleGroups={"etcd": ["a"], "control-plane": ["b"], "worker": ["b", "nobody"], "registry": ["a"]})
    assert [host.name for host in config.nodes] == ["b"]


@pytest.mark.parametrize(
    ("host", "address", "node_address"),
    [
        ({"address": "1.1.1.1", "internalAddress": "10.0.0.1"}, "1.1.1.1", "10.0.0.1"),
        ({"address": "1.1.1.1"}, "1.1.1.1", "1.1.1.1"),
        ({"internalAddress": "10.0.0.1"}, "10.0.0.1", "10.0.0.1"),
        ({"internalAddress": "10.0.0.1,fd00::1"}, "10.0.0.1", "10.0.0.1"),
    ],
)
def test_each_address_stands_in_for_the_other(host: dict[str, str], address: str, node_address: str) -> None:
    held = cluster(hosts=[{"name": "a"} | host]).host("a")
    assert (held.address, held.node_address) == (address, node_address)


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ({}, ("10.0.0.1", 6443)),
        ({"address": "10.0.0.100", "port": 8443}, ("10.0.0.100", 8443)),
        ({"address": "127.0.0.1"}, ("10.0.0.1", 6443)),
        ({"internalLoadbalancer": "haproxy"}, ("10.0.0.1", 6443)),
        ({"externalDNS": True, "domain": "api.site"}, ("api.site", 6443)),
    ],
)
def test_the_api_is_where_kks_kubeconfig_points(endpoint: dict[str, Any], address: tuple[str, int]) -> None:
    config = cluster(controlPlaneEndpoint=endpoint, roleGroups={"control-plane": ["a"]})
    assert config.api_address == address


@pytest.mark.parametrize(
    ("stated", "version", "kind"),
    [
        ("1.22.17", "v1.22.17", "kubernetes"),
        ("v1.22.17", "v1.22.17", "kubernetes"),
        ("v1.21.6-k3s", "v1.21.6", "k3s"),
        ("", "v1.23.17", "kubernetes"),
    ],
)
def test_a_version_is_read_as_kk_reads_it(stated: str, version: str, kind: str) -> None:
    config = cluster(kubernetes={"version": stated})
    assert (config.kubernetes_version, config.kubernetes_type) == (version, kind)


def test_networks_of_two_families_are_both_read() -> None:
    assert [str(network) for network in networks("10.1.2.3/18, fd00::/64")] == ["10.1.0.0/18", "fd00::/64"]


def test_what_kk_does_not_know_stays_in_the_document_and_is_told() -> None:
    raw = document(kubernetes={"versoin": "v1.22.17"})
    config, found = read_cluster([raw], "one.yaml")
    assert config is not None
    assert config.raw == raw
    assert [(one.code, one.field) for one in found] == [("FF-SPEC-101", "spec.kubernetes.versoin")]


@pytest.mark.parametrize(("kind", "installs"), [("ClusterConfiguration", True), ("ConfigMap", True), ("Secret", False)])
def test_a_further_document_makes_kk_install_kubesphere(kind: str, installs: bool) -> None:
    assert cluster({"kind": kind}).installs_kubesphere is installs
    assert cluster(kubesphere={"enabled": True}).installs_kubesphere


def test_the_registrys_login_is_looked_up_by_its_host() -> None:
    config = cluster(
        registry={"privateRegistry": "hub:5000/site", "auths": {"hub:5000": {"username": "u", "plainHTTP": True}}}
    )
    assert config.registry.host == "hub:5000"
    assert config.registry.auths["hub:5000"].plain_http


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["hosts", "name", "roleGroups", "port", "address", "etcd"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_makes_the_reader_stumble(spec: Any) -> None:
    config, found = read_cluster([{"kind": "Cluster", "spec": spec}], "one.yaml")
    assert (config is None) == any(not one.is_warning for one in found)


def manifest(**spec: Any) -> Manifest:
    held, found = read_manifest([{"kind": "Manifest", "spec": spec}], "manifest.yaml")
    assert held is not None, found
    return held


def test_a_manifest_tells_components_by_kks_names() -> None:
    held = manifest(
        components={"etcd": {"version": "v3"}, "containerRuntimes": [{"type": "docker", "version": "24"}]},
        kubernetesDistributions=[{"type": "kubernetes", "version": "v1.22.17"}],
        images=["hub/ns/a:1", "hub/ns/a:1", "hub/ns/b:2"],
    )
    assert held.components == {"etcd": "v3", "docker": "24"}
    assert held.kubernetes_versions == ("v1.22.17",)
    assert [str(image) for image in held.references] == ["hub/ns/a:1", "hub/ns/b:2"]


def test_a_manifest_may_be_nearly_empty() -> None:
    assert manifest().images == ()


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("v1.22.18", "v1.22.17"),
        ("v1.11.3", "v1.19.0"),
        ("v2.0.0", "v1.31.0"),
        ("v1.19.10", "v1.19.9"),
        ("x", "v1.31.0"),
    ],
)
def test_the_nearest_version_kk_can_build_is_named(asked: str, nearest: str) -> None:
    assert nearest_supported(asked) == nearest


def test_the_supported_versions_are_those_kk_lists() -> None:
    recorded = sorted((ROOT / "../shared/data").rglob("*supported*k8s*"))
    if not recorded:
        pytest.skip("no recording of 'kk version --show-supported-k8s' here")
    assert set(KUBERNETES) == set(re.findall(r"v1\.\d+\.\d+", recorded[0].read_text()))


@pytest.mark.parametrize(
    ("spec", "images"),
    [
        ({"kubernetes": {"version": "v1.22.17"}}, {"pause:3.5", "coredns:1.8.0", "k8s-dns-node-cache:1.22.20"}),
        ({"kubernetes": {"version": "v1.22.17", "nodelocaldns": False}}, {"kube-proxy:v1.22.17"}),
        ({"network": {"plugin": "flannel"}}, {"flannel:v0.21.3", "pause:3.6"}),
        ({"controlPlaneEndpoint": {"internalLoadbalancer": "haproxy"}}, {"haproxy:2.9.6-alpine"}),
        ({"kubernetes": {"version": "v1.20.4"}}, {"pause:3.2", "coredns:1.6.9"}),
    ],
)
def test_the_images_kk_pulls_follow_from_the_config(spec: dict[str, Any], images: set[str]) -> None:
    pulled = set(pulled_images(cluster(**spec)))
    assert images <= pulled
    assert ("k8s-dns-node-cache:1.22.20" in pulled) == (spec.get("kubernetes", {}).get("nodelocaldns") is not False)


def test_the_example_is_read_without_a_finding() -> None:
    for file in ("aicc", "hefei"):
        documents = list(yaml.safe_load_all((ROOT / "examples" / "aicc" / "clusters" / f"{file}.yaml").read_text()))
        config, found = read_cluster([one for one in documents if one], file)
        assert (found, config is not None) == ((), True)
