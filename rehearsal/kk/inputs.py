"""kk's input files, refused in kk's words."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.scanner import ScannerError

from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_cluster import ClusterConfig, expanded, read_cluster
from fleetforge.rehearsal.kk.arguments import Answered
from fleetforge.rehearsal.kk.console import stamped


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


@dataclass(frozen=True)
class KkManifest:
    """What an export reads of a Manifest; nothing in it was checked, as kk checks nothing beforehand."""

    arches: tuple[str, ...]
    kubernetes_versions: tuple[str, ...]
    images: tuple[str, ...]
    components: dict[str, Any]


_PANIC = """\
panic: interface conversion: interface {} is nil, not map[string]interface {}

goroutine 1 [running]:
github.com/kubesphere/kubekey/v3/cmd/kk/pkg/common.FileLoader.Load(...)
main.main()
"""
_NO_BALANCER = (
    "Warning: When there are at least two nodes in the control-plane, you should set the value of the LB address or "
    "enable the internal loadbalancer, or set 'controlPlaneEndpoint.externalDNS' to 'true' if the "
    "'controlPlaneEndpoint.domain' can be resolved in your dns server."
)


def read_config(path: str, *, kubernetes: str = "") -> Config:
    """The config at ``path``, another Kubernetes version if given; raises ``Answered`` as kk ends over a bad one."""
    text = _text(path, "Unable to open the given cluster configuration file")
    documents = _documents(text, "Unable to unmarshal the given cluster configuration file")
    first = next((found for found in documents if found.get("kind") == "Cluster"), {})
    if first and not (first.get("metadata") or {}).get("name"):
        raise Answered(2, err=_PANIC)
    cluster, findings = read_cluster(documents, path)
    wrong = [finding for finding in findings if finding.code == "FF-SPEC-003"]
    if wrong:
        raise _error(f"Failed to unmarshal configuration: json: {_go_type_error(wrong[0])}")
    _check_groups(first.get("spec") or {})
    if cluster is None:
        raise _error(f"Failed to unmarshal configuration: json: {'; '.join(found.what for found in findings)}")
    if kubernetes:
        changed = cluster.kubernetes.model_copy(update={"version": kubernetes})
        cluster = cluster.model_copy(update={"kubernetes": changed})
    _check_endpoint(cluster)
    return Config(text, cluster)


def read_kk_manifest(path: str) -> KkManifest:
    """The manifest at ``path``; raises ``Answered`` as kk ends over a bad one."""
    text = _text(path, f"Failed to read file {Path(path).absolute()}")
    documents = _documents(text, "Unable to convert configuration to json")
    spec = next((found.get("spec") or {} for found in documents if found.get("kind") == "Manifest"), {})
    kubernetes = tuple(str(one["version"]) for one in spec.get("kubernetesDistributions") or ())
    images = tuple(dict.fromkeys(str(image) for image in spec.get("images") or ()))
    return KkManifest(tuple(spec.get("arches") or ()), kubernetes, images, spec.get("components") or {})


def fatal(text: str) -> Answered:
    """kk's logger ends the program."""
    return Answered(1, err=stamped(f"[FATA] {text}"))


def _text(path: str, complaint: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise _error(f"{complaint}: open {Path(path).absolute()}: no such file or directory") from error


def _documents(text: str, complaint: str) -> list[dict[str, Any]]:
    """go-yaml counts lines from 1 for a scanner's error, from 0 for a parser's, and does not show the character."""
    try:
        return [found for found in yaml.safe_load_all(text) if isinstance(found, dict)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + isinstance(error, ScannerError)
        problem = re.sub(r"^found character .* that cannot", "found character that cannot", error.problem or "")
        raise _error(f"{complaint}: yaml: line {line}: {problem}") from error


def _go_type_error(finding: Finding) -> str:
    """encoding/json's words for a value of the wrong type, from the product's finding about it."""
    expected, _, found = finding.what.removeprefix("expected ").partition(", found ")
    names = [part for part in finding.path if isinstance(part, str)]
    struct = "HostCfg" if names[:2] == ["spec", "hosts"] else "ClusterSpec"
    go_type = {"a whole number": "int", "text": "string", "true or false": "bool"}.get(expected, expected)
    kind = "string" if found.startswith("text") else "bool" if "true" in found or "false" in found else "number"
    return f"cannot unmarshal {kind} into Go struct field {struct}.{'.'.join(names)} of type {go_type}"


def _check_groups(spec: dict[str, Any]) -> None:
    hosts = {str(host.get("name")) for host in spec.get("hosts") or ()}
    groups = spec.get("roleGroups") or {}
    for group, entries in groups.items():
        for name in (name for entry in entries or () for name in expanded(str(entry))):
            if name not in hosts:
                raise fatal(f"[{name}] is in [{group}] group, but not in hosts list")
    if not (groups.get("control-plane") or groups.get("master")):
        raise fatal("The number of master/control-plane cannot be 0")
    if not groups.get("etcd"):
        raise fatal("The number of etcd cannot be 0")


def _check_endpoint(cluster: ClusterConfig) -> None:
    """Both kinds of load balancer end kk, with 0; none before several masters is worth a warning."""
    endpoint = cluster.control_plane_endpoint
    if endpoint.internal_loadbalancer and endpoint.address:
        raise Answered(0, out="You cannot set up the internal load balancer and the LB address at the same time.\n")
    balanced = endpoint.internal_loadbalancer or endpoint.address or endpoint.external_dns
    if len(cluster.hosts_in("control-plane")) > 1 and not balanced:
        sys.stdout.write(f"\n{_NO_BALANCER}\n\n")


def _error(text: str) -> Answered:
    return Answered(1, err=f"error: {text}\n")
