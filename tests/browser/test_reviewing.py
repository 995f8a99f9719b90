"""How what may be said is written, reviewed and used, by people on both sides of the desk.

The stack lives on a clock of its own: it begins on a Saturday, when reviewers are at home. A clock that jumps ends
sessions, so people come with a fresh browser to each day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, begin_job
from tests.processes import Stack, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.browser]
PASSWORD = "demo-console-2026"
OWNER, OPERATOR, VIEWER = "wang.lan@qinghe.example", "zhou.min@qinghe.example", "chen.jie@qinghe.example"
REVIEWER, ADMINISTRATOR = "lin.yue@console.example", "he.qing@console.example"
PICKUP, POINTS, STORAGE = "Parcel_Arrived_11", "Points_Expire_12", "Storage_Ends_13"
COMPANY_SIGNATURE, QUALIFICATION, MOBILE = "清禾鲜送", "清禾总公司 2026", "13800137666"
CHANNEL_NUMBER = "106912345678"
PARCEL = "QH20261128083"
TEXT = "您的包裹${1}已到${2}，请及时领取。"
# Nothing that a machine objects to, but a reviewer.
PROMOTING = "您的积分将于${1}到期，到店消费可抵现金。"
MENDED = "您的积分将于${1}到期，详情请到门店查询。"
ENGLISH, CHINESE = "Offering cash for points is promotion: leave it out.", "积分抵现金属于推广内容，请删去。"
SATURDAY, SUNDAY, MONDAY = 28, 29, 30  # of November 2026


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("stack"))
    made.set_clock(at(SATURDAY, 14))
    with made.running() as running:
        yield running


def on_a_phone(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.check_access()
    visitor.page.set_viewport_size({"width": 1440, "height": 1000})


def fill_variable(page: Page, code: str, meaning: str, example: str) -> None:
    page.get_by_label(f"Meaning of {code}").fill(meaning)
    page.get_by_label(f"Example of {code}").fill(example)


def write(operator: Visitor, name: str, text: str, *variables: tuple[str, str]) -> None:
    """Send a template in without any help; it stands on the page of the template then."""
    page = operator.page
    page.goto(f"{operator.stack.url}/cn/templates/new/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Text", exact=True).fill(text)
    for number, (meaning, example) in enumerate(variables, start=1):
        fill_variable(page, f"${{{number}}}", meaning, example)
    page.get_by_label("When is it sent?").fill("To members who have asked for it.")
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator(".pill").first).to_contain_text("In review")


def open_item(desk: Page, name: str) -> None:
    desk.goto(desk.url.split("/", 3)[0] + "//" + desk.url.split("/", 3)[2] + "/reviews/")
    desk.locator(".queue").get_by_role("link", name=name).first.click()
    expect(desk.locator(".h-item")).to_contain_text(name)


def press(desk: Page, key: str) -> None:
    """A key that leads to another page."""
    before = desk.url
    desk.keyboard.press(key)
    desk.wait_for_url(lambda url: url != before)


def look_through(desk: Page, name: str) -> None:
    """From the queue to the item, by the keyboard alone."""
    press(desk, "j")
    for _each in range(60):
        if name in desk.locator(".h-item").inner_text():
            return
        press(desk, "j")
    raise AssertionError(f"{name} is not in the queue")


def test_written_on_saturday_approved_on_monday(stack: Stack, visit: Any) -> None:
    operator = visit()
    page = operator.sign_in(OPERATOR, PASSWORD)
    write_with_help(operator)
    choice = page.locator("label", has_text=PICKUP).locator("input[name=template]")
    begin_job(page, name="Parcels", upto="template")
    expect(page.locator("input[name=template]").first).to_be_visible()
    expect(choice).to_have_count(0)
    page.locator(".draft-barred summary").click()
    expect(page.locator(".draft-barred")).to_contain_text("It awaits its review. Due by Mon 30 Nov, 11:00.")
    reviewer = visit(language="zh-CN", dark=True)
    nothing_is_decided_on_sunday(reviewer, stack)
    approve_by_keyboard(reviewer, stack)
    operator.sign_in(OPERATOR, PASSWORD)
    page.goto(f"{stack.url}/jobs/")
    page.get_by_role("link", name="Continue Parcels").click()
    expect(choice).to_be_enabled()
    operator.check_access()


def write_with_help(operator: Visitor) -> None:
    page = operator.page
    page.goto(f"{operator.stack.url}/cn/templates/new/")
    text, check, phone = page.get_by_label("Text", exact=True), page.locator("#live-check"), page.locator("#live-phone")
    expect(page.locator(".stick")).to_contain_text("Sent in now: decided by Mon 30 Nov, 11:00")
    page.get_by_label("Name", exact=True).fill(PICKUP)
    text.press_sequentially("您的包裹")
    page.get_by_role("button", name="Other number").click()
    page.get_by_role("button", name="Text", exact=True).click()
    expect(text).to_have_value("您的包裹${1}${2}")
    expect(check).to_contain_text("Two variables stand next to each other.")
    expect(page.locator("#check-summary")).not_to_contain_text("0 to look at")
    operator.check_access()
    text.fill(TEXT)
    expect(check).not_to_contain_text("Two variables stand next to each other.")
    fill_variable(page, "${1}", "Number of the parcel", PARCEL)
    page.get_by_label("When is it sent?").fill("To the member whose parcel has arrived at the shop.")
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator("#live-variables")).to_contain_text("Give an example.")
    fill_variable(page, "${2}", "Where it lies", "东湖店")
    expect(phone.locator(".on-example")).to_contain_text(TEXT.replace("${1}", PARCEL).replace("${2}", "东湖店"))
    page.locator(".seg-control label", has_text="Longest").click()
    expect(phone.locator(".on-longest")).to_contain_text("With the longest values")
    expect(phone.locator(".on-example")).to_be_hidden()
    expect(page.locator("#check-summary")).to_contain_text("0 to look at")
    operator.check_access()
    on_a_phone(operator)
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator(".note")).to_contain_text("It is decided by Mon 30 Nov, 11:00 at the latest.")
    operator.check_access()
    on_a_phone(operator)


def nothing_is_decided_on_sunday(reviewer: Visitor, stack: Stack) -> None:
    """The page says so, its keys do nothing, and what is sent all the same is refused."""
    stack.set_clock(at(SUNDAY, 10))
    desk = reviewer.sign_in(REVIEWER, PASSWORD)
    open_item(desk, PICKUP)
    expect(desk.locator("[data-decide]")).to_contain_text("今天不是工作日。")
    expect(desk.locator("[data-decide]")).to_contain_text("9:00")
    expect(desk.locator("[data-key=a]")).to_be_disabled()
    reviewer.check_access()
    here = desk.url
    desk.keyboard.press("a")
    expect(desk.locator("[data-decide]")).to_be_visible()
    assert desk.url == here
    desk.locator("[data-key=a]").evaluate("button => { button.disabled = false; }")
    desk.keyboard.press("a")
    expect(desk.locator("[data-decide] .note-bad")).to_contain_text("工作日")
    reviewer.check_access()
    desk.goto(here)
    expect(desk.locator(".item .pill")).to_contain_text("待审核")


def approve_by_keyboard(reviewer: Visitor, stack: Stack) -> None:
    stack.set_clock(at(MONDAY, 10, 15))
    desk = reviewer.sign_in(REVIEWER, PASSWORD)
    desk.goto(f"{stack.url}/reviews/")
    reviewer.check_access()
    look_through(desk, PICKUP)
    expect(desk.locator(".item .due").first).to_have_text(re.compile("4[0-5] 分钟后到期"))  # by 11:00
    reviewer.check_access()
    on_a_phone(reviewer)
    press(desk, "j")
    press(desk, "k")
    expect(desk.locator(".h-item")).to_contain_text(PICKUP)
    desk.keyboard.press("v")
    expect(desk.locator(".if-longest")).to_be_visible()
    press(desk, "a")
    expect(desk.get_by_role("status").first).to_contain_text(PICKUP)
    expect(desk.locator(".h-item")).not_to_contain_text(PICKUP)
    expect(desk.locator("[data-decide]")).to_be_visible()


def test_rejected_mended_and_asked_about(stack: Stack, visit: Any) -> None:
    stack.set_clock(at(MONDAY, 10, 20))
    operator, reviewer = visit(), visit(dark=True)
    page, desk = operator.sign_in(OPERATOR, PASSWORD), reviewer.sign_in(REVIEWER, PASSWORD)
    write(operator, POINTS, PROMOTING, ("Day on which they end", "2026-12-31"))
    reject_with_a_reason(reviewer)
    read_the_reasons(operator, visit(width=390, language="zh-CN", dark=True))
    page.get_by_role("button", name="Write a new version").click()
    page.get_by_label("Text", exact=True).fill(MENDED)
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator(".pill").first).to_contain_text("In review")
    open_item(desk, POINTS)
    expect(desk.locator(".change del")).to_have_text("消费可抵现金")
    reviewer.check_access()
    press(desk, "a")
    page.reload()
    expect(page.locator(".pill").first).to_contain_text("Approved")
    operator.check_access()
    write(operator, STORAGE, "您存放的包裹${1}今日到期，请及时领取。", ("Number of the parcel", PARCEL))
    ask_and_answer(operator, reviewer)
    one_of_two_wins(reviewer, visit())
    page.reload()
    expect(page.locator(".pill").first).to_contain_text("Approved")


def reject_with_a_reason(reviewer: Visitor) -> None:
    desk = reviewer.page
    open_item(desk, POINTS)
    desk.keyboard.press("1")
    english, chinese = desk.locator("#id_said"), desk.locator("#id_said_zh")
    expect(english).to_have_value("Type does not fit the text. Choose the type by what the text says.")
    expect(chinese).to_have_value(re.compile("类型"))
    english.fill(ENGLISH)
    chinese.fill(CHINESE)
    desk.keyboard.press("Escape")
    press(desk, "r")
    expect(desk.get_by_role("status").first).to_contain_text(f"“{POINTS}” is rejected.")


def read_the_reasons(operator: Visitor, viewer: Visitor) -> None:
    page = operator.page
    page.reload()
    expect(page.locator(".note-bad")).to_contain_text(ENGLISH)
    operator.check_access()
    viewer.sign_in(VIEWER, PASSWORD)
    viewer.page.goto(page.url)
    expect(viewer.page.locator(".note-bad")).to_contain_text(CHINESE)
    expect(viewer.page.locator("main")).not_to_contain_text(ENGLISH)
    viewer.check_access()


def ask_and_answer(operator: Visitor, reviewer: Visitor) -> None:
    page, desk = operator.page, reviewer.page
    here = page.url
    open_item(desk, STORAGE)
    desk.keyboard.press("q")  # without words it leads to the field for them
    desk.keyboard.type("Which shop keeps it?")
    desk.keyboard.press("Escape")
    press(desk, "q")
    page.reload()
    expect(page.locator(".note")).to_contain_text("Which shop keeps it?")
    operator.check_access()
    page.get_by_role("link", name="Answer", exact=True).click()
    operator.check_access()
    page.locator("[name=words]").fill("The one by the lake.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.locator(".pill").first).to_contain_text("In review")
    page.goto(here)
    open_item(desk, STORAGE)
    expect(desk.locator(".item")).to_contain_text("The one by the lake.")


def one_of_two_wins(reviewer: Visitor, second: Visitor) -> None:
    """Both have it before them; the slower one is told who was faster."""
    desk, other = reviewer.page, second.sign_in(ADMINISTRATOR, PASSWORD)
    open_item(other, STORAGE)
    press(desk, "a")
    other.keyboard.press("a")
    expect(other.locator(".decide")).to_contain_text("approved this")
    expect(other.locator("[data-key=a]")).to_have_count(0)
    second.check_access()


def test_a_signature_rests_on_a_qualification(stack: Stack, visit: Any, tmp_path: Path) -> None:
    """From the owner's papers to a name that messages go out under; nothing on the way is usable too early."""
    stack.set_clock(at(MONDAY, 11))
    owner, operator, reviewer, administrator = visit(), visit(width=390), visit(), visit()
    owner.sign_in(OWNER, PASSWORD)
    hand_in_papers(owner, tmp_path)
    page = operator.sign_in(OPERATOR, PASSWORD)
    add_signature(operator)
    desk = reviewer.sign_in(REVIEWER, PASSWORD)
    open_item(desk, QUALIFICATION)
    reviewer.check_access()
    turn_the_papers(reviewer)
    press(desk, "a")
    page.reload()
    expect(page.locator(".pill").first).to_contain_text("In review")
    open_item(desk, COMPANY_SIGNATURE)
    reviewer.check_access()
    press(desk, "a")
    page.reload()
    expect(page.locator("main")).to_contain_text("Cannot be used.")
    give_number(administrator)
    page.reload()
    expect(page.locator("main")).to_contain_text("Can be used.")
    expect(page.locator("main")).to_contain_text(CHANNEL_NUMBER)
    operator.check_access()
    page.goto(f"{stack.url}/cn/templates/new/")
    page.get_by_label("Signature", exact=True).select_option(label=f"【{COMPANY_SIGNATURE}】")


def hand_in_papers(owner: Visitor, folder: Path) -> None:
    page, picture = owner.page, folder / "paper.png"
    Image.effect_mandelbrot((640, 400), (-2, -1.2, 1, 1.2), 40).save(picture)
    page.goto(f"{owner.stack.url}/cn/qualifications/")
    owner.check_access()
    page.goto(f"{owner.stack.url}/cn/qualifications/new/")
    page.get_by_label("Name of the qualification").fill(QUALIFICATION)
    page.get_by_label("Person’s name", exact=True).fill("王岚")
    page.get_by_label("ID number").fill("310101198001010018")
    page.get_by_label("Mobile number").fill(MOBILE)
    page.get_by_role("button", name="Send the code").click()
    expect(page.locator("#manager-number")).to_contain_text("A code went to")
    page.get_by_label("Code from the SMS").fill(code_for(owner))
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Remark").fill("清禾鲜送小程序的订单通知。")
    page.get_by_label("I declare that all of this is true").check()
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator("#id_certificate-error")).to_be_visible()  # what was typed is still there
    owner.check_access()
    for name in ("certificate", "id_front", "id_back", "id_in_hand"):
        page.locator(f"[name={name}]").set_input_files(picture)
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator(".pill").first).to_contain_text("In review")
    expect(page.locator("main")).to_contain_text("It is decided by Thu 3 Dec")
    owner.check_access()


def code_for(owner: Visitor) -> str:
    """The code that went to the responsible person's telephone."""
    tab = owner.context.new_page()
    tab.goto(f"{owner.stack.url}/demo/outbox/")
    text = tab.locator("li", has_text=MOBILE)
    wait_for(lambda: tab.reload() and text.count(), what="the code")
    code = re.findall(r"\b\d{6}\b", text.first.locator(".as-typed").inner_text())[0]
    tab.close()
    return code


def add_signature(operator: Visitor) -> None:
    page = operator.page
    page.goto(f"{operator.stack.url}/cn/signatures/new/")
    page.get_by_label("Name", exact=True).press_sequentially(COMPANY_SIGNATURE)
    chosen = page.locator("[name=qualification] option", has_text=QUALIFICATION)
    page.locator("[name=qualification]").select_option(label=chosen.inner_text())
    page.get_by_label("What is it for?").fill("Notices of orders to members who buy in our mini-program.")
    operator.check_access()
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator(".note").first).to_contain_text("Sent in, and waits for its qualification.")
    operator.check_access()


def turn_the_papers(reviewer: Visitor) -> None:
    """The viewer opens, turns and closes by keys."""
    desk = reviewer.page
    desk.keyboard.press("o")
    picture = desk.locator("#viewer .viewer-stage img")
    expect(picture).to_be_visible()
    wait_for(lambda: picture.evaluate("picture => picture.naturalWidth"), what="the picture")
    desk.keyboard.press("r")
    expect(picture).to_have_attribute("style", re.compile("rotate.90deg"))
    reviewer.check_access()
    desk.keyboard.press("Escape")
    expect(desk.locator("#viewer")).to_be_hidden()


def give_number(administrator: Visitor) -> None:
    page = administrator.sign_in(ADMINISTRATOR, PASSWORD)
    page.goto(f"{administrator.stack.url}/channels/")
    administrator.check_access()
    row = page.get_by_role("row", name=COMPANY_SIGNATURE)
    row.get_by_label("Number").fill(CHANNEL_NUMBER)
    row.get_by_label("Registration").select_option(label="Registered")
    row.get_by_role("button", name="Record").click()
    expect(page.get_by_role("status").first).to_contain_text(CHANNEL_NUMBER)
    administrator.check_access()
