"""Progress never falls, ends at 100 with the success line only, and knows when silence is unusual."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetforge.fleet.kk_events import HostStatus, PipelineSucceeded, Plain, Quiet, Retry, TaskStarted
from fleetforge.fleet.kk_log import KkLog
from fleetforge.fleet.kk_pipelines import MODULES, usual_silence
from fleetforge.fleet.progress import Progress, started

RECORDINGS = Path(__file__).parents[2] / "../shared/data/kk-transcripts"
SUCCEEDED = {
    "real-create-cluster": "CreateClusterPipeline",
    "create-cluster-ha3-success": "CreateClusterPipeline",
    "real-add-nodes-success": "AddNodesPipeline",
    "real-delete-node": "DeleteNodePipeline",
    "real-delete-cluster": "DeleteClusterPipeline",
    "real-init-registry": "InitRegistryPipeline",
    "real-artifact-export": "ArtifactExportPipeline",
    "image-push-plainhttp-ok": "ArtifactImagesPushPipeline",
}


@pytest.mark.parametrize(("stem", "pipeline"), SUCCEEDED.items())
def test_a_recorded_success_climbs_to_100_and_no_module_is_unknown(stem: str, pipeline: str) -> None:
    path = RECORDINGS / f"{stem}.txt"
    if not path.exists():
        pytest.skip("recordings of kk are not beside this checkout")
    progress, percents = started(pipeline), [0.0]
    for event in KkLog().fed(path.read_bytes()):
        if isinstance(event, TaskStarted):
            assert event.module in MODULES[pipeline]
        progress = progress.after(event)
        percents.append(progress.percent)
    assert percents == sorted(percents)
    assert len(set(percents)) > 3
    assert percents[-1] == 100.0


modules = st.sampled_from([*MODULES["CreateClusterPipeline"], "SomeNewModule"])
events = st.one_of(
    st.builds(TaskStarted, modules, st.just("t"), st.just("00:00:00")),
    st.builds(HostStatus, st.just("n1"), st.just("success")),
    st.builds(Quiet, st.floats(0, 10_000)),
)


@given(st.lists(events, max_size=60))
def test_the_percentage_never_falls_whatever_kk_prints(printed: list[TaskStarted | HostStatus | Quiet]) -> None:
    progress = started("CreateClusterPipeline")
    for event in printed:
        following = progress.after(event)
        assert progress.percent <= following.percent <= 99.0
        progress = following


def test_the_line_names_module_task_and_host() -> None:
    progress = started("AddNodesPipeline").after(TaskStarted("JoinNodesModule", "Join worker node", "00:00:00"))
    assert progress.line == "JoinNodesModule · Join worker node"
    assert progress.after(HostStatus("hefei-2", "success")).line == "JoinNodesModule · Join worker node (hefei-2)"


def test_kks_own_machine_is_no_host() -> None:
    progress = started("AddNodesPipeline").after(TaskStarted("ConfirmModule", "Display", "00:00:00"))
    assert progress.after(HostStatus("LocalHost", "success")).host == ""


def test_silence_is_told_when_it_is_longer_than_usual_and_forgotten_at_the_next_line() -> None:
    joining = started("AddNodesPipeline").after(TaskStarted("JoinNodesModule", "Join worker node", "00:00:00"))
    usual = usual_silence("JoinNodesModule")
    assert joining.after(Quiet(usual - 1)).silent_for == 0
    quiet = joining.after(Quiet(usual + 60))
    assert quiet.line.endswith("silent for 8 min")
    assert quiet.after(Plain("x")).silent_for == 0


def test_retries_are_counted() -> None:
    assert started("AddNodesPipeline").after(Retry("n1")).after(Retry("n2")).retries == 2


def test_another_pipelines_success_is_not_the_end() -> None:
    progress: Progress = started("CreateClusterPipeline").after(PipelineSucceeded("InstallAddonsPipeline"))
    assert progress.percent == 0
