"""A fleet as a whole: the operator's spec together with the kk files it names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from fleetforge.fleet import fields
from fleetforge.fleet.findings import Finding, Lines
from fleetforge.fleet.kk_cluster import ClusterConfig, read_cluster
from fleetforge.fleet.kk_manifest import Manifest, read_manifest
from fleetforge.fleet.spec import Cluster, Credentials, FleetSpec

FLEET_FILE = "fleet.yaml"
"""The name of the spec among a fleet's files, whatever it was called on disk."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything that says what a fleet is. Secrets are references throughout; ``files`` is what is stored."""

    spec: FleetSpec
    configs: Mapping[str, ClusterConfig]  # by cluster name
    manifest: Manifest
    files: Mapping[str, str]  # file name as in the spec to text; the spec itself is FLEET_FILE
    lines: Mapping[str, Lines] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.spec.name

    def config(self, cluster: str) -> ClusterConfig:
        """The kk config of a cluster; ``KeyError`` when the fleet has no such cluster."""
        return self.configs[cluster]

    def config_file(self, cluster: str) -> str:
        """The name of that config among ``files``."""
        return self.spec.cluster(cluster).config

    @property
    def manifest_file(self) -> str:
        return self.spec.spec.artifact.manifest

    @property
    def host_key_file(self) -> str:
        """The name of the known-hosts file among ``files``; it is there only when the operator has one."""
        return self.spec.spec.host_keys.file

    @property
    def host_config(self) -> ClusterConfig:
        return self.configs[self.spec.host_cluster.name]

    @property
    def registry_host(self) -> str:
        """Host and port of the private registry, without its scheme."""
        return self.spec.spec.registry.url.split("://", 1)[1]

    @property
    def registry_credentials(self) -> Credentials | None:
        """The spec's credentials; where it names none, those of the host cluster's config for that registry."""
        if self.spec.spec.registry.credentials is not None:
            return self.spec.spec.registry.credentials
        auth = self.host_config.registry.auths.get(self.registry_host)
        return Credentials(username=auth.username, password=auth.password) if auth and auth.username else None


def read_spec(documents: Sequence[dict[str, Any]]) -> tuple[FleetSpec | None, tuple[Finding, ...]]:
    """The spec in fleet.yaml's one document, or None with what is wrong in it (all of it).

    Without any document nothing is said: whoever read the file reported why.
    """
    if len(documents) != 1:
        what = f"expected one document, found {len(documents)}"
        return None, (Finding("FF-SPEC-011", what, FLEET_FILE, ("#2",)),) if documents else ()
    try:
        return FleetSpec.model_validate_json(json.dumps(documents[0]), strict=True), ()
    except ValidationError as error:
        schema = FleetSpec.model_json_schema(by_alias=True)
        return None, fields.findings(error, documents[0], FLEET_FILE, schema)


def named_files(documents: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The files a fleet.yaml names, manifest first; also from one that is not valid as a whole, as far as it goes."""
    spec = documents[0].get("spec") if documents else None
    if not isinstance(spec, dict):
        return ()
    artifact, clusters = spec.get("artifact"), spec.get("clusters")
    places = [
        (artifact, "manifest"),
        *((cluster, "config") for cluster in (clusters if isinstance(clusters, list) else ())),
    ]
    named = [place.get(key) for place, key in places if isinstance(place, dict)]
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str) and name))


def read_fleet(
    documents: Mapping[str, Sequence[dict[str, Any]]], files: Mapping[str, str], lines: Mapping[str, Lines]
) -> tuple[Fleet | None, tuple[Finding, ...]]:
    """The fleet in these documents (by file name), or None with every error in any of them.

    A file that is named but missing here was reported by whoever read the files.
    """
    spec, found = read_spec(documents.get(FLEET_FILE, ()))
    manifest_name, *config_names = _roles(spec, documents)
    kk_files = {name: held for name, held in documents.items() if name != FLEET_FILE}
    manifest, told = read_manifest(kk_files[manifest_name], manifest_name) if manifest_name in kk_files else (None, ())
    found += told
    configs: dict[str, ClusterConfig | None] = {}
    for name in dict.fromkeys(config_names):
        if name in kk_files:
            configs[name], told = read_cluster(kk_files[name], name)
            found += told
    if spec is None or manifest is None or any(configs.get(cluster.config) is None for cluster in spec.spec.clusters):
        return None, found
    return Fleet(spec, _by_cluster(spec.spec.clusters, configs), manifest, files, lines), found


def _by_cluster(clusters: Sequence[Cluster], configs: Mapping[str, ClusterConfig | None]) -> dict[str, ClusterConfig]:
    """By cluster name; of two clusters with one name (an error of its own) the first."""
    held: dict[str, ClusterConfig] = {}
    for cluster in clusters:
        config = configs[cluster.config]
        if config is not None:
            held.setdefault(cluster.name, config)
    return held


def _roles(spec: FleetSpec | None, documents: Mapping[str, Sequence[dict[str, Any]]]) -> tuple[str, ...]:
    """The manifest's file name, then the configs'."""
    if spec is not None:
        return spec.spec.artifact.manifest, *(cluster.config for cluster in spec.spec.clusters)
    held = documents.get(FLEET_FILE, ())
    raw = held[0].get("spec") if held else None
    artifact = raw.get("artifact") if isinstance(raw, dict) else None
    manifest = artifact.get("manifest", "") if isinstance(artifact, dict) else ""
    return str(manifest), *(name for name in named_files(held) if name != manifest)
