"""What an object looks like after a patch, for the four content types of a Kubernetes PATCH.

Merge patch (RFC 7386), JSON patch (RFC 6902), strategic merge (lists of built-in kinds merged by their key, with the
``$patch``, ``$setElementOrder`` and ``$retainKeys`` directives), and server-side apply as create-or-merge.

What it does NOT do: field ownership and its conflicts.
"""

from __future__ import annotations

from typing import Any

from fleetforge.rehearsal.kubernetes.objects import Object, copied

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

_LIST_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "conditions": ("type",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "port"),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "ownerReferences": ("uid",),
    "hostAliases": ("ip",),
    "taints": ("key",),
    "addresses": ("type",),
}
"""Which lists of built-in kinds merge, and by which key of their items; all others are replaced."""

_SETS = {"finalizers"}


class PatchFailed(Exception):
    """The patch does not fit the object; the text says where."""


def merge_patched(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patched(result.get(key), value)
    return result


def json_patched(target: Object, operations: list[Object]) -> Object:
    """RFC 6902; PatchFailed when a path does not exist or a test does not hold."""
    document: Any = {"": copied(target)}
    for operation in operations:
        _apply(document, operation)
    result: Object = document[""]
    return result


def _apply(document: Any, operation: Object) -> None:
    kind, path = operation.get("op"), _pointer(operation["path"])
    if kind in ("move", "copy"):
        source = _pointer(operation["from"])
        value = copied(_at(document, source))
        if kind == "move":
            _remove(document, source)
        _add(document, path, value)
    elif kind == "add":
        _add(document, path, copied(operation.get("value")))
    elif kind == "remove":
        _remove(document, path)
    elif kind == "replace":
        _at(document, path)
        _replace(document, path, copied(operation.get("value")))
    elif kind == "test":
        if _at(document, path) != operation.get("value"):
            raise PatchFailed(f"testing value {operation['path']} failed")
    else:
        raise PatchFailed(f"unexpected kind: {kind}")


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise PatchFailed(f"not a JSON pointer: {text!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _at(document: Any, path: list[str]) -> Any:
    value = document
    for part in path:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise PatchFailed(f"path does not exist: {'/'.join(path)}") from None
    return value


def _parent(document: Any, path: list[str]) -> Any:
    parent = _at(document, path[:-1])
    if not isinstance(parent, dict | list):
        raise PatchFailed(f"path does not exist: {'/'.join(path)}")
    return parent


def _add(document: Any, path: list[str], value: Any) -> None:
    parent = _parent(document, path)
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif path[-1] == "-":
        parent.append(value)
    else:
        index = _index(path)
        if index > len(parent):
            raise PatchFailed(f"index out of bounds: {'/'.join(path)}")
        parent.insert(index, value)


def _replace(document: Any, path: list[str], value: Any) -> None:
    parent = _parent(document, path)
    parent[_index(path) if isinstance(parent, list) else path[-1]] = value


def _remove(document: Any, path: list[str]) -> None:
    _at(document, path)
    parent = _parent(document, path)
    del parent[_index(path) if isinstance(parent, list) else path[-1]]


def _index(path: list[str]) -> int:
    if not path[-1].isdigit():
        raise PatchFailed(f"not an index: {'/'.join(path)}")
    return int(path[-1])


def strategic_patched(target: Any, patch: Any, lists: bool = True) -> Any:
    """Objects merge, known lists merge by key (unless ``lists`` is off), null removes, directives are obeyed."""
    if not isinstance(patch, dict):
        return copied(patch)
    if patch.get("$patch") == "replace":
        return {key: copied(value) for key, value in patch.items() if key != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        _merge_field(result, key, value, lists)
    return result


def _merge_field(result: Object, key: str, value: Any, lists: bool) -> None:
    if key.startswith("$deleteFromPrimitiveList/"):
        name = key.partition("/")[2]
        result[name] = [item for item in result.get(name) or [] if item not in value]
    elif key.startswith("$"):
        return
    elif value is None:
        result.pop(key, None)
    elif lists and isinstance(value, list) and key in _SETS:
        result[key] = [*(result.get(key) or []), *(item for item in value if item not in (result.get(key) or []))]
    elif lists and isinstance(value, list) and key in _LIST_KEYS:
        result[key] = _merge_list(result.get(key) or [], value, _LIST_KEYS[key])
    else:
        result[key] = strategic_patched(result.get(key), value, lists)


def _merge_list(old: list[Any], patch: list[Any], keys: tuple[str, ...]) -> list[Any]:
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [copied(item) for item in patch if item.get("$patch") != "replace"]
    result = list(old)
    for item in patch:
        place = _place(result, item, keys)
        if isinstance(item, dict) and item.get("$patch") == "delete":
            result = [entry for index, entry in enumerate(result) if index != place]
        elif place is None:
            result.append(strategic_patched({}, item))
        else:
            result[place] = strategic_patched(result[place], item)
    return result


def _place(items: list[Any], wanted: Any, keys: tuple[str, ...]) -> int | None:
    key = next((name for name in keys if isinstance(wanted, dict) and name in wanted), None)
    if key is None:
        return None
    return next((index for index, item in enumerate(items) if item.get(key) == wanted[key]), None)


def dropped(target: Any, before: Any, now: Any) -> Any:
    """``target`` without the fields that the same manager applied ``before`` and no longer applies ``now``."""
    if not (isinstance(target, dict) and isinstance(before, dict) and isinstance(now, dict)):
        return target
    result = {key: value for key, value in target.items() if key not in before or key in now}
    for key in result.keys() & before.keys() & now.keys():
        result[key] = dropped(result[key], before[key], now[key])
    return result
