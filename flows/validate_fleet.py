"""validate-fleet: prove a running fleet again, without building anything."""

from __future__ import annotations

from typing import Any

from prefect import flow

from fleetforge.flows.fleet_name import FleetName
from fleetforge.tasks.reports import reported
from fleetforge.tasks.validation import validation


@flow(
    name="validate-fleet",
    flow_run_name="validate {fleet}",
    description="Sends the validation workload from the host cluster and checks every member and every running image.",
    persist_result=False,
)
def validate_fleet(fleet: FleetName) -> list[dict[str, Any]]:
    """Prove a running fleet again: types, propagation, overrides, images.

    Args:
        fleet: The stored fleet to validate.
    """
    with reported(fleet) as report:
        report.add(validation(fleet, again=True))
        return report.rows()
