"""Where in which file something stands, for the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fleetforge.fleet.definition import FLEET_FILE, Fleet
from fleetforge.fleet.findings import FieldPath, Finding
from fleetforge.fleet.kk_cluster import ClusterConfig, expanded
from fleetforge.fleet.spec import Cluster, Role

Check = Callable[[Fleet], Iterator[Finding]]


def each_cluster(fleet: Fleet) -> Iterator[tuple[Cluster, ClusterConfig]]:
    """Every cluster with its config; of clusters with one name only the first."""
    seen: set[str] = set()
    for cluster in fleet.spec.spec.clusters:
        if cluster.name not in seen:
            seen.add(cluster.name)
            yield cluster, fleet.config(cluster.name)


def host_cluster(fleet: Fleet) -> tuple[Cluster, ClusterConfig] | None:
    """The host cluster; None when the fleet has none (an error of its own)."""
    return next(((cluster, config) for cluster, config in each_cluster(fleet) if cluster.role is Role.HOST), None)


def in_spec(code: str, what: str, *path: str | int, evidence: tuple[str, ...] = (), remedy: str = "") -> Finding:
    """A finding in fleet.yaml, at a field below ``spec``."""
    return Finding(code, what, FLEET_FILE, ("spec", *path), evidence=evidence, remedy=remedy)


def in_config(
    cluster: Cluster, code: str, what: str, *path: str | int, evidence: tuple[str, ...] = (), remedy: str = ""
) -> Finding:
    """A finding in a cluster's kk config, at a field below ``spec``."""
    return Finding(code, what, cluster.config, ("spec", *path), evidence=evidence, remedy=remedy)


def in_manifest(
    fleet: Fleet, code: str, what: str, *path: str | int, evidence: tuple[str, ...] = (), remedy: str = ""
) -> Finding:
    """A finding in the manifest, at a field below ``spec``."""
    return Finding(code, what, fleet.manifest_file, ("spec", *path), evidence=evidence, remedy=remedy)


def role_path(config: ClusterConfig, role: str, host: str) -> FieldPath:
    """Where in ``spec`` a role group names a host: its entry, or the group."""
    groups = config.raw.get("spec", {}).get("roleGroups", {})
    for name in ("master", role) if role == "control-plane" else (role,):
        for index, entry in enumerate(groups.get(name) or ()):
            if entry is not None and host in expanded(entry):
                return "roleGroups", name, index
    return ("roleGroups", role)
