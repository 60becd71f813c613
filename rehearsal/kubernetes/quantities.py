"""Amounts of cpu, memory and devices, as numbers."""

from __future__ import annotations

from collections.abc import Mapping

from fleetforge.rehearsal.kubernetes.objects import Object

_UNITS = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "m": 0.001,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
}


def quantity(text: str | int | float) -> float:
    """``500m`` is 0.5, ``2Gi`` is 2147483648; ValueError for anything that is not a quantity."""
    if isinstance(text, int | float):
        return float(text)
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    return float(text)


def requested(pod: Object) -> dict[str, float]:
    """What a Pod takes of its node: the sum over its containers, and one Pod."""
    total: dict[str, float] = {"pods": 1.0}
    for container in pod["spec"].get("containers") or []:
        resources = container.get("resources") or {}
        wanted: Mapping[str, str] = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        for name, amount in wanted.items():
            total[name] = total.get(name, 0.0) + quantity(amount)
    return total
