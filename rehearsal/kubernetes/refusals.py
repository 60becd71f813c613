"""Why a request was refused, as the ``Status`` bodies a Kubernetes API server answers with."""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.objects import Object
from fleetforge.rehearsal.kubernetes.resources import Resource


class Refused(Exception):
    """An answer that is not a success: ``status`` is the HTTP code, ``body`` the Status object."""

    def __init__(self, status: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": status,
        }
        if details:
            self.body["details"] = details


class NoSuchPath(Exception):
    """The path leads nowhere: real servers answer plain text ``404 page not found``, not a Status."""


def _details(resource: Resource, name: str) -> Object:
    found: Object = {"name": name, "kind": resource.plural}
    if resource.group:
        found["group"] = resource.group
    return {key: value for key, value in found.items() if value}


def not_found(resource: Resource, name: str) -> Refused:
    return Refused(404, "NotFound", f'{resource.name} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, name: str) -> Refused:
    return Refused(409, "AlreadyExists", f'{resource.name} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str = "") -> Refused:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.name} "{name}": {why}'
    return Refused(409, "Conflict", message, _details(resource, name))


def invalid(resource: Resource, name: str, causes: Iterable[tuple[str, str]]) -> Refused:
    """``causes`` are (field, message) pairs."""
    found = [{"reason": "FieldValueInvalid", "message": message, "field": field} for field, message in causes]
    text = ", ".join(f"{cause['field']}: {cause['message']}" for cause in found)
    text = f"[{text}]" if len(found) > 1 else text
    details = {"name": name, "group": resource.group, "kind": resource.kind, "causes": found}
    return Refused(422, "Invalid", f'{resource.kind}.{resource.group or "core"} "{name}" is invalid: {text}', details)


def forbidden(resource: Resource, name: str, why: str) -> Refused:
    return Refused(403, "Forbidden", f'{resource.name} "{name}" is forbidden: {why}', _details(resource, name))


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def unauthorized() -> Refused:
    return Refused(401, "Unauthorized", "Unauthorized")


def gone(message: str) -> Refused:
    return Refused(410, "Expired", message)


def method_not_allowed() -> Refused:
    return Refused(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def unsupported_media_type(supported: str) -> Refused:
    message = "the body of the request was in an unknown format - accepted media types include: " + supported
    return Refused(415, "UnsupportedMediaType", message)


def unavailable(message: str) -> Refused:
    return Refused(503, "ServiceUnavailable", message)


def budget_exceeded(budget: str, needed: int, healthy: int) -> Refused:
    """An eviction that a PodDisruptionBudget does not allow now."""
    message = f"The disruption budget {budget} needs {needed} healthy pods and has {healthy} currently"
    causes = [{"reason": "DisruptionBudget", "message": message}]
    text = "Cannot evict pod as it would violate the pod's disruption budget."
    return Refused(429, "TooManyRequests", text, {"causes": causes})


def injected(status: int, text: str) -> Refused:
    """What a fault makes the server say."""
    reasons = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired"}
    reasons |= {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}
    return Refused(status, reasons.get(status, "InternalError"), text or "injected fault")
