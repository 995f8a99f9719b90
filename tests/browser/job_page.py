"""What the page of a job says, read as a person reads it, and what the carrier's record says to that."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.processes import Stack, wait_for

STATES = """() => [...document.querySelectorAll('.ledger-row')].map(
    (row) => [row.querySelector('.state').innerText.trim(), row.querySelector('b').innerText])"""


def whole(text: str) -> int:
    return int(re.sub(r"\D", "", text))


# A job that was checked ----------------------------------------------------------------------------------------------


def check(page: Page, file: Path) -> None:
    """The last step of putting a job together."""
    page.locator("[name=file]").set_input_files(file)
    page.get_by_role("button", name="Check the recipients").click()


def send(page: Page, messages: int) -> Locator:
    return page.get_by_role("button", name=f"Send {messages:,} message")


def confirm(page: Page, messages: int) -> None:
    page.locator("[name=consent]").check()
    send(page, messages).click()
    expect(page.locator(".ledger")).to_be_visible()


def add(page: Page, file: Path, *, rows: int, files: int, patience: float) -> None:
    """A further file, until it is checked: then all `files` have so many rows. `patience` in milliseconds."""
    page.locator("#add [name=file]").set_input_files(file)
    page.get_by_role("button", name="Check and add").click()
    expect(page.get_by_role("heading", name=f"{rows:,} rows in {files} files")).to_be_visible(timeout=patience)


def verdict(page: Page) -> dict[str, int]:
    """The figures of a check by their names."""
    found = {}
    for one in page.locator(".verdict .kpi").all():
        found[one.locator("dt").inner_text().strip(" =")] = whole(one.locator("dd").first.inner_text())
    corrected = page.locator(".verdict-more strong")
    return found | ({"Corrected": whole(corrected.inner_text())} if corrected.count() else {})


def reasons(page: Page) -> dict[str, int]:
    """Refused rows by reason; their sum is the one that stands below."""
    lines = page.locator("#refused tbody tr").all()
    found = {line.locator("th").inner_text(): whole(line.locator("td.num").inner_text()) for line in lines}
    assert sum(found.values()) == whole(page.locator("#refused tfoot td.num").inner_text())
    return found


# A job that was confirmed --------------------------------------------------------------------------------------------


def ledger(page: Page, rows: int) -> dict[str, int]:
    """State → rows, which make `rows` together."""
    expect(page.locator(".sum")).to_contain_text(f"{rows:,} rows in the file")
    expect(page.locator(".sum")).to_contain_text("it adds up")
    states = {state: whole(n) for state, n in page.evaluate(STATES)}
    assert sum(states.values()) == rows
    return states


def delivered(page: Page, messages: int, *, patience: float) -> None:
    """Wait for so many, at most so many milliseconds."""
    expect(page.locator("#state-delivered b")).to_have_text(f"{messages:,}", timeout=patience)


def accepted(stack: Stack, prefix: str) -> Counter[str]:
    """Numbers that begin so (without country code) → how often the carrier took them."""
    with stack.record.open() as lines:
        found = (json.loads(line)["destination"].removeprefix("86") for line in lines if line.endswith("\n"))
        return Counter(number for number in found if number.startswith(prefix))


def got_one_each(stack: Stack, prefix: str, numbers: list[str]) -> None:
    """`numbers`, and no others that begin with `prefix`, were taken by the carrier, each once."""
    wait_for(lambda: accepted(stack, prefix).total() >= len(numbers), what="the record")
    assert accepted(stack, prefix) == dict.fromkeys(numbers, 1)
