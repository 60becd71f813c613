"""What a site may tune without touching its fleets; environment variables ``FLEETFORGE_…``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once per process."""

    model_config = SettingsConfigDict(env_prefix="FLEETFORGE_", frozen=True)

    retries: int = Field(4, ge=0, le=20, description="How often a stage is tried again after a transient error.")
    retry_delay: float = Field(
        5.0, gt=0, le=600, description="Seconds before the first retry; each further one waits twice as long."
    )
    cluster_timeout: float = Field(
        7200, gt=0, description="Seconds one kk run may take before its process group is ended (kk's task limit: 2 h)."
    )
    artifact_timeout: float = Field(
        6 * 3600, gt=0, description="Seconds an artifact export or an image push may take: both are bound by the disk."
    )
    kubesphere_timeout: float = Field(
        3600, gt=0, description="Seconds to wait for ks-installer; its own waits add up to 30 minutes and more."
    )
    ready_timeout: float = Field(900, gt=0, description="Seconds to wait for nodes, members and workloads to be ready.")
    lock_timeout: float = Field(
        8 * 3600, gt=0, description="Seconds a run queues for a cluster that another run holds."
    )
    parallel_hosts: int = Field(16, ge=1, le=128, description="Hosts asked at the same time in preflight.")

    def retry_delays(self) -> tuple[float, ...]:
        """The delay before each retry, in seconds."""
        return tuple(self.retry_delay * 2**attempt for attempt in range(self.retries))


settings = Settings()
