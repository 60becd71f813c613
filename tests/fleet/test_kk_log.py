"""kk's output becomes the same events however it is chunked, and no line of any recording is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetforge.fleet.kk_events import (
    Alarm,
    CopyProgress,
    Event,
    HostMessage,
    HostStatus,
    KkError,
    Panic,
    PipelineFailed,
    PipelineSucceeded,
    Plain,
    Prompt,
    Retry,
    Stdout,
    TaskStarted,
)
from fleetforge.fleet.kk_log import LINE_LIMIT, KkLog

RECORDINGS = Path(__file__).parents[2] / "../shared/data/kk-transcripts"
FILES = sorted(RECORDINGS.glob("*.txt"))
STAMP = re.compile(r"^\d\d:\d\d:\d\d \S+ ")

LINES = [
    b"02:00:48 UTC [JoinNodesModule] Join worker node\n",
    b"02:00:48 UTC message: [node2]\n",
    b"two lines of\r\n",
    "text, \u4e00 more\n".encode(),
    b"02:00:49 UTC success: [node2]\n",
    b"Continue this installation? [yes/no]: ",
    b"02:00:49 UTC [ERRO] node2: socat is required.\n",
    b"02:00:49 UTC stdout: [node1]\n",
    b"\0\0\0",
    b"02:00:50 UTC retry: [node2]\n",
    b"\n",
    b"[0]Source: docker://a/b/c:1\n",
    b"error: Pipeline[AddNodesPipeline] execute failed: Module[JoinNodesModule] exec failed: \n",
    b"failed: [node2] [JoinWorkerNode] exec failed after 5 retries: join node failed\n",
    b"more about it\n",
    b"02:01:00 UTC Pipeline[AddNodesPipeline] execute successfully\n",
]


def events_of(*chunks: bytes) -> list[Event]:
    log = KkLog()
    return [*(event for chunk in chunks for event in log.fed(chunk)), *log.closed()]


def written_by(event: Event) -> Iterator[str]:
    """The lines kk must have printed to cause the event, without time stamps."""
    match event:
        case TaskStarted(module=module, task=task):
            yield f"[{module}] {task}"
        case HostStatus(host=host, status=status):
            yield f"{status}: [{host}]"
        case HostMessage() | Stdout():
            stream = "message" if isinstance(event, HostMessage) else event.stream
            yield from (f"{stream}: [{event.host}]", event.text)
        case Retry(host=host):
            yield f"retry: [{host}]"
        case PipelineSucceeded(name=name):
            yield f"Pipeline[{name}] execute successfully"
        case Alarm(level=level, text=text):
            yield f"[{level[:4].upper()}] {text}"
        case KkError(text=text):
            yield from (f"error: {text}", f"Error: {text}")
        case PipelineFailed():
            yield from failure_written(event)
        case Panic(text=text) | Prompt(text=text) | CopyProgress(text=text) | Plain(text=text):
            yield text


def failure_written(failure: PipelineFailed) -> Iterator[str]:
    module = f"Module[{failure.module}] exec failed: " if failure.module else ""
    yield from f"error: Pipeline[{failure.name}] execute failed: {module}{failure.reason}".splitlines()
    for cause in failure.causes:
        task = f"[{cause.task}] exec failed after {cause.retries} retries: " if cause.task else ""
        yield from f"failed: [{cause.host}] {task}{cause.text}".splitlines()


@given(st.lists(st.sampled_from(LINES), max_size=25), st.data())
@settings(max_examples=150, deadline=None)
def test_splitting_at_any_byte_gives_the_same_events(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert events_of(*chunks) == events_of(text)


@given(st.binary(max_size=400), st.integers(1, 7))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_never_break_the_parser(text: bytes, size: int) -> None:
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert events_of(*chunks) == events_of(text)


@pytest.mark.skipif(not FILES, reason="recordings of kk are not beside this checkout")
@pytest.mark.parametrize("recording", FILES, ids=lambda path: path.stem)
def test_every_line_of_a_recording_is_in_some_event(recording: Path) -> None:
    text = recording.read_bytes()
    told = {line.strip() for event in events_of(text) for line in written_by(event)}
    lines = text.decode(errors="replace").replace("\0", "").replace("[yes/no]: ", "[yes/no]: \n").splitlines()
    assert {STAMP.sub("", line).strip() for line in lines} - {""} <= told


@pytest.mark.skipif(not FILES, reason="recordings of kk are not beside this checkout")
@pytest.mark.parametrize("recording", FILES[::7], ids=lambda path: path.stem)
def test_a_recording_cut_into_small_chunks_gives_the_same_events(recording: Path) -> None:
    text = recording.read_bytes()
    assert events_of(*(text[at : at + 13] for at in range(0, len(text), 13))) == events_of(text)


def test_each_kind_of_line_becomes_its_event() -> None:
    assert events_of(*LINES) == [
        TaskStarted("JoinNodesModule", "Join worker node", "02:00:48"),
        HostMessage("node2", "two lines of"),
        HostMessage("node2", "text, \u4e00 more"),
        HostStatus("node2", "success"),
        Prompt("Continue this installation? [yes/no]: "),
        Alarm("error", "node2: socat is required."),
        Stdout("node1", ""),
        Retry("node2"),
        CopyProgress("[0]Source: docker://a/b/c:1"),
        events_of(*LINES)[9],
        PipelineSucceeded("AddNodesPipeline"),
    ]


def test_causes_of_a_failure_keep_host_task_tries_and_all_their_lines() -> None:
    failure = events_of(*LINES[12:15])[0]
    assert isinstance(failure, PipelineFailed)
    assert (failure.name, failure.module) == ("AddNodesPipeline", "JoinNodesModule")
    cause = failure.causes[0]
    assert (cause.host, cause.task, cause.retries) == ("node2", "JoinWorkerNode", 5)
    assert cause.text == "join node failed\nmore about it"


def test_a_connection_failure_names_no_task() -> None:
    failure = events_of(
        b"error: Pipeline[X] execute failed: Module[M] exec failed: \n",
        b"failed: [n1] failed to connect to 1.2.3.4: refused\n",
    )[0]
    assert isinstance(failure, PipelineFailed)
    assert [(cause.host, cause.task, cause.text) for cause in failure.causes] == [
        ("n1", "", "failed to connect to 1.2.3.4: refused")
    ]


def test_an_error_line_a_host_printed_is_not_kks_own() -> None:
    events = events_of(b"02:00:49 UTC stdout: [node1]\nerror: taint not found\n02:00:50 UTC success: [node1]\n")
    assert events[0] == Stdout("node1", "error: taint not found")
    assert events_of(b"error: node name can not be empty\n") == [KkError("node name can not be empty")]


def test_a_log_line_glued_to_standard_output_is_found() -> None:
    assert events_of(b"  0  100 0:00:0102:04:15 CST [WARN] slow\n") == [
        Plain("  0  100 0:00:01"),
        Alarm("warning", "slow"),
    ]


def test_nul_bytes_vanish_and_a_panic_is_seen() -> None:
    assert events_of(b"\0\0pan\0ic: boom\n\0") == [Panic("panic: boom")]


def test_an_endless_prompt_is_told_prompt_by_prompt_without_a_newline() -> None:
    question = b"x.tar.gz already exists. Are you sure you want to overwrite this file? [yes/no]: "
    events = events_of(question * 5000)
    assert len(events) == 5000
    assert set(events) == {Prompt(question.decode())}


def test_a_line_without_end_is_cut_into_pieces_of_the_limit() -> None:
    sizes = [len(event.text) for event in events_of(b"a" * (2 * LINE_LIMIT + 5) + b"\n") if isinstance(event, Plain)]
    assert sizes == [LINE_LIMIT, LINE_LIMIT, 5]


def test_numeric_time_zones_are_time_stamps_too() -> None:
    assert events_of(b"08:07:23 +08 success: [n1]\n") == [HostStatus("n1", "success")]
