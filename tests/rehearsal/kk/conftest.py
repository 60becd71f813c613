"""kk's stand-in on the example's site, and recordings of the real kk to hold it against."""

from __future__ import annotations

import ast
import io
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetforge.fleet.errors.base import FleetforgeError
from fleetforge.fleet.kk_log import KkLog
from fleetforge.fleet.kk_outcome import Expected, concluded
from fleetforge.fleet.kk_story import Story
from fleetforge.fleet.spec import FleetSpec
from fleetforge.rehearsal.kk.__main__ import main
from fleetforge.rehearsal.loopback import Relocated, loopback
from fleetforge.rehearsal.site_client import Site
from fleetforge.rehearsal.slots import free_slot

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "aicc"
RECORDINGS = ROOT / "../shared/data/kk-transcripts"
_TASK = re.compile(r"\[(\w+Module|CheckFileExist)\] (.+)")
_RECORDING = re.compile(
    r"# command: \./kk ?(?P<words>.*)\n(?:# note.*\n)?# stdin: (?P<stdin>.*)\n# exit code: (?P<code>.*)\n"
    r"(?:.*\n)*?===== stdout\n(?P<out>(?:.*\n)*?)===== stderr\n(?P<err>(?:.*\n)*?)===== end"
)


@dataclass(frozen=True)
class Ended:
    """What one run of kk printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard error without its times."""
        return [re.sub(r"^\d\d:\d\d:\d\d [A-Z]+ ", "", line) for line in self.err.splitlines()]

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Module and title, in the order told."""
        found = (_TASK.fullmatch(line) for line in self.lines)
        return [(task[1], task[2]) for task in found if task]

    def status_of(self, title: str) -> set[str]:
        """The statuses of the task's hosts, in its first run."""
        told = self.lines[next(i for i, line in enumerate(self.lines) if line.endswith(f"] {title}")) + 1 :]
        found = []
        for line in told:
            if _TASK.fullmatch(line):
                break
            found += re.findall(r"^(success|skipped|failed): \[", line)
        return set(found)

    def verdict(self, pipeline: str = "") -> str:
        """The product's verdict: an error code, or nothing."""
        log, story = KkLog(), Story()
        for event in (*log.fed(self.out.encode()), *log.fed(self.err.encode()), *log.closed()):
            story.hears(event)
        found = concluded(Expected(pipeline), self.code, story, where="a test")
        return found.code if isinstance(found, FleetforgeError) else ""


@dataclass(frozen=True)
class Recording:
    """A run of the real kk: the words after ``kk``, its input, and how it ended."""

    words: list[str]
    stdin: str
    ended: Ended


Recorded = Callable[[str], Recording]
RunsKk = Callable[..., Ended]


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """A recording by its name; the test is skipped where the recordings are not."""

    def read(name: str) -> Recording:
        file = RECORDINGS / f"{name}.txt"
        if not RECORDINGS.exists():
            pytest.skip("the recordings of the real kk are not beside this repository")
        if not file.exists():
            pytest.skip(f"{name} was not recorded")
        found = _RECORDING.search(file.read_text())
        assert found is not None, name
        code = int(found["code"]) if found["code"].isdigit() else -9
        stdin = "" if found["stdin"] == "/dev/null" else str(ast.literal_eval(found["stdin"]))
        out = found["out"].replace("\n[no newline at end of stdout]\n", "")
        return Recording(found["words"].split(), stdin, Ended(code, out, found["err"]))

    return read


@pytest.fixture(scope="session")
def relocated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relocated]:
    spec = FleetSpec.model_validate(yaml.safe_load((EXAMPLE / "fleet.yaml").read_text()))
    configs = {one.name: list(yaml.safe_load_all((EXAMPLE / one.config).read_text())) for one in spec.spec.clusters}
    with free_slot() as slot:
        yield loopback(configs, spec, slot.number, tmp_path_factory.mktemp("site"), pace=0)


@pytest.fixture(scope="session")
def site(relocated: Relocated) -> Iterator[Site]:
    with Site.started(relocated.site, relocated.site.directory / "site.log") as started:
        yield started


@pytest.fixture
def work(site: Site, tmp_path: Path) -> Path:
    """A directory of its own with a kk in it, as every cluster has."""
    (tmp_path / "kk").symlink_to(site.description.control / "kk")
    return tmp_path


@pytest.fixture
def kk(work: Path) -> RunsKk:
    """Runs ``./kk`` in the directory."""

    def run(*words: str, stdin: str = "", where: Path = work) -> Ended:
        done = subprocess.run(
            ["./kk", *words], cwd=where, input=stdin, capture_output=True, text=True, timeout=30, check=False
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def called(
    relocated: Relocated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunsKk:
    """Runs kk inside this process, which is faster; a pipeline needs the site as well."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "site.json"
    relocated.site.save(file)

    def run(*words: str, stdin: str = "") -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(["", str(file), "--program", "./kk", *words])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def config(tmp_path: Path, relocated: Relocated) -> Callable[..., str]:
    """The host cluster's kk file, changed in place by ``change``; gives its path."""

    def write(change: Callable[[dict[str, Any]], object] = lambda document: None, name: str = "config.yaml") -> str:
        document = yaml.safe_load(relocated.configs["aicc"])
        change(document)
        (tmp_path / name).write_text(yaml.safe_dump(document, sort_keys=False))
        return str(tmp_path / name)

    return write
