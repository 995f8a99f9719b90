"""How an enterprise joins, by real browsers through every process: from the sign-up to its last entry in the audit.

One journey in the order people make it, since each part needs what the one before has brought about.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import hmac
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.processes import Stack, records, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.browser]
REVIEWER, REVIEWER_PASSWORD = "lin.yue@console.example", "demo-console-2026"
OWNER, OPERATOR, PASSWORD = "li.na@li-and-co.example", "zhao.lei@li-and-co.example", "seven quiet herons wade"
ENTERPRISE = "<b>Li</b> & Co"  # a name with markup in it must come alive nowhere
NUMBER = "13800137123"
CODE, MISTYPED = "91110000600037341L", "91110000600037342L"
STEP = 30  # seconds that a code of the app is shown
DEEDS = [
    "Enterprise joined", "Service agreement accepted", "E-mail address confirmed", "Signed in",
    "Enterprise’s facts changed", "Own number added", "Code sent to an own number", "Own number verified",
    "Service number set", "Service mode chosen", "Document uploaded", "Real-name verification sent in for review",
    "Document opened", "Real-name verification approved", "Enterprise’s facts verified", "Invitation sent",
    "Invitation accepted", "Second factor added", "Signed out", "Application created", "Application secret shown",
    "Application secret replaced",
]  # fmt: skip
# As if the last sign-in of everybody were six minutes ago: within five nobody is asked again who they are.
SIX_MINUTES_LATER = """
from importlib import import_module
from django.conf import settings
from django.contrib.sessions.models import Session
for held in Session.objects.all():
    session = import_module(settings.SESSION_ENGINE).SessionStore(held.session_key)
    for proof in session.get("account_authentication_methods", []):
        proof["at"] -= 360
    session.save()
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Known by a name: links in mails name it, and security keys are bound to it, as they cannot be to an address."""
    made = Stack(tmp_path_factory.mktemp("stack"))
    made.url = f"http://localhost:{made.port}"
    made.env["SITE_URL"] = made.url
    with made.running() as running:
        running.open_desk()
        yield running


def look(visitor: Visitor, page: Page | None = None) -> None:
    """The page is one that everybody can use, and no name on it became markup."""
    shown = page or visitor.page
    visitor.check_access(shown)
    assert shown.locator("b:text-is('Li'), i:text-is('Zhao')").count() == 0


@contextlib.contextmanager
def outbox(visitor: Visitor) -> Iterator[Page]:
    """The demo's mails and texts, in another tab of the same browser."""
    tab = visitor.context.new_page()
    tab.on("console", visitor.hear)
    tab.goto(f"{visitor.stack.url}/demo/outbox/")
    yield tab
    tab.close()


def mail(tab: Page, *, to: str, link: str) -> Locator:
    """The newest mail to somebody with a link of this kind."""
    return tab.locator("li", has_text=to).filter(has=tab.locator(f"a[href*='{link}']")).first


def step(page: Page, deed: str) -> None:
    """Follow one of the things left to do on the enterprise's own page."""
    page.get_by_role("link", name="Your enterprise").first.click()
    page.locator(".todo").get_by_role("link", name=deed, exact=True).click()


def test_an_enterprise_joins(stack: Stack, visit: Any, tmp_path: Path) -> None:
    owner = visit()
    sign_up(owner)
    complete_profile(owner)
    prove_number(owner, stack)
    send_in_verification(owner, tmp_path)
    approve(visit())
    reads_that_it_is_verified(owner)
    invite(owner, stack)
    accept_invitation(visit(width=390, dark=True, language="zh-CN"))
    secret, used = set_up_app(owner)
    sign_in_with_codes(owner, secret, used)
    sign_in_with_key(owner)
    shown = create_application(owner, stack)
    everything_is_on_record(owner, stack, never=[*shown, secret, PASSWORD])


def sign_up(owner: Visitor) -> None:
    page = owner.page
    page.goto(owner.stack.url)
    page.get_by_role("link", name="Register your enterprise").click()
    look(owner)
    page.get_by_label("Your name").fill("Li Na")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Name of the enterprise").fill(ENTERPRISE)
    page.get_by_label("Kind of organisation").select_option(label="Partnership")
    page.get_by_label("I have read and accept").check()
    page.get_by_role("button", name="Register").click()
    expect(page.locator("#id_kind-error")).to_contain_text("“Partnership” cannot join")
    look(owner)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Kind of organisation").select_option(label="Company")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    look(owner)
    with outbox(owner) as tab:
        look(owner, tab)
        mail(tab, to=OWNER, link="/sign-up/confirm/").get_by_role("link").click()
        expect(tab.locator("main")).to_contain_text(f"Li Na registers {ENTERPRISE} with the address {OWNER}.")
        look(owner, tab)
        tab.get_by_role("button", name="Yes, confirm").click()
        expect(tab.get_by_role("status")).to_contain_text("Your address is confirmed.")
    owner.sign_in(OWNER, PASSWORD)
    expect(page.locator(".top-org")).to_have_text(ENTERPRISE)
    look(owner)


def complete_profile(owner: Visitor) -> None:
    page = owner.page
    step(page, "Complete it")
    look(owner)
    page.get_by_label("Address").fill("Harbour Road 3 <b>Li</b>")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".facts").first).to_contain_text("Europe/Berlin")
    step(page, "Choose")
    look(owner)
    page.get_by_label("Mode 1: package, then pay per use").check()
    page.get_by_role("button", name="Use this mode").click()
    expect(page.locator(".panel", has_text="Service mode").last).to_contain_text("Mode 1")


def prove_number(owner: Visitor, stack: Stack) -> None:
    """The code leaves by our own engine, once."""
    page = owner.page
    step(page, "Add a number")
    look(owner)
    page.get_by_label("Mobile number").fill(f"+86 {NUMBER}")
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    look(owner)
    with outbox(owner) as tab:
        text = tab.locator("li", has_text=f"+86{NUMBER}")
        wait_for(lambda: tab.reload() and text.get_by_text("Delivered").count(), what="the delivery of the code")
        expect(text).to_have_count(1)
        code = re.findall(r"\b\d{6}\b", text.locator(".as-typed").inner_text())[0]
    page.get_by_label("Code from the SMS").fill(f"{(int(code) + 1) % 10**6:06}")
    page.get_by_role("button", name="Verify the number").click()
    expect(page.locator("#id_code-error")).to_contain_text("4 tries are left")
    page.get_by_label("Code from the SMS").fill(code)
    page.get_by_role("button", name="Verify the number").click()
    expect(page.get_by_role("row", name=NUMBER)).to_contain_text(re.compile("Verified.*Service number", re.DOTALL))
    look(owner)
    # No message is sent twice, and nothing but this one was sent.
    assert [line["destination"] for line in records(stack.record) if line["part"] in (0, 1)] == [f"86{NUMBER}"]


def send_in_verification(owner: Visitor, folder: Path) -> None:
    page = owner.page
    hostile, licence = folder / "licence.png", folder / "licence_2026.png"
    hostile.write_text("<!doctype html><title>Licence</title><script>alert(1)</script>")
    Image.effect_mandelbrot((640, 480), (-2, -1.5, 1, 1.5), 60).save(licence)
    step(page, "Verify it")
    look(owner)
    expect(page.get_by_label("Enterprise name")).to_have_value(ENTERPRISE)
    page.get_by_label("Unified social credit code").fill(MISTYPED)
    page.get_by_label("Legal person").fill("Li <b>Li</b> Na")
    page.get_by_label("Business licence").set_input_files(hostile)
    page.get_by_label("I declare that all of this is true").check()
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator("#id_credit_code-error")).to_contain_text("one of the 18 is mistyped")
    expect(page.locator("#id_licence-error")).to_contain_text("a web page")
    look(owner)
    page.get_by_label("Unified social credit code").fill(CODE)
    page.get_by_label("Business licence").set_input_files(licence)
    page.get_by_role("button", name="Send in for review").click()
    expect(page.locator(".pill")).to_contain_text("In review")
    expect(page.locator("main")).to_contain_text("It is decided by")
    look(owner)


def approve(reviewer: Visitor) -> None:
    desk = reviewer.sign_in(REVIEWER, REVIEWER_PASSWORD)
    desk.get_by_role("link", name="Review queue").first.click()
    entry = desk.locator(".queue").get_by_role("link", name=ENTERPRISE)
    expect(entry.locator(".due")).to_be_visible()
    entry.click()
    expect(desk.locator(".item")).to_contain_text("check character fits")
    expect(desk.locator(".item")).to_contain_text(re.compile(r"due \w+.*\d\d:\d\d"))
    picture = desk.locator(".item .doc img")
    picture.scroll_into_view_if_needed()
    wait_for(lambda: picture.evaluate("picture => picture.naturalWidth"), what="the picture of the licence")
    look(reviewer)
    desk.get_by_role("button", name="Approve").click()
    expect(desk.locator(".queue").get_by_role("link", name=ENTERPRISE)).to_have_count(0)


def reads_that_it_is_verified(owner: Visitor) -> None:
    page = owner.page
    page.get_by_role("link", name="Your enterprise").first.click()
    expect(page.locator(".panel", has_text="Verification and its history")).to_contain_text(
        re.compile(r"Verified .*\d")
    )
    expect(page.locator("main")).to_contain_text("6 of 6 steps done")
    look(owner)
    page.get_by_role("link", name="Notices, 1 new").click()
    expect(page.locator(".todo")).to_contain_text("Your enterprise is verified")
    look(owner)
    with outbox(owner) as tab:
        expect(mail(tab, to=OWNER, link="/enterprise/verification/")).to_contain_text("Your enterprise is verified")
        look(owner, tab)


def enter_password_again(visitor: Visitor) -> None:
    page = visitor.page
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    look(visitor)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def invite(owner: Visitor, stack: Stack) -> None:
    page = owner.page
    stack.manage("shell", "-c", SIX_MINUTES_LATER)
    page.get_by_role("link", name="People").first.click()
    look(owner)
    page.get_by_role("link", name="Invite").click()
    enter_password_again(owner)
    look(owner)
    page.get_by_label("E-mail").fill(OPERATOR)
    page.get_by_label("Role").select_option(label="Operator")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.locator(".panel", has_text="Invitations").last).to_contain_text(OPERATOR)
    look(owner)


def accept_invitation(operator: Visitor) -> None:
    """In Chinese, on a phone in the dark."""
    page = operator.page
    page.goto(f"{operator.stack.url}/demo/outbox/")
    look(operator)
    mail(page, to=OPERATOR, link="/invitations/").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(ENTERPRISE)
    link = page.url
    look(operator)
    page.get_by_label("您的姓名").fill("赵磊 <i>Zhao</i>")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="创建我的账号").click()
    page.get_by_role("link", name="阅读并接受").click()
    look(operator)
    page.get_by_role("button", name="我已阅读并接受").click()
    expect(page.get_by_role("link", name="阅读并接受")).to_have_count(0)
    page.goto(f"{operator.stack.url}/people/")
    expect(page.get_by_role("row", name=re.compile("赵磊"))).to_be_visible()
    look(operator)
    refused = f"{operator.stack.url}/people/invite/"
    assert page.locator("a[href='/people/invite/']").count() == 0
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    form: dict[str, Any] = {"csrfmiddlewaretoken": token, "email": "somebody@li-and-co.example", "role": "owner"}
    assert page.request.get(refused).status == 403
    assert page.request.post(refused, form=form, headers={"Referer": refused}).status == 403
    assert page.request.get(f"{operator.stack.url}/audit/").status == 403
    stranger = operator.context.browser.new_context()  # type: ignore[union-attr]
    assert stranger.request.get(link).status == 410  # it works once
    stranger.close()


def app_code(secret: str, step: int) -> str:
    """What an app shows at a step of 30 seconds (RFC 6238)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    return f"{int.from_bytes(digest[at : at + 4], 'big') % (1 << 31) % 10**6:06}"


def set_up_app(owner: Visitor) -> tuple[str, int]:
    """The app's secret, and the step whose code has been used."""
    page = owner.page
    page.goto(f"{owner.stack.url}/account/")
    look(owner)
    page.get_by_role("link", name="Set up").click()
    look(owner)
    page.get_by_role("link", name="Set up an app").click()
    look(owner)
    secret = page.locator(".secret code").inner_text()
    now = int(time.time()) // STEP
    page.get_by_label("Code that the app shows").fill(app_code(secret, now))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    look(owner)
    return secret, now


def sign_out(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Your account")).click()
    page.get_by_role("button", name="Sign out").click()


def enter_password(page: Page) -> None:
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()


def sign_in_with_codes(owner: Visitor, secret: str, used: int) -> None:
    """A code counts once; a recovery code stands in for it."""
    page = owner.page
    recovery = page.locator(".codes li").first.inner_text()
    sign_out(page)
    enter_password(page)
    look(owner)
    enter_code(page, app_code(secret, used))
    expect(page.locator("#id_code-error")).to_contain_text("was used already")
    code = app_code(secret, used + 1)  # taken too: telephones' clocks are not exact
    enter_code(page, code)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    sign_out(page)
    enter_password(page)
    enter_code(page, code)
    expect(page.locator("#id_code-error")).to_contain_text("was used already")
    look(owner)
    enter_code(page, recovery)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def enter_code(page: Page, code: str) -> None:
    page.get_by_label("Code of your app").fill(code)
    page.get_by_role("button", name="Sign in").click()


def sign_in_with_key(owner: Visitor) -> None:
    page = owner.page
    browser = owner.context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "usb", "automaticPresenceSimulation": True}
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    page.goto(f"{owner.stack.url}/account/second-factor/")
    expect(page.locator("main")).to_contain_text("9 codes are left")
    look(owner)
    page.get_by_role("link", name="Add a security key").click()
    look(owner)
    page.get_by_label("Name of the key").fill("Blue <b>Li</b>")
    page.get_by_role("button", name="Add the key").click()
    page.wait_for_url("**/account/second-factor/")
    expect(page.locator("main")).to_contain_text("Blue <b>Li</b> · not used yet")
    look(owner)
    sign_out(page)
    enter_password(page)
    look(owner)
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def create_application(owner: Visitor, stack: Stack) -> list[str]:
    """Its secrets: each is shown once, after proving who one is."""
    page = owner.page
    page.get_by_role("link", name="Applications").first.click()
    look(owner)
    page.get_by_role("link", name="Add application").click()
    look(owner)
    page.get_by_label("Name").fill("Orders_01")
    stack.manage("shell", "-c", SIX_MINUTES_LATER)
    page.get_by_role("button", name="Add application").click()
    enter_password_again(owner)
    first = show_secret(owner)
    page.get_by_role("link", name="Back").click()
    look(owner)
    page.get_by_role("link", name="Make a new secret").click()
    look(owner)
    page.get_by_role("button", name="Make a new secret").click()
    second = show_secret(owner)
    assert first != second
    page.get_by_role("link", name="Back").click()
    expect(page.locator(".panel", has_text="Application secret").last).to_contain_text("works until")
    look(owner)
    return [first, second]


def show_secret(owner: Visitor) -> str:
    page = owner.page
    look(owner)
    page.get_by_role("button", name="Show the secret").click()
    secret = page.locator(".secret code").inner_text()
    assert len(secret) >= 20
    look(owner)
    asked = page.url
    page.reload()
    assert secret not in page.content()
    page.goto(asked)
    expect(page.locator("main")).to_contain_text("is not shown again")
    assert secret not in page.content()
    return secret


def everything_is_on_record(owner: Visitor, stack: Stack, *, never: list[str]) -> None:
    page = owner.page
    page.get_by_role("link", name="Audit").first.click()
    look(owner)
    shown = page.locator("summary").all_inner_texts()
    assert set(DEEDS) <= set(shown), set(DEEDS) - set(shown)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    written = Path(download.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(written)))
    assert [row["What"] for row in rows if row["What"] in shown] == shown
    assert {row["Who"] for row in rows} >= {"Li Na", "赵磊 <i>Zhao</i>", "the platform"}
    assert not [secret for secret in [*never, NUMBER] if secret in written + page.content()]
    assert "Yue" not in written  # who decides at the platform is not the enterprise's to know
    assert "are what was written" in stack.manage("audit", "verify")
