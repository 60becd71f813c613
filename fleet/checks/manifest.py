"""What the clusters need of the artifact: Kubernetes versions, architectures, component versions."""

from __future__ import annotations

from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, each_cluster, in_config, in_manifest, in_spec
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_versions import COMPONENTS, DEFAULT_KUBERNETES, KK, KUBERNETES, nearest_supported


def kubernetes_supported(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        version = config.kubernetes_version
        if config.kubernetes_type == "kubernetes" and version not in KUBERNETES:
            what = f"kk {KK} cannot build Kubernetes {version}; the nearest it can is {nearest_supported(version)}"
            yield in_config(cluster, "FF-SPEC-033", what, "kubernetes", "version")


def kubernetes_stated(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        if not config.kubernetes.version:
            what = f"no kubernetes.version is stated, so kk builds {DEFAULT_KUBERNETES}"
            yield in_config(cluster, "FF-SPEC-113", what, "kubernetes")


def kubernetes_carried(fleet: Fleet) -> Iterator[Finding]:
    held = [f"v{version.removeprefix('v')}" for version in fleet.manifest.kubernetes_versions]
    for cluster, config in each_cluster(fleet):
        if config.kubernetes_version not in held:
            stated = "" if config.kubernetes.version else " (kk's default; its config states none)"
            what = f"the manifest lacks Kubernetes {config.kubernetes_version}, which {cluster.name} needs{stated}"
            evidence = (f"the manifest has {', '.join(held) or 'none'}",)
            yield in_manifest(fleet, "FF-SPEC-034", what, "kubernetesDistributions", evidence=evidence)


def architectures_carried(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        named = {name for names in config.role_groups.values() for name in names}
        wanted = {host.arch: host for host in reversed(config.hosts) if host.name in named}
        for arch, host in sorted(wanted.items()):
            if arch not in fleet.manifest.arches:
                what = f"the manifest lacks the architecture {arch} of {host.name} in {cluster.name}"
                yield in_manifest(fleet, "FF-SPEC-035", what, "arches")


def components_as_compiled_in(fleet: Fleet) -> Iterator[Finding]:
    for name, version in fleet.manifest.components.items():
        wanted = COMPONENTS.get(name)
        if wanted and version and version != wanted:
            what = f"kk {KK} installs {name} {wanted}, but the manifest carries {version}"
            runtime = name in ("docker", "containerd")
            path = ("components", "containerRuntimes") if runtime else ("components", name)
            yield in_manifest(fleet, "FF-SPEC-104", what, *path)


def carried_artifact_promised(fleet: Fleet) -> Iterator[Finding]:
    artifact = fleet.spec.spec.artifact
    if artifact.carried and artifact.sha256 is None:
        what = f"{artifact.path} is carried in, but no sha256 says what it must be"
        yield in_spec(
            "FF-SPEC-105", what, "artifact", remedy=f"Add 'sha256:' with the output of: sha256sum {artifact.path}"
        )


CHECKS: tuple[Check, ...] = (
    kubernetes_supported,
    kubernetes_stated,
    kubernetes_carried,
    architectures_carried,
    components_as_compiled_in,
    carried_artifact_promised,
)
