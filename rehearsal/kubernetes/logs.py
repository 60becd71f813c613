"""What containers have printed. Lines are kept with their time; a follower hears each new one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

LINES_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    text: str

    def shown(self, with_time: bool) -> str:
        stamp = self.at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z "
        return (stamp if with_time else "") + self.text + "\n"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which lines: the last ``tail`` of those at or after ``since``, and then new ones when ``follow``."""

    follow: bool = False
    tail: int | None = None
    since: datetime | None = None
    timestamps: bool = False


class Log:
    """The output of one Pod's container, until ``close`` says that no more will come."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=LINES_KEPT)
        self._followers: list[asyncio.Queue[Line | None]] = []
        self.is_closed = False

    def write(self, text: str) -> None:
        for part in text.splitlines() or [""]:
            line = Line(datetime.now(UTC), part)
            self._lines.append(line)
            for follower in self._followers:
                follower.put_nowait(line)

    def close(self) -> None:
        self.is_closed = True
        for follower in self._followers:
            follower.put_nowait(None)

    async def read(self, wish: Wish) -> AsyncGenerator[str]:
        lines = [line for line in self._lines if wish.since is None or line.at >= wish.since]
        if wish.tail is not None:
            lines = lines[-wish.tail :] if wish.tail else []
        queue: asyncio.Queue[Line | None] = asyncio.Queue()
        self._followers.append(queue)
        try:
            for line in lines:
                yield line.shown(wish.timestamps)
            if wish.follow and not self.is_closed:
                while (new := await queue.get()) is not None:
                    yield new.shown(wish.timestamps)
        finally:
            self._followers.remove(queue)


class Logs:
    """Every Pod's log, by the Pod's uid."""

    def __init__(self) -> None:
        self._kept: dict[str, Log] = {}

    def of(self, uid: str) -> Log:
        return self._kept.setdefault(uid, Log())

    def drop(self, uid: str) -> None:
        """The Pod is gone: followers end."""
        if log := self._kept.pop(uid, None):
            log.close()

    def close(self) -> None:
        """Ends all followers, as a server that shuts down does; the lines stay."""
        for log in self._kept.values():
            log.close()

    def open(self) -> None:
        for log in self._kept.values():
            log.is_closed = False
