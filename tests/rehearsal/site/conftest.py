"""A site of the example's two clusters, and what a test needs to log in to its hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from fleetforge.blocks.ssh import SshConnection
from fleetforge.blocks.ssh_host_keys import HostKeyCheck
from fleetforge.blocks.ssh_login import SshTarget
from fleetforge.fleet.oci import OCI_MANIFEST
from fleetforge.fleet.spec import FleetSpec
from fleetforge.rehearsal.images import tiny_image
from fleetforge.rehearsal.loopback import Relocated, loopback
from fleetforge.rehearsal.registry.client import Login, RegistryClient
from fleetforge.rehearsal.site_client import Site
from fleetforge.rehearsal.site_description import HostDescription, SiteDescription
from fleetforge.rehearsal.slots import free_slot

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "aicc"


@dataclass(frozen=True)
class Example:
    """The example fleet as written."""

    spec: FleetSpec
    configs: dict[str, list[dict[str, Any]]]


@dataclass
class Visitor:
    """Logs in to the hosts of a site the way the product does."""

    site: Site
    opened: list[SshConnection] = field(default_factory=list)

    def host(self, name: str, **changed: Any) -> SshConnection:
        found = next(host for host in self.site.description.hosts if host.name == name)
        keys = HostKeyCheck(file=self.site.description.known_hosts)
        given = {"user": found.user, "password": found.password, "host_key": keys, "timeout": 5, **changed}
        self.opened.append(SshConnection(SshTarget(found.address, found.port, **given)))
        return self.opened[-1]


@pytest.fixture(scope="session")
def example() -> Example:
    spec = FleetSpec.model_validate(yaml.safe_load((EXAMPLE / "fleet.yaml").read_text()))
    clusters = spec.spec.clusters
    return Example(spec, {one.name: list(yaml.safe_load_all((EXAMPLE / one.config).read_text())) for one in clusters})


@pytest.fixture(scope="session")
def relocated(example: Example, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relocated]:
    with free_slot() as slot:
        yield loopback(example.configs, example.spec, slot.number, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def site_description(relocated: Relocated) -> SiteDescription:
    """The example's site with two more machines: an unprivileged login, and one that cannot resolve its own name."""
    first = relocated.site.hosts[0]
    network = ".".join(first.address.split(".")[:2])
    asks = {"user": "ops", "password": "its password", "sudo_password": True}
    more = (
        HostDescription(name="unprivileged", hostname="unprivileged", cluster="", address=f"{network}.9.1", **asks),
        HostDescription(name="noisy", hostname="noisy", cluster="", address=f"{network}.9.2", password="n", noisy=True),
    )
    return relocated.site.model_copy(update={"hosts": (*relocated.site.hosts, *more)})


@pytest.fixture(scope="session")
def running(site_description: SiteDescription) -> Iterator[Site]:
    with Site.started(site_description, site_description.directory / "site.log") as site:
        site.ask("POST", "/registry/install", {})
        yield site


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The session's site; faults are forgotten and hosts and registry up again afterwards."""
    yield running
    running.clear_faults()
    running.start_registry()
    for host in running.description.hosts:
        running.start_host(host.name)


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    found = Visitor(site)
    yield found
    for connection in found.opened:
        connection.close()


@pytest.fixture
def master(site: Site) -> str:
    return site.description.hosts[0].name


@pytest.fixture
def kubernetes() -> Iterator[Callable[[str], client.ApiClient]]:
    """The official client for a kubeconfig's text."""
    made: list[client.ApiClient] = []

    def connect(kubeconfig: str) -> client.ApiClient:
        made.append(config.new_client_from_config_dict(yaml.safe_load(kubeconfig)))
        return made[-1]

    yield connect
    for one in made:
        one.close()


@pytest.fixture
def push(site: Site) -> Callable[..., str]:
    """Pushes a tiny image for one architecture into Harbor's ``library`` and gives its full reference."""
    registry = site.description.registry
    assert registry is not None

    def pushed(name: str, arch: str) -> str:
        image = tiny_image(f"{registry.authority}/library/{name}:1", arch)
        client = RegistryClient(registry.authority, Login(registry.username, registry.password, plain_http=True))
        client.ping()
        for digest, content in image.blobs.items():
            client.upload_blob(f"library/{name}", digest, content)
        client.put_manifest(f"library/{name}", "1", OCI_MANIFEST, image.manifest)
        client.close()
        return image.reference

    return pushed
