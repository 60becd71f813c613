"""One cluster's API: objects as plain JSON, pages instead of big answers, watches instead of polls.

Every failure is a coded error (``kube_errors``). Waits take their limit in seconds and say what they waited for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.kube_errors import is_expired
from fleetforge.blocks.kube_resources import PODS, SERVICES, Resource, resource_of
from fleetforge.blocks.kube_transport import LineStream, Params, Transport
from fleetforge.blocks.kube_wait import Wait, last_state, still_there
from fleetforge.blocks.kube_watch import Watch
from fleetforge.fleet.errors import FleetforgeError, Transient
from fleetforge.fleet.errors.catalogue import fault

Object = dict[str, Any]
Objects = list[Object]
T = TypeVar("T")

FIELD_MANAGER = "fleetforge"
PAGE = 500
FOR_EVER = 365 * 24 * 3600.0


class Kube:
    """The cluster ``name`` (as errors call it) behind a kubeconfig's text. Threads may share it."""

    def __init__(self, kubeconfig: str, *, name: str) -> None:
        self.name = name
        self.transport = Transport(kubeconfig, name)

    @property
    def server(self) -> str:
        """``https://address:port`` of the API server."""
        return self.transport.server

    def version(self) -> str:
        """The API server's version, e.g. ``v1.22.17``."""
        return str(self.transport.json("GET", "/version").get("gitVersion", ""))

    def ready(self) -> bool:
        """Whether the API server says it is ready; one that does not answer is not."""
        try:
            return self.transport.request("GET", "/readyz", read=10.0).strip() == b"ok"
        except Transient:
            return False

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object | None:
        """The object, or None when it (or its whole kind) does not exist."""
        try:
            return self.transport.json("GET", resource.path(namespace, name))
        except FleetforgeError as error:
            if error.code in ("FF-K8S-006", "FF-K8S-014"):
                return None
            raise

    def need(self, resource: Resource, name: str, namespace: str | None = None) -> Object:
        """The object; ``FF-K8S-006`` when it does not exist."""
        found = self.get(resource, name, namespace)
        if found is None:
            where = f"{self.name} {resource.path(namespace, name)}"
            raise fault("FF-K8S-006", f"{resource.kind} {_named(name, namespace)} does not exist", where=where)
        return found

    def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        page: int = PAGE,
    ) -> Iterator[Object]:
        """Every object, fetched page by page and each given once, also when the server forgets the list half-way."""
        params: Params = {"labelSelector": label_selector, "fieldSelector": field_selector, "limit": page}
        given: set[tuple[str, str]] = set()
        token = ""
        while True:
            try:
                held = self.transport.json("GET", resource.path(namespace), params={**params, "continue": token})
            except FleetforgeError as error:
                if not (token and is_expired(error)):
                    raise
                token = ""
                continue
            for item in held.get("items") or []:
                key = (item["metadata"].get("namespace", ""), item["metadata"]["name"])
                if key not in given:
                    given.add(key)
                    yield item
            token = held.get("metadata", {}).get("continue", "")
            if not token:
                return

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        deadline: float = FOR_EVER,
    ) -> Iterator[tuple[str, Object]]:
        """``(ADDED | MODIFIED | DELETED, object)`` for ``deadline`` seconds; what is there comes first."""
        watch = self._watch(resource, namespace, label_selector, field_selector, Deadline(deadline))
        for change in watch.changes():
            if change is not None:
                yield change.kind, change.item

    def wait_for(
        self,
        resource: Resource,
        name: str,
        condition: Callable[[Object | None], T | None],
        *,
        namespace: str | None = None,
        deadline: float,
        what: str,
        code: str = "FF-K8S-010",
        describe: Callable[[Object | None], Iterable[str]] | None = None,
    ) -> T:
        """What ``condition`` says of the object (None: absent) as soon as that is not None; it may raise to give up.

        Lasts through lost connections, and begins before the kind is known to the server. After ``deadline`` seconds
        raises ``code``, naming ``what``, the seconds, and the last state (``describe`` puts it in words).
        """
        wait = Wait(self.name, resource, name, namespace, condition, what, code, describe or last_state)
        return wait.until(Deadline(deadline), self._watching)

    def wait_gone(self, resource: Resource, name: str, *, namespace: str | None = None, deadline: float) -> None:
        """Returns when the object is no longer there; ``FF-K8S-010`` after ``deadline`` seconds."""

        def gone(item: Object | None) -> bool | None:
            return True if item is None else None

        what = f"{resource.kind} {_named(name, namespace)} to be gone"
        self.wait_for(resource, name, gone, namespace=namespace, deadline=deadline, what=what, describe=still_there)

    def create(self, item: Object) -> Object:
        """The object as created; ``FF-K8S-007`` when there is one of that name."""
        resource, namespace = resource_of(item), item["metadata"].get("namespace")
        return self.transport.json("POST", resource.path(namespace), body=item, params={"fieldManager": FIELD_MANAGER})

    def apply(self, item: Object) -> Object:
        """Server-side apply: the object has these fields afterwards, created when absent; all others stay."""
        resource, metadata = resource_of(item), item["metadata"]
        return self.transport.json(
            "PATCH",
            resource.path(metadata.get("namespace"), metadata["name"]),
            body=item,
            content_type="application/apply-patch+yaml",
            params={"fieldManager": FIELD_MANAGER, "force": "true"},
        )

    def merge_patch(self, resource: Resource, name: str, patch: Object, namespace: str | None = None) -> Object:
        """The object after a JSON merge patch: null removes a field, lists are replaced whole."""
        return self._patched(resource, name, namespace, patch, "application/merge-patch+json")

    def json_patch(self, resource: Resource, name: str, operations: Objects, namespace: str | None = None) -> Object:
        """The object after a JSON patch."""
        return self._patched(resource, name, namespace, operations, "application/json-patch+json")

    def delete(self, resource: Resource, name: str, namespace: str | None = None, *, wait: float | None = None) -> None:
        """Delete the object (absent is fine); with ``wait`` return when it is gone, at most that many seconds later."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        try:
            self.transport.request("DELETE", resource.path(namespace, name), body=body)
        except FleetforgeError as error:
            if error.code not in ("FF-K8S-006", "FF-K8S-014"):
                raise
            return
        if wait is not None:
            self.wait_gone(resource, name, namespace=namespace, deadline=wait)

    def logs(
        self,
        namespace: str,
        pod: str,
        *,
        follow: bool = False,
        since: datetime | None = None,
        tail: int | None = None,
        timestamps: bool = False,
        silence: float = 60.0,
    ) -> Iterator[str]:
        """Lines a Pod's only container printed; with ``follow`` new ones, until ``silence`` seconds without one."""
        with self.log_stream(namespace, pod, follow, since, tail, timestamps, silence) as lines:
            yield from lines

    @contextlib.contextmanager
    def log_stream(
        self,
        namespace: str,
        pod: str,
        follow: bool = False,
        since: datetime | None = None,
        tail: int | None = None,
        timestamps: bool = False,
        silence: float = 60.0,
    ) -> Iterator[LineStream]:
        """``logs`` as a stream that another thread may end."""
        params: Params = {
            "follow": "true" if follow else "",
            "sinceTime": since.astimezone(UTC).isoformat().replace("+00:00", "Z") if since else "",
            "tailLines": tail,
            "timestamps": "true" if timestamps else "",
        }
        with self.transport.stream(PODS.path(namespace, pod) + "/log", params, silence) as lines:
            yield lines

    def service(self, namespace: str, service: str, path: str) -> Object:
        """A GET through the API server to a Service (``name`` or ``:name:``), its JSON answer."""
        return self.transport.json("GET", f"{SERVICES.path(namespace, service)}/proxy/{path.lstrip('/')}", read=15.0)

    def close(self) -> None:
        self.transport.close()

    def _patched(
        self, resource: Resource, name: str, namespace: str | None, patch: object, content_type: str
    ) -> Object:
        path, params = resource.path(namespace, name), {"fieldManager": FIELD_MANAGER}
        return self.transport.json("PATCH", path, body=patch, content_type=content_type, params=params)

    def _watch(self, resource: Resource, namespace: str | None, labels: str, fields: str, deadline: Deadline) -> Watch:
        path, selection = resource.path(namespace), {"labelSelector": labels, "fieldSelector": fields}

        def listed() -> tuple[Objects, str]:
            return self._listed(path, selection)

        return Watch(self.transport, path, selection, deadline, listed)

    def _listed(self, path: str, selection: Params) -> tuple[Objects, str]:
        """Every selected object, and the version to watch from (the first page's)."""
        items: Objects = []
        version, token = "", ""
        while True:
            held = self.transport.json("GET", path, params={**selection, "limit": PAGE, "continue": token})
            metadata = held.get("metadata", {})
            items += held.get("items") or []
            version = version or str(metadata.get("resourceVersion", ""))
            token = metadata.get("continue", "")
            if not token:
                return items, version

    def _watching(self, resource: Resource, namespace: str | None, fields: str, deadline: Deadline) -> Watch:
        return self._watch(resource, namespace, "", fields, deadline)


def _named(name: str, namespace: str | None) -> str:
    return f"{namespace}/{name}" if namespace else name
