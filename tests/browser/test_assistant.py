"""A job from a flawed file to its exports, and what people do meanwhile: click twice, go back, use two tabs, be two.

JOURNEY_ROWS=1000000 makes the first journey as long as a job may be; with --log-cli-level=INFO it tells how long each
part took.
"""

from __future__ import annotations

import csv
import itertools
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import expect

from tests import sheets
from tests.browser.conftest import Visitor, begin_job
from tests.browser.job_page import (
    accepted,
    add,
    check,
    confirm,
    delivered,
    got_one_each,
    ledger,
    reasons,
    send,
    verdict,
    whole,
)
from tests.processes import Stack, wait_for
from tests.sheets import FLAWS, Flawed

pytestmark = [pytest.mark.stack, pytest.mark.browser]
log = logging.getLogger(__name__)
PASSWORD = "demo-console-2026"
OPERATOR, OWNER = "zhou.min@qinghe.example", "wang.lan@qinghe.example"
ROWS = int(os.environ.get("JOURNEY_ROWS", "20000"))
SLOW = 90_000 + ROWS  # milliseconds for what the machine has to work for
LONG = 400_000  # rows of a file that takes long enough to be interrupted
WORDS_OF_FLAWS = {
    "Number too short": "too short",
    "Digits lost by the spreadsheet": "cut the number short",
    "A variable has no value": "has no value",
    "Number already in an earlier row": "first in row",
    "Hidden row": "hides this row",
}
# The demo's only template has variables; this one has none.
PLAIN_TEMPLATE = """
from accounts import demo_deciding
from accounts.models import Application, User
from templates_app import demo, drafts
from templates_app.models import MessageType, Signature

people = {role: User.objects.get(role=role) for role in ("reviewer", "administrator")}
operator = User.objects.get(email="zhou.min@qinghe.example")
application = Application.objects.get(name="会员服务")
signature = Signature.objects.get(name=demo.SIGNATURE)
draft = drafts.Draft(
    "Closing_Early_01", MessageType.NOTIFICATION.value, application, signature,
    "本店今日因盘点提前一小时打烊，明日照常营业。", [], "盘点当日发给会员。Sent on the day of a stocktaking.",
)
version = drafts.save_draft(draft, by=operator)
drafts.submit(version, by=operator)
demo_deciding.approve(version, people)
"""


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    log.info("%s: %.1f s", what, time.monotonic() - begun)


def rows_of(file: Path) -> Iterator[tuple[Any, ...]]:
    """Of the only sheet of an .xlsx."""
    with closing(openpyxl.load_workbook(file, read_only=True)) as book:
        yield from book.worksheets[0].iter_rows(values_only=True)


# The journey ---------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300 + ROWS // 400)
def test_from_a_flawed_file_to_its_exports(stack: Stack, visit: Any, tmp_path: Path) -> None:
    """Put together, left, resumed, mapped, checked, corrected, confirmed, paused, slowed down, finished, exported."""
    members = sheets.flawed(tmp_path / "members.xlsx", rows=ROWS)
    operator = visit()
    operator.sign_in(OPERATOR, PASSWORD)
    begin_and_resume(operator)
    upload(operator, tmp_path / "members.xlsx")
    choose_columns(operator)
    see_the_check(operator, members)
    read_messages(operator, members)
    fixed, numbers = correct(operator, members, tmp_path)
    add_corrected(operator, members, fixed)
    add_them_again(operator, members, fixed)
    messages = members.good + members.repaired + len(numbers)
    rows = ROWS + 2 * len(numbers)
    confirm_and_hold(operator, messages, rows)
    slow_down_and_finish(operator, messages, rows)
    got_one_each(stack, "137", members.numbers + numbers)
    export(operator, rows, tmp_path)
    save_and_send_to_list(operator, messages)


def begin_and_resume(operator: Visitor) -> None:
    page = operator.page
    operator.check_access()
    begin_job(page, name="Members of spring", upto="template")
    operator.check_access()
    page.get_by_role("link", name="Go on later").click()
    expect(page.get_by_role("region", name="Not finished")).to_contain_text("missing: Template")
    operator.check_access()
    page.get_by_role("link", name="Continue Members of spring").click()
    expect(page.locator("main")).to_contain_text("【清禾会员】")
    page.get_by_role("radio", name="Points_Notice_01").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Check the recipients")).to_be_visible()
    operator.check_access()


def upload(operator: Visitor, file: Path) -> None:
    with timed("upload, until its columns are asked for"):
        with timed("upload"):
            check(operator.page, file)
            operator.page.wait_for_url(re.compile(r"/jobs/\d+/$"), timeout=SLOW)
        expect(operator.page.get_by_role("heading", name="Which column is which?")).to_be_visible(timeout=SLOW)


def choose_columns(operator: Visitor) -> None:
    """The number's is told by its content; what the others are, only a person knows."""
    page = operator.page
    expect(page.get_by_role("alert")).to_contain_text("No columns were found for the variables")
    operator.check_access()
    assert page.get_by_label("Column A goes to").input_value() == "number"
    page.get_by_label("Column B goes to").select_option("${2} Amount 金额")
    page.get_by_label("Column C goes to").select_option("${1} Name 姓名")
    with timed("check"):
        page.get_by_role("button", name="Check the file with these columns").click()
        expect(page.locator(".verdict")).to_be_visible(timeout=SLOW)


def see_the_check(operator: Visitor, members: Flawed) -> None:
    page = operator.page
    operator.check_access()
    expect(page.get_by_role("heading", name=f"{ROWS:,} rows in the file")).to_be_visible()
    sendable = members.good + members.repaired
    figures = {"Good": members.good, "Repaired": members.repaired, "Refused": members.refused}
    assert verdict(page) == figures | {"Will be sent": sendable} and sum(figures.values()) == ROWS
    assert reasons(page) == dict.fromkeys(FLAWS, members.of_each)
    expect(page.locator("#refused-rows tbody tr").first).to_contain_text(f"{FLAWS['Number too short'] + 3}")
    expect(page.locator("#takes")).to_contain_text(f"{sendable:,} messages")


def read_messages(operator: Visitor, members: Flawed) -> None:
    """The last one, searched for by its number, the one before it, and the first by its row."""
    page, preview = operator.page, operator.page.locator("#preview")
    page.get_by_label("Find a number or a word in a value").fill(members.numbers[-1])
    page.get_by_role("button", name="Find the next row").click()
    expect(preview.get_by_role("status").first).to_have_text(f"row {ROWS + 2:,}")
    expect(preview).to_contain_text(f"尊敬的客户{ROWS - 1}，")
    page.get_by_role("link", name="Previous row").click()
    expect(preview).to_contain_text(f"尊敬的客户{ROWS - 2}，")
    page.get_by_role("link", name="Next row").click()
    expect(preview).to_contain_text(f"尊敬的客户{ROWS - 1}，")
    page.get_by_label("Go to row").fill("3")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(preview).to_contain_text("尊敬的客户0，您的账户本月消费1.50元")
    operator.check_access()


def correct(operator: Visitor, members: Flawed, folder: Path) -> tuple[Path, list[str]]:
    """The refused rows with all mended but those whose digits are lost, which nobody knows; and their numbers."""
    with operator.page.expect_download(timeout=SLOW) as download:
        operator.page.get_by_role("link", name=f"{members.refused:,} refused rows (.xlsx)").click()
    download.value.save_as(folder / "refused.xlsx")
    fixed, numbers, fresh = openpyxl.Workbook(write_only=True), [], sheets.unscripted(13750000000)
    rows = rows_of(folder / "refused.xlsx")
    out = fixed.create_sheet()
    out.append(next(rows))
    flaws = {place: flaw for flaw, place in FLAWS.items()}
    found: Counter[str] = Counter()
    for number, name, amount, row, reason in rows:
        flaw = flaws[(whole(str(row)) - 3) % 1_000]
        found[flaw] += 1
        assert WORDS_OF_FLAWS[flaw] in str(reason)
        if flaw == "Digits lost by the spreadsheet":
            continue
        mended = str(number)[-11:] if flaw in ("Hidden row", "A variable has no value") else next(fresh)
        out.append([mended, name, amount or "9.90", row, reason])
        numbers.append(mended)
    assert found == dict.fromkeys(FLAWS, members.of_each)
    fixed.save(folder / "corrected.xlsx")
    return folder / "corrected.xlsx", numbers


def add_corrected(operator: Visitor, members: Flawed, fixed: Path) -> None:
    page, mended = operator.page, members.of_each * (len(FLAWS) - 1)
    with timed("second upload and check"):
        add(page, fixed, rows=ROWS + mended, files=2, patience=SLOW)
    operator.check_access()
    figures = {"Good": members.good + mended, "Repaired": members.repaired, "Refused": members.of_each}
    figures |= {"Corrected": mended}
    assert verdict(page) == figures | {"Will be sent": members.good + mended + members.repaired}
    assert sum(figures.values()) == ROWS + mended
    assert reasons(page) == {"Digits lost by the spreadsheet": members.of_each}


def add_them_again(operator: Visitor, members: Flawed, fixed: Path) -> None:
    """Nobody gets two messages: all are in the job already, and the file is left out."""
    page, mended = operator.page, members.of_each * (len(FLAWS) - 1)
    before = verdict(page)
    add(page, fixed, rows=ROWS + 2 * mended, files=3, patience=SLOW)
    assert verdict(page) == before | {"Refused": members.of_each + mended}
    assert reasons(page) == {
        "Digits lost by the spreadsheet": members.of_each,
        "Number already in an earlier row": mended,
    }
    page.locator("#files").get_by_role("button", name="Leave out").last.click()
    operator.check_access()
    page.get_by_role("button", name="Leave the file out").click()
    expect(page.get_by_role("heading", name=f"{ROWS + mended:,} rows in 2 files")).to_be_visible()
    expect(page.locator("#files tbody tr").last).to_contain_text("Left out")
    assert verdict(page) == before


def confirm_and_hold(operator: Visitor, messages: int, rows: int) -> None:
    """Slowly, so that there is time to pause; while it is paused, nothing leaves."""
    page = operator.page
    page.get_by_text("Last moment and speed").click()
    page.get_by_label("At most so many segments a second").fill("1500")
    send(page, messages).click()
    expect(page.locator("#confirm")).to_contain_text("Confirm that the recipients have agreed")
    operator.check_access()
    confirm(page, messages)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".pill").first).to_have_text("Paused")
    ledger(page, rows)
    operator.check_access()
    wait_for(lambda: page.locator("#state-submitting b").inner_text() == "0", what="the last answers")
    left = accepted(operator.stack, "137").total()
    assert left < messages
    expect(page.get_by_role("button", name=f"Send {messages - left:,} messages more")).to_be_visible()
    page.wait_for_timeout(1_000)
    assert accepted(operator.stack, "137").total() == left
    page.get_by_role("button", name="messages more").click()
    expect(page.locator(".pill").first).to_have_text("Sending")


def limit(operator: Visitor, segments: str) -> None:
    page = operator.page
    page.locator("#ask-speed").click()
    operator.check_access()
    page.get_by_role("dialog").get_by_label("At most so many segments a second").fill(segments)
    page.get_by_role("button", name="Set the limit").click()


def slow_down_and_finish(operator: Visitor, messages: int, rows: int) -> None:
    page = operator.page
    limit(operator, "50")
    expect(page.locator(".toast-line")).to_contain_text("At most 50 segments a second from now on.")
    page.wait_for_timeout(1_500)  # what was claimed before still leaves
    before = accepted(operator.stack, "137").total()
    page.wait_for_timeout(1_500)
    assert accepted(operator.stack, "137").total() - before < 400
    expect(page.locator("#why")).to_contain_text("This job’s own limit is 50 segments a second.")
    ledger(page, rows)
    with timed("sending the rest as fast as it goes"):
        limit(operator, "")
        expect(page.locator(".toast-line")).to_contain_text("The speed limit is lifted.")
        delivered(page, messages, patience=SLOW)
    expect(page.locator(".pill").first).to_have_text("Done", timeout=SLOW)
    states = ledger(page, rows)
    assert (states["Delivered"], states["Invalid"]) == (messages, rows - messages)
    page.get_by_role("link", name="Count again").click()
    expect(page.locator(".sum")).to_contain_text("counted again in the ledger", timeout=SLOW)
    operator.check_access()


def export(operator: Visitor, rows: int, folder: Path) -> None:
    """All rows, as .csv and as .xlsx."""
    page = operator.page
    page.get_by_role("link", name="Export", exact=True).click()
    operator.check_access()
    files: dict[str, Path] = {}
    for made, kind in enumerate(("csv", "xlsx"), start=1):
        with timed(f"export to {kind}"):
            page.locator(f"[name=format][value={kind}]").check()
            page.get_by_role("button", name="Make the file").click()
            expect(page.get_by_role("link", name="Download")).to_have_count(made, timeout=SLOW)
        with page.expect_download(timeout=SLOW) as download:
            page.get_by_role("link", name="Download").first.click()
        assert download.value.suggested_filename.endswith(f".{kind}")
        files[kind] = folder / f"rows.{kind}"
        download.value.save_as(files[kind])
    with files["csv"].open(encoding="utf-8-sig", newline="") as lines:
        assert sum(1 for _line in csv.reader(lines)) == rows + 1
    assert sum(1 for _row in rows_of(files["xlsx"])) == rows + 1
    operator.check_access()
    page.get_by_role("link", name="Members of spring").click()


def save_and_send_to_list(operator: Visitor, messages: int) -> None:
    page = operator.page
    page.get_by_role("link", name="Save as list").click()
    operator.check_access()
    page.get_by_label("Name of the list").fill("Spring members")
    page.get_by_role("button", name="Save the list").click()
    expect(page.locator("main")).to_contain_text(f"{messages:,} numbers in all", timeout=SLOW)
    operator.check_access()
    begin_job(page, name="Members of summer")
    page.get_by_role("radio", name="Saved list").check()
    page.get_by_role("radio", name="Spring members").check()
    operator.check_access()
    page.get_by_role("button", name="Check the recipients").click()
    expect(send(page, messages)).to_be_visible(timeout=SLOW)
    assert verdict(page) == {"Good": messages, "Repaired": 0, "Refused": 0, "Will be sent": messages}
    operator.check_access()


# What people do meanwhile --------------------------------------------------------------------------------------------


def checked(visitor: Visitor, folder: Path, *, name: str, first: int, rows: int = 300) -> list[str]:
    """A job of `rows` numbers from `first` on, on whose check page the visitor is; the numbers."""
    numbers = sheets.people(folder / "people.xlsx", rows=rows, first=first)
    begin_job(visitor.page, name=name)
    check(visitor.page, folder / "people.xlsx")
    expect(send(visitor.page, rows)).to_be_visible(timeout=SLOW)
    return numbers


def jobs_called(visitor: Visitor, name: str) -> int:
    tab = visitor.context.new_page()
    tab.goto(f"{visitor.stack.url}/jobs/")
    n = tab.locator("#list").get_by_role("link", name=name, exact=True).count()
    tab.close()
    return n


def test_double_clicks_make_one_job_and_the_way_back_shows_it(stack: Stack, visit: Any, tmp_path: Path) -> None:
    operator = visit()
    page = operator.sign_in(OPERATOR, PASSWORD)
    numbers = sheets.people(tmp_path / "people.xlsx", rows=300, first=13610000000)
    begin_job(page, name="Clicked twice")
    page.locator("[name=file]").set_input_files(tmp_path / "people.xlsx")
    page.get_by_role("button", name="Check the recipients").dblclick()
    expect(send(page, 300)).to_be_visible(timeout=SLOW)
    page.locator("[name=consent]").check()
    send(page, 300).dblclick()
    delivered(page, 300, patience=SLOW)
    page.go_back()
    expect(page.locator(".ledger")).to_be_visible()
    assert ledger(page, 300)["Delivered"] == 300
    page.go_back()  # to where the file was chosen, which leads to the job that was made of it
    page.reload()
    expect(page.locator(".ledger")).to_be_visible()
    assert jobs_called(operator, "Clicked twice") == 1
    got_one_each(stack, "1361", numbers)


def test_two_tabs_begin_and_confirm_one_job(stack: Stack, visit: Any, tmp_path: Path) -> None:
    operator = visit()
    page = operator.sign_in(OPERATOR, PASSWORD)
    begin_job(page, name="Two tabs")
    numbers = sheets.people(tmp_path / "people.xlsx", rows=300, first=13620000000)
    other = operator.context.new_page()
    other.on("console", operator.hear)
    other.goto(page.url)
    for tab in (page, other):
        check(tab, tmp_path / "people.xlsx")
        expect(send(tab, 300)).to_be_visible(timeout=SLOW)
        tab.locator("[name=consent]").check()
    assert page.url.split("?")[0] == other.url.split("?")[0]
    confirm(page, 300)
    send(other, 300).click()
    expect(other.get_by_role("alert")).to_contain_text(re.compile("This job is “(Sending|Done)”"))
    operator.check_access(other)
    delivered(other, 300, patience=SLOW)
    assert ledger(other, 300)["Delivered"] == 300
    assert jobs_called(operator, "Two tabs") == 1
    got_one_each(stack, "1362", numbers)


def test_nobody_confirms_what_somebody_else_has_changed(stack: Stack, visit: Any, tmp_path: Path) -> None:
    """The operator looks at 300 rows; the owner adds 20; the operator is told, looks, and confirms 320."""
    operator, owner = visit(), visit()
    page, hers = operator.sign_in(OPERATOR, PASSWORD), owner.sign_in(OWNER, PASSWORD)
    numbers = checked(operator, tmp_path, name="Two people", first=13630000000)
    page.locator("[name=consent]").check()
    hers.goto(page.url)
    more = sheets.people(tmp_path / "more.xlsx", rows=30, first=int(numbers[-10]))  # ten of which are known
    hers.locator("#add summary").click()
    add(hers, tmp_path / "more.xlsx", rows=330, files=2, patience=SLOW)
    owner.check_access()
    send(page, 300).click()
    expect(page.locator("#confirm")).to_contain_text("This job has changed since you looked")
    expect(page.get_by_role("heading", name="330 rows in 2 files")).to_be_visible()
    assert verdict(page) == {"Good": 320, "Repaired": 0, "Refused": 10, "Will be sent": 320}
    operator.check_access()
    assert not accepted(stack, "1363")
    confirm(page, 320)
    delivered(page, 320, patience=SLOW)
    states = ledger(page, 330)
    assert (states["Delivered"], states["Invalid"]) == (320, 10)
    got_one_each(stack, "1363", numbers + more[10:])


def test_a_check_survives_the_death_of_its_reader(stack: Stack, visit: Any, tmp_path: Path) -> None:
    with (tmp_path / "long.csv").open("w", encoding="utf-8") as file:
        file.write("手机号,姓名,金额\n")
        numbers = itertools.islice(sheets.unscripted(13640000000), LONG)
        file.writelines(f"{number},客户,9.50\n" for number in numbers)
    operator = visit()
    page = operator.sign_in(OPERATOR, PASSWORD)
    begin_job(page, name="Interrupted")
    check(page, tmp_path / "long.csv")
    expect(page.locator("main")).to_contain_text("Rows checked", timeout=SLOW)
    stack.kill("reader")
    operator.check_access()
    with timed("check of a file whose reader was killed"):
        expect(send(page, LONG)).to_be_visible(timeout=60_000)
    assert verdict(page) == {"Good": LONG, "Repaired": 0, "Refused": 0, "Will be sent": LONG}
    job = stack.job(int(page.url.split("?")[0].rstrip("/").rpartition("/")[2]))
    assert job["total"] == job["rows"]["queued"] == LONG and sum(job["rows"].values()) == LONG


def test_typed_numbers_in_chinese_on_a_dark_phone(stack: Stack, visit: Any) -> None:
    stack.manage("shell", "-c", PLAIN_TEMPLATE)
    visitor = visit(width=390, language="zh-CN", dark=True)
    page = visitor.sign_in(OPERATOR, PASSWORD)
    visitor.check_access()
    begin_job(page, name="盘点通知", template="Closing_Early_01")
    page.locator("[name=source][value=typed]").check()
    page.locator("[name=numbers]").fill("13650000001，136 5000 0002\n13650000003\n1365\n13650000001")
    visitor.check_access()
    page.locator("[name=go]").last.click()
    expect(page.locator(".verdict")).to_be_visible(timeout=SLOW)
    figures = [whole(figure) for figure in page.locator(".verdict dd.value").all_inner_texts()]
    assert figures == [2, 1, 2, 3]
    expect(page.locator("#preview")).to_contain_text("本店今日因盘点提前一小时打烊")
    visitor.check_access()
    page.locator("[name=consent]").check()
    page.locator("#confirm [type=submit]").click()
    expect(page.locator("#state-delivered b")).to_have_text("3", timeout=SLOW)
    expect(page.locator("#state-invalid b")).to_have_text("2")
    expect(page.locator(".sum")).to_contain_text("5")
    visitor.check_access()
    page.locator("#export").click()
    visitor.check_access()
    got_one_each(stack, "1365", ["13650000001", "13650000002", "13650000003"])
