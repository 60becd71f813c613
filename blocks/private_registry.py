"""The fleet's private registry as one thing: is it there, is it trusted, its projects, its images.

Its CA is the one the spec names, else the one kk made when it installed the registry (in the host cluster's work
directory on the control machine).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from fleetforge.blocks.connection import Connection
from fleetforge.blocks.deadline import Deadline
from fleetforge.blocks.harbor import Harbor
from fleetforge.blocks.http import Http
from fleetforge.blocks.registry import Registry
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors import FleetforgeError, Transient
from fleetforge.fleet.errors.catalogue import fault

Login = tuple[str, str] | None

NOTHING_THERE = ("FF-REG-001", "FF-REG-003")
"""Refused, or a name nobody knows yet (kk writes it into the hosts' files): nothing was installed."""

PAUSE = 1.0
"""Seconds between two questions to a registry that is starting: it offers nothing to wait on."""


class PrivateRegistry:
    """The registry of ``fleet``; ``login`` is user and password, ``host_directory`` the host cluster's kk directory."""

    def __init__(self, fleet: Fleet, control: Connection, login: Login, host_directory: str) -> None:
        self._spec, self._control, self._login = fleet.spec.spec.registry, control, login
        self._name, self._made_by_kk = fleet.registry_host, f"{host_directory}/kubekey/pki/registry/ca.pem"

    @cached_property
    def harbor(self) -> Harbor:
        """Harbor's own API, with the fleet's credentials."""
        return Harbor(Http(self._spec.url, area="HBR", ca=self._ca, verify=self._spec.verify_tls, auth=self._login))

    @cached_property
    def images(self) -> Registry:
        """The OCI side, with the fleet's credentials."""
        http = Http(self._spec.url, area="REG", ca=self._ca, verify=self._spec.verify_tls)
        return Registry(http, *(self._login or (None, None)))

    def health(self) -> tuple[bool, str]:
        """``(answers, in words)``. Nothing there is a fact; a registry that answers badly is a transient error."""
        try:
            return True, self._healthy()
        except FleetforgeError as error:
            if error.code in NOTHING_THERE:
                return False, error.what
            raise

    def await_healthy(self, seconds: float) -> None:
        """Return when it is healthy; after ``seconds`` raise what it last said."""
        limit = Deadline(seconds)
        while True:
            try:
                return self._still_starting(self.health())
            except Transient:
                if limit.passed:
                    raise
            limit.pause(PAUSE)

    def trusted(self) -> bool:
        """True when the control machine's container tools hold its CA; http needs none."""
        ca = self._ca
        return ca is None or self._held(self._trust_file) == ca

    def trust(self) -> None:
        """Put its CA where the control machine's container tools look for it."""
        ca = self._ca
        if ca is not None:
            self._control.write(self._trust_file, ca.encode(), mode=0o644)

    @property
    def _trust_file(self) -> str:
        return f"{self._spec.certs_directory}/{self._name}/ca.crt"

    @property
    def _ca(self) -> str | None:
        if self._spec.url.startswith("http://") or not self._spec.verify_tls:
            return None
        return Path(self._spec.ca_file).read_text() if self._spec.ca_file else self._held(self._made_by_kk)

    def _held(self, path: str) -> str | None:
        return self._control.read(path).decode() if self._control.size(path) else None

    def _healthy(self) -> str:
        if self._spec.type != "harbor":
            self.images.ping()
            return "the registry answers"
        health = self.harbor.health()
        if not health.healthy:
            what = f"Harbor is {health.status}"
            raise fault("FF-HBR-010", what, where=self._spec.url, evidence=health.unhealthy)
        self.harbor.check_login()
        return f"Harbor is healthy, {len(health.components)} components"

    def _still_starting(self, health: tuple[bool, str]) -> None:
        answers, words = health
        if not answers:
            raise fault("FF-REG-001", words, where=self._spec.url)
