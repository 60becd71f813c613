"""Who gets in, what TLS says, and how injected faults look to a client."""

from __future__ import annotations

import base64
import json
import ssl
import stat
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml
from kubernetes import client

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.pki import Pki


def _get(url: str, ca: str, path: str) -> bytes:
    with urllib.request.urlopen(url + path, context=ssl.create_default_context(cadata=ca)) as answer:
        return bytes(answer.read())


def test_the_administrators_certificate_opens_everything(one: Any) -> None:
    assert {node.metadata.name for node in one.core.list_node().items} == {"amd", "arm-node"}
    assert client.VersionApi(one.api).get_code().git_version == "v1.22.17"


def test_a_client_without_a_certificate_is_unauthorized_but_may_ask_for_health(bare: Any) -> None:
    assert _get(bare.cluster.endpoint, bare.cluster.ca_pem, "/readyz") == b"ok"
    with pytest.raises(urllib.error.HTTPError) as refused:
        _get(bare.cluster.endpoint, bare.cluster.ca_pem, "/api/v1/nodes")
    assert (refused.value.code, json.loads(refused.value.read())["reason"]) == (401, "Unauthorized")


def test_a_client_that_trusts_another_authority_does_not_connect(bare: Any, tmp_path: Path) -> None:
    document = yaml.safe_load(bare.cluster.kubeconfig())
    other = Pki(tmp_path / "other").ca_pem
    document["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(other.encode()).decode()
    with pytest.raises(client.ApiException, match="certificate verify failed"):
        client.CoreV1Api(bare.client(yaml.safe_dump(document))).list_node()


def test_a_service_account_gets_in_with_its_token_and_through_only_when_bound(bare: Any) -> None:
    bare.core.create_namespaced_service_account("default", {"metadata": {"name": "robot"}})
    bare.until(lambda: bare.core.read_namespaced_service_account("robot", "default").secrets)
    name = bare.core.read_namespaced_service_account("robot", "default").secrets[0].name
    token = base64.b64decode(bare.core.read_namespaced_secret(name, "default").data["token"]).decode()
    robot = client.CoreV1Api(bare.client(bare.cluster.kubeconfig_for("robot", {"token": token})))
    with pytest.raises(client.ApiException) as refused:
        robot.list_node()
    assert refused.value.status == 403
    client.RbacAuthorizationV1Api(bare.api).create_cluster_role_binding(_binding("robot"))
    assert robot.list_node().items == []


def _binding(account: str) -> dict[str, Any]:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "default"}
    return {"metadata": {"name": account}, "roleRef": role, "subjects": [subject]}


def test_from_kubernetes_1_24_on_service_accounts_have_no_secret_of_their_own(
    clusters: Callable[..., Any],
) -> None:
    new = clusters(version="v1.26.15")
    new.core.create_namespaced_service_account("default", {"metadata": {"name": "robot"}})
    note = {"kubernetes.io/service-account.name": "robot"}
    body = {"metadata": {"name": "mine", "annotations": note}, "type": "kubernetes.io/service-account-token"}
    assert new.core.create_namespaced_secret("default", body).data["token"]
    assert [found.metadata.name for found in new.core.list_namespaced_secret("default").items] == ["mine"]


def test_a_fault_strikes_as_often_as_it_says(bare: Any) -> None:
    bare.faults.add(Fault("kube:one", match="GET /api/v1/nodes", status=503, text="etcdserver: request timed out"))
    with pytest.raises(client.ApiException) as refused:
        bare.core.list_node()
    assert refused.value.status == 503
    assert "etcdserver: request timed out" in refused.value.body
    assert bare.core.list_node().items == []


def test_a_fault_of_status_0_cuts_the_connection(bare: Any) -> None:
    bare.faults.add(Fault("kube:one", match="/nodes", status=0))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        bare.core.list_node()


def test_a_stopped_cluster_goes_on_where_it_was(one: Any) -> None:
    one.deploy()
    one.until(lambda: len(one.running()) == 2)
    one.run(one.cluster.stop())
    with pytest.raises(urllib3.exceptions.HTTPError):
        one.core.list_node()
    one.run(one.cluster.start())
    assert len(one.running()) == 2
    one.apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 3}})
    one.until(lambda: len(one.running()) == 3)


def test_keys_are_for_their_owner_alone_and_a_second_pki_goes_on_with_the_first(tmp_path: Path) -> None:
    first = Pki(tmp_path / "pki")
    first.server_certificate("127.0.0.1", "registry.local")
    assert {stat.S_IMODE(path.stat().st_mode) for path in first.directory.iterdir()} == {0o600}
    assert stat.S_IMODE(first.directory.stat().st_mode) == 0o700
    again = Pki(tmp_path / "pki")
    assert again.ca_pem == first.ca_pem
    assert again.client_certificate("me", "us") == first.client_certificate("me", "us")
