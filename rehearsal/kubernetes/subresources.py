"""The parts of objects that have a path of their own: Pod logs and /scale."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from fleetforge.rehearsal.kubernetes.logs import Wish
from fleetforge.rehearsal.kubernetes.objects import Object, copied, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.patches import JSON, json_patched, merge_patched
from fleetforge.rehearsal.kubernetes.refusals import bad_request
from fleetforge.rehearsal.kubernetes.requests import is_true


def log_wish(query: Mapping[str, str]) -> Wish:
    """The parameters of ``pods/{name}/log``."""
    since = None
    if query.get("sinceTime"):
        try:
            since = datetime.fromisoformat(query["sinceTime"].replace("Z", "+00:00"))
        except ValueError:
            raise bad_request(f"sinceTime: Invalid value: {query['sinceTime']!r}") from None
    elif query.get("sinceSeconds"):
        since = datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
    tail = int(query["tailLines"]) if query.get("tailLines") else None
    return Wish(is_true(query.get("follow", "")), tail, since, is_true(query.get("timestamps", "")))


def check_has_log(pod: Object, container: str) -> None:
    """400 while the container has not started, with the reason a kubelet gives."""
    names = [entry["name"] for entry in pod["spec"]["containers"]]
    if container and container not in names:
        raise bad_request(f"container {container} is not valid for pod {name_of(pod)}")
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        waiting = status["state"].get("waiting")
        if waiting and status["name"] == (container or names[0]):
            pulling = "trying and failing to pull image"
            why = pulling if "Pull" in waiting["reason"] else waiting["reason"]
            raise bad_request(f'container "{status["name"]}" in pod "{name_of(pod)}" is waiting to start: {why}')


def scale_of(item: Object) -> Object:
    """The autoscaling/v1 Scale of a workload."""
    metadata = {key: item["metadata"][key] for key in ("uid", "resourceVersion", "creationTimestamp")}
    labels = (item["spec"].get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": name_of(item), "namespace": namespace_of(item), **metadata},
        "spec": {"replicas": item["spec"].get("replicas", 1)},
        "status": {"replicas": (item.get("status") or {}).get("replicas", 0), "selector": selector},
    }


def scaled(item: Object, method: str, content_type: str, body: object) -> Object:
    """The workload with the replicas that a PUT or PATCH of its Scale asks for."""
    scale = body
    if method == "PATCH":
        patched = json_patched if content_type == JSON else merge_patched
        scale = patched(scale_of(item), body)  # type: ignore[arg-type]
    replicas = ((scale if isinstance(scale, dict) else {}).get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise bad_request(f"spec.replicas: Invalid value: {replicas!r}")
    new = copied(item)
    new["spec"]["replicas"] = replicas
    version = scale.get("metadata", {}).get("resourceVersion") if isinstance(scale, dict) else None
    new["metadata"]["resourceVersion"] = version or item["metadata"]["resourceVersion"]
    return new
