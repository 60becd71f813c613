"""What the server remembers of a run, for tests that look at it as a person would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest


@dataclass(frozen=True)
class TaskSeen:
    """A task run as the server has it: its name, how often it ran, the names of all its states."""

    name: str
    run_count: int
    states: tuple[str, ...]


@pytest.fixture
def tasks_of(prefect_server: str) -> Callable[[UUID], dict[str, TaskSeen]]:
    """All task runs of a flow run, by name."""

    def seen(flow_run_id: UUID) -> dict[str, TaskSeen]:
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

        with get_client(sync_client=True) as client:
            runs = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])))
            return {
                run.name: TaskSeen(run.name, run.run_count, tuple(s.name for s in client.read_task_run_states(run.id)))
                for run in runs
            }

    return seen


@pytest.fixture
def artifacts_of(prefect_server: str) -> Callable[[UUID], list[Any]]:
    """All artifacts of a flow run."""

    def seen(flow_run_id: UUID) -> list[Any]:
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
        with get_client(sync_client=True) as client:
            return list(client.read_artifacts(artifact_filter=wanted))

    return seen
