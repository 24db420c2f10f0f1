"""Chromium for tests of pages: Debian's, driven by Playwright. Without either the tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Skips the test where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no chromium; scripts/install-debian-packages.sh installs it")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page with everything that it complained about or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def opened(browser: Browser, file: Path, **options: Any) -> Iterator[Opened]:
    """A file in a page of its own, without network."""
    context = browser.new_context(offline=True, reduced_motion="reduce", **options)
    page = context.new_page()
    found = Opened(page)
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("dialog", lambda dialog: _dismissed(dialog, found))
    page.on("request", lambda request: found.requests.append(request.url))
    page.goto(file.as_uri())
    try:
        yield found
    finally:
        context.close()


def _dismissed(dialog: Any, found: Opened) -> None:
    found.complaints.append(f"dialog {dialog.message}")
    dialog.dismiss()
