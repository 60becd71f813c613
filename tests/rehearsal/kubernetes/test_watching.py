"""Watches: from now, from a version, after the server has forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client, watch


def _make(cluster: Any, *names: str) -> None:
    for name in names:
        cluster.core.create_namespaced_config_map("default", {"metadata": {"name": name, "labels": {"seen": "yes"}}})


def _events(cluster: Any, version: str | None, **options: Any) -> list[tuple[str, str]]:
    stream = watch.Watch().stream(
        cluster.core.list_namespaced_config_map,
        "default",
        resource_version=version,
        label_selector="seen=yes",
        timeout_seconds=1,
        **options,
    )
    return [(event["type"], event["object"].metadata.name) for event in stream]


def _now(cluster: Any) -> str:
    return str(cluster.core.list_namespaced_config_map("default").metadata.resource_version)


def test_a_watch_resumes_from_a_version_with_everything_since(bare: Any) -> None:
    _make(bare, "before")
    version = _now(bare)
    _make(bare, "after")
    bare.core.patch_namespaced_config_map("after", "default", {"data": {"a": "1"}})
    bare.core.delete_namespaced_config_map("before", "default")
    assert _events(bare, version) == [("ADDED", "after"), ("MODIFIED", "after"), ("DELETED", "before")]


def test_a_watch_without_a_version_begins_with_what_is_there(bare: Any) -> None:
    _make(bare, "a", "b")
    assert _events(bare, None) == [("ADDED", "a"), ("ADDED", "b")]


def test_an_object_that_leaves_the_selection_is_deleted_for_its_watch(bare: Any) -> None:
    _make(bare, "a")
    version = _now(bare)
    bare.core.patch_namespaced_config_map("a", "default", {"metadata": {"labels": {"seen": "no"}}})
    assert _events(bare, version) == [("DELETED", "a")]


def test_a_change_reaches_an_open_watch_at_once(bare: Any) -> None:
    stream = watch.Watch().stream(
        bare.core.list_namespaced_config_map, "default", label_selector="seen", timeout_seconds=5
    )
    _make(bare, "first")
    assert next(stream)["object"].metadata.name == "first"
    _make(bare, "second")
    assert next(stream)["object"].metadata.name == "second"


def test_a_version_the_server_has_forgotten_is_410(bare: Any) -> None:
    version = _now(bare)
    _make(bare, "a")
    bare.call(lambda: bare.cluster.store.history.forget(bare.cluster.store.version))
    with pytest.raises(client.ApiException) as refused:
        _events(bare, version)
    assert refused.value.status == 410


def test_bookmarks_tell_a_quiet_watch_where_it_is(bare: Any) -> None:
    version = _now(bare)
    bare.core.create_namespace({"metadata": {"name": "elsewhere"}})
    stream = watch.Watch().stream(
        bare.core.list_namespaced_config_map,
        "default",
        resource_version=version,
        allow_watch_bookmarks=True,
        label_selector="seen",
        timeout_seconds=1,
    )
    last = list(stream)[-1]
    assert last["type"] == "BOOKMARK"
    assert int(last["raw_object"]["metadata"]["resourceVersion"]) > int(version)
