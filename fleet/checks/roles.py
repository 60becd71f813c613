"""The roles kk needs filled, and the load balancer in front of several control-plane hosts."""

from __future__ import annotations

from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, each_cluster, in_config, role_path
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding
from fleetforge.fleet.nearest_name import did_you_mean


def role_hosts_known(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        known = {host.name for host in config.hosts}
        for role, names in config.role_groups.items():
            for name in names:
                if name not in known:
                    what = f"the role {role} names {name!r}, which is no host of this config{did_you_mean(name, known)}"
                    yield in_config(cluster, "FF-SPEC-021", what, *role_path(config, role, name))


def roles_filled(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        if config.etcd.type == "kubekey" and not config.role_groups.get("etcd"):
            yield in_config(cluster, "FF-SPEC-022", "no host has the role etcd", "roleGroups", "etcd")
        if not config.role_groups.get("control-plane"):
            yield in_config(cluster, "FF-SPEC-023", "no host has the role control-plane", "roleGroups", "control-plane")


def balancer_or_address(fleet: Fleet) -> Iterator[Finding]:
    """kk prints one line about this, does nothing and exits 0."""
    for cluster, config in each_cluster(fleet):
        endpoint = config.control_plane_endpoint
        if endpoint.internal_loadbalancer == "haproxy" and endpoint.address:
            what = f"internalLoadbalancer is haproxy, but address is {endpoint.address}: kk takes only one of them"
            yield in_config(cluster, "FF-SPEC-036", what, "controlPlaneEndpoint", "address")


def several_masters_balanced(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        endpoint, masters = config.control_plane_endpoint, config.role_groups.get("control-plane", ())
        if len(masters) > 1 and not (endpoint.internal_loadbalancer or endpoint.address or endpoint.external_dns):
            what = f"{len(masters)} control-plane hosts, but nothing balances between them: all depends on {masters[0]}"
            yield in_config(cluster, "FF-SPEC-103", what, "controlPlaneEndpoint")


CHECKS: tuple[Check, ...] = (role_hosts_known, roles_filled, balancer_or_address, several_masters_balanced)
