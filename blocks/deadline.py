"""How much time a wait still has."""

from __future__ import annotations

import time


class Deadline:
    """``seconds`` from now on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining <= 0

    @property
    def waited(self) -> float:
        """Seconds since it was made."""
        return self.seconds - self._end + time.monotonic()

    def cancel(self) -> None:
        """It has passed: whoever waits by it, in another thread, gives up at its next look."""
        self._end = time.monotonic()

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end: for retries after a failure, where nothing can be awaited."""
        time.sleep(min(seconds, self.remaining))
