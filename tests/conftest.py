"""Servers for the tests, and the people in them.

Without DATABASE_URL and REDIS_URL the embedded servers run under a folder of their own (tests/settings.py), never the
one of `make run`. alice sends, victor may only look, bob reviews, carol administers, mallory is of another enterprise.
"""

import os
import shutil
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache

from console import embedded
from console.lib.workdays import Calendar

_servers = embedded.running()
# Only ever a folder that tests/settings.py has made or was given for this; never the data of `make run`.
assert os.environ.get("TEST_VAR_DIR") == str(embedded.VAR) and embedded.VAR != embedded.ROOT / "var", (
    "run the tests with tests.settings"
)


def _runs_tests(config: pytest.Config) -> bool:
    """Under `-n` the workers do; what started them only collects their answers."""
    return hasattr(config, "workerinput") or not config.getoption("numprocesses", None)


def pytest_configure(config: pytest.Config) -> None:
    if not _runs_tests(config):
        return
    embedded.VAR.chmod(0o755)  # the account that PostgreSQL runs as must get through
    _servers.__enter__()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not _runs_tests(config):
        return
    _servers.__exit__(None, None, None)
    shutil.rmtree(embedded.VAR, ignore_errors=True)
    shutil.rmtree(embedded.socket_dir(), ignore_errors=True)


@pytest.fixture(autouse=True)
def no_memory_of_other_tests(request: pytest.FixtureRequest) -> None:
    """Limits are remembered in the cache, whose table is no model's: tests that commit leave theirs to the next."""
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("db")
        cache.clear()


@pytest.fixture(autouse=True)
def today_is_a_workday(request: pytest.FixtureRequest) -> None:
    """Reviewers decide on workdays only. Tests are run on all days: for them this one is a workday, as an administrator
    can make any. Tests of the calendar that travel in time are not touched by it.
    """
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("db")
        from accounts.models import CalendarDay, ReviewDesk

        desk = ReviewDesk()  # with the hours a new installation begins with
        held = Calendar(ZoneInfo(desk.zone), desk.opens, desk.closes, desk.country)
        day = datetime.now(held.zone).date()
        if not held.is_workday(day):
            CalendarDay.objects.create(day=day, is_workday=True, why="Tests are run on all days")
