"""Types KubeFed distributes from a host cluster: which are not live, and making them so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube import Kube, Object
from fleetforge.blocks.kube_resources import DEFINITIONS, FEDERATED_TYPE_CONFIGS
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.federated_types import TargetType, is_live
from fleetforge.fleet.member_clusters import FEDERATION_NAMESPACE


def missing_types(host: Kube, types: Iterable[str]) -> tuple[str, ...]:
    """Those of ``types`` (``plural.group``) that KubeFed does not distribute now."""
    held = {item["metadata"]["name"]: item for item in _configs(host)}
    return tuple(name for name in types if not is_live(held.get(name)))


def ensure_types(host: Kube, types: Iterable[str], timeout: float) -> None:
    """Have them distributed, their federated kinds defined where there is none.

    ``FF-FED-023`` for a type the host cluster does not serve, ``FF-FED-024`` after ``timeout`` seconds.
    """
    missing, limit = missing_types(host, types), Deadline(timeout)
    for target in [target_type(host, name) for name in missing]:
        definition = target.definition
        if host.get(DEFINITIONS, definition["metadata"]["name"]) is None:
            host.apply(definition)
        host.apply(target.config)
    for name in missing:
        host.wait_for(
            FEDERATED_TYPE_CONFIGS,
            name,
            lambda held: True if is_live(held) else None,
            namespace=FEDERATION_NAMESPACE,
            deadline=limit.remaining,
            what=f"KubeFed to distribute {name}",
            code="FF-FED-024",
            describe=_state,
        )


def target_type(host: Kube, name: str) -> TargetType:
    """The type ``plural.group`` in the version the host cluster prefers."""
    plural, _, group = name.partition(".")
    try:
        version = _answer(host, f"/apis/{group}")["preferredVersion"]["version"] if group else "v1"
        served = _answer(host, f"/apis/{group}/{version}" if group else "/api/v1")["resources"]
    except FleetforgeError as error:
        if error.code not in ("FF-K8S-006", "FF-K8S-014"):
            raise
        raise fault("FF-FED-023", f"the API group of {name} is not served", where=host.name) from error
    for found in served:
        if found["name"] == plural:
            return TargetType(group, version, plural, str(found["kind"]), bool(found["namespaced"]))
    raise fault("FF-FED-023", f"{name} is not served", where=host.name)


def _configs(host: Kube) -> list[Object]:
    try:
        return list(host.list(FEDERATED_TYPE_CONFIGS, FEDERATION_NAMESPACE))
    except FleetforgeError as error:
        if error.code not in ("FF-K8S-006", "FF-K8S-014"):
            raise
        return []


def _answer(host: Kube, path: str) -> dict[str, Any]:
    return host.transport.json("GET", path)


def _state(config: Object | None) -> Iterable[str]:
    if config is None:
        return ["there is no FederatedTypeConfig"]
    controller = (config.get("status") or {}).get("propagationController", "not reported")
    return [f"propagation controller: {controller}"]
