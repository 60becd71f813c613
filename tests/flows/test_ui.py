"""The build as started from the Prefect UI, in a real headless Chromium: form filled, run watched to its end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fleetforge.cli import server

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = [pytest.mark.ui, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


@pytest.fixture(scope="module")
def worker(prefect_server: str) -> Iterator[None]:
    """Deployments are known to the server and a worker runs what it is given."""
    server.deployed(os.environ)
    process = server.started_worker(os.environ)
    yield
    server.stopped(process)


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """A page in a headless Chromium. Playwright runs an event loop here: talk to Prefect before or after."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1400, "height": 1400},
        )
        yield browser.new_page()
        browser.close()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Where pictures go: ``FLEETFORGE_SCREENSHOTS`` when somebody wants to look at them."""
    directory = Path(os.environ.get("FLEETFORGE_SCREENSHOTS", tmp_path))
    directory.mkdir(exist_ok=True)
    return directory


def test_a_fleet_is_built_from_the_form(
    prefect_server: str, worker: None, rehearse: Any, screenshots: Path, tmp_path: Path
) -> None:
    with rehearse("from-the-ui") as fleet:
        form = f"{prefect_server}/deployments/deployment/{_deployment('build-fleet/fleet')}/run"
        with chromium(tmp_path / "profile") as page:
            page.goto(form)
            page.locator(".block-document-input").wait_for()
            for text in ("The stored fleet to build", "The last stage to run", "Hash of an approved plan"):
                assert page.get_by_text(text).first.is_visible()
            _pick(page, fleet.name)
            page.screenshot(path=screenshots / "form.png")
            page.get_by_role("button", name="Submit").click()
            _watch(page, fleet.name)
            page.screenshot(path=screenshots / "run.png")
        _assert_built(fleet.name)


def _deployment(name: str) -> str:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return str(client.read_deployment_by_name(name).id)


def _pick(page: Any, fleet: str) -> None:
    """Choose a stored fleet in the picker, by keyboard: a click only focuses it."""
    page.locator(".block-document-input .p-select-button__control").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("option", name=fleet, exact=True).click()


def _watch(page: Any, fleet: str) -> None:
    """Follow the run from the message that it was created to its completed end."""
    page.locator("#prefect-design-toast-app").get_by_text("View run").first.dispatch_event("click")
    page.get_by_text(f"build {fleet}").first.wait_for(timeout=60_000)
    page.get_by_text("Completed", exact=True).first.wait_for(timeout=150_000)


def _assert_built(fleet: str) -> None:
    from fleetforge.tasks.plan import planned

    assert planned(fleet).actions == ()
