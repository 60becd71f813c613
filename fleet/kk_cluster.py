"""kk's Cluster file (``kubekey.kubesphere.io/v1alpha2``): what Fleetforge reads of it, with kk's own defaults.

The file stays kk's: ``raw`` is the document as written, unknown fields included. Defaults and the folding of roles are
those of kk v3.1.7 (apis/kubekey/v1alpha2, cluster_types.go and default.go).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from fleetforge.fleet import fields
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_documents import KUBESPHERE_KINDS, document_of_kind
from fleetforge.fleet.kk_schema import CLUSTER
from fleetforge.fleet.kk_versions import DEFAULT_KUBERNETES
from fleetforge.fleet.shapes import read

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_RANGE = re.compile(r"^(?P<before>[^\[]*)\[(?P<first>\d+):(?P<last>\d+)\]")
RANGE_LIMIT = 10_000
"""Names one range may stand for; twice the nodes a cluster may have."""


def expanded(name: str) -> tuple[str, ...]:
    """The names a role group's entry stands for: ``node[1:3]`` is node1 to node3; what follows the range is dropped."""
    found = _RANGE.match(name)
    if not found:
        return (name,)
    first, last = int(found["first"]), int(found["last"])
    if last - first >= RANGE_LIMIT:
        raise ValueError(f"the range {name!r} stands for more than {RANGE_LIMIT:,} hosts")
    return tuple(f"{found['before']}{number}" for number in range(first, last + 1))


def _is_empty(value: Any) -> bool:
    return value == "" or (isinstance(value, int) and not isinstance(value, bool) and value == 0)


def _addresses(text: str) -> str:
    for part in text.split(","):
        ipaddress.ip_address(part.strip())
    return text


def _networks(text: str) -> str:
    for part in text.split(","):
        ipaddress.ip_network(part.strip(), strict=False)
    return text


class KkValue(BaseModel):
    """Base of what is read from kk's files: frozen; names kk does not know were already reported and left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        """kk takes an empty text and a zero as absent."""
        return {key: value for key, value in data.items() if not _is_empty(value)} if isinstance(data, dict) else data


class Host(KkValue):
    """A machine of the config. ``password`` and ``private_key`` hold secret references once a fleet is loaded."""

    name: str = Field(min_length=1)
    address: str = Field("", description="Where SSH connects to.")
    internal_address: Annotated[str, AfterValidator(_addresses)] = Field(
        "", description="The node's IP; 'v4,v6' for both families."
    )
    port: int = Field(22, ge=1, le=65535)
    user: str = "root"
    password: str | None = None
    private_key: str | None = None
    private_key_path: str | None = None
    arch: Literal["amd64", "arm64"] = "amd64"
    timeout: int = Field(30, ge=1, description="Seconds, for dialling and the greeting.")
    labels: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _with_both_addresses(cls, data: Any) -> Any:
        """kk takes each address for the other where one is left out."""
        if not isinstance(data, dict):
            return data
        address, internal = data.get("address"), data.get("internalAddress")
        if not address and not internal:
            raise ValueError("the host has neither address nor internalAddress")
        return data | {"address": address or str(internal).split(",")[0], "internalAddress": internal or address}

    @property
    def node_address(self) -> str:
        """The IPv4 address the node has inside the cluster (the first one where there are two)."""
        return self.internal_address.split(",")[0].strip()


class RegistryAuth(KkValue):
    """How kk and the container runtime log in to one registry."""

    username: str = ""
    password: str = ""
    plain_http: bool = Field(False, alias="plainHTTP")
    skip_tls_verify: bool = Field(False, alias="skipTLSVerify")
    certs_path: str = ""


class RegistryBlock(KkValue):
    """The config's ``registry``; an empty type is a plain docker registry."""

    type: str = ""
    private_registry: str = ""
    namespace_override: str = ""
    auths: Mapping[str, RegistryAuth] = Field(default_factory=dict)
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Host and port of the private registry: the key kk looks its login up by."""
        return self.private_registry.split("/")[0]


class ControlPlaneEndpoint(KkValue):
    address: str = ""
    port: int = Field(6443, ge=0, le=65535)
    domain: str = "lb.kubesphere.local"
    internal_loadbalancer: Literal["", "haproxy", "kube-vip"] = ""
    external_dns: bool = Field(False, alias="externalDNS")


class KubernetesBlock(KkValue):
    type: str = ""
    version: str = ""
    container_manager: str = "docker"
    max_pods: int = Field(110, ge=0)
    nodelocaldns: bool = True


class NetworkBlock(KkValue):
    plugin: str = "calico"
    kube_pods_cidr: Annotated[str, AfterValidator(_networks)] = Field("10.233.64.0/18", alias="kubePodsCIDR")
    kube_service_cidr: Annotated[str, AfterValidator(_networks)] = Field("10.233.0.0/18", alias="kubeServiceCIDR")


class EtcdBlock(KkValue):
    type: str = "kubekey"


class ClusterConfig(KkValue):
    """One cluster as kk will build it."""

    name: str = ""
    hosts: tuple[Host, ...] = ()
    role_groups: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    registry: RegistryBlock = RegistryBlock()
    control_plane_endpoint: ControlPlaneEndpoint = ControlPlaneEndpoint()
    kubernetes: KubernetesBlock = KubernetesBlock()
    network: NetworkBlock = NetworkBlock()
    etcd: EtcdBlock = EtcdBlock()
    kubesphere_enabled: bool = False
    documents: tuple[dict[str, Any], ...] = Field((), description="The file's other documents, as written.")
    raw: dict[str, Any] = Field(default_factory=dict, description="The Cluster document, as written.")

    @field_validator("role_groups", mode="before")
    @classmethod
    def _folded(cls, groups: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
        """Ranges spelled out; ``master``'s hosts come first in ``control-plane``, as in kk."""
        folded: dict[str, list[str]] = {"control-plane": []} if "master" in groups else {}
        for role, names in sorted(groups.items(), key=lambda item: item[0] != "master"):
            held = folded.setdefault("control-plane" if role == "master" else role, [])
            held += [name for entry in names for name in expanded(entry) if name not in held]
        return {role: tuple(names) for role, names in folded.items()}

    @cached_property
    def _by_name(self) -> dict[str, Host]:
        return {host.name: host for host in self.hosts}

    def host(self, name: str) -> Host:
        """The host called ``name``; ``KeyError`` when the config has none."""
        return self._by_name[name]

    def hosts_in(self, role: str) -> tuple[Host, ...]:
        """The hosts of a role in the group's order; names without a host are left out (a check reports them)."""
        names = self.role_groups.get("control-plane" if role == "master" else role, ())
        return tuple(self._by_name[name] for name in names if name in self._by_name)

    @property
    def nodes(self) -> tuple[Host, ...]:
        """The hosts that become nodes: in the control-plane or worker group, in the config's order."""
        named = {name for role in ("control-plane", "worker") for name in self.role_groups.get(role, ())}
        return tuple(host for host in self.hosts if host.name in named)

    @property
    def kubernetes_version(self) -> str:
        """With its ``v`` and without kk's ``-k3s`` suffix; kk's default when the config states none."""
        stated = self.kubernetes.version.split("-")[0]
        return DEFAULT_KUBERNETES if not stated else stated if stated.startswith("v") else f"v{stated}"

    @property
    def kubernetes_type(self) -> str:
        """kubernetes, k3s or k8e."""
        return (self.kubernetes.version.partition("-")[2] or self.kubernetes.type or "kubernetes").lower()

    @property
    def container_manager(self) -> str:
        return self.kubernetes.container_manager or "docker"

    @property
    def max_pods(self) -> int:
        """Pods per node."""
        return self.kubernetes.max_pods or 110

    @property
    def pods_cidr(self) -> str:
        return self.network.kube_pods_cidr

    @property
    def service_cidr(self) -> str:
        return self.network.kube_service_cidr

    @property
    def pod_networks(self) -> tuple[Network, ...]:
        return networks(self.pods_cidr)

    @property
    def service_networks(self) -> tuple[Network, ...]:
        return networks(self.service_cidr)

    @property
    def api_address(self) -> tuple[str, int]:
        """Where kk's kubeconfig points: the endpoint's address, else the first control-plane host's internal one."""
        endpoint, port = self.control_plane_endpoint, self.control_plane_endpoint.port or 6443
        if endpoint.address not in ("", "127.0.0.1"):
            return endpoint.address, port
        if endpoint.external_dns and not endpoint.address:
            return endpoint.domain or "lb.kubesphere.local", port
        masters = self.hosts_in("control-plane")
        return masters[0].node_address if masters else "", port

    @property
    def installs_kubesphere(self) -> bool:
        """True when the config itself asks for KubeSphere (a further document, or ``spec.kubesphere``)."""
        return self.kubesphere_enabled or any(document.get("kind") in KUBESPHERE_KINDS for document in self.documents)


def networks(cidrs: str) -> tuple[Network, ...]:
    """The networks of ``"10.233.64.0/18"`` or, for two families, ``"10.233.64.0/18,fd00::/64"``."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in cidrs.split(","))


def read_cluster(documents: Sequence[dict[str, Any]], file: str) -> tuple[ClusterConfig | None, tuple[Finding, ...]]:
    """The config in a file's documents, or None where the findings hold an error that leaves nothing to read."""
    raw, found = document_of_kind("Cluster", documents, file)
    if raw is None:
        return None, found
    view, told = read(CLUSTER, raw, file)
    found += told
    if any(not finding.is_warning for finding in found):
        return None, found
    others = tuple(document for document in documents if document is not raw)
    spec = view.get("spec", {})
    held = spec | {"name": view.get("metadata", {}).get("name", ""), "documents": others, "raw": raw}
    held["kubesphereEnabled"] = spec.get("kubesphere", {}).get("enabled", False)
    try:
        return ClusterConfig.model_validate(held), found
    except ValidationError as error:
        return None, found + fields.findings(error, held, file, prefix=("spec",))
