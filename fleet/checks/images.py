"""Every image the clusters pull is in the manifest, under the namespace it is pulled from.

kk pushes an image under the namespace it has in the manifest, but its nodes pull from the private registry's project.
"""

from __future__ import annotations

from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, each_cluster, in_manifest, in_spec
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_versions import KK, KUBERNETES_IMAGES, pulled_images


def kk_images_carried(fleet: Fleet) -> Iterator[Finding]:
    """Kubernetes' own images must be there; others have tags compiled into kk, so another kk may want others."""
    held = _held(fleet)
    for cluster, config in each_cluster(fleet):
        if config.kubernetes_type != "kubernetes":
            continue
        lacking = [image for image in pulled_images(config) if image not in held]
        core = tuple(image for image in lacking if image.split(":")[0] in KUBERNETES_IMAGES)
        other = tuple(image for image in lacking if image not in core)
        if core:
            version = config.kubernetes_version
            what = f"the manifest lacks {_images(len(core))} of Kubernetes {version}, which {cluster.name} pulls"
            yield in_manifest(fleet, "FF-SPEC-054", what, "images", evidence=core)
        if other:
            what = f"the manifest lacks {_images(len(other))} that {cluster.name} pulls with kk {KK}"
            yield in_manifest(fleet, "FF-SPEC-115", what, "images", evidence=other)


def kk_images_in_the_project(fleet: Fleet) -> Iterator[Finding]:
    project = fleet.spec.spec.registry.project
    wanted = {image for _, config in each_cluster(fleet) for image in pulled_images(config)}
    here = {f"{image.name}:{image.tag}" for image in fleet.manifest.references if image.namespace == project}
    astray = [
        (index, str(image))
        for index, image in enumerate(fleet.manifest.references)
        if f"{image.name}:{image.tag}" in wanted - here
    ]
    if astray:
        what = f"{_images(len(astray))} not under {project}/: kk pushes elsewhere than nodes pull from"
        evidence = tuple(image for _, image in astray)
        yield in_manifest(fleet, "FF-SPEC-038", what, "images", astray[0][0], evidence=evidence)


def other_images_in_the_project(fleet: Fleet) -> Iterator[Finding]:
    project = fleet.spec.spec.registry.project
    wanted = {image for _, config in each_cluster(fleet) for image in pulled_images(config)}
    foreign = [
        (index, str(image))
        for index, image in enumerate(fleet.manifest.references)
        if image.namespace != project and f"{image.name}:{image.tag}" not in wanted
    ]
    if foreign:
        what = f"{_images(len(foreign))} not under {project}/: kk pushes into other projects"
        evidence = tuple(image for _, image in foreign)
        yield in_manifest(fleet, "FF-SPEC-108", what, "images", foreign[0][0], evidence=evidence)


def validation_images_carried(fleet: Fleet) -> Iterator[Finding]:
    validation, project = fleet.spec.spec.validation, fleet.spec.spec.registry.project
    here = {f"{image.name}:{image.tag}" for image in fleet.manifest.references if image.namespace == project}
    wanted: list[tuple[tuple[str, ...], str]] = []
    wanted += [(("workload", "image"), validation.workload.image)] if fleet.spec.members else []
    wanted += [(("overrides", name, "image"), held.image) for name, held in validation.overrides.items() if held.image]
    for path, image in wanted:
        if image not in here:
            what = f"validation distributes {image}, which the manifest does not bring into {project}/"
            yield in_spec("FF-SPEC-047", what, "validation", *path)


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _held(fleet: Fleet) -> set[str]:
    return {f"{image.name}:{image.tag}" for image in fleet.manifest.references}


CHECKS: tuple[Check, ...] = (
    kk_images_carried,
    kk_images_in_the_project,
    other_images_in_the_project,
    validation_images_carried,
)
