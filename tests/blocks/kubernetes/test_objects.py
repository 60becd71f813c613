"""Objects written and read, lists in pages, watches that last, waits that say what they waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kube_resources import CLUSTERS, CONFIG_MAPS, NAMESPACES
from fleetforge.fleet.errors import FleetforgeError, NeedsOperator


def refusal(work: Callable[[], Any]) -> FleetforgeError:
    with pytest.raises(FleetforgeError) as caught:
        work()
    return caught.value


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default", "name": name}, "data": data}


def later(work: Callable[[], Any], seconds: float = 0.2) -> None:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


def has(key: str) -> Callable[[dict[str, Any] | None], str | None]:
    return lambda item: (item or {}).get("data", {}).get(key)


def waits(kube: Kube, name: str, key: str, seconds: float = 5.0) -> str:
    return kube.wait_for(
        CONFIG_MAPS, name, has(key), namespace="default", deadline=seconds, what=f"{name} to hold {key}"
    )


def test_apply_creates_and_then_changes_only_its_own_fields(one: Any) -> None:
    kube = one.kube()
    kube.apply(config_map("a", ours="1"))
    kube.merge_patch(CONFIG_MAPS, "a", {"data": {"theirs": "2"}}, "default")
    kube.apply(config_map("a", ours="3"))
    assert kube.need(CONFIG_MAPS, "a", "default")["data"] == {"ours": "3", "theirs": "2"}


def test_create_twice_is_a_conflict(one: Any) -> None:
    kube = one.kube()
    kube.create(config_map("a"))
    assert refusal(lambda: kube.create(config_map("a"))).code == "FF-K8S-007"


def test_an_invalid_object_names_its_fields(one: Any) -> None:
    assert refusal(lambda: one.kube().create(config_map("NOT_A_NAME"))).code == "FF-K8S-008"


def test_delete_of_what_is_not_there_is_fine_and_waits_until_gone(one: Any) -> None:
    kube = one.kube()
    kube.delete(CONFIG_MAPS, "a", "default", wait=2)
    kube.create(config_map("a"))
    kube.delete(CONFIG_MAPS, "a", "default", wait=5)
    assert kube.get(CONFIG_MAPS, "a", "default") is None


def test_lists_come_in_pages_and_give_everything_once(one: Any) -> None:
    kube = one.kube()
    for number in range(25):
        kube.create(config_map(f"c{number:02}"))
    names = [item["metadata"]["name"] for item in kube.list(CONFIG_MAPS, "default", page=4)]
    assert [name for name in names if name.startswith("c")] == [f"c{number:02}" for number in range(25)]


def test_a_list_the_server_forgot_half_way_is_begun_again(one: Any) -> None:
    kube = one.kube()
    for number in range(6):
        kube.create(config_map(f"c{number}"))
    listing = kube.list(CONFIG_MAPS, "default", page=2)
    first = [next(listing)["metadata"]["name"], next(listing)["metadata"]["name"]]
    one.fails("GET .*/configmaps", 410, text="The provided continue parameter is too old")
    names = first + [item["metadata"]["name"] for item in listing]
    assert len(names) == len(set(names)) and {f"c{number}" for number in range(6)} <= set(names)


def test_a_wait_sees_a_change_at_once(one: Any) -> None:
    kube = one.kube()
    kube.create(config_map("a"))
    later(lambda: kube.merge_patch(CONFIG_MAPS, "a", {"data": {"done": "yes"}}, "default"))
    started = time.monotonic()
    assert waits(kube, "a", "done") == "yes"
    assert time.monotonic() - started < 2


def test_a_wait_lasts_through_an_api_server_that_goes_away(one: Any) -> None:
    kube = one.kube()
    kube.create(config_map("a"))

    def restart() -> None:
        one.stop()
        time.sleep(0.3)
        one.start()
        kube.merge_patch(CONFIG_MAPS, "a", {"data": {"done": "yes"}}, "default")

    later(restart)
    assert waits(kube, "a", "done", 15) == "yes"


def test_a_watch_resumes_after_a_break_without_giving_anything_twice(one: Any) -> None:
    kube, seen = one.kube(), []
    for number in range(3):
        kube.create(config_map(f"c{number}"))

    def disturb() -> None:
        one.fails("GET .*/configmaps", 0, times=2)
        one.stop()
        one.start()
        kube.create(config_map("last"))

    later(disturb)
    for kind, item in kube.watch(CONFIG_MAPS, "default", deadline=15):
        seen.append((kind, item["metadata"]["name"]))
        if item["metadata"]["name"] == "last":
            break
    names = [name for kind, name in seen if kind == "ADDED"]
    assert names.count("c0") == names.count("c2") == names.count("last") == 1


def test_a_wait_begins_again_when_the_server_forgot_where_it_was(one: Any) -> None:
    kube = one.kube()
    kube.create(config_map("a"))

    def forget() -> None:
        one.fails("GET .*/configmaps", 410, text="too old resource version")
        one.stop()
        one.start()
        kube.merge_patch(CONFIG_MAPS, "a", {"data": {"done": "yes"}}, "default")

    later(forget)
    assert waits(kube, "a", "done", 10) == "yes"


def test_a_wait_that_is_too_long_names_what_how_long_and_the_last_state(one: Any) -> None:
    kube = one.kube()
    kube.create(config_map("a"))
    error = refusal(lambda: waits(kube, "a", "done", 1))
    assert isinstance(error, NeedsOperator) and error.code == "FF-K8S-010"
    assert error.what == "waited 1 s for a to hold done"
    assert any("last state: it exists" in line for line in error.evidence)


def test_a_wait_on_a_dead_server_says_that_it_was_blind(one: Any) -> None:
    kube = one.kube()
    one.stop()
    error = refusal(lambda: waits(kube, "a", "done", 1.5))
    assert error.code == "FF-K8S-010" and any("last error: no answer" in line for line in error.evidence)
    one.start()


def test_a_wait_for_a_kind_that_is_not_installed_ends_at_the_deadline(one: Any) -> None:
    def exists(item: dict[str, Any] | None) -> bool | None:
        return item is not None or None

    error = refusal(lambda: one.kube().wait_for(CLUSTERS, "m1", exists, deadline=1, what="m1 to exist"))
    assert error.code == "FF-K8S-010" and "1 s for m1 to exist" in error.what


def test_a_wait_to_be_gone_names_the_finalizer_that_holds(one: Any) -> None:
    kube = one.kube()
    held = config_map("a")
    held["metadata"]["finalizers"] = ["example.com/held"]
    kube.create(held)
    error = refusal(lambda: kube.delete(CONFIG_MAPS, "a", "default", wait=1))
    assert any("example.com/held" in line for line in error.evidence)
    kube.merge_patch(CONFIG_MAPS, "a", {"metadata": {"finalizers": None}}, "default")
    kube.wait_gone(CONFIG_MAPS, "a", namespace="default", deadline=5)


def test_a_forbidden_wait_ends_at_once(one: Any) -> None:
    one.fails("GET .*/namespaces", 403)
    started = time.monotonic()
    error = refusal(lambda: one.kube().wait_for(NAMESPACES, "x", lambda item: None, deadline=30, what="x to exist"))
    assert error.code == "FF-K8S-004" and time.monotonic() - started < 5
