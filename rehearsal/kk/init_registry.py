"""``kk init registry``: the modules of InitRegistryPipeline; the registry itself is a unit of its host."""

from __future__ import annotations

from pathlib import Path

from fleetforge.rehearsal.kk import versions
from fleetforge.rehearsal.kk.artifacts import unpacked
from fleetforge.rehearsal.kk.hosts_ready import configured, greeted
from fleetforge.rehearsal.kk.inputs import Config
from fleetforge.rehearsal.kk.machines import Machines
from fleetforge.rehearsal.kk.run import LOCAL, Pipeline, TaskFailed
from fleetforge.rehearsal.kk.site_side import SiteSide

_RUNTIME = (
    *("Sync docker binaries", "Generate containerd service", "Generate docker service", "Generate docker config"),
    *("Enable containerd", "Enable docker"),
)
_HARBOR = ("Install docker compose", "Sync harbor package", "Generate harbor service", "Generate harbor config")
_PLAIN = ("Install registry binary", "Generate registry service", "Generate registry config")


async def initialised(
    pipeline: Pipeline, machines: Machines, site: SiteSide, config: Config, work: Path, artifact: str
) -> None:
    """The registry of the config runs on its host. Harbor's installer exists for amd64 only."""
    hosts, everyone = config.names("registry"), [host.name for host in config.cluster.hosts]
    harbor = config.cluster.registry.type == "harbor"
    await greeted(pipeline, machines, everyone)
    if artifact:
        await unpacked(pipeline, work, artifact)

    async def package(host: str) -> str | None:
        arches = {config.cluster.host(name).arch for name in hosts}
        if harbor and arches != {"amd64"}:
            raise TaskFailed(f"No SHA256 found for harbor. {versions.HARBOR} is not supported.")
        for arch in sorted(arches):
            what = f"harbor {versions.HARBOR} " if harbor else f"registry {versions.REGISTRY}"
            pipeline.message("localhost", f"downloading {arch} {what} ...")
        return None

    async def certificates(host: str) -> str | None:
        ca = site.description.ca
        if ca.exists():
            (work / "pki" / "registry").mkdir(parents=True, exist_ok=True)
            (work / "pki" / "registry" / "ca.pem").write_bytes(ca.read_bytes())
        return None

    await pipeline.task("RegistryPackageModule", "Download registry package", [LOCAL], package, name="DownloadPackage")
    await configured(pipeline, machines, everyone)
    await pipeline.task("InitRegistryModule", "Fetch registry certs", hosts)
    await pipeline.task("InitRegistryModule", "Generate registry Certs", [LOCAL], certificates)
    await pipeline.task("InitRegistryModule", "Synchronize certs file", hosts)
    await pipeline.task("InitRegistryModule", "Synchronize certs file to all nodes", everyone)
    await _installed(pipeline, machines, hosts, harbor)
    pipeline.console.out(f"\nLocal image registry created successfully. Address: {config.cluster.registry.host}\n")


async def _installed(pipeline: Pipeline, machines: Machines, hosts: list[str], harbor: bool) -> None:
    async def start(host: str) -> str | None:
        await machines.sudo(host, f"systemctl start {'harbor' if harbor else 'registry'}")
        return None

    module = "InstallRegistryModule"
    for title in (*_RUNTIME, *_HARBOR) if harbor else _PLAIN:
        await pipeline.task(module, title, hosts)
    await pipeline.task(module, "start harbor" if harbor else "Start registry service", hosts, start, tries=3)
    await pipeline.task("ChownWorkerModule", "Chown ./kubekey dir", [LOCAL])
