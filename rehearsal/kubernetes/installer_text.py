"""The lines ks-installer prints, as far as an operator or a program looks for them."""

from __future__ import annotations

import json
from datetime import datetime

STARS = "*" * 50
HASHES = "#" * 53


def start(task: str) -> str:
    return f"Start installing {task}"


def waiting() -> str:
    return f"{STARS}\nWaiting for all tasks to be completed ..."


def ended(task: str, good: bool, number: int, total: int) -> str:
    return f"task {task} status is {'successful' if good else 'failed'}  ({number}/{total})"


def collecting() -> str:
    return f"{STARS}\nCollecting installation results ..."


def failed(task: str, error: str) -> str:
    """One failed task: its last job event between lines of asterisks."""
    event = {
        "counter": 1,
        "event": "runner_on_failed",
        "event_data": {"host": "localhost", "res": {"changed": True, "msg": error, "attempts": 10}, "task": task},
        "runner_ident": task,
    }
    return f"\nTask '{task}' failed:\n{'*' * 86}\n{json.dumps(event, indent=2)}\n{'*' * 86}"


def play(task: str) -> str:
    return f"\nPLAY [localhost] {'*' * 63}\n\nTASK [{task}] {'*' * max(3, 72 - len(task))}"


def recap(*, good: bool) -> str:
    counts = f"ok=3    changed=1    unreachable=0    failed={0 if good else 1}    skipped=0    rescued=0    ignored=0"
    return f"\nPLAY RECAP {'*' * 69}\nlocalhost                  : {counts}"


def fatal(message: str) -> str:
    return f"fatal: [localhost]: FAILED! => {json.dumps({'attempts': 30, 'changed': True, 'msg': message})}"


def welcome(console: str, password: str, at: datetime) -> str:
    """The banner of a run in which nothing failed."""
    return "\n".join(
        (
            HASHES,
            "###              Welcome to KubeSphere!           ###",
            HASHES,
            "",
            f"Console: {console}",
            "Account: admin",
            f"Password: {password}",
            "",
            HASHES,
            f"https://kubesphere.io             {at.strftime('%Y-%m-%d %H:%M:%S')}",
            HASHES,
        )
    )


def traceback(error: Exception) -> str:
    """The end of a hook that died of an uncaught exception."""
    kind, text = type(error).__name__, repr(error.args[0]) if error.args else ""
    place = '  File "/hooks/kubesphere/installRunner.py", line 353, in <module>'
    return f"Traceback (most recent call last):\n{place}\n{kind}: {text}"
