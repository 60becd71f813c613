"""Objects through the official client: the four patches, conflicts, pages, selectors, deletion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes import client


def _config(name: str = "settings", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"app": name}}, "data": data}


def _refused(status: int, work: Any, *arguments: Any, **options: Any) -> client.ApiException:
    with pytest.raises(client.ApiException) as refused:
        work(*arguments, **options)
    assert refused.value.status == status, refused.value.body
    return refused.value


def test_an_object_is_created_read_replaced_and_deleted(bare: Any) -> None:
    made = bare.core.create_namespaced_config_map("default", _config(a="1"))
    assert made.metadata.uid and made.metadata.resource_version and made.metadata.creation_timestamp
    made.data["a"] = "2"
    bare.core.replace_namespaced_config_map("settings", "default", made)
    assert bare.core.read_namespaced_config_map("settings", "default").data == {"a": "2"}
    bare.core.delete_namespaced_config_map("settings", "default")
    _refused(404, bare.core.read_namespaced_config_map, "settings", "default")


def test_a_replacement_of_an_old_version_is_a_conflict(bare: Any) -> None:
    old = bare.core.create_namespaced_config_map("default", _config(a="1"))
    bare.core.patch_namespaced_config_map("settings", "default", {"data": {"a": "2"}})
    assert (
        "the object has been modified"
        in _refused(409, bare.core.replace_namespaced_config_map, "settings", "default", old).body
    )


def test_a_name_is_taken_once_and_a_namespace_must_be_there(bare: Any) -> None:
    bare.core.create_namespaced_config_map("default", _config())
    assert "AlreadyExists" in _refused(409, bare.core.create_namespaced_config_map, "default", _config()).body
    _refused(404, bare.core.create_namespaced_config_map, "nowhere", _config())
    _refused(422, bare.core.create_namespaced_config_map, "default", _config("Not_A_Name"))


def test_a_dry_run_leaves_nothing_behind(bare: Any) -> None:
    bare.core.create_namespaced_config_map("default", _config(), dry_run="All")
    _refused(404, bare.core.read_namespaced_config_map, "settings", "default")


def test_a_merge_patch_removes_with_null_and_replaces_lists(bare: Any) -> None:
    bare.deploy(replicas=1)
    patch = {
        "metadata": {"labels": {"x": "y"}},
        "spec": {"template": {"spec": {"containers": [{"name": "new", "image": "b"}]}}},
    }
    done = bare.apps.patch_namespaced_deployment("web", "default", patch, _content_type="application/merge-patch+json")
    assert [found.name for found in done.spec.template.spec.containers] == ["new"]
    done = bare.apps.patch_namespaced_deployment(
        "web", "default", {"metadata": {"labels": {"x": None}}}, _content_type="application/merge-patch+json"
    )
    assert not done.metadata.labels


def test_a_strategic_patch_merges_containers_by_name(bare: Any) -> None:
    bare.deploy(replicas=1)
    containers = [{"name": "main", "image": "nginx:2"}, {"name": "side", "image": "log:1"}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    kind = "application/strategic-merge-patch+json"
    done = bare.apps.patch_namespaced_deployment("web", "default", patch, _content_type=kind)
    found = {one.name: one for one in done.spec.template.spec.containers}
    assert (found["main"].image, found["main"].env[0].name, found["side"].image) == ("nginx:2", "A", "log:1")


def test_a_json_patch_whose_test_fails_changes_nothing(bare: Any) -> None:
    bare.core.create_namespaced_config_map("default", _config(a="1"))
    good = [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "replace", "path": "/data/a", "value": "2"}]
    patch = bare.core.patch_namespaced_config_map
    assert patch("settings", "default", good, _content_type="application/json-patch+json").data == {"a": "2"}
    _refused(422, patch, "settings", "default", good, _content_type="application/json-patch+json")


def test_server_side_apply_creates_then_merges_and_takes_back_what_it_no_longer_names(bare: Any) -> None:
    def applied(**data: str) -> dict[str, str]:
        body = {"apiVersion": "v1", "kind": "ConfigMap", **_config(**data)}
        options = {"field_manager": "test", "force": True, "_content_type": "application/apply-patch+yaml"}
        return dict(bare.core.patch_namespaced_config_map("settings", "default", body, **options).data)

    assert applied(a="1", b="1") == {"a": "1", "b": "1"}
    bare.core.patch_namespaced_config_map("settings", "default", {"data": {"theirs": "x"}})
    assert applied(a="2") == {"a": "2", "theirs": "x"}


def test_a_long_list_comes_in_pages_each_object_once(bare: Any) -> None:
    for number in range(7):
        bare.core.create_namespaced_config_map("default", _config(f"c{number}"))
    names, token = [], None
    while True:
        page = bare.core.list_namespaced_config_map("default", limit=3, _continue=token, label_selector="app")
        names += [found.metadata.name for found in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == [f"c{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("selector", "found"),
    [("app=a", ["a"]), ("app!=a,app", ["b", "c"]), ("app in (a, c)", ["a", "c"]), ("app notin (a),app", ["b", "c"])],
)
def test_label_selectors_pick(bare: Any, selector: str, found: list[str]) -> None:
    for name in "abc":
        bare.core.create_namespaced_config_map("default", _config(name))
    items = bare.core.list_namespaced_config_map("default", label_selector=selector).items
    assert [item.metadata.name for item in items] == found


def test_a_field_selector_names_one_object_and_an_unknown_field_is_refused(bare: Any) -> None:
    bare.core.create_namespaced_config_map("default", _config())
    items = bare.core.list_config_map_for_all_namespaces(field_selector="metadata.name=settings").items
    assert [item.metadata.name for item in items] == ["settings"]
    _refused(400, bare.core.list_config_map_for_all_namespaces, field_selector="data.a=1")


def _let_go(cluster: Any, namespace: str) -> None:
    """Takes the finalizers off."""
    patch, kind = {"metadata": {"finalizers": None}}, "application/merge-patch+json"
    cluster.core.patch_namespaced_config_map("settings", namespace, patch, _content_type=kind)


def test_a_finalizer_holds_an_object_until_it_is_taken_off(bare: Any) -> None:
    body = _config()
    body["metadata"]["finalizers"] = ["test/hold"]
    bare.core.create_namespaced_config_map("default", body)
    bare.core.delete_namespaced_config_map("settings", "default")
    assert bare.core.read_namespaced_config_map("settings", "default").metadata.deletion_timestamp
    _let_go(bare, "default")
    _refused(404, bare.core.read_namespaced_config_map, "settings", "default")


def test_deleting_a_deployment_takes_its_pods_along_unless_they_are_orphaned(one: Any) -> None:
    for name in ("web", "kept"):
        one.deploy(name)
        one.until(lambda name=name: len(one.running(f"app={name}")) == 2)
    one.apps.delete_namespaced_deployment("web", "default", propagation_policy="Background")
    one.apps.delete_namespaced_deployment("kept", "default", propagation_policy="Orphan")
    one.until(lambda: not one.pods("app=web"))
    assert len(one.running("app=kept")) == 2
    assert len(one.apps.list_namespaced_replica_set("default").items) == 1


def test_a_deletion_of_another_uid_is_a_conflict(bare: Any) -> None:
    bare.core.create_namespaced_config_map("default", _config())
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))
    _refused(409, bare.core.delete_namespaced_config_map, "settings", "default", body=options)


def test_a_whole_selection_is_deleted_at_once(bare: Any) -> None:
    for name in "abc":
        bare.core.create_namespaced_config_map("default", _config(name))
    bare.core.delete_collection_namespaced_config_map("default", label_selector="app in (a,b)")
    assert [
        found.metadata.name for found in bare.core.list_namespaced_config_map("default", label_selector="app").items
    ] == ["c"]


def test_a_namespace_empties_itself_before_it_goes(one: Any) -> None:
    one.core.create_namespace({"metadata": {"name": "room"}})
    held = _config()
    held["metadata"]["finalizers"] = ["test/hold"]
    one.core.create_namespaced_config_map("room", held)
    one.deploy(namespace="room")
    one.until(lambda: [pod.status.phase for pod in one.pods(namespace="room")] == ["Running"] * 2)
    one.core.delete_namespace("room")
    assert one.core.read_namespace("room").status.phase == "Terminating"
    _refused(403, one.core.create_namespaced_config_map, "room", _config("late"))
    one.until(lambda: not one.pods(namespace="room"))
    assert one.core.read_namespace("room").metadata.deletion_timestamp
    _let_go(one, "room")
    one.until(lambda: "room" not in [found.metadata.name for found in one.core.list_namespace().items])


def test_kubectls_table_of_pods_says_why_one_waits(one: Any) -> None:
    one.images.missing.add("nginx:1@arm64")
    one.deploy(replicas=2)
    one.until(lambda: len(one.running()) == 1 and len(one.core.list_namespaced_event("default").items) > 0)
    url = f"{one.cluster.endpoint}/api/v1/namespaces/default/pods"
    asked = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    table = json.loads(one.api.rest_client.pool_manager.request("GET", url, headers=asked).data)
    shown = [column["name"] for column in table["columnDefinitions"] if not column["priority"]]
    assert (table["kind"], shown) == ("Table", ["Name", "Ready", "Status", "Age"])
    cells = {tuple(row["cells"][1:3]) for row in table["rows"]}
    assert cells == {("1/1", "Running"), ("0/1", "ImagePullBackOff")}
