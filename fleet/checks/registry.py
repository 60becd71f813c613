"""The one private registry: installed where it can be, and the same in the spec and in every cluster's config."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from fleetforge.fleet.checks.places import Check, each_cluster, host_cluster, in_config, in_spec, role_path
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.findings import Finding


def registry_has_a_host(fleet: Fleet) -> Iterator[Finding]:
    held = host_cluster(fleet)
    if held and fleet.spec.spec.registry.install and not held[1].role_groups.get("registry"):
        what = "the fleet installs its registry, but no host of the host cluster's config has the role registry"
        yield in_config(held[0], "FF-SPEC-024", what, "roleGroups", "registry")


def harbor_on_amd64(fleet: Fleet) -> Iterator[Finding]:
    held, registry = host_cluster(fleet), fleet.spec.spec.registry
    if held is None or not registry.install or registry.type != "harbor":
        return
    cluster, config = held
    for host in config.hosts_in("registry"):
        if host.arch != "amd64":
            what = f"Harbor exists for amd64 only, but {host.name} is {host.arch}"
            yield in_config(cluster, "FF-SPEC-025", what, *role_path(config, "registry", host.name))


def registry_at_its_address(fleet: Fleet) -> Iterator[Finding]:
    """Where the registry is named by an address and installed by the fleet, a host with that role has it."""
    held, name = host_cluster(fleet), fleet.registry_host.split(":")[0]
    if held is None or not fleet.spec.spec.registry.install or not _is_address(name):
        return
    hosts = held[1].hosts_in("registry")
    if hosts and all(name not in (host.address, host.node_address) for host in hosts):
        what = f"the fleet installs its registry on {hosts[0].name}, which has not the address {name}"
        yield in_spec("FF-SPEC-053", what, "registry", "url", evidence=(f"{hosts[0].name} is {hosts[0].address}",))


def type_as_installed(fleet: Fleet) -> Iterator[Finding]:
    held, registry = host_cluster(fleet), fleet.spec.spec.registry
    if held is None or not registry.install:
        return
    wanted = "harbor" if registry.type == "harbor" else ""
    if held[1].registry.type not in (wanted, registry.type):
        other = held[1].registry.type or "a plain registry"
        what = f"the fleet's registry is {registry.type}, but kk would install {other}"
        yield in_config(held[0], "FF-SPEC-052", what, "registry", "type")


def components_carried(fleet: Fleet) -> Iterator[Finding]:
    registry, components = fleet.spec.spec.registry, fleet.manifest.components
    if registry.install:
        needed = ("harbor", "docker-compose") if registry.type == "harbor" else ("docker-registry",)
        for name in needed:
            if not components.get(name):
                what = f"the fleet installs its registry, but the manifest lacks the component {name}"
                yield Finding("FF-SPEC-051", what, fleet.manifest_file, ("spec", "components", name))


def same_registry_everywhere(fleet: Fleet) -> Iterator[Finding]:
    for cluster, config in each_cluster(fleet):
        if config.registry.host != fleet.registry_host:
            held = config.registry.private_registry or "nothing"
            what = f"privateRegistry is {held}, but the fleet's registry is {fleet.registry_host}"
            yield in_config(cluster, "FF-SPEC-039", what, "registry", "privateRegistry")


def same_namespace_everywhere(fleet: Fleet) -> Iterator[Finding]:
    project = fleet.spec.spec.registry.project
    for cluster, config in each_cluster(fleet):
        if config.registry.namespace_override != project:
            held = config.registry.namespace_override or "nothing"
            what = f"namespaceOverride is {held}, but the fleet's project is {project}"
            yield in_config(cluster, "FF-SPEC-037", what, "registry", "namespaceOverride")


def login_known(fleet: Fleet) -> Iterator[Finding]:
    """kk looks the login up by the private registry's exact name; Harbor takes no push without one."""
    if fleet.spec.spec.registry.type != "harbor":
        return
    for cluster, config in each_cluster(fleet):
        auth = config.registry.auths.get(config.registry.host)
        if config.registry.host and (auth is None or not auth.username or not auth.password):
            lack = "no entry" if auth is None else "no user name or password"
            what = f"registry.auths has {lack} for {config.registry.host}"
            evidence = (f"entries: {', '.join(config.registry.auths) or 'none'}",)
            yield in_config(cluster, "FF-SPEC-040", what, "registry", "auths", evidence=evidence)


def scheme_as_declared(fleet: Fleet) -> Iterator[Finding]:
    url = fleet.spec.spec.registry.url
    for cluster, config in each_cluster(fleet):
        auth = config.registry.auths.get(config.registry.host)
        plain = auth is not None and auth.plain_http
        if plain != url.startswith("http://") and config.registry.host:
            what = f"plainHTTP is {str(plain).lower()}, but the fleet's registry is {url}"
            yield in_config(cluster, "FF-SPEC-041", what, "registry", "auths", config.registry.host, "plainHTTP")


def plain_http_allowed(fleet: Fleet) -> Iterator[Finding]:
    if not fleet.spec.spec.registry.url.startswith("http://"):
        return
    for cluster, config in each_cluster(fleet):
        if fleet.registry_host not in config.registry.insecure_registries:
            what = (
                f"insecureRegistries lacks {fleet.registry_host}, so {config.container_manager} insists on https there"
            )
            yield in_config(cluster, "FF-SPEC-111", what, "registry", "insecureRegistries")


def registry_name_known(fleet: Fleet) -> Iterator[Finding]:
    """kk writes the registry's name into /etc/hosts only where the config has a registry role."""
    name = fleet.registry_host.split(":")[0]
    if _is_address(name) or not fleet.spec.spec.registry.install:
        return
    for cluster, config in each_cluster(fleet):
        hosts_entries = (config.raw.get("spec", {}).get("dns") or {}).get("nodeEtcHosts") or ""
        if not config.role_groups.get("registry") and name not in hosts_entries:
            what = f"nothing tells the hosts of {cluster.name} the address of {name}"
            yield in_config(cluster, "FF-SPEC-112", what, "dns", "nodeEtcHosts")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


CHECKS: tuple[Check, ...] = (
    registry_has_a_host,
    harbor_on_amd64,
    registry_at_its_address,
    type_as_installed,
    components_carried,
    same_registry_everywhere,
    same_namespace_everywhere,
    login_known,
    scheme_as_declared,
    plain_http_allowed,
    registry_name_known,
)
