"""A registry that real clients push to and pull from, alone or with Harbor in front of it.

``RegistryServer`` speaks the OCI distribution API on http or https; ``HarborServer`` adds Harbor's token service, its
projects and its v2.0 API. Both keep what was pushed under one directory, and both ask a ``Faults`` first, with
``registry`` for ``/v2`` and ``/service`` and ``harbor`` for ``/api`` (subject ``"METHOD /path"``, status 0 drops the
connection). Statuses and texts follow distribution 2.8.2 and Harbor v2.10.1.

Not done: schema 1 manifests, referrers, deletion of blobs, garbage collection; Harbor's portal, sessions, robots,
members and roles beyond administrator and owner, quotas, replication, scanning, retention, labels, the ``q`` and
``sort`` parameters, changing a project; renewal of tokens by POST. The token service is named after the address the
client used, where Harbor names its configured host.
"""

from fleetforge.rehearsal.registry.server import HarborServer, RegistryServer

__all__ = ["HarborServer", "RegistryServer"]
