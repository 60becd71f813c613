"""The ConfigMap kubesphere-config and the Secret behind its jwtSecret.

One key, ``kubesphere.yaml``. The multicluster section follows the role; members do not cache tokens
(accessTokenMaxAge 0). Sections of components nobody here reads are left out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import string
from typing import Any

import yaml

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.configuration import NAMESPACE
from fleetforge.rehearsal.kubernetes.objects import Object, made
from fleetforge.rehearsal.kubernetes.store import Store

CONFIG = "kubesphere-config"
SECRET = "kubesphere-secret"  # noqa: S105
FILE = "kubesphere.yaml"
_LETTERS = string.ascii_letters + string.digits
_FEATURES = ("alerting", "auditing", "devops", "events", "logging", "servicemesh", "edgeruntime", "gatekeeper")


def read_config(store: Store) -> dict[str, Any]:
    """The parsed ``kubesphere.yaml``; empty when there is none."""
    found = Collection(store, "configmaps").find(CONFIG, NAMESPACE)
    parsed = yaml.safe_load(((found or {}).get("data") or {}).get(FILE, "")) if found else None
    return parsed if isinstance(parsed, dict) else {}


def write_config(store: Store, spec: Object) -> None:
    """Writes the ConfigMap anew from the ClusterConfiguration's spec, as ks-config does in every run."""
    document = kubesphere_yaml(spec, jwt_secret(store, (spec.get("authentication") or {}).get("jwtSecret") or ""))
    text = yaml.safe_dump(document, sort_keys=False)
    Collection(store, "configmaps").put(made("v1", "ConfigMap", CONFIG, NAMESPACE, data={FILE: text}))


def jwt_secret(store: Store, given: str) -> str:
    """The secret in force: the one given (kubesphere-secret is rebuilt), the one there, or 32 random characters."""
    kept = Collection(store, "secrets")
    old = kept.find(SECRET, NAMESPACE)
    there = base64.b64decode(old["data"]["secret"]).decode() if old else ""
    wanted = given or there or "".join(secrets.choice(_LETTERS) for _ in range(32))
    if old and wanted != there:
        kept.delete(old)
    values = {"secret": wanted, "token": _admin_token(wanted)}
    kept.ensure(made("v1", "Secret", SECRET, NAMESPACE, stringData=values))
    return wanted


def initial_password(store: Store) -> str:
    """The random password of the admin, made once and kept in kubesphere-secret (key initAdminPassword)."""
    kept = Collection(store, "secrets")
    secret = kept.find(SECRET, NAMESPACE)
    if secret and "initAdminPassword" in secret["data"]:
        return base64.b64decode(secret["data"]["initAdminPassword"]).decode()
    password = "".join(secrets.choice(_LETTERS) for _ in range(12)) + "aA1"
    if secret:
        kept.change(secret, lambda draft: draft.update(stringData={"initAdminPassword": password}))
    return password


def _admin_token(secret: str) -> str:
    """A JWT of user admin without an end, signed with the secret (HS256)."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iss": "kubesphere", "token_type": "static_token", "username": "admin"}]
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_base64url(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def kubesphere_yaml(spec: Object, secret: str) -> Object:
    """The document for this spec and jwtSecret."""
    role = (spec.get("multicluster") or {}).get("clusterRole") or "none"
    document = {
        "authentication": _authentication(spec, secret, role),
        "multicluster": _multicluster(spec.get("multicluster") or {}, role),
        "monitoring": {"endpoint": ((spec.get("common") or {}).get("monitoring") or {}).get("endpoint", "")},
        "gpu": (spec.get("common") or {}).get("gpu") or {},
        "notification": {"endpoint": "http://notification-manager-svc.kubesphere-monitoring-system.svc:19093"},
        "terminal": spec.get("terminal") or {},
        "gateway": {"watchesPath": "/var/helm-charts/watches.yaml", "namespace": "kubesphere-controls-system"},
    }
    for feature in _FEATURES:
        if (spec.get(feature) or {}).get("enabled"):
            document[feature] = {"enable": True}
    return document


def _authentication(spec: Object, secret: str, role: str) -> Object:
    multiple = ((spec.get("common") or {}).get("core") or {}).get("console", {}).get("enableMultiLogin", True)
    oauth: Object = {"clients": [{"name": "kubesphere", "secret": "kubesphere", "redirectURIs": ["*"]}]}
    if role == "member":
        oauth["accessTokenMaxAge"] = 0
    return {
        "authenticateRateLimiterMaxTries": 10,
        "authenticateRateLimiterDuration": "10m0s",
        "loginHistoryRetentionPeriod": "168h",
        "maximumClockSkew": "10s",
        "multipleLogin": multiple,
        "jwtSecret": secret,
        "oauthOptions": oauth,
    }


def _multicluster(given: Object, role: str) -> Object:
    if role != "host":
        return {"clusterRole": role, "enable": False} if role == "member" else {"clusterRole": "none"}
    section = {"clusterRole": "host", "enable": True, "agentImage": "kubesphere/tower:v0.2.1"}
    section["proxyPublishService"] = "tower.kubesphere-system.svc"
    for key in ("hostClusterName", "proxyPublishAddress", "clusterControllerResyncPeriod"):
        if given.get(key):
            section[key] = given[key]
    return section


def configz(store: Store) -> dict[str, bool]:
    """Feature name to whether it is on, as ks-apiserver answers it."""
    document = read_config(store)
    found = {feature: bool((document.get(feature) or {}).get("enable")) for feature in _FEATURES}
    found["multicluster"] = bool((document.get("multicluster") or {}).get("enable"))
    return {**found, "monitoring": True, "notification": True}
