"""What stands between this machine and an API server: silence, certificates, credentials, kubeconfigs."""

from __future__ import annotations

import base64
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetforge.blocks.kube import Kube
from fleetforge.blocks.kube_resources import CONFIG_MAPS, NODES
from fleetforge.fleet.errors import FleetforgeError, NeedsOperator, Transient
from fleetforge.rehearsal.pki import Pki


def refusal(work: Callable[[], Any]) -> FleetforgeError:
    with pytest.raises(FleetforgeError) as caught:
        work()
    return caught.value


@pytest.fixture
def web_server() -> Iterator[str]:
    """A plain HTTP server that is no Kubernetes API."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>It works!</html>")

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_administrator_reads_version_and_nodes(one: Any) -> None:
    kube = one.kube()
    assert kube.version() == "v1.22.17" and kube.ready()
    assert [node["metadata"]["name"] for node in kube.list(NODES)] == ["node1"]


def test_an_api_server_that_does_not_answer_is_transient_and_named(one: Any) -> None:
    kube = one.kube()
    one.stop()
    error = refusal(kube.version)
    assert isinstance(error, Transient) and error.code == "FF-K8S-001"
    assert one.cluster.endpoint in error.what and error.where == "one" and not kube.ready()
    one.start()
    assert kube.version() == "v1.22.17"


def test_a_dropped_connection_is_transient(one: Any) -> None:
    one.fails("/nodes", 0)
    assert refusal(lambda: list(one.kube().list(NODES))).code == "FF-K8S-001"


def test_a_rebuilt_cluster_with_another_ca_needs_the_operator(one: Any, tmp_path: Path) -> None:
    other = Pki(tmp_path / "other")
    kubeconfig = yaml.safe_load(one.cluster.kubeconfig())
    kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(
        other.ca_pem.encode()
    ).decode()
    error = refusal(one.kube(yaml.safe_dump(kubeconfig)).version)
    assert isinstance(error, NeedsOperator) and error.code == "FF-K8S-002" and "admin.conf" in error.remedy


def test_a_certificate_for_another_name_is_not_accepted(one: Any) -> None:
    kubeconfig = one.kubeconfig(**{"tls-server-name": "elsewhere.example"})
    assert refusal(one.kube(kubeconfig).version).code == "FF-K8S-002"


def test_an_unknown_token_is_refused_credentials(one: Any) -> None:
    kubeconfig = one.cluster.kubeconfig_for("somebody", {"token": "nobody-has-this"})
    error = refusal(lambda: one.kube(kubeconfig).get(NODES, "node1"))
    assert isinstance(error, NeedsOperator) and error.code == "FF-K8S-003"
    assert "nobody-has-this" not in error.rendered()


def test_a_user_without_rights_is_forbidden(one: Any) -> None:
    certificate, key = one.cluster._pki.client_certificate("viewer", "viewers")
    held = {
        "client-certificate-data": base64.b64encode(certificate.encode()).decode(),
        "client-key-data": base64.b64encode(key.encode()).decode(),
    }
    error = refusal(lambda: list(one.kube(one.cluster.kubeconfig_for("viewer", held)).list(NODES)))
    assert error.code == "FF-K8S-004" and any("viewer" in line for line in error.evidence)


def test_an_overloaded_server_is_transient_and_quoted(one: Any) -> None:
    one.fails("GET /api/v1/nodes", 503, text="etcdserver: request timed out")
    error = refusal(lambda: list(one.kube().list(NODES)))
    assert isinstance(error, Transient) and error.code == "FF-K8S-005" and "etcdserver" in error.rendered()


def test_what_is_no_kubernetes_api_is_told_apart(one: Any, web_server: str) -> None:
    assert refusal(one.kube(one.kubeconfig(server=f"https://{web_server}")).version).code == "FF-K8S-012"
    assert refusal(one.kube(one.kubeconfig(server=f"http://{web_server}")).version).code == "FF-K8S-012"


@pytest.mark.parametrize("text", ["", "{", "just words", "apiVersion: v1\nkind: Config\n"])
def test_a_kubeconfig_that_is_none_is_found_before_anything_is_asked(text: str) -> None:
    assert refusal(lambda: Kube(text, name="one")).code == "FF-K8S-011"


def test_a_missing_object_is_none_or_an_error_that_names_it(one: Any) -> None:
    kube = one.kube()
    assert kube.get(CONFIG_MAPS, "none", "default") is None
    error = refusal(lambda: kube.need(CONFIG_MAPS, "none", "default"))
    assert error.code == "FF-K8S-006" and "default/none" in error.what
