"""The main job on a rehearsed site: from nothing to a validated fleet, and nothing to do afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fleetforge.fleet.actions import Stage

STAGES = [str(stage) for stage in Stage]


@dataclass(frozen=True)
class Story:
    """What was planned, what two builds did, and what is planned after each."""

    fleet: str
    planned: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    planned_after: list[dict[str, Any]]
    status: list[dict[str, Any]]
    again: list[dict[str, Any]]
    seconds: float
    seconds_again: float


@pytest.fixture(scope="module")
def story(rehearse: Any) -> Iterator[Story]:
    from fleetforge.flows.build_fleet import build_fleet
    from fleetforge.tasks.plan import planned
    from fleetforge.tasks.status import fleet_status

    with rehearse("story") as fleet:
        before = planned(fleet.name).as_dict()["actions"]
        began = time.monotonic()
        rows = build_fleet(fleet=fleet.name)
        seconds = time.monotonic() - began
        after, status = planned(fleet.name).as_dict()["actions"], fleet_status(fleet.name)
        began = time.monotonic()
        again = build_fleet(fleet=fleet.name)
        yield Story(fleet.name, before, rows, after, status, again, seconds, time.monotonic() - began)


def test_the_plan_lists_an_action_of_every_stage(story: Story) -> None:
    assert list(dict.fromkeys(action["stage"] for action in story.planned)) == STAGES


def test_every_stage_changes_something_and_is_proved(story: Story) -> None:
    assert {row["stage"] for row in story.rows if row["changed"]} == set(STAGES)
    assert all(row["proof"] for row in story.rows)


def test_the_pipeline_takes_at_most_90_seconds(story: Story) -> None:
    assert story.seconds <= 90


def test_both_clusters_are_ready_in_their_roles(story: Story) -> None:
    assert [(row["cluster"], row["nodes"], row["kubernetes"]) for row in story.status] == [
        ("aicc", "2/2 Ready", "v1.22.17"),
        ("hefei", "3/3 Ready", "v1.22.17"),
    ]
    assert story.status[1]["state"] == "Ready in the host cluster"


def test_the_workload_was_seen_in_the_member_with_its_override(story: Story) -> None:
    proof = next(row["proof"] for row in story.rows if row["stage"] == Stage.VALIDATION)
    assert "test-nginx seen in hefei: 2 of 2 running" in proof


def test_afterwards_nothing_is_planned(story: Story) -> None:
    assert story.planned_after == []


def test_a_second_build_changes_nothing_within_10_seconds(story: Story) -> None:
    assert [row["stage"] for row in story.again if row["changed"]] == []
    assert len(story.again) == len(story.rows)
    assert story.seconds_again <= 10


def test_the_plan_is_what_the_build_does(story: Story) -> None:
    done = [action for row in story.rows for action in row["actions"]]
    subjects = [action["subject"] for action in story.planned]
    assert len(done) == len(subjects)
    assert all(any(subject in action for action in done) for subject in subjects)
