"""What a run leaves for people: one fleet table, a diagnosis when it failed, a plan when one was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture

from fleetforge.fleet.actions import StageOutcome
from fleetforge.fleet.errors import FleetforgeError, Many

if TYPE_CHECKING:
    from fleetforge.tasks.plan import Plan


class Report:
    """Outcomes as they come in, and the errors of those that did not."""

    def __init__(self, fleet: str) -> None:
        self.fleet = fleet
        self.outcomes: list[StageOutcome] = []
        self.errors: list[FleetforgeError] = []

    def add(self, outcome: StageOutcome) -> None:
        self.outcomes.append(outcome)

    def collect(self, future: PrefectFuture[StageOutcome]) -> None:
        """A finished stage's outcome, or its error; a stage that never ran because an earlier one failed is neither."""
        if future.state.is_completed():
            self.add(future.result())
        elif not future.state.is_pending():
            self._failed(future.result(raise_on_failure=False))

    def rows(self) -> list[dict[str, Any]]:
        """JSON-ready rows ``{stage, cluster, changed, seconds, proof, actions}``; raises what failed."""
        if self.errors:
            raise self.errors[0] if len(self.errors) == 1 else Many(self.errors)
        return [_row(outcome) for outcome in self.outcomes]

    def _failed(self, error: object) -> None:
        if isinstance(error, FleetforgeError):
            self.errors.append(error)
        elif isinstance(error, BaseException):
            raise error


@contextmanager
def reported(fleet: str) -> Iterator[Report]:
    """Collect outcomes; leave the fleet table in any case and the diagnosis when the run failed."""
    report = Report(fleet)
    try:
        yield report
    except FleetforgeError as error:
        _diagnosis(fleet, error)
        raise
    finally:
        _table(report)


def plan_reported(fleet: str, plan: Plan) -> None:
    """The plan as a table artifact."""
    rows = plan.as_dict()["actions"] or [{"stage": "all", "verb": "nothing to do"}]
    create_table_artifact(rows, key=f"plan-{fleet}", description=f"plan {plan.hash}: {len(plan.actions)} actions")


def _row(outcome: StageOutcome) -> dict[str, Any]:
    return {
        "stage": str(outcome.stage),
        "cluster": outcome.cluster or "",
        "changed": outcome.changed,
        "seconds": round(outcome.seconds, 1),
        "proof": outcome.proof,
        "actions": [str(action) for action in outcome.actions],
    }


def _table(report: Report) -> None:
    if FlowRunContext.get() is None or not report.outcomes:
        return
    rows = [{**_row(outcome), "actions": len(outcome.actions)} for outcome in report.outcomes]
    create_table_artifact(rows, key=f"fleet-{report.fleet}", description=f"Fleet {report.fleet}: stages of this run")


def _diagnosis(fleet: str, error: FleetforgeError) -> None:
    if FlowRunContext.get() is None:
        return
    errors = error.errors if isinstance(error, Many) else (error,)
    text = "\n\n".join(_explained(one) for one in errors)
    create_markdown_artifact(text, key=f"diagnosis-{fleet}", description=f"Why the run on {fleet} failed")


def _explained(error: FleetforgeError) -> str:
    evidence = "\n".join(error.evidence) or "(none)"
    head = f"## {error.code}: {error.what}\n\n**Where:** {error.where}"
    return f"{head}\n\n```\n{evidence}\n```\n\n**Remedy:** {error.remedy}"
