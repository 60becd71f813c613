"""CustomResourceDefinitions: kinds that come and go while the server runs."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client, dynamic

GROUP = "example.org"


def _definition(status: bool = True) -> dict[str, Any]:
    version: dict[str, Any] = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    if status:
        version["subresources"] = {"status": {}}
    names = {"plural": "widgets", "kind": "Widget", "singular": "widget", "shortNames": ["wd"]}
    spec = {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]}
    return {"metadata": {"name": f"widgets.{GROUP}"}, "spec": spec}


def _widget(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def _define(cluster: Any, status: bool = True) -> Any:
    return client.ApiextensionsV1Api(cluster.api).create_custom_resource_definition(_definition(status))


def test_a_new_definition_is_established_and_its_kind_discovered(bare: Any) -> None:
    made = _define(bare)
    assert {found.type: found.status for found in made.status.conditions}["Established"] == "True"
    found = dynamic.DynamicClient(bare.api).resources.get(api_version=f"{GROUP}/v1", kind="Widget")
    assert found.create(_widget(size=1), namespace="default").spec.size == 1
    assert [item.metadata.name for item in found.get(namespace="default").items] == ["w"]


def test_before_its_definition_a_kind_is_no_path_at_all(bare: Any) -> None:
    with pytest.raises(client.ApiException) as refused:
        bare.custom.list_cluster_custom_object(GROUP, "v1", "widgets")
    assert (refused.value.status, refused.value.body.strip()) == (404, "404 page not found")


def test_the_built_in_kinds_are_discovered_too(bare: Any) -> None:
    resources = dynamic.DynamicClient(bare.api).resources
    assert resources.get(api_version="apps/v1", kind="Deployment").namespaced
    assert not resources.get(api_version="v1", kind="Node").namespaced
    assert "pods/log" in [found.name for found in bare.core.get_api_resources().resources]


def test_a_status_of_its_own_is_not_written_with_the_object(bare: Any) -> None:
    _define(bare)
    where = (GROUP, "v1", "default", "widgets")
    bare.custom.create_namespaced_custom_object(*where, _widget(size=1) | {"status": {"seen": "yes"}})
    assert "status" not in bare.custom.get_namespaced_custom_object(*where, "w")
    bare.custom.patch_namespaced_custom_object_status(*where, "w", {"status": {"seen": "yes"}, "spec": {"size": 9}})
    held = bare.custom.get_namespaced_custom_object(*where, "w")
    assert (held["status"], held["spec"], held["metadata"]["generation"]) == ({"seen": "yes"}, {"size": 1}, 1)


def test_only_a_changed_spec_raises_the_generation(bare: Any) -> None:
    _define(bare)
    where = (GROUP, "v1", "default", "widgets")
    bare.custom.create_namespaced_custom_object(*where, _widget(size=1))
    labelled = bare.custom.patch_namespaced_custom_object(*where, "w", {"metadata": {"labels": {"a": "b"}}})
    assert labelled["metadata"]["generation"] == 1
    assert bare.custom.patch_namespaced_custom_object(*where, "w", {"spec": {"size": 2}})["metadata"]["generation"] == 2


def test_with_its_definition_go_the_objects_of_a_kind(bare: Any) -> None:
    _define(bare)
    where = (GROUP, "v1", "default", "widgets")
    bare.custom.create_namespaced_custom_object(*where, _widget())
    client.ApiextensionsV1Api(bare.api).delete_custom_resource_definition(f"widgets.{GROUP}")
    with pytest.raises(client.ApiException, match="404"):
        bare.custom.list_namespaced_custom_object(*where)
    _define(bare)
    assert bare.custom.list_namespaced_custom_object(*where)["items"] == []
