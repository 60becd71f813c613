"""Pod, service and host networks apart from each other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import combinations

from fleetforge.fleet.checks.places import Check, each_cluster, in_config
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_cluster import ClusterConfig, Network

_Named = tuple[str, str, Network]  # field, word, network


def pods_and_services_apart(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        for (field, word, one), (_, other_word, other) in combinations(_networks(config), 2):
            if one.overlaps(other):
                what = f"the {word} network {one} and the {other_word} network {other} overlap"
                yield in_config(cluster, "FF-SPEC-042", what, "network", field)


def hosts_outside_of_them(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        for index, host in enumerate(config.hosts):
            address = ipaddress.ip_address(host.node_address)
            for _, word, network in _networks(config):
                if address in network:
                    what = f"{host.name} has its address {address} inside the {word} network {network}"
                    yield in_config(cluster, "FF-SPEC-043", what, "hosts", index, "internalAddress")


def clusters_apart(fleet: Fleet) -> Iterator[Finding]:
    for (one, one_config), (other, other_config) in combinations(each_cluster(fleet), 2):
        for _, one_word, held in _networks(one_config):
            for field, word, network in _networks(other_config):
                if held.overlaps(network):
                    what = f"the {word} network {network} overlaps the {one_word} network {held} of {one.name}"
                    yield in_config(other, "FF-SPEC-106", what, "network", field)


def _networks(config: ClusterConfig) -> list[_Named]:
    pods = [("kubePodsCIDR", "pod", network) for network in config.pod_networks]
    return [*pods, *(("kubeServiceCIDR", "service", network) for network in config.service_networks)]


CHECKS: tuple[Check, ...] = (pods_and_services_apart, hosts_outside_of_them, clusters_apart)
