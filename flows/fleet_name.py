"""The parameter every flow has: which fleet. A picker of stored fleets in the UI, a plain name everywhere else."""

from __future__ import annotations

from typing import Annotated

from prefect.blocks.core import Block
from pydantic import BeforeValidator, WithJsonSchema


def _name_of(value: object) -> object:
    return value._block_document_name if isinstance(value, Block) else value


FleetName = Annotated[
    str,
    BeforeValidator(_name_of),
    WithJsonSchema({"title": "Fleet", "block_type_slug": "fleetforge-fleet"}),
]
"""The name of a stored fleet. The form offers the stored Fleet blocks; a run keeps a reference, never the contents."""
