"""What a rehearsal site consists of: frozen values, written and read as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SSH_PORT = 2222
API_PORT = 6443
HTTP_PORT = 8080
HTTPS_PORT = 8443
TOOLS = ("curl", "openssl", "ebtables", "socat", "ipset", "ipvsadm", "conntrack", "chronyd")
"""What a host has before kk comes; `sudo` is always there."""
HARBOR_PASSWORD = "Harbor12345"  # noqa: S105 - a public default, not a secret
"""The administrator password kk writes into harbor.yml whatever the config says."""


class Part(BaseModel):
    """Base of the site's values: frozen, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HostDescription(Part):
    """One machine. `name` is unique in the site; `hostname` is what the machine and its node are called."""

    name: str
    hostname: str
    address: str
    port: int = SSH_PORT
    user: str = "root"
    password: str = Field(repr=False)
    arch: Literal["amd64", "arm64"] = "amd64"
    cluster: str
    tools: tuple[str, ...] = TOOLS
    sudo_password: bool = Field(False, description="sudo asks users other than root for their password.")
    noisy: bool = Field(False, description="sudo complains about the host's own name, as an unresolvable one does.")


class ClusterDescription(Part):
    """Where a cluster's API appears once kubeadm has run; `config` is the kk file, rewritten."""

    name: str
    config: str = Field(repr=False)
    api_address: str
    api_port: int = API_PORT
    kubernetes_version: str


class RegistryDescription(Part):
    """The private registry. It listens once kk has installed it, from the start when `installed`."""

    address: str
    port: int
    tls: bool
    type: Literal["harbor", "registry"]
    username: str = "admin"
    password: str = Field(HARBOR_PASSWORD, repr=False)
    host: str = Field(description="Name of the host it is installed on.")
    installed: bool = False
    projects: tuple[str, ...] = ()

    @property
    def authority(self) -> str:
        """`address:port`, as kk configs and image names have it."""
        return f"{self.address}:{self.port}"


class SiteDescription(Part):
    """A whole site. `pace` scales every waiting time: 1 is as slow as life."""

    directory: Path
    hosts: tuple[HostDescription, ...]
    clusters: tuple[ClusterDescription, ...]
    registry: RegistryDescription | None = None
    pace: float = Field(0.02, ge=0, le=1)

    @property
    def control(self) -> Path:
        """Where the `kk` program of the site lies."""
        return self.directory / "control"

    @property
    def file(self) -> Path:
        """Where the description itself is written."""
        return self.directory / "site.json"

    @property
    def socket(self) -> Path:
        """The unix socket of the site's admin API."""
        return self.directory / "site.sock"

    @property
    def certs(self) -> Path:
        """Where the control machine's container tools look for registries' CAs."""
        return self.control / "certs.d"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    @property
    def ca(self) -> Path:
        """Certificate of the authority that signs for every server of the site."""
        return self.directory / "pki" / "ca.crt"

    def save(self, path: Path) -> None:
        """Write as JSON, readable by the owner alone (it holds passwords)."""
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        path.write_text(self.model_dump_json(indent=1))

    @classmethod
    def load(cls, path: Path) -> SiteDescription:
        return cls.model_validate_json(path.read_text())
