"""What a Kubernetes API server's refusals and silences mean, as coded errors."""

from __future__ import annotations

import json
import re
from typing import Any

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault

BODY_WIDTH = 400

_BY_STATUS = {401: "FF-K8S-003", 403: "FF-K8S-004", 404: "FF-K8S-006", 409: "FF-K8S-007", 422: "FF-K8S-008"}
_OVERLOADED = {408, 429}


def refused(cluster: str, method: str, path: str, status: int, body: bytes) -> FleetforgeError:
    """The error for an answer with a status that is not a success; ``body`` is a Status object, or some text."""
    held = status_in(body)
    message = str(held.get("message") or body.decode(errors="replace").strip())[:BODY_WIDTH]
    causes = (held.get("details") or {}).get("causes") or []
    evidence = [f"{method} {path}", f"HTTP {status} {held.get('reason', '')}".rstrip(), message]
    evidence += [f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in causes]
    what = f"{method} answered {status}: {message or held.get('reason', 'no reason given')}"
    error = fault(code_for(status, message), what, where=f"{cluster} {path}", evidence=evidence)
    seconds = (held.get("details") or {}).get("retryAfterSeconds")
    error.after = float(seconds) if isinstance(seconds, int) and error.after else error.after
    return error


def code_for(status: int, message: str = "") -> str:
    """The code of a status. A webhook that could not be called answers 500, and is as transient as that."""
    if status in _OVERLOADED or status >= 500:
        return "FF-K8S-005"
    if status == 404 and is_unknown_kind(message):
        return "FF-K8S-014"
    return _BY_STATUS.get(status, "FF-K8S-009")


def is_unknown_kind(message: str) -> bool:
    """Real servers say so in plain text, without a Status."""
    return "404 page not found" in message or "could not find the requested resource" in message


def is_expired(error: FleetforgeError) -> bool:
    """Whether the server has forgotten the list or the version that was asked for: begin again from a new list."""
    return any(line.startswith("HTTP 410") for line in error.evidence)


def status_in(body: bytes) -> dict[str, Any]:
    """The Status object in a body; empty when it is something else."""
    try:
        held = json.loads(body)
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}


def unreachable(cluster: str, server: str, error: HTTPError | OSError) -> FleetforgeError:
    """Why there was no answer at all."""
    if isinstance(error, SSLError):
        return _tls(cluster, server, error)
    what = f"no answer from {server}: {_reason(error)}"
    return fault("FF-K8S-001", what, where=cluster, evidence=[_words(error)])


def _tls(cluster: str, server: str, error: SSLError) -> FleetforgeError:
    text = str(error)
    if re.search(r"CERTIFICATE_VERIFY_FAILED|hostname|certificate", text, re.IGNORECASE):
        code = "FF-K8S-003" if "ALERT" in text.upper() else "FF-K8S-002"
        what = {
            "FF-K8S-002": "its certificate is not the kubeconfig's CA's",
            "FF-K8S-003": "it refused our certificate",
        }
        return fault(code, f"{server}: {what[code]}", where=cluster, evidence=[_words(error)])
    if re.search(r"WRONG_VERSION_NUMBER|record layer|UNKNOWN_PROTOCOL", text, re.IGNORECASE):
        return fault("FF-K8S-012", f"{server} does not speak TLS", where=cluster, evidence=[_words(error)])
    return fault("FF-K8S-001", f"{server} ended the TLS handshake", where=cluster, evidence=[_words(error)])


def _reason(error: HTTPError | OSError) -> str:
    if isinstance(error, NameResolutionError):
        return "its name is not known here"
    if isinstance(error, NewConnectionError):
        return "connection refused or no route"
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return "nothing within the time limit"
    if isinstance(error, LocationParseError):
        return "its address cannot be read"
    return "the connection broke"


def _words(error: BaseException) -> str:
    return re.sub(r"<?[\w.]+ object at 0x[0-9a-f]+>?:? ?", "", str(error))[:BODY_WIDTH].strip("() ")
