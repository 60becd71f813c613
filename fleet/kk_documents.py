"""Which of a file's documents is kk's own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fleetforge.fleet.findings import Finding
from fleetforge.fleet.kk_schema import API_VERSION
from fleetforge.fleet.nearest_name import did_you_mean

KUBESPHERE_KINDS = ("ClusterConfiguration", "ConfigMap")
"""Kinds of further documents that make kk install KubeSphere (kk v3.1.7, pkg/common/loader.go)."""


def document_of_kind(
    kind: str, documents: Sequence[dict[str, Any]], file: str
) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    """The document of ``kind``; None with ``FF-SPEC-011`` when there is none."""
    for document in documents:
        if document.get("kind") == kind:
            return document, _version_findings(document, file)
    held = documents[0].get("kind") if documents else None
    if held is None:
        return None, (Finding("FF-SPEC-011", f"this is no {kind}: the field 'kind' is missing", file),)
    what = f"expected kind {kind}, found {held}{did_you_mean(str(held), (kind,))}"
    return None, (Finding("FF-SPEC-011", what, file, ("kind",)),)


def _version_findings(document: dict[str, Any], file: str) -> tuple[Finding, ...]:
    """kk itself never looks at apiVersion, so another one only earns a warning."""
    version = document.get("apiVersion", API_VERSION)
    if version == API_VERSION:
        return ()
    return (Finding("FF-SPEC-116", f"expected apiVersion {API_VERSION}, found {version}", file, ("apiVersion",)),)
