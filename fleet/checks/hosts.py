"""Each host once, in the whole fleet."""

from __future__ import annotations

from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, each_cluster, in_config
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_cluster import Host


def host_names_once(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        seen: set[str] = set()
        for index, host in enumerate(config.hosts):
            if host.name in seen:
                yield in_config(cluster, "FF-SPEC-032", f"two hosts are called {host.name}", "hosts", index, "name")
            seen.add(host.name)


def host_names_differ_between_clusters(fleet: Fleet) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for cluster, config in each_cluster(fleet):
        for index, host in enumerate(config.hosts):
            if first.setdefault(host.name, cluster.name) != cluster.name:
                what = f"{cluster.name} and {first[host.name]} both have a host called {host.name}"
                yield in_config(cluster, "FF-SPEC-110", what, "hosts", index, "name")


def addresses_once(fleet: Fleet) -> Iterator[Finding]:
    """Address and internalAddress in one: a machine belongs to one host of one cluster."""
    first: dict[str, str] = {}
    for cluster, config in each_cluster(fleet):
        for index, host in enumerate(config.hosts):
            for field, address in _addresses(host):
                owner = f"{host.name} of {cluster.name}"
                if first.setdefault(address, owner) != owner:
                    what = f"{owner} and {first[address]} have the same address {address}"
                    yield in_config(cluster, "FF-SPEC-031", what, "hosts", index, field)
                    break


def hosts_have_roles(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        named = {name for names in config.role_groups.values() for name in names}
        for index, host in enumerate(config.hosts):
            if host.name not in named:
                what = f"{host.name} is in no role group, so kk leaves it alone"
                yield in_config(cluster, "FF-SPEC-109", what, "hosts", index)


def _addresses(host: Host) -> list[tuple[str, str]]:
    """The SSH endpoint (its port shown when it is not 22: several hosts behind one address) and every node address."""
    ssh = host.address if host.port == 22 else f"{host.address}:{host.port}"
    return [("address", ssh), *(("internalAddress", part.strip()) for part in host.internal_address.split(","))]


CHECKS: tuple[Check, ...] = (host_names_once, host_names_differ_between_clusters, addresses_once, hosts_have_roles)
