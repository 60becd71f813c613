"""A fleet on loopback: everything that names a machine or a place of the real site names the rehearsal's instead."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from fleetforge.fleet.kk_cluster import read_cluster
from fleetforge.fleet.spec import FleetSpec
from fleetforge.rehearsal.loopback import loopback
from fleetforge.rehearsal.slots import free_slot

PLACE = Path("/nowhere/site")


def moved(example, slot: int = 5, **changes):
    return loopback(copy.deepcopy(example.configs), example.spec, slot, PLACE, **changes)


def config_of(relocated, name: str):
    config, findings = read_cluster(list(yaml.safe_load_all(relocated.configs[name])), name)
    assert config is not None, findings
    return config


def with_registry(example, **changed) -> FleetSpec:
    registry = example.spec.spec.registry.model_copy(update=changed)
    return example.spec.model_copy(update={"spec": example.spec.spec.model_copy(update={"registry": registry})})


def test_every_host_gets_an_address_of_the_slot_with_its_own_last_half(example) -> None:
    relocated = moved(example)
    for name in example.configs:
        real = [host["address"] for host in example.configs[name][0]["spec"]["hosts"]]
        hosts = config_of(relocated, name).hosts
        assert [host.address for host in hosts] == [f"127.105.{'.'.join(one.split('.')[2:])}" for one in real]
        assert all((host.internal_address, host.port) == (host.address, 2222) for host in hosts)


def test_two_hosts_with_the_same_last_half_stay_apart(example) -> None:
    configs = copy.deepcopy(example.configs)
    first, second = configs["aicc"][0]["spec"]["hosts"][:2]
    for host, address in ((first, "10.1.7.7"), (second, "10.2.7.7")):
        host |= {"address": address, "internalAddress": address}
    addresses = [host.address for host in loopback(configs, example.spec, 0, PLACE).site.hosts]
    assert len(set(addresses)) == len(addresses)


def test_references_become_throwaway_passwords_and_keys_vanish(example) -> None:
    configs = copy.deepcopy(example.configs)
    configs["aicc"][0]["spec"]["hosts"][0] |= {"privateKeyPath": "~/.ssh/id", "password": None}
    relocated = loopback(configs, example.spec, 0, PLACE)
    assert "${" not in "".join(relocated.configs.values())
    assert "privateKeyPath" not in relocated.configs["aicc"]
    by_name = {host.hostname: host.password for host in relocated.site.hosts}
    assert all(host.password == by_name[host.name] for host in config_of(relocated, "aicc").hosts)


def test_the_registry_moves_everywhere_it_is_named(example) -> None:
    relocated = moved(example)
    authority = relocated.site.registry.authority
    assert relocated.spec.spec.registry.url == f"http://{authority}"
    for name in relocated.configs:
        block = config_of(relocated, name).registry
        assert (block.private_registry, list(block.auths), block.insecure_registries) == (
            authority,
            [authority],
            (authority,),
        )
        assert block.auths[authority].password == relocated.site.registry.password


def test_an_https_registry_under_a_name_is_trusted_through_the_sites_folder(example) -> None:
    configs = copy.deepcopy(example.configs)
    for documents in configs.values():
        block = documents[0]["spec"]["registry"]
        block |= {"privateRegistry": "hub.example.org", "insecureRegistries": []}
        block["auths"] = {"hub.example.org": {"username": "admin", "password": "x"}}
    relocated = loopback(configs, with_registry(example, url="https://hub.example.org"), 5, PLACE)
    registry = relocated.spec.spec.registry
    block = config_of(relocated, "hefei").registry
    assert (registry.url, registry.ca_file) == ("https://127.105.232.69:8443", str(PLACE / "pki" / "ca.crt"))
    assert block.private_registry == "127.105.232.69:8443"
    assert block.auths[block.private_registry].certs_path == f"{registry.certs_directory}/{block.private_registry}"


def test_a_registry_that_exists_listens_from_the_start(example) -> None:
    configs = copy.deepcopy(example.configs)
    assert loopback(configs, with_registry(example, install=False), 5, PLACE).site.registry.installed
    assert not moved(example).site.registry.installed


def test_the_api_moves_to_its_first_control_plane_host(example) -> None:
    configs = copy.deepcopy(example.configs)
    configs["aicc"][0]["spec"]["controlPlaneEndpoint"] = {"address": "10.0.0.100", "port": 7443, "domain": "lb.x"}
    relocated = loopback(configs, example.spec, 5, PLACE)
    for one in relocated.site.clusters:
        assert config_of(relocated, one.name).api_address == (one.api_address, one.api_port)
    assert relocated.site.clusters[0].api_port == 7443


def test_everything_on_the_control_machine_is_inside_the_sites_directory(example) -> None:
    relocated = moved(example)
    details = relocated.spec.spec
    places = [
        details.control.workspace,
        details.control.kk,
        details.artifact.path,
        details.host_keys.file,
        details.registry.certs_directory,
    ]
    assert all(place.startswith(f"{PLACE}/") for place in places)
    assert details.control.connection == "local"


def test_fields_nobody_here_knows_are_kept(example) -> None:
    configs = copy.deepcopy(example.configs)
    configs["aicc"][0]["spec"]["futureField"] = {"deep": [1]}
    configs["aicc"].append({"kind": "Other", "spec": 1})
    documents = list(yaml.safe_load_all(loopback(configs, example.spec, 5, PLACE).configs["aicc"]))
    assert documents[0]["spec"]["futureField"] == {"deep": [1]}
    assert documents[1] == {"kind": "Other", "spec": 1}


def test_the_fleet_that_was_given_is_left_as_it_was(example) -> None:
    before = copy.deepcopy(example.configs)
    loopback(example.configs, example.spec, 5, PLACE)
    assert example.configs == before


def test_a_cluster_without_a_config_is_an_error(example) -> None:
    with pytest.raises(KeyError, match="hefei"):
        loopback({"aicc": example.configs["aicc"]}, example.spec, 5, PLACE)


def test_two_rehearsals_get_different_slots(tmp_path) -> None:
    with free_slot(tmp_path) as first, free_slot(tmp_path) as second:
        assert first.number != second.number
        taken = first.number
    with free_slot(tmp_path) as again:
        assert again.number == taken
