"""The workbench's queue and its rules: order, lists, claims, who decides, and what those who come second are told."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import reviewing
from accounts.models import CalendarDay, ReviewDesk, ReviewState, Role
from console.lib.errors import NotAllowed
from templates_app import reviews
from templates_app.models import TemplateVersion
from templates_app.reviews import queue, reasons, record, similar
from templates_app.reviews.queue import Filters, Tab
from tests import make

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 16, 10, 0, tzinfo=SHANGHAI)
SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture
def olive(db):
    return make.user(role=Role.OWNER, name="Olive Tan", language="en")


@pytest.fixture
def dan(db):
    return make.user(role=Role.REVIEWER, name="Dan Xu", language="en")


def shift(thing, **fields):
    type(thing)._default_manager.filter(pk=thing.pk).update(**fields)


def listed(user, **filters):
    return [(entry.kind, entry.pk) for entry in reviews.listed(user, Filters(**filters))]


def two_decide(*kinds):
    ReviewDesk.objects.update_or_create(pk=ReviewDesk.THE_ONE, defaults={"second_pair": list(kinds)})


# The queue


def test_urged_first_then_what_is_due(olive, bob):
    now = timezone.now()
    late, soon = make.request(by=olive), make.template(by=olive, approved=None)
    urged = make.signature(by=olive, approved=None)
    shift(late, due_at=now - timedelta(hours=1))
    shift(soon, due_at=now + timedelta(hours=1))
    shift(urged, due_at=now - timedelta(minutes=5), urged_at=now)
    assert listed(bob) == [("signature", urged.pk), ("request", late.pk), ("template", soon.pk)]


def test_each_tab_lists_what_it_counts(olive, bob, carol):
    now = timezone.now()
    mine, other = make.template(by=olive, approved=None), make.template(by=olive, approved=None)
    urged, asked = make.request(by=olive), make.signature(by=olive, approved=None, name="清禾到家")
    reviewing.claim(mine, by=bob)
    reviewing.claim(other, by=carol)
    shift(urged, urged_at=now, due_at=now - timedelta(minutes=1))
    reviews.ask(asked, by=bob, question="Which app?")
    mine_, other_, urged_ = ("template", mine.pk), ("template", other.pk), ("request", urged.pk)
    wanted = {
        Tab.ALL: {mine_, other_, urged_},
        Tab.MINE: {mine_},
        Tab.UNASSIGNED: {urged_},
        Tab.URGED: {urged_},
        Tab.OVERDUE: {urged_},
        Tab.RETURNED: {("signature", asked.pk)},
    }
    assert {tab: set(listed(bob, tab=tab)) for tab in wanted} == wanted
    assert reviews.counts(bob, Filters()) == {tab: len(pks) for tab, pks in wanted.items()}


def test_a_claim_of_long_ago_is_nobodys(olive, bob):
    version = make.template(by=olive, approved=None)
    reviewing.claim(version, by=bob)
    shift(version, claimed_at=timezone.now() - timedelta(hours=2))
    assert listed(bob, tab=Tab.MINE) == [] and listed(bob, tab=Tab.UNASSIGNED) == [("template", version.pk)]


def test_filters_by_kind_and_words(olive, mallory, bob):
    version, claim = make.template(by=olive, approved=None), make.verification(by=mallory, name="禾丰物流")
    asked = make.request(by=olive)
    assert listed(bob, kind="template") == [("template", version.pk)]
    assert listed(bob, words="禾丰") == [("verification", claim.pk)]
    assert listed(bob, words=version.template.name.upper()) == [("template", version.pk)]
    assert listed(bob, words="international applications") == [("request", asked.pk)]
    assert {kind for kind, _pk in listed(bob, words=make.home(olive).name)} == {"template", "request"}
    assert reviews.counts(bob, Filters(words="禾丰"))[Tab.ALL] == 1


def test_decided_newest_first_whatever_it_became(olive, bob, carol):
    first, second = make.template(by=olive), make.template(by=olive, approved=False)
    first.move(ReviewState.INACTIVE, by=carol, reason="Complaints")
    shown = [pk for kind, pk in listed(bob, tab=Tab.DECIDED) if kind == "template"]
    assert shown == [second.pk, first.pk]


def test_a_page_shows_a_hundred_of_all(olive, bob, sign_in, monkeypatch):
    monkeypatch.setattr(queue.listed, "__kwdefaults__", {"at_most": 2})
    for _ in range(3):
        make.request(by=make.user(role=Role.OWNER))
    assert "2 of 3" in sign_in(bob).get("/reviews/").content.decode()


def test_filters_stay_in_the_address(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    page = sign_in(bob).get("/reviews/?show=unassigned&kind=template&q=Temp").content.decode()
    assert f'href="/reviews/template/{version.pk}/?show=unassigned&amp;kind=template&amp;q=Temp"' in page
    assert 'value="Temp"' in page and "due in" in page
    empty = sign_in(bob).get("/reviews/?show=mine&kind=template").content.decode()
    assert "Nothing here fits the filter." in empty


def test_the_queue_asks_for_itself_again_and_only_for_itself(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    client = sign_in(bob)
    address = f"/reviews/?at=template-{version.pk}"
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and 'id="queue-list"' in part and 'hx-trigger="every 30s"' in part
    assert re.search(rf'id="q-template-{version.pk}"[^>]+aria-current="true"', part)
    for wrong in ("at=template-x", "at=nothing-1", "at=" + "9" * 50, "at=template-%C2%B2"):
        assert client.get(f"/reviews/?{wrong}").status_code == 200


@time_machine.travel(MONDAY, tick=True)
def test_the_head_says_till_when_the_desk_is_open(bob, sign_in):
    assert ">18:00</time>" in sign_in(bob).get("/reviews/").content.decode()


@time_machine.travel(SUNDAY, tick=True)
def test_the_head_says_when_the_desk_opens(bob, sign_in):
    CalendarDay.objects.all().delete()
    page = sign_in(bob).get("/reviews/").content.decode()
    assert "closed, opens" in page and "Mon 09:00" in page


def test_the_item_page_costs_the_same_for_twenty_as_for_two(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    client, url = sign_in(bob), f"/reviews/template/{version.pk}/"

    def add(n):
        for _ in range(n):
            person = make.user(role=Role.OWNER)
            make.template(by=person, approved=None, text="您好${1}，余额${2}元请查收")
            make.template(by=olive, text="本月账单${1}已出，金额${2}元", approved=False)
            reviewing.claim(make.request(by=person), by=bob)

    def queries():
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    add(2)
    few = queries()
    add(8)
    assert queries() <= few


# Claims


def test_claiming_does_not_come_with_opening(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    sign_in(bob).get(f"/reviews/template/{version.pk}/")
    version.refresh_from_db()
    assert version.claimed is None


def test_claim_release_and_take_over_on_the_page(olive, bob, carol, sign_in):
    version = make.template(by=olive, approved=None)
    url = f"/reviews/template/{version.pk}/"
    assert sign_in(bob).post(f"{url}?show=mine", {"decision": "claim"}).url == f"{url}?show=mine"
    page = sign_in(carol).get(url).content.decode()
    assert f"{bob.name} has this on the desk since" in page and "Take it over first." in page
    assert f"{bob.name} has it" in page  # in the queue
    refused = sign_in(carol).post(url, {"decision": "approve"})
    assert refused.status_code == 422 and "has this on the desk since" in refused.content.decode()
    assert sign_in(carol).post(url, {"decision": "claim"}).status_code == 422
    assert sign_in(carol).post(url, {"decision": "take"}).status_code == 302
    version.refresh_from_db()
    assert version.claimed == carol
    sign_in(bob).post(url, {"decision": "release"})  # no longer his to release
    version.refresh_from_db()
    assert version.claimed == carol
    sign_in(carol).post(url, {"decision": "release"})
    version.refresh_from_db()
    assert version.claimed is None


def test_the_one_who_has_it_decides_it(olive, bob, carol):
    version = make.template(by=olive, approved=None)
    reviewing.claim(version, by=bob)
    for deed in (
        lambda: reviews.decide(version, by=carol, approve=True),
        lambda: reviews.decide(version, by=carol, approve=False, reason="No"),
        lambda: reviews.ask(version, by=carol, question="Why?"),
    ):
        with pytest.raises(NotAllowed, match="on the desk since"):
            deed()
    reviews.decide(version, by=bob, approve=True)
    assert version.review_state == ReviewState.APPROVED


def test_withdrawn_while_claimed_is_told(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    reviewing.claim(version, by=bob)
    client, url = sign_in(bob), f"/reviews/template/{version.pk}/"
    found = re.search(r"\?seen=([^\"]+)", client.get(url).content.decode())
    assert found
    seen = found[1]
    quiet = client.get(f"{url}?seen={seen}", headers={"HX-Request": "true"}).content.decode()
    assert "Load the page again" not in quiet and 'id="item-news"' in quiet
    version.move(ReviewState.WITHDRAWN, by=olive)
    news = client.get(f"{url}?seen={seen}", headers={"HX-Request": "true"}).content.decode()
    assert "The applicant withdrew this meanwhile." in news and "<html" not in news
    late = client.post(url, {"decision": "approve", "round": version.round})
    assert late.status_code == 422 and "The applicant withdrew this meanwhile." in late.content.decode()


# Decisions


def test_reasons_reach_the_applicant_in_both_languages(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    listed_reason = reasons.find(reasons.TEMPLATE, "link")
    assert listed_reason
    url = f"/reviews/template/{version.pk}/"
    page = sign_in(bob).get(url).content.decode()
    assert listed_reason.words["reason"] in page and "data-words-zh" in page
    sign_in(bob).post(url, {"decision": "reject", "why": "link", "said": "Write it out.", "said_zh": "请写完整地址。"})
    version.refresh_from_db()
    assert (version.reason, version.reason_zh, version.reason_code) == ("Write it out.", "请写完整地址。", "link")


def test_in_one_language_is_enough_and_everybody_reads_it(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    url = f"/reviews/template/{version.pk}/"
    sign_in(bob).post(url, {"decision": "reject", "why": "other", "said_zh": "请写明用途。"})
    version.refresh_from_db()
    assert (version.reason, version.reason_words) == ("", "请写明用途。")


@pytest.mark.parametrize("kind", sorted(reviews.KINDS))
def test_every_reason_says_what_to_do_and_fits(kind):
    found = reviews.KINDS[kind].reasons
    assert len({reason.code for reason in found}) == len(found) and found[-1].code == reasons.OTHER
    for reason in found[:-1]:
        assert reason.advice and all(0 < len(words) <= 200 for words in reason.words.values())
        assert len(reason.code) <= 30


def test_a_question_stops_the_clock_and_goes_on_to_the_next(olive, bob, sign_in):
    version, asked = make.template(by=olive, approved=None), make.request(by=olive)
    client, url = sign_in(bob), f"/reviews/template/{version.pk}/"
    assert "Write the question" in client.post(url, {"decision": "ask"}).content.decode()
    answer = client.post(url, {"decision": "ask", "said": "Who gets it?", "said_zh": "发给谁？"})
    assert answer.url == f"/reviews/request/{asked.pk}/"
    version.refresh_from_db()
    assert (version.review_state, version.due_at) == (ReviewState.RETURNED, None)
    assert (version.reason, version.reason_zh) == ("Who gets it?", "发给谁？")
    assert "went back with your question" in client.get(answer.url).content.decode()


def test_a_decision_on_what_has_changed_is_refused(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    seen = version.round
    reviews.ask(version, by=bob, question="Who gets it?")
    reviewing.answer(version, "Members", by=olive)
    url = f"/reviews/template/{version.pk}/"
    late = sign_in(bob).post(url, {"decision": "approve", "round": seen})
    assert late.status_code == 422 and "It has changed since you opened it" in late.content.decode()
    page = sign_in(bob).get(url).content.decode()
    assert "Members" in page and f'name="round" value="{version.round}"' in page
    assert sign_in(bob).post(url, {"decision": "approve", "round": version.round}).status_code == 302


def test_a_double_click_changes_nothing(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    client, url = sign_in(bob), f"/reviews/template/{version.pk}/"
    for _ in range(2):
        assert client.post(url, {"decision": "approve", "round": version.round}).status_code == 302
    assert [event.words for event in reviews.history(version, for_staff=True)].count(f"v1 Approved by {bob}") == 1


def test_the_note_is_for_reviewers_and_nobody_writes_over_anothers(olive, bob, carol, sign_in):
    version = make.template(by=olive, approved=None)
    url = f"/reviews/template/{version.pk}/"
    assert sign_in(bob).post(url, {"decision": "note", "note": "Called them", "note_was": ""}).status_code == 302
    assert "Called them" in sign_in(carol).get(url).content.decode()
    # A page from before the note, which did not touch it, leaves it there.
    sign_in(carol).post(url, {"decision": "reject", "why": "link", "note": "", "note_was": ""})
    version.refresh_from_db()
    assert version.note == "Called them" and "Called them" not in version.reason
    assert "Called them" not in sign_in(olive).get(f"/cn/templates/{version.template_id}/").content.decode()


def test_of_a_refused_decision_nothing_is_kept_but_in_the_form(olive, bob, carol, sign_in):
    version = make.template(by=olive, approved=None)
    reviewing.claim(version, by=carol)
    deed = {"decision": "approve", "round": version.round, "note": "Looks fine", "note_was": ""}
    answer = sign_in(bob).post(f"/reviews/template/{version.pk}/", deed)
    version.refresh_from_db()
    assert (answer.status_code, version.review_state, version.note) == (422, ReviewState.IN_REVIEW, "")
    assert "Looks fine" in answer.content.decode()


def test_after_a_decision_comes_the_next_of_the_same_list(olive, bob, carol, sign_in):
    now = timezone.now()
    items = [make.template(by=olive, approved=None) for _ in range(4)]
    other = make.request(by=olive)
    for place, item in enumerate(items):
        shift(item, due_at=now + timedelta(minutes=place))
    shift(other, due_at=now + timedelta(seconds=90))
    reviewing.claim(items[2], by=carol)
    client, query = sign_in(bob), "?kind=template"

    def decide(item):
        return client.post(f"/reviews/template/{item.pk}/{query}", {"decision": "approve"}).url

    assert decide(items[1]) == f"/reviews/template/{items[3].pk}/{query}"  # not what carol has
    assert decide(items[3]) == f"/reviews/template/{items[0].pk}/{query}"  # from the end the first
    assert decide(items[0]) == f"/reviews/template/{items[2].pk}/{query}"  # the last, though carol has it
    client.post(f"/reviews/template/{items[2].pk}/{query}", {"decision": "take"})
    assert decide(items[2]) == f"/reviews/{query}"
    assert "Nothing to decide" in client.get(f"/reviews/{query}").content.decode()


# Two decide


def test_two_different_reviewers_approve(olive, bob, dan, sign_in):
    two_decide("templateversion")
    version = make.template(by=olive, approved=None)
    url = f"/reviews/template/{version.pk}/"
    assert "Yours is the first approval" in sign_in(bob).get(url).content.decode()
    sign_in(bob).post(url, {"decision": "approve"})
    version.refresh_from_db()
    assert (version.review_state, version.first_by) == (ReviewState.IN_REVIEW, bob)
    shift(version, first_at=timezone.now() - timedelta(hours=1))
    again = sign_in(bob).post(url, {"decision": "approve"})
    assert again.status_code == 422 and "Another reviewer makes it valid" in again.content.decode()
    page = sign_in(dan).get(url).content.decode()
    assert f"First approval by {bob.name}" in page and "You are the second." in page and "second look" in page
    sign_in(dan).post(url, {"decision": "approve"})
    version.refresh_from_db()
    assert (version.review_state, version.first_by, version.decided_by) == (ReviewState.APPROVED, bob, dan)


def test_an_answer_between_the_two_begins_anew(olive, bob, dan):
    two_decide("templateversion")
    version = make.template(by=olive, approved=None)
    reviews.decide(version, by=bob, approve=True)
    reviews.ask(version, by=dan, question="Who gets it?")
    reviewing.answer(version, "Members", by=olive)
    reviews.decide(version, by=dan, approve=True)
    assert (version.review_state, version.first_by) == (ReviewState.IN_REVIEW, dan)


def test_once_one_is_enough_the_first_may_decide(olive, bob):
    two_decide("templateversion")
    version = make.template(by=olive, approved=None)
    reviews.decide(version, by=bob, approve=True)
    two_decide()
    reviews.decide(version, by=bob, approve=True)
    assert (version.review_state, version.decided_by) == (ReviewState.APPROVED, bob)


# Days off


@pytest.fixture
def on_sunday(olive):
    with time_machine.travel(MONDAY, tick=True):
        version = make.template(by=olive, approved=None)
    CalendarDay.objects.all().delete()
    with time_machine.travel(SUNDAY, tick=True):
        yield version


def test_reviewers_are_told_when_they_can_decide(on_sunday, bob, sign_in):
    url = f"/reviews/template/{on_sunday.pk}/"
    page = sign_in(bob).get(url).content.decode()
    assert "Today is no workday." in page and "Nothing is decided today." in page and "Mon 23 Nov, 09:00" in page
    assert re.search(r'value="approve"[^>]+disabled', page) and 'name="exception"' not in page
    refused = sign_in(bob).post(url, {"decision": "approve", "exception": "I want to"})
    assert refused.status_code == 422 and "is no workday, so nothing is decided" in refused.content.decode()


def test_administrators_decide_with_a_reason_that_is_shown(on_sunday, carol, sign_in):
    url = f"/reviews/template/{on_sunday.pk}/"
    assert 'name="exception"' in sign_in(carol).get(url).content.decode()
    assert sign_in(carol).post(url, {"decision": "approve"}).status_code == 422
    assert sign_in(carol).post(url, {"decision": "approve", "exception": "Flood warning"}).status_code == 302
    page = sign_in(carol).get(url).content.decode().partition("</section>")[2]  # without the queue
    assert "Why on that day" in page and "Flood warning" in page and "in time" not in page and "late" in page


# What the decision rests on


def test_longest_values_stand_beside_the_examples(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    page = sign_in(bob).get(f"/reviews/template/{version.pk}/").content.decode()
    assert "<mark>王女士</mark>" in page and "<mark>" + "字" * 20 + "</mark>" in page


def test_similar_templates_and_the_same_text_elsewhere(olive, mallory, bob, sign_in):
    text = "尊敬的${1}，您本月的账单${2}元已出，请按时缴费。"
    version = make.template(by=olive, text=text, approved=None)
    own = make.template(by=olive, text="尊敬的${1}，您本月的账单${2}元已出，请您按时缴费，谢谢。", approved=False)
    twin = make.template(by=mallory, text="尊敬的${1},您本月的账单 ${2} 元已出,请按时缴费!")
    make.template(by=mallory, text="您的快递${1}已到${2}，请凭码领取包裹。")
    assert [found.pk for found in similar.twins(version)] == [twin.pk]
    likes = similar.similar(version)
    assert [(like.version.pk, like.own) for like in likes] == [(own.pk, True)] and likes[0].percent > 70
    page = sign_in(bob).get(f"/reviews/template/{version.pk}/").content.decode()
    assert "Others send the same text." in page and twin.template.name in page and own.template.name in page


def test_drafts_of_others_are_nobodys_business(olive, mallory):
    version = make.template(by=olive, approved=None)
    draft = make.template(by=mallory, text=version.text)
    TemplateVersion.objects.filter(pk=draft.pk).update(review_state=ReviewState.DRAFT)
    assert similar.twins(version) == [] and similar.similar(version) == []


def test_the_record_of_an_enterprise(olive, mallory, bob):
    make.template(by=olive)
    rejected = make.template(by=olive, approved=False)
    old = make.template(by=olive, approved=False)
    shift(old, decided_at=timezone.now() - timedelta(days=400))
    make.template(by=mallory)
    held = record.of(make.home(olive))
    lines = {line.kind.name: (line.approved, line.rejected) for line in held.lines}
    assert lines["template"] == (1, 1)
    newest = next(entry for entry in held.last if entry.kind == "template")
    assert newest.pk == rejected.pk and newest.item.reason == "Not about your company."
    assert {entry.item.enterprise_id for entry in held.last} == {olive.enterprise_id}


def test_what_was_decided_stays_to_be_read(olive, bob, carol, sign_in):
    version = make.template(by=olive)
    page = sign_in(bob).get(f"/reviews/template/{version.pk}/").content.decode()
    assert "in time" in page and 'value="approve"' not in page and "Take back approval" not in page
    assert "Take back approval" in sign_in(carol).get(f"/reviews/template/{version.pk}/").content.decode()


def test_markup_everywhere_stays_text(olive, bob, sign_in):
    probe = "<i data-probe>&"
    version = make.template(by=olive, approved=None, text=f"{probe} ${{1}}，您本月消费${{2}}元。")
    shift(version, purpose=probe, answer=probe, urge_words=probe, note=probe, urged_at=timezone.now())
    page = sign_in(bob).get(f"/reviews/template/{version.pk}/?q={probe}&show={probe}").content.decode()
    assert "<i data-probe" not in page and page.count("&lt;i data-probe") >= 6


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_only_staff_reach_the_bench(request, olive, sign_in, who):
    version = make.template(by=olive, approved=None)
    client = sign_in(request.getfixturevalue(who))
    for url in ("/reviews/", f"/reviews/template/{version.pk}/"):
        assert client.get(url).status_code == 403
    assert client.post(f"/reviews/template/{version.pk}/", {"decision": "approve"}).status_code == 403


def test_what_is_not_there_is_not_found(olive, bob, sign_in):
    version = make.template(by=olive, approved=None)
    for url in (f"/reviews/nothing/{version.pk}/", f"/reviews/template/{version.pk + 999}/"):
        assert sign_in(bob).get(url).status_code == 404
        assert sign_in(bob).post(url, {"decision": "approve"}).status_code == 404
    assert sign_in(bob).post(f"/reviews/template/{version.pk}/", {"decision": "sing"}).status_code == 422
    long = sign_in(bob).post(f"/reviews/template/{version.pk}/", {"decision": "reject", "said": "x" * 1_000_000})
    assert long.status_code == 422
