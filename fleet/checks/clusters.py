"""Which clusters the fleet has, and whether each can be a part of it."""

from __future__ import annotations

from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, each_cluster, in_spec
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_documents import KUBESPHERE_KINDS
from fleetforge.fleet.kk_versions import KK, KUBESPHERE
from fleetforge.fleet.nearest_name import did_you_mean
from fleetforge.fleet.spec import Role


def cluster_names_once(fleet: Fleet) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, cluster in enumerate(fleet.spec.spec.clusters):
        if cluster.name in first:
            what = f"two clusters are called {cluster.name}"
            evidence = (
                f"the first is {fleet.spec.spec.clusters[first[cluster.name]].config}, this is {cluster.config}",
            )
            yield in_spec("FF-SPEC-026", what, "clusters", index, "name", evidence=evidence)
        first.setdefault(cluster.name, index)


def one_host_cluster(fleet: Fleet) -> Iterator[Finding]:
    hosts = [(index, cluster) for index, cluster in enumerate(fleet.spec.spec.clusters) if cluster.role is Role.HOST]
    if not hosts:
        yield in_spec("FF-SPEC-028", "no cluster of the fleet has the role host", "clusters")
    for index, cluster in hosts[1:]:
        what = f"{cluster.name} has the role host, but {hosts[0][1].name} is the host cluster already"
        yield in_spec("FF-SPEC-029", what, "clusters", index, "role")


def kk_name_stated(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        if not config.name:
            yield Finding(
                "FF-SPEC-020", "metadata.name is missing; kk crashes without it", cluster.config, ("metadata",)
            )


def kk_names_differ(fleet: Fleet) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for cluster, config in each_cluster(fleet):
        if config.name in first:
            what = f"kk calls this cluster {config.name!r}, as it calls {first[config.name]}"
            yield Finding("FF-SPEC-114", what, cluster.config, ("metadata", "name"))
        elif config.name:
            first[config.name] = cluster.name


def kubesphere_wanted(fleet: Fleet) -> Iterator[Finding]:
    if len(fleet.spec.spec.clusters) < 2:
        return
    for index, cluster in enumerate(fleet.spec.spec.clusters):
        if cluster.kubesphere is None and not fleet.config(cluster.name).installs_kubesphere:
            what = f"{cluster.name} gets no KubeSphere, so it cannot be a part of a fleet of several clusters"
            yield in_spec("FF-SPEC-049", what, "clusters", index, "kubesphere")


def kubesphere_version_known(fleet: Fleet) -> Iterator[Finding]:
    for index, cluster in enumerate(fleet.spec.spec.clusters):
        if cluster.kubesphere is not None and cluster.kubesphere not in KUBESPHERE:
            near = did_you_mean(cluster.kubesphere, KUBESPHERE)
            what = f"kk {KK} cannot install KubeSphere {cluster.kubesphere}{near}"
            yield in_spec(
                "FF-SPEC-050", what, "clusters", index, "kubesphere", evidence=(f"known: {', '.join(KUBESPHERE)}",)
            )


def kubesphere_document_labelled(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        for number, document in enumerate(config.documents, start=2):
            if document.get("kind") not in KUBESPHERE_KINDS:
                continue
            metadata = document.get("metadata")
            labels = metadata.get("labels") if isinstance(metadata, dict) else None
            version = labels.get("version") if isinstance(labels, dict) else None
            if version not in KUBESPHERE:
                what = (
                    f"the label 'version' says {version or 'nothing'}, so kk does not know which KubeSphere to install"
                )
                yield Finding("FF-SPEC-048", what, cluster.config, (f"#{number}", "metadata", "labels", "version"))


CHECKS: tuple[Check, ...] = (
    cluster_names_once,
    one_host_cluster,
    kk_name_stated,
    kk_names_differ,
    kubesphere_wanted,
    kubesphere_version_known,
    kubesphere_document_labelled,
)
