"""Coded errors in a run's log as people read them: what, where, evidence, remedy, and no traceback."""

from __future__ import annotations

import logging

from fleetforge.fleet.errors import FleetforgeError, Many

ENGINE_LOGGERS = ("prefect.task_runs", "prefect.flow_runs")


class CodedErrors(logging.Filter):
    """Turns the engine's traceback of a coded error into the error's own words; everything else passes unchanged."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, FleetforgeError):
            errors = error.errors if isinstance(error, Many) else (error,)
            record.msg, record.args = "\n".join(one.rendered() for one in errors), ()
            record.exc_info = record.exc_text = None
        return True


def in_words() -> None:
    """From now on Prefect's engine tells coded errors in words. Safe to repeat."""
    for name in ENGINE_LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(held, CodedErrors) for held in logger.filters):
            logger.addFilter(CodedErrors())
