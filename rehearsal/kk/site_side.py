"""What a kk run changes beyond the hosts' disks: it asks the running site for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.kk.inputs import Config
from fleetforge.rehearsal.kk.run import TaskFailed
from fleetforge.rehearsal.site_description import SiteDescription
from fleetforge.rehearsal.site_request import SiteRefused, asked


class SiteSide:
    """The site described in ``file``, which must be running."""

    def __init__(self, file: Path) -> None:
        self.description = SiteDescription.load(file)

    @property
    def pause(self) -> float:
        """Seconds a task takes: one at life's pace."""
        return self.description.pace

    def fault(self, pipeline: str) -> Fault | None:
        """The misfortune that befalls this run, if any."""
        found = self._ask("POST", "/faults/take", {"target": "kk", "subject": pipeline})
        return Fault.from_json(found) if found else None

    def cluster_of(self, config: Config) -> str:
        """The site's name of the cluster whose machines the config names."""
        addresses = {host.address for host in config.cluster.nodes}
        found = [host.cluster for host in self.description.hosts if host.address in addresses]
        if not found:
            raise TaskFailed("init kubernetes cluster failed: the config's hosts are no machines of this rehearsal")
        return found[0]

    def created(self, config: Config, kubesphere: str = "", configuration: dict[str, Any] | None = None) -> str:
        """The cluster has every node of the config, and KubeSphere when a version is given. Its kubeconfig."""
        body = {"config": config.text, "kubesphere": kubesphere, "cluster_configuration": configuration}
        return str(self._ask("POST", f"/clusters/{quote(self.cluster_of(config))}/create", body)["kubeconfig"])

    def cluster(self, config: Config) -> dict[str, Any]:
        """``{created, running, nodes, installer: {version, state}}``."""
        found: dict[str, Any] = self._ask("GET", f"/clusters/{quote(self.cluster_of(config))}")
        return found

    def _ask(self, method: str, target: str, body: object = None) -> Any:
        try:
            return asked(self.description.socket, method, target, body)
        except SiteRefused as error:
            raise TaskFailed(f"init kubernetes cluster failed: {error}") from error
