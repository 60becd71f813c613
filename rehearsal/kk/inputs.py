"""kk's input files, refused in kk's words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fleetforge.fleet.kk_cluster import ClusterConfig, expanded, read_cluster
from fleetforge.fleet.kk_manifest import Manifest, read_manifest
from fleetforge.rehearsal.kk.arguments import Answered


@dataclass(frozen=True)
class Config:
    """A Cluster file: its text, what it says, and a ClusterConfiguration that came with it."""

    text: str
    cluster: ClusterConfig

    @property
    def configuration(self) -> dict[str, Any] | None:
        """The ks-installer's ClusterConfiguration among the further documents."""
        found = (
            dict(document) for document in self.cluster.documents if document.get("kind") == "ClusterConfiguration"
        )
        return next(found, None)

    def names(self, *roles: str) -> list[str]:
        """The hosts of these groups, each once."""
        return list(dict.fromkeys(host.name for role in roles for host in self.cluster.hosts_in(role)))


def read_config(path: str) -> Config:
    """The config at ``path``; raises ``Answered`` as kk ends over a bad one."""
    text = _text(path, "Unable to open the given cluster configuration file")
    documents = _documents(text, "Unable to unmarshal the given cluster configuration file")
    first = documents[0] if documents else {}
    if first.get("kind") == "Cluster" and not (first.get("metadata") or {}).get("name"):
        raise Answered(2, err="panic: interface conversion: interface {} is nil, not map[string]interface {}\n")
    _check_groups(first.get("spec") or {})
    cluster, findings = read_cluster(documents, path)
    if cluster is None:
        raise _error(f"Failed to unmarshal configuration: json: {'; '.join(found.what for found in findings)}")
    endpoint = cluster.control_plane_endpoint
    if endpoint.internal_loadbalancer and endpoint.address:
        raise Answered(0, out="You cannot set up the internal load balancer and the LB address at the same time.\n")
    return Config(text, cluster)


def read_kk_manifest(path: str) -> Manifest:
    """The manifest at ``path``; raises ``Answered`` as kk ends over a bad one."""
    text = _text(path, "Failed to read file")
    manifest, findings = read_manifest(_documents(text, "Unable to unmarshal the given manifest file"), path)
    if manifest is None:
        raise _error("; ".join(found.what for found in findings))
    return manifest


def _text(path: str, complaint: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise _error(f"{complaint}: open {Path(path).absolute()}: no such file or directory") from error


def _documents(text: str, complaint: str) -> list[dict[str, Any]]:
    try:
        return [found for found in yaml.safe_load_all(text) if isinstance(found, dict)]
    except yaml.MarkedYAMLError as error:
        line = (error.problem_mark.line + 1) if error.problem_mark else 1
        raise _error(f"{complaint}: yaml: line {line}: {error.problem}") from error


def _check_groups(spec: dict[str, Any]) -> None:
    hosts = {str(host.get("name")) for host in spec.get("hosts") or ()}
    groups = spec.get("roleGroups") or {}
    for group, entries in groups.items():
        for name in (name for entry in entries or () for name in expanded(str(entry))):
            if name not in hosts:
                raise _fatal(f"[{name}] is in [{group}] group, but not in hosts list")
    if not (groups.get("control-plane") or groups.get("master")):
        raise _fatal("The number of master/control-plane cannot be 0")
    if not groups.get("etcd"):
        raise _fatal("The number of etcd cannot be 0")


def _error(text: str) -> Answered:
    return Answered(1, err=f"error: {text}\n")


def _fatal(text: str) -> Answered:
    return Answered(1, err=f"[FATA] {text}\n")
