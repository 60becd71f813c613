"""The first fleet.yaml for an operator who has kk's files already."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from fleetforge.fleet.kk_cluster import ClusterConfig
from fleetforge.fleet.kk_manifest import Manifest

KK_SAMPLE_NAME = "sample"
"""What kk calls every cluster whose operator does not."""


def initial_text(
    manifest_file: str,
    manifest: Manifest,
    configs: Sequence[tuple[str, ClusterConfig]],
    *,
    name: str | None = None,
    workspace: str = "/data/fleetforge",
) -> str:
    """fleet.yaml for these files (name as it will stand in it, content); the first config is the host cluster's."""
    names = _cluster_names(configs)
    host = configs[0][1]
    return "\n".join(
        [
            "apiVersion: fleetforge.io/v1alpha1",
            "kind: Fleet",
            "metadata:",
            f"  name: {_safe(name) if name else names[0]}",
            "spec:",
            "  control:",
            "    connection: local # or {host: ..., user: ..., hostKey: ...}: the machine kk runs on",
            f"    workspace: {_scalar(workspace)}",
            "  artifact:",
            f"    manifest: {_scalar(manifest_file)}",
            f"    path: {_scalar(workspace.rstrip('/') + '/kubesphere.tar.gz')}",
            *_registry(host),
            "  clusters:",
            *_clusters(names, configs),
            *_validation(manifest, host),
            "",
        ]
    )


def _registry(host: ClusterConfig) -> list[str]:
    block = host.registry
    auth = block.auths.get(block.host)
    scheme = "http" if auth and auth.plain_http else "https"
    lines = [
        "  registry:",
        f"    type: {'harbor' if block.type.startswith('harbor') else 'registry'}",
        f"    url: {scheme}://{block.host or 'dockerhub.kubekey.local'}",
        f"    project: {_scalar(block.namespace_override or 'kubesphereio')}",
        f"    install: {'true' if host.role_groups.get('registry') else 'false # no host has the role registry'}",
    ]
    if auth is None or not auth.username:
        return [*lines, '    # credentials: {username: admin, password: "${env:REGISTRY_PASSWORD}"}']
    return [*lines, "    # credentials are those of registry.auths in the host cluster's config"]


def _clusters(names: Sequence[str], configs: Sequence[tuple[str, ClusterConfig]]) -> list[str]:
    lines = []
    for index, (name, (file, _)) in enumerate(zip(names, configs, strict=True)):
        lines += [
            f"    - name: {name}",
            f"      role: {'member' if index else 'host'}",
            f"      config: {_scalar(file)}",
        ]
    return lines


def _validation(manifest: Manifest, host: ClusterConfig) -> list[str]:
    """An image validation can distribute, where the manifest has one."""
    project = host.registry.namespace_override or "kubesphereio"
    held = [
        f"{image.name}:{image.tag}"
        for image in manifest.references
        if image.namespace == project and image.name == "nginx"
    ]
    if not held:
        return ["  # validation distributes nginx:1.20 unless told otherwise: add it to the manifest"]
    return ["  validation:", "    workload:", f"      image: {held[0]}"]


def _cluster_names(configs: Sequence[tuple[str, ClusterConfig]]) -> list[str]:
    """kk's own name where the operator gave one, else the file's; a second one of a name is numbered."""
    names: list[str] = []
    for file, config in configs:
        stem = file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        wanted = _safe(config.name if config.name not in ("", KK_SAMPLE_NAME) else stem)
        name, number = wanted, 2
        while name in names:
            name, number = f"{wanted}-{number}", number + 1
        names.append(name)
    return names


def _safe(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "fleet"


def _scalar(text: str) -> str:
    """The text as YAML: as it is where it can be, quoted otherwise."""
    return text if re.fullmatch(r"[A-Za-z/._][\w/.:-]*[\w/]", text, re.ASCII) else json.dumps(text, ensure_ascii=False)
