"""Every stage fails twice for a passing reason; the run completes, and the retries can be seen on the server."""

from __future__ import annotations

from typing import Any

from fleetforge.rehearsal.faults import Fault

UNREACHABLE = "failed to connect to 172.31.0.9: could not establish connection to 172.31.0.9:22: dial tcp: i/o timeout"

TROUBLE = (
    # target, what it strikes, status, text
    ("ssh:node-172-31-140-13", "uname -m", -1, ""),  # the connection drops
    ("kk", "ArtifactExportPipeline", 1, "copy image registry.example/nginx:1.20 failed: i/o timeout"),
    ("kk", "InitRegistryPipeline", 1, UNREACHABLE),
    ("harbor", "POST /api/v2.0/projects", 503, ""),
    ("kk", "CreateClusterPipeline", 1, UNREACHABLE),  # of two clusters: twice as often
    ("kube:aicc", r"PATCH .*/clusterconfigurations/ks-installer", 503, ""),
    ("kube:aicc", r"(POST|PATCH) .*/cluster.kubesphere.io/v1alpha1/clusters", 503, ""),
    ("kube:aicc", r"(POST|PATCH) .*/federateddeployments", 503, ""),
)
STRUCK = (
    "preflight",
    "artifact",
    "registry",
    "harbor",
    "multicluster · aicc",
    "member · hefei",
    "validation",
)


def test_every_stage_failing_twice_still_completes_with_its_retries_on_show(rehearse: Any, tasks_of: Any) -> None:
    from fleetforge.flows.build_fleet import build_fleet

    with rehearse("retries") as fleet:
        for target, match, status, text in TROUBLE:
            times = 4 if match == "CreateClusterPipeline" else 2
            fleet.site.add_fault(Fault(target, match, times=times, status=status, text=text))
        state = build_fleet(fleet=fleet.name, return_state=True)
        seen = tasks_of(state.state_details.flow_run_id)
    assert state.is_completed(), state.message
    for name in STRUCK:
        assert seen[name].run_count == 3, f"{name}: {seen[name]}"
        assert seen[name].states.count("AwaitingRetry") == 2
    assert seen["cluster · aicc"].run_count + seen["cluster · hefei"].run_count == 6
