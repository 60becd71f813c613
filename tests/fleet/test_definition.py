"""A fleet as a whole: spec, configs and manifest together, and the first fleet.yaml made from kk's files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetforge.fleet.definition import Fleet, named_files, read_fleet, read_spec
from fleetforge.fleet.errors.catalogue import CATALOGUE
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.initial_fleet import initial_text
from fleetforge.fleet.kk_cluster import ClusterConfig, RegistryAuth, RegistryBlock
from fleetforge.fleet.kk_manifest import Manifest
from fleetforge.fleet.limits import exceeded

BASE = Path(__file__).parent / "cases" / "base"


@pytest.fixture
def documents() -> dict[str, list[dict[str, Any]]]:
    return {
        str(path.relative_to(BASE)): list(yaml.safe_load_all(path.read_text())) for path in sorted(BASE.rglob("*.yaml"))
    }


@pytest.fixture
def fleet(documents: dict[str, list[dict[str, Any]]]) -> Fleet:
    read, found = read_fleet(documents, {}, {})
    assert read is not None, found
    return read


def test_a_fleet_answers_by_cluster_name(fleet: Fleet) -> None:
    assert (fleet.name, fleet.host_config.name, fleet.config("two").name) == ("pair", "one", "two")
    assert (fleet.config_file("two"), fleet.manifest_file) == ("clusters/two.yaml", "manifest.yaml")
    with pytest.raises(KeyError):
        fleet.config("three")
    with pytest.raises(KeyError):
        fleet.config_file("three")


def test_the_login_is_the_specs_or_else_the_host_clusters(fleet: Fleet) -> None:
    own = fleet.registry_credentials
    assert own is not None and own.password == "${env:HARBOR_PASSWORD}"
    registry = fleet.spec.spec.registry.model_copy(update={"credentials": None})
    spec = fleet.spec.model_copy(update={"spec": fleet.spec.spec.model_copy(update={"registry": registry})})
    held = replace(fleet, spec=spec).registry_credentials
    assert held is not None and held.username == "admin"
    bare = fleet.host_config.model_copy(update={"registry": RegistryBlock()})
    assert replace(fleet, spec=spec, configs={**fleet.configs, "one": bare}).registry_credentials is None


def test_errors_of_all_files_are_found_in_one_reading(documents: dict[str, list[dict[str, Any]]]) -> None:
    documents["manifest.yaml"][0]["spec"]["images"] = ["nginx"]
    documents["clusters/one.yaml"][0]["spec"]["hosts"][0]["port"] = "22"
    documents["clusters/two.yaml"][0]["kind"] = "Clutser"
    documents["fleet.yaml"][0]["spec"]["registry"]["projekt"] = "x"
    read, found = read_fleet(documents, {}, {})
    assert read is None
    assert [(one.code, one.file) for one in found] == [
        ("FF-SPEC-004", "fleet.yaml"),
        ("FF-SPEC-014", "manifest.yaml"),
        ("FF-SPEC-003", "clusters/one.yaml"),
        ("FF-SPEC-011", "clusters/two.yaml"),
    ]


def test_a_fleet_file_of_any_shape_is_searched_for_the_files_it_names() -> None:
    assert named_files([]) == named_files([{"spec": []}]) == named_files([{"spec": {"clusters": 3}}]) == ()
    spec = {
        "artifact": {"manifest": "m.yaml"},
        "clusters": [None, {"config": "a.yaml"}, {"config": 7}, {"config": "a.yaml"}],
    }
    assert named_files([{"spec": spec}]) == ("m.yaml", "a.yaml")


def test_every_fault_of_the_spec_is_told_at_once(documents: dict[str, list[dict[str, Any]]]) -> None:
    spec = documents["fleet.yaml"][0]["spec"]
    spec["clusters"][1] |= {"role": "memeber", "labels": {"zone": 3}}
    del spec["control"]["workspace"]
    read, found = read_spec(documents["fleet.yaml"])
    assert read is None
    assert [(one.code, one.field) for one in found] == [
        ("FF-SPEC-005", "spec.control.workspace"),
        ("FF-SPEC-003", "spec.clusters[1].role"),
        ("FF-SPEC-003", "spec.clusters[1].labels.zone"),
    ]


def test_a_finding_is_the_same_to_a_program_as_to_a_person() -> None:
    found = Finding("FF-SPEC-022", "no host has the role etcd", "one.yaml", ("spec", "roleGroups"), line=9)
    error = found.as_error()
    assert {key: found.as_dict()[key] for key in error.as_dict()} == error.as_dict()
    assert (found.as_dict()["file"], found.as_dict()["line"], found.as_dict()["field"]) == (
        "one.yaml",
        9,
        "spec.roleGroups",
    )
    assert error.remedy == CATALOGUE["FF-SPEC-022"].remedy


def first(*configs: tuple[str, ClusterConfig], name: str | None = None) -> dict[str, Any]:
    text = initial_text("m.yaml", Manifest(images=("hub/kubesphereio/nginx:1.27",)), configs, name=name)
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def test_a_first_fleet_file_is_a_valid_spec_with_the_first_config_as_host() -> None:
    made = first(("a.yaml", ClusterConfig(name="north")), ("b.yaml", ClusterConfig(name="south")))
    spec, found = read_spec([made])
    assert spec is not None, found
    assert (spec.name, spec.host_cluster.name, [one.name for one in spec.members]) == ("north", "north", ["south"])
    assert spec.spec.validation.workload.image == "nginx:1.27"


def test_clusters_kk_calls_sample_are_named_after_their_files() -> None:
    sample = ClusterConfig(name="sample")
    made = first(("x/Site_A.yaml", sample), ("y/site-a.yaml", sample), ("b.yaml", ClusterConfig(name="")))
    assert [cluster["name"] for cluster in made["spec"]["clusters"]] == ["site-a", "site-a-2", "b"]


@pytest.mark.parametrize("odd", ["on: off", "#1.yaml", "a b.yaml", "- x.yaml", "配置.yaml", "{x}.yaml"])
def test_odd_file_names_stay_what_they_are(odd: str) -> None:
    assert first((odd, ClusterConfig(name="one")))["spec"]["clusters"][0]["config"] == odd


@pytest.mark.parametrize("auth", [{}, {"hub": RegistryAuth(username="admin", password="${env:P}", plain_http=True)}])
def test_a_first_fleet_file_follows_the_host_clusters_registry(auth: dict[str, RegistryAuth]) -> None:
    block = RegistryBlock(type="harbor", private_registry="hub", namespace_override="site", auths=auth)
    config = ClusterConfig(name="one", registry=block, role_groups={"registry": ["a"]})
    registry = first(("one.yaml", config), name="Our Fleet!")["spec"]["registry"]
    assert registry == {
        "type": "harbor",
        "url": "http://hub" if auth else "https://hub",
        "project": "site",
        "install": True,
    }
    assert first(("one.yaml", config), name="Our Fleet!")["metadata"]["name"] == "our-fleet"


def test_a_limit_is_exceeded_from_the_first_above_it() -> None:
    assert exceeded(nodes=5000, pods_per_node=110, pods=150_000, containers=300_000) == ()
    assert [str(one) for one in exceeded(nodes=5001, pods=150_001)] == [
        "5,001 nodes, documented limit 5,000",
        "150,001 pods, documented limit 150,000",
    ]
