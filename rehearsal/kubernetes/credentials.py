"""Who sends a request, and whether they may: client certificates and service-account tokens.

Authorization is coarse. Group ``system:masters`` may do everything, and so may whoever a ClusterRoleBinding names; the
rules of the role are not read. Everybody else gets 403.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from fleetforge.rehearsal.kubernetes.admission import TOKEN_SECRET
from fleetforge.rehearsal.kubernetes.objects import Object, annotations_of, namespace_of
from fleetforge.rehearsal.kubernetes.refusals import Refused, unauthorized
from fleetforge.rehearsal.kubernetes.store import Store


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...] = ()


def certified(peer: dict[str, Any] | None) -> User | None:
    """The user of a verified client certificate (``ssl.getpeercert`` form): CN is the name, O the groups."""
    if not peer:
        return None
    pairs = [pair for part in peer.get("subject", ()) for pair in part]
    names = [value for key, value in pairs if key == "commonName"]
    groups = tuple(value for key, value in pairs if key == "organizationName")
    return User(names[0], groups) if names else None


def user_of(peer: dict[str, Any] | None, authorization: str, store: Store) -> User:
    """The sender, or ``Refused`` 401. A bearer token that nobody has is not rescued by a certificate."""
    if authorization:
        scheme, _, token = authorization.partition(" ")
        account = _account(token.strip(), store) if scheme.lower() == "bearer" else None
        if account is None:
            raise unauthorized()
        return account
    user = certified(peer)
    if user is None:
        raise unauthorized()
    return user


def check_allowed(user: User, store: Store) -> None:
    """403 unless the user is a master or some ClusterRoleBinding names them."""
    if "system:masters" in user.groups:
        return
    bindings = store.list(store.resource("clusterrolebindings.rbac.authorization.k8s.io"))
    subjects = [subject for binding in bindings for subject in binding.get("subjects") or []]
    if not any(_names(subject, user) for subject in subjects):
        raise Refused(403, "Forbidden", f'User "{user.name}" cannot access this resource at the cluster scope')


def _names(subject: Object, user: User) -> bool:
    if subject["kind"] == "ServiceAccount":
        return f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}" == user.name
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    return bool(subject["name"] == user.name)


def _account(token: str, store: Store) -> User | None:
    for secret in store.list(store.resource("secrets")):
        if secret.get("type") == TOKEN_SECRET and _token_in(secret) == token:
            namespace = namespace_of(secret)
            name = annotations_of(secret).get("kubernetes.io/service-account.name", "")
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
            return User(f"system:serviceaccount:{namespace}:{name}", groups)
    return None


def _token_in(secret: Object) -> str:
    return base64.b64decode((secret.get("data") or {}).get("token", "")).decode()
