"""What must not be shown: known secret shapes, replaced before a text reaches a log, an artifact or an error.

kk prints a kubeadm certificate key and a bootstrap token whenever a cluster exists, and whole kubeconfigs with
``--debug``; configs carry passwords. Shapes are found by pattern, values that are known by exact match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "********"

_SHAPES = [
    re.compile(r"(?i)((?:password|passwd|jwtsecret|secretkey|client_secret)[\"']?\s*[:=]\s*[\"']?)([^\s\"',}]+)"),
    re.compile(r"(?i)((?:authorization:\s*)?(?:bearer|basic)\s+)([A-Za-z0-9+/=_.\-]{8,})"),
    re.compile(
        r"((?:client-key-data|client-certificate-data|token|kubeconfig)[\"']?:\s*[\"']?)([A-Za-z0-9+/=_.\-]{16,})"
    ),
    re.compile(r"(://[^/\s:@]+:)([^/\s@]+)(?=@)"),
    re.compile(r"(--certificate-key[ =])([0-9a-f]{64})"),
    re.compile(r"()\b([a-z0-9]{6}\.[a-z0-9]{16})\b"),
    re.compile(r"()(?<![0-9a-f:])([0-9a-f]{64})(?![0-9a-f])"),
]
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


LINE = 8
"""Characters of a line of a longer secret that is masked by itself."""


def redacted(text: str, known: Iterable[str] = ()) -> str:
    """``text`` with secrets masked: every value in ``known`` (4 characters or longer) and every known shape.

    A private key may be printed line by line, so the longer lines of a known value are masked, too.
    ``sha256:<64 hex>`` stays: a digest is evidence, not a secret.
    """
    for value in _with_lines(known):
        text = text.replace(value, MASK)
    text = _PEM.sub(MASK, text)
    for shape in _SHAPES:
        text = shape.sub(lambda found: found.group(1) + MASK, text)
    return text


def _with_lines(known: Iterable[str]) -> list[str]:
    """Longest first, so that no part of a secret stays because another one was masked before."""
    whole = {value for value in known if len(value) >= 4}
    lines = {line for value in whole for line in value.splitlines() if len(line) >= LINE}
    return sorted(whole | lines, key=len, reverse=True)
