"""What KubeSphere 3.4 says of itself, and what to change in its ClusterConfiguration ("cc") to give it a role.

Objects are JSON as the API gives them; ``config`` is the parsed YAML of ConfigMap ``kubesphere-config``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetforge.fleet.spec import Role

NAMESPACE = "kubesphere-system"
CONFIGURATION = "ks-installer"
"""Name of the one ClusterConfiguration, and of the installer's Deployment."""

CONFIG_MAP, CONFIG_KEY = "kubesphere-config", "kubesphere.yaml"
INSTALLER_LABELS = "app in (ks-install, ks-installer)"
"""``ks-install`` was the label of older releases."""

RERUN = "fleetforge"
"""A key of the cc's spec nobody reads. ks-installer runs again whenever anything in spec changes."""

Json = Mapping[str, Any]


def installed_version(configuration: Json | None) -> str | None:
    """``status.core.version``: what the last step of a good run writes; None while there was none."""
    version = at(configuration or {}, "status", "core", "version")
    return str(version) if version else None


def role_of(config: Json) -> str:
    """The role the running KubeSphere has: ``host``, ``member`` or ``none``."""
    return str(at(config, "multicluster", "clusterRole") or "none")


def jwt_secret_of(config: Json) -> str | None:
    """The secret that signs logins; a secret: never to be shown."""
    secret = at(config, "authentication", "jwtSecret")
    return str(secret) if secret else None


def host_patch(configuration: Json, name: str) -> dict[str, Any] | None:
    """The merge patch that makes this cluster the host cluster called ``name``; None when its cc says so already."""
    wanted = {"clusterRole": str(Role.HOST), "hostClusterName": name}
    return _patch(configuration, {"multicluster": wanted})


def member_patch(configuration: Json, secret: str) -> dict[str, Any] | None:
    """The merge patch that makes this cluster a member with the host's secret; None when its cc says so already."""
    wanted = {"authentication": {"jwtSecret": secret}, "multicluster": {"clusterRole": str(Role.MEMBER)}}
    return _patch(configuration, wanted)


def rerun_patch(mark: str, failed: tuple[str, ...] = (), status: Json | None = None) -> dict[str, Any]:
    """The merge patch that makes ks-installer run again, also for what it failed at and marked as done.

    ``failed`` are task names; those with a key in ``status`` lose it (ks-installer skips what it marked enabled).
    """
    forgotten = {task: None for task in failed if task in (status or {})}
    patch: dict[str, Any] = {"spec": {RERUN: {"run": mark}}}
    return patch | ({"status": forgotten} if forgotten else {})


def multicluster_enabled(configuration: Json | None) -> bool:
    """Whether ks-installer is done with multi-cluster on a host (members get no such mark)."""
    return bool(at(configuration or {}, "status", "multicluster", "status") == "enabled")


def at(document: Any, *path: str) -> Any:
    """The value at ``path``, None where there is none."""
    for key in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def _patch(configuration: Json, wanted: dict[str, dict[str, str]]) -> dict[str, Any] | None:
    spec = configuration.get("spec") or {}
    different = {
        section: {key: value for key, value in values.items() if at(spec, section, key) != value}
        for section, values in wanted.items()
    }
    changes = {section: values for section, values in different.items() if values}
    return {"spec": changes} if changes else None
