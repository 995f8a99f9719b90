"""The main job as people do it, from spreadsheet to the last report, through every process."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from tests import sheets
from tests.browser.conftest import begin_job
from tests.processes import Stack, free_port, process, records, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.browser]
PASSWORD = "demo-console-2026"
OPERATOR = "zhou.min@qinghe.example"
SLOW = 90_000  # milliseconds for what the machine has to work for


def upload(page: Page, file: Path, *, name: str) -> None:
    begin_job(page, name=name)
    page.locator("[name=file]").set_input_files(file)
    page.get_by_role("button", name="Check the recipients").click()


def agree(page: Page) -> None:
    """To the statement of consent, once the check is done."""
    page.locator("[name=consent]").check(timeout=SLOW)


def figures(page: Page) -> dict[str, int]:
    """The ledger as the page shows it: state → rows."""
    found = {}
    for row in page.locator(".ledger-row").all():
        label = row.locator(".state").inner_text().strip()
        found[label] = int(row.locator("b").inner_text().replace(",", ""))
    return found


def adds_up(page: Page, rows: int) -> None:
    expect(page.locator(".sum")).to_contain_text(f"{rows:,} rows in the file")
    assert sum(figures(page).values()) == rows


def test_ten_thousand_rows(stack: Stack, visit: Any, tmp_path: Path) -> None:
    """Upload, check, confirm, watch: all rows delivered, sums right at every step."""
    file = tmp_path / "people.xlsx"
    numbers = sheets.people(file, rows=10_000)
    operator = visit()
    page = operator.sign_in(OPERATOR, PASSWORD)
    operator.check_access()
    upload(page, file, name="Ten thousand")
    expect(page.get_by_role("button", name="Send 10,000 messages")).to_be_visible(timeout=SLOW)
    operator.check_access()
    expect(page.locator(".bubble").first).to_contain_text("尊敬的")
    agree(page)
    page.get_by_role("button", name="Send 10,000 messages").click()
    expect(page.locator(".ledger").first).to_be_visible()
    adds_up(page, 10_000)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ledger-row')].some(r => /Delivered/.test(r.innerText)"
        " && /10,000/.test(r.innerText))",
        timeout=SLOW,
    )
    adds_up(page, 10_000)
    assert figures(page)["Delivered"] == 10_000
    operator.check_access()
    wait_for(lambda: len(records(stack.record)) >= 10_000, what="the record")
    assert sorted(line["destination"] for line in records(stack.record)) == [f"86{number}" for number in numbers]


def test_two_carriers(stack: Stack, visit: Any, tmp_path: Path) -> None:
    """A second simulator takes its share; the job page names both."""
    port, record, ready = free_port(), tmp_path / "second.jsonl", tmp_path / "port"
    argv = ["manage.py", "smsc", "--port", str(port), "--port-file", str(ready), "--record", str(record)]
    argv += ["--system-id", "second", "--password", "secret"]
    with process(*argv, log=tmp_path / "smsc.log", env=stack.env):
        wait_for(ready.exists, what="the second simulator")
        stack.manage(
            "carriers", "add", "second", "--host", "127.0.0.1", "--port", str(port), "--system-id", "second",
            "--password", "secret", "--rate", "500",
        )  # fmt: skip
        stack.manage("carriers", "test", "second")
        stack.wait_healthy()
        first = len(records(stack.record))
        sheets.people(tmp_path / "people.xlsx", rows=3_000, first=13900000000)
        page = visit().sign_in(OPERATOR, PASSWORD)
        upload(page, tmp_path / "people.xlsx", name="Two carriers")
        agree(page)
        page.get_by_role("button", name="Send 3,000 messages").click(timeout=SLOW)
        page.wait_for_function(
            "() => [...document.querySelectorAll('.ledger-row')].some(r => /Delivered/.test(r.innerText)"
            " && /3,000/.test(r.innerText))",
            timeout=SLOW,
        )
        adds_up(page, 3_000)
        assert len(records(record)) > 0 and len(records(stack.record)) > first
        assert len(records(record)) + len(records(stack.record)) - first == 3_000
        stack.manage("carriers", "remove", "second")


def test_flawed_file_in_chinese_on_a_phone(visit: Any, tmp_path: Path) -> None:
    """Repairs are shown, refused rows come back as a file with reasons, the rest is sent."""
    file = tmp_path / "flawed.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        cells = ["13800138001", "+86 138-0013-8002", "0086 13800138003", "１３８００１３８００４", 13800138005,
                 "13800138006.0", "1.38E+10", "12345", "13800138001", "", "13800138007"]  # fmt: skip
        for row, number in enumerate(["手机号", *cells]):
            values = ("姓名", "金额") if row == 0 else ("王女士", "" if number == "13800138007" else "12.50")
            sheet.write_row(row, 0, [number, *values])
    visitor = visit(width=390, language="zh-CN", dark=True)
    page = visitor.page
    page.goto(visitor.stack.url)
    page.get_by_label("邮箱").fill(OPERATOR)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.locator(".top").wait_for()
    begin_job(page, name="有错的表格")
    visitor.check_access()
    page.locator("input[type=file]").set_input_files(file)
    page.locator("button.btn-primary").click()
    send = page.get_by_role("button", name=re.compile(r"发送.*6"))
    expect(send).to_be_visible(timeout=SLOW)
    visitor.check_access()
    expect(page.locator("main")).to_contain_text("138****8002")
    with page.expect_download() as download:
        page.locator("a[href$='refused.xlsx']").first.click()
    refused = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).active
    assert refused is not None
    rows = list(refused.iter_rows(values_only=True))
    assert len(rows) == 1 + 5 and "1.38E+10" in {str(row[0]) for row in rows}
    agree(page)
    send.click()
    expect(page.locator(".sum")).to_contain_text("11")
    visitor.check_access()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("letter.xlsx", b"%PDF-1.7 not a sheet", "not a spreadsheet"),
        ("empty.xlsx", b"", "empty"),
        ("names.csv", "姓名,城市\n王女士,上海\n".encode(), "number"),
    ],
)
def test_what_is_not_a_usable_sheet(visit: Any, tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    page = visit().sign_in(OPERATOR, PASSWORD)
    upload(page, tmp_path / name, name="Not a sheet")
    expect(page.locator("main")).to_contain_text(re.compile(says, re.IGNORECASE), timeout=SLOW)
