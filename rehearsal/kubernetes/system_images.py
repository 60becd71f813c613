"""Which image a system workload runs: the one in the cluster's private registry that has its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SystemImages:
    """``known`` are full references; a name that none of them has is composed from ``registry`` and ``namespace``.

    A composed reference is what real installers do: they do not know what the registry holds, and the Pod then shows
    ImagePullBackOff.
    """

    known: tuple[str, ...] = ()
    registry: str = ""
    namespace: str = ""

    @classmethod
    def among(cls, images: Iterable[str]) -> SystemImages:
        """Registry and namespace are those of the first image that has both."""
        known = tuple(images)
        parts = next((image.split("/") for image in known if image.count("/") >= 2), ["", ""])
        return cls(known, parts[0], "/".join(parts[1:-1]))

    def override(self, registry: str, namespace: str) -> SystemImages:
        """With an installer's own ``local_registry`` and ``namespace_override``, where they are set."""
        return SystemImages(self.known, registry or self.registry, namespace or self.namespace)

    def of(self, image: str) -> str:
        """``image`` is the upstream reference without a registry, such as ``kubesphere/ks-apiserver:v3.4.1``."""
        path, _, tag = image.partition(":")
        upstream, _, name = path.rpartition("/")
        same = [one for one in self.known if one.rpartition("/")[2].partition(":")[0] == name]
        exact = [one for one in same if one.endswith(":" + tag)]
        if same:
            return (exact or same)[0]
        return "/".join(part for part in (self.registry, self.namespace or upstream, f"{name}:{tag}") if part)
