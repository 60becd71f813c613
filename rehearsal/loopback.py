"""Where a fleet's machines go in a rehearsal: the same fleet, moved to 127/8.

A host x.y.a.b becomes 127.(100 + slot).a.b with SSH on 2222; the API of a cluster listens on its first control-plane
host, port as configured; the registry on its host, 8080 for http and 8443 for https. Passwords that are references (or
keys) become throwaway passwords: nothing secret of the real site is needed. Pure: nothing is read or opened here.
"""

from __future__ import annotations

import copy
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from fleetforge.fleet.kk_cluster import expanded
from fleetforge.fleet.kk_versions import DEFAULT_KUBERNETES
from fleetforge.fleet.references import is_reference
from fleetforge.fleet.spec import Credentials, FleetSpec, HostKeyPolicy, HostKeys
from fleetforge.rehearsal.site_description import (
    API_PORT,
    HARBOR_PASSWORD,
    HTTP_PORT,
    HTTPS_PORT,
    SSH_PORT,
    ClusterDescription,
    HostDescription,
    RegistryDescription,
    SiteDescription,
)

FIRST_NETWORK = 100
"""Slot 0 is 127.100.0.0/16, slot 99 is 127.199.0.0/16."""
SLOTS = 100
Documents = dict[str, Any] | Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Relocated:
    """A fleet on loopback: kk files as text by cluster name, `fleet.yaml`'s values, and the site that plays it."""

    configs: dict[str, str]
    spec: FleetSpec
    site: SiteDescription


@dataclass
class _Addresses:
    """Real address to loopback address; two real ones with the same last half get different places."""

    network: int
    moved: dict[str, str] = field(default_factory=dict)

    def of(self, address: str) -> str:
        if address not in self.moved:
            third, fourth = _last_half(address)
            taken = set(self.moved.values())
            while (candidate := f"127.{self.network}.{third}.{fourth}") in taken:
                fourth, third = (fourth + 1) % 255 or 1, (third + (fourth == 254)) % 256
            self.moved[address] = candidate
        return self.moved[address]


def loopback(
    configs: Mapping[str, Documents],
    fleet_spec: FleetSpec,
    slot: int,
    directory: Path,
    *,
    pace: float = 0.02,
) -> Relocated:
    """Move a fleet to a slot. `configs` holds each cluster's kk file: its documents, or the first one alone.

    Raises KeyError for a cluster of the spec without a config.
    """
    documents = {cluster.name: _listed(copy.deepcopy(configs[cluster.name])) for cluster in fleet_spec.spec.clusters}
    addresses = _Addresses(FIRST_NETWORK + slot)
    hosts = [host for name, found in documents.items() for host in _moved_hosts(name, found[0], addresses)]
    hosts = _with_unique_names(hosts)
    names, registry = _registry(documents, fleet_spec, hosts, addresses)
    certs = str(directory / "control" / "certs.d" / registry.authority)
    for found in documents.values():
        _move_registry(found[0]["spec"], names, registry, certs)
    clusters = tuple(_moved_cluster(name, found) for name, found in documents.items())
    site = SiteDescription(directory=directory, hosts=tuple(hosts), clusters=clusters, registry=registry, pace=pace)
    texts = {cluster.name: cluster.config for cluster in clusters}
    return Relocated(texts, _moved_spec(fleet_spec, site, registry), site)


def _listed(found: Documents) -> list[dict[str, Any]]:
    return [found] if isinstance(found, dict) else list(found)


def _last_half(address: str) -> tuple[int, int]:
    """The numbers a and b of x.y.a.b; for names and IPv6 a place made from the text."""
    try:
        packed = ipaddress.ip_address(address).packed
    except ValueError:
        packed = sum(address.encode()).to_bytes(2, "big")
    return packed[-2], packed[-1]


def _moved_hosts(cluster: str, document: dict[str, Any], addresses: _Addresses) -> list[HostDescription]:
    """Rewrite `spec.hosts` in place and describe its machines; an address met before is the same machine."""
    found = []
    for host in document["spec"]["hosts"]:
        real = str(host.get("address") or host.get("internalAddress"))
        is_new = real not in addresses.moved
        address = addresses.of(real)
        addresses.moved.setdefault(str(host.get("internalAddress") or real).split(",")[0], address)
        password = _throwaway(str(host.get("password") or ""), f"rehearsal-{host['name']}")
        for key in ("privateKey", "privateKeyPath"):
            host.pop(key, None)
        host |= {"address": address, "internalAddress": address, "port": SSH_PORT, "password": password}
        if is_new:
            found.append(_host(cluster, host))
    return found


def _host(cluster: str, host: dict[str, Any]) -> HostDescription:
    return HostDescription(
        name=host["name"],
        hostname=host["name"],
        address=host["address"],
        user=host.get("user") or "root",
        password=host["password"],
        arch=host.get("arch") or "amd64",
        cluster=cluster,
    )


def _throwaway(password: str, instead: str) -> str:
    return instead if not password or is_reference(password) else password


def _with_unique_names(hosts: list[HostDescription]) -> list[HostDescription]:
    names = [host.name for host in hosts]
    return [
        host.model_copy(update={"name": f"{host.cluster}.{host.name}"}) if names.count(host.name) > 1 else host
        for host in hosts
    ]


def _group(document: dict[str, Any], *roles: str) -> list[str]:
    groups = document["spec"].get("roleGroups") or {}
    return [name for role in roles for entry in groups.get(role) or () for name in expanded(str(entry))]


def _registry(
    documents: dict[str, list[dict[str, Any]]],
    fleet: FleetSpec,
    hosts: list[HostDescription],
    addresses: _Addresses,
) -> tuple[frozenset[str], RegistryDescription]:
    """The registry's real names (with and without port) and where it goes.

    It is installed on the host cluster's registry group, else on the host that has its address, else on the first
    control-plane host.
    """
    document = documents[fleet.host_cluster.name][0]
    block = document["spec"].get("registry") or {}
    url = urlsplit(fleet.spec.registry.url)
    real = str(block.get("privateRegistry") or url.netloc).split("/")[0]
    host = _registry_host(document, hosts, fleet.host_cluster.name, addresses.moved.get(real.split(":")[0], ""))
    auth = (block.get("auths") or {}).get(real) or {}
    made_by_kk = fleet.spec.registry.install and fleet.spec.registry.type == "harbor"
    password = HARBOR_PASSWORD if made_by_kk else _throwaway(str(auth.get("password") or ""), HARBOR_PASSWORD)
    names = frozenset(name for full in (real, url.netloc) for name in (full, full.split(":")[0]))
    return names, RegistryDescription(
        address=host.address,
        port=HTTPS_PORT if url.scheme == "https" else HTTP_PORT,
        tls=url.scheme == "https",
        type=fleet.spec.registry.type,
        username="admin" if made_by_kk else str(auth.get("username") or "admin"),
        password=password,
        host=host.name,
        installed=not fleet.spec.registry.install,
    )


def _registry_host(
    document: dict[str, Any], hosts: list[HostDescription], cluster: str, address: str
) -> HostDescription:
    by_name = {host.hostname: host for host in hosts if host.cluster == cluster}
    group = _group(document, "registry")
    if group and group[0] in by_name:
        return by_name[group[0]]
    at_address = [host for host in hosts if host.address == address]
    return at_address[0] if at_address else by_name[_group(document, "control-plane", "master")[0]]


def _moved_cluster(name: str, documents: list[dict[str, Any]]) -> ClusterDescription:
    """The cluster's hosts have moved; the endpoint of its API follows, also from behind a load balancer or a name."""
    spec = documents[0]["spec"]
    first = _group(documents[0], "control-plane", "master")[0]
    api = next(str(host["address"]) for host in spec["hosts"] if host["name"] == first)
    endpoint = spec.get("controlPlaneEndpoint") or {}
    if endpoint.get("address") or endpoint.get("externalDNS"):
        endpoint["address"] = api
    return ClusterDescription(
        name=name,
        config=yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True),
        api_address=api,
        api_port=int(endpoint.get("port") or API_PORT),
        kubernetes_version=_version(str((spec.get("kubernetes") or {}).get("version") or DEFAULT_KUBERNETES)),
    )


def _version(stated: str) -> str:
    """With its `v` and without kk's suffix for the distribution."""
    return f"v{stated.split('-')[0].removeprefix('v')}"


def _move_registry(spec: dict[str, Any], names: frozenset[str], registry: RegistryDescription, certs: str) -> None:
    """Rewrite every mention of the registry in a kk config's `registry` block; other registries stay as they are."""
    block = spec.get("registry")
    if not block:
        return
    host, slash, path = str(block.get("privateRegistry") or "").partition("/")
    if host in names:
        block["privateRegistry"] = f"{registry.authority}{slash}{path}"
    block["auths"] = {
        registry.authority if host in names else host: _moved_auth(auth, registry, certs) if host in names else auth
        for host, auth in (block.get("auths") or {}).items()
    }
    insecure = [registry.authority if host in names else host for host in block.get("insecureRegistries") or ()]
    block["insecureRegistries"] = insecure


def _moved_auth(auth: dict[str, Any] | None, registry: RegistryDescription, certs: str) -> dict[str, Any]:
    """Its login; its certificates from the site's own folder, where a real control machine has its system's."""
    moved = dict(auth or {})
    if registry.tls:
        moved["certsPath"] = certs
    if moved.get("username"):
        moved["password"] = _throwaway(str(moved.get("password") or ""), registry.password)
    return moved


def _moved_spec(fleet: FleetSpec, site: SiteDescription, registry: RegistryDescription) -> FleetSpec:
    spec = fleet.spec
    scheme = "https" if registry.tls else "http"
    credentials = spec.registry.credentials
    if credentials:
        password = _throwaway(credentials.password, registry.password)
        credentials = Credentials(username=credentials.username, password=password)
    moved_registry = spec.registry.model_copy(
        update={
            "url": f"{scheme}://{registry.authority}",
            "credentials": credentials,
            "ca_file": str(site.ca) if registry.tls else None,
            "certs_directory": str(site.certs),
        }
    )
    artifact = site.control / "kubesphere.tar.gz"
    details = spec.model_copy(
        update={
            "control": spec.control.model_copy(
                update={
                    "connection": "local",
                    "workspace": str(site.directory / "workspace"),
                    "kk": str(site.control / "kk"),
                }
            ),
            "host_keys": HostKeys(policy=HostKeyPolicy.VERIFY, file=str(site.known_hosts)),
            "artifact": spec.artifact.model_copy(update={"path": str(artifact), "carried": False, "sha256": None}),
            "registry": moved_registry,
        }
    )
    return fleet.model_copy(update={"spec": details})
