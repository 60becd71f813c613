"""Where kk's words go: log lines on stderr and in the log file, everything else on stdout."""

from __future__ import annotations

import sys
import time
from pathlib import Path

LOGO = r"""

 _   __      _          _   __           
| | / /     | |        | | / /           
| |/ / _   _| |__   ___| |/ /  ___ _   _ 
|    \| | | | '_ \ / _ \    \ / _ \ | | |
| |\  \ |_| | |_) |  __/ |\  \  __/ |_| |
\_| \_/\__,_|_.__/ \___\_| \_/\___|\__, |
                                    __/ |
                                   |___/
"""  # noqa: W291 - kk's own trailing spaces


def stamped(text: str) -> str:
    """``HH:MM:SS TZ text``; the time zone is that of this process."""
    return f"{time.strftime('%H:%M:%S %Z')} {text}\n"


class Console:
    """The streams of one run. ``work`` is kk's work directory; its ``logs/`` gets a copy of every log line."""

    def __init__(self, work: Path) -> None:
        self._logs = work / "logs"

    def out(self, text: str) -> None:
        """A line of stdout."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def logo(self) -> None:
        self.out(LOGO)

    def log(self, text: str) -> None:
        """A log line, on stderr and in the day's log file."""
        line = stamped(text)
        self.err(line)
        self._logs.mkdir(parents=True, exist_ok=True)
        file = self._logs / time.strftime("kubekey.log.%Y%m%d")
        with file.open("a") as log:
            log.write(line)
        link = self._logs / "kubekey.log"
        if not link.is_symlink():
            link.symlink_to(file.name)

    def err(self, text: str) -> None:
        """Text of stderr as it is; the log file does not get it."""
        sys.stderr.write(text)
        sys.stderr.flush()

    def library(self, message: str) -> None:
        """A line of the image library's own logger."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.err(f'time="{moment}" level=info msg="{message}"\n')
