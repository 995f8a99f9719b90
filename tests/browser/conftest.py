"""A real browser against all processes.

Chromium is the system's; where there is none, playwright's own is tried; where that fails too, these tests are skipped
with one line that says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.processes import Stack

PATIENCE = 20_000  # milliseconds
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SETTLED = """() => Promise.allSettled(document.getAnimations().filter(
    (animation) => animation.effect.getComputedTiming().endTime < Infinity).map((animation) => animation.finished))"""
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with the module: while it lives, its event loop is the running one, and no other test can start one."""
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)), None)
        if path is None and not Path(playwright.chromium.executable_path).exists():
            subprocess.run(
                [sys.executable, "-m", "playwright", "install", "chromium"], check=False, capture_output=True
            )
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            expect.set_options(timeout=PATIENCE)
        except Error:
            pytest.skip("no Chromium here and none to be had: install your system's chromium to run the browser tests")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")).running() as running:
        running.open_desk()
        yield running


class Visitor:
    """Somebody with a browser of their own; `faults` holds what the browser complained about."""

    def __init__(self, stack: Stack, context: BrowserContext) -> None:
        self.stack, self.context, self.page = stack, context, context.new_page()
        self.faults: list[str] = []
        self.page.on("console", self.hear)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def hear(self, message: ConsoleMessage) -> None:
        """A form that was refused answers 422, and browsers say so; all else is a fault of ours."""
        if message.type in {"error", "warning"} and "status of 422" not in message.text:
            self.faults.append(message.text)

    def sign_in(self, email: str, password: str) -> Page:
        """In whatever language their browser asks for."""
        self.page.goto(self.stack.url)
        self.page.locator("[name=login]").fill(email)
        self.page.locator("[name=password]").fill(password)
        self.page.keyboard.press("Enter")
        self.page.locator(".top").wait_for()
        return self.page

    def check_access(self, page: Page | None = None) -> None:
        """axe finds nothing serious on their page (or another tab of theirs), and nothing scrolls sideways."""
        from axe_playwright_python.sync_playwright import Axe

        page = page or self.page
        page.evaluate(SETTLED)  # what fades in is hard to read until it has
        found = Axe().run(page).response["violations"]
        serious = [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in {"serious", "critical"}]
        assert not serious, serious
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def begin_job(page: Page, *, name: str, template: str = "Points_Notice_01", upto: str = "") -> None:
    """Put a job of the demo's enterprise together, in either language, until its recipients are asked for; or leave it
    at the step `upto`, such as "template".
    """
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/jobs/new/")
    page.locator("[name=name]").fill(name)
    page.locator("[name=go]").click()
    for step, choice in (("application", "会员服务"), ("signature", "清禾会员"), ("template", template)):
        page.locator(f"[name={step}]").first.wait_for()
        if step == upto:
            return
        page.locator("label.choice", has_text=choice).first.click()
        page.locator("[name=go]").click()
    page.locator("[name=file]").wait_for()


@pytest.fixture
def visit(chromium: Browser, stack: Stack) -> Iterator[type[Visitor] | object]:
    """`visit(width=…, dark=…)` gives a Visitor; whatever browsers complained about fails the test at its end."""
    made: list[Visitor] = []

    def make(*, width: int = 1440, dark: bool = False, language: str = "en-GB") -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": 1000},
            color_scheme="dark" if dark else "light",
            locale=language,
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        visitor = Visitor(stack, context)
        made.append(visitor)
        return visitor

    yield make
    faults = [fault for visitor in made for fault in visitor.faults]
    for visitor in made:
        visitor.context.close()
    assert not faults, faults
