"""The name of an image, as kk's manifest writes it: ``host[:port]/namespace/name:tag``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?")
_PART = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image by host, namespace (one part or several), name and tag."""

    host: str
    namespace: str
    name: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """``ValueError`` says what is wrong: kk needs host, namespace, name and tag, and takes no digest."""
        *path, last = text.split("/")
        if len(path) < 2:
            raise ValueError(f"{text!r} lacks the registry's host or the namespace: write host/namespace/name:tag")
        if "@" in last:
            raise ValueError(f"{text!r} names a digest; kk takes tags only")
        name, colon, tag = last.partition(":")
        if not colon or not _TAG.fullmatch(tag):
            raise ValueError(f"{text!r} needs one tag after its name: write host/namespace/name:tag")
        if not _HOST.fullmatch(path[0]) or not all(_PART.fullmatch(part) for part in (*path[1:], name)):
            raise ValueError(f"{text!r} has a host, namespace or name that no registry takes")
        return cls(path[0], "/".join(path[1:]), name, tag)

    @property
    def repository(self) -> str:
        """``namespace/name``: what a registry's API calls the image."""
        return f"{self.namespace}/{self.name}"

    def in_registry(self, host: str, project: str) -> ImageReference:
        """The same image as nodes pull it: from the private registry, out of its one project."""
        return ImageReference(host, project, self.name, self.tag)

    def __str__(self) -> str:
        return f"{self.host}/{self.namespace}/{self.name}:{self.tag}"
