"""What an operator writes in ``fleet.yaml``: frozen values with the reason, unit and default at each field.

Field names are camelCase in the file and snake_case here. Unknown fields are an error (``FF-SPEC-004``, with the
nearest known name), because here, unlike in kk's own files, nobody else reads them. JSON Schema comes from
``FleetSpec``. Secret-bearing strings hold a reference (see ``fleet/references.py``) once a fleet is stored.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Name = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$", description="Lower-case letters, digits and '-', 42 at most."
    ),
]
API_VERSION: Final = "fleetforge.io/v1alpha1"


class Value(BaseModel):
    """Base of every spec value: frozen, camelCase in files, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Metadata(Value):
    name: Name


class Role(StrEnum):
    """A cluster's place in the fleet; exactly one cluster is the host."""

    HOST = "host"
    MEMBER = "member"


class SshConnection(Value):
    """How to reach a control machine that is not this one."""

    host: str = Field(description="Name or address of the control machine.")
    port: int = Field(22, ge=1, le=65535)
    user: str = "root"
    password: str | None = Field(None, description="Secret reference; leave out when a key is used.")
    private_key_path: str | None = Field(None, description="Path of the private key on the machine Fleetforge runs on.")
    host_key: str | None = Field(
        None,
        description="The host's public key line, e.g. 'ssh-ed25519 AAAA…'. Without it the known-hosts file decides.",
    )


class Control(Value):
    """The control machine: where kk runs and where its files, jobs and logs stay."""

    connection: Literal["local"] | SshConnection = "local"
    workspace: str = Field(
        description="Directory of Fleetforge on the control machine; needs the artifact's size, twice."
    )
    kk: str = Field("kk", description="Path of the kk binary on the control machine (KubeKey 3.1.x).")


class HostKeyPolicy(StrEnum):
    """What to do with an SSH host key that is not in the known-hosts file."""

    VERIFY = "verify"  # refuse
    ACCEPT_NEW = "accept-new"  # remember it on first contact; refuse it when it changes
    IGNORE = "ignore"  # never check: only for throwaway hosts


class HostKeys(Value):
    """How the hosts' SSH keys are checked."""

    policy: HostKeyPolicy = HostKeyPolicy.VERIFY
    file: str = Field("known_hosts", description="OpenSSH known-hosts file; relative paths start at fleet.yaml.")


class Artifact(Value):
    """The kk artifact: built here from a manifest, or carried in and only verified."""

    manifest: str = Field(description="kk Manifest file; relative paths start at fleet.yaml.")
    path: str = Field(description="The artifact (*.tar.gz) on the control machine.")
    carried: bool = Field(False, description="True: it was carried in and is never built here.")
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="Expected SHA-256 of a carried artifact.")


class Credentials(Value):
    username: str
    password: str = Field(description="Secret reference, e.g. '${env:HARBOR_PASSWORD}'.")


class Registry(Value):
    """The private registry every cluster pulls from."""

    type: Literal["harbor", "registry"] = Field("harbor", description="harbor, or a plain registry without projects.")
    url: str = Field(
        pattern=r"^https?://[^/]+$", description="Scheme, host and port; http only where the site says so."
    )
    project: Name = Field("kubesphereio", description="Harbor project (namespace) that holds the images.")
    install: bool = Field(True, description="True: kk installs it on the host cluster's 'registry' group.")
    ca_file: str | None = Field(None, description="CA bundle for an https registry kk did not install (PEM).")
    verify_tls: bool = Field(True, description="False skips TLS verification: only where the site has no CA.")
    certs_directory: str = Field(
        "/etc/docker/certs.d", description="Where the control machine's container tools look for the registry's CA."
    )
    credentials: Credentials | None = None


class Cluster(Value):
    """One Kubernetes cluster of the fleet."""

    name: Name
    role: Role
    config: str = Field(description="kk Cluster file; relative paths start at fleet.yaml.")
    connection: Literal["direct", "proxy"] = Field("direct", description="How the host cluster reaches a member.")
    kubesphere: str | None = Field(
        "v3.4.1",
        description="KubeSphere version kk installs when the config carries no ClusterConfiguration of its own.",
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of its Cluster object, for selectors.")


class Federation(Value):
    provider: Literal["kubefed"] = "kubefed"
    types: tuple[str, ...] = Field(
        ("namespaces", "deployments.apps", "services", "configmaps", "secrets"),
        description="Resource types the fleet federates; missing FederatedTypeConfigs are enabled.",
    )


class Workload(Value):
    """What validation distributes."""

    name: Name = "test-nginx"
    namespace: Name = "test-namespace"
    image: str = Field("nginx:1.20", description="Image name and tag inside the registry's project.")
    replicas: int = Field(1, ge=1, le=100)


class Override(Value):
    replicas: int | None = Field(None, ge=0, le=1000)
    image: str | None = None


class Validation(Value):
    """How a finished fleet is proved: a workload placed in members, with a visible difference per member."""

    workload: Workload = Workload()
    placement: tuple[str, ...] | None = Field(None, description="Members that receive it; every member when left out.")
    overrides: dict[str, Override] = Field(default_factory=dict, description="Per member: what must differ there.")
    keep: bool = Field(False, description="True leaves the workload in place after it was proved.")


class FleetDetails(Value):
    control: Control
    host_keys: HostKeys = HostKeys()
    artifact: Artifact
    registry: Registry
    clusters: tuple[Cluster, ...] = Field(min_length=1)
    federation: Federation = Federation()
    validation: Validation = Validation()


class FleetSpec(Value):
    """The whole of ``fleet.yaml``."""

    api_version: Literal["fleetforge.io/v1alpha1"] = API_VERSION
    kind: Literal["Fleet"] = "Fleet"
    metadata: Metadata
    spec: FleetDetails

    @property
    def name(self) -> str:
        return self.metadata.name

    def cluster(self, name: str) -> Cluster:
        """The cluster called ``name``; ``KeyError`` when the fleet has none."""
        for cluster in self.spec.clusters:
            if cluster.name == name:
                return cluster
        raise KeyError(name)

    @property
    def host_cluster(self) -> Cluster:
        return next(cluster for cluster in self.spec.clusters if cluster.role is Role.HOST)

    @property
    def members(self) -> tuple[Cluster, ...]:
        return tuple(cluster for cluster in self.spec.clusters if cluster.role is Role.MEMBER)
