"""plan-fleet: what build-fleet would do now, as a table; nothing is changed."""

from __future__ import annotations

from typing import Any

from prefect import flow

from fleetforge.flows.fleet_name import FleetName
from fleetforge.tasks.plan import planned
from fleetforge.tasks.reports import plan_reported


@flow(
    name="plan-fleet",
    flow_run_name="plan {fleet}",
    description="Observes everything and lists what build-fleet would do, with the hash to approve.",
    persist_result=False,
)
def plan_fleet(fleet: FleetName) -> dict[str, Any]:
    """List what a build would do now.

    Args:
        fleet: The stored fleet to plan for.
    """
    plan = planned(fleet)
    plan_reported(fleet, plan)
    return plan.as_dict()
