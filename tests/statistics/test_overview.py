"""The overview: figures of today, what needs a person, the chart that equals its table."""

import re
from datetime import date, timedelta
from statistics import chart, needs

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import reviewing
from accounts.models import ReviewState, Role
from sending import counts
from sending.models import CountDelta, JobStatus, MessageState
from sending.states import MessageState as S
from templates_app import drafts, signatures
from templates_app.models import Signature
from templates_app.models.signature import Dormancy
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


def overview(client, who, **headers):
    client.force_login(who)
    response = client.get(reverse("overview"), **headers)
    assert response.status_code == 200
    return response.content.decode()


def count(job, state, n):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    CountDelta.objects.create(job=job, hour=hour, country="CN", state=state, n=n, segments=n, carrier_id=1)


def test_a_new_enterprise_sees_what_to_do_first(client, alice):
    text = overview(client, alice)
    assert "No job yet" in text
    assert "Needs you" not in text


def test_todays_figures_are_counted_and_not_those_of_others(client, alice):
    job = make.job(by=alice)
    for state, n in ((S.DELIVERED, 970), (S.FAILED, 30), (S.UNKNOWN, 7), (S.ACCEPTED, 93)):
        count(job, state, n)
    count(make.job(by=make.user()), S.DELIVERED, 5000)
    counts.fold()
    text = overview(client, alice)
    shown = re.findall(r'<dd class="value">([\d,]+)</dd>', text)
    assert shown == ["1,100", "970", "93", "37"]
    assert "97.0 % of those reported" in text
    assert "30 failed, 7 without an answer" in text


def test_what_needs_a_person_is_listed_with_the_way_there(alice):
    checked = make.job(by=alice, rows=3, status=JobStatus.CHECKED, name="Spring")
    sending = make.job(by=alice, rows=3, name="Autumn")
    count(sending, MessageState.UNKNOWN, 2)
    counts.fold()
    make.template(by=alice, approved=False)
    make.carrier(name="unicom-1", bound=False)
    found = needs.of(alice)
    assert [need.glyph[0] for need in found] == ["failed", "unknown", "accepted", "rejected"]
    assert "unicom-1" in found[0].what
    assert found[1].what == "2 messages have no definite answer."
    assert found[1].url == reverse("job", args=[sending.pk]) + "?state=unknown#rows"
    assert found[2].why == "3 messages wait for your confirmation."
    assert found[2].url == reverse("job", args=[checked.pk])
    assert "Not about your company." in found[3].why


def due_before(item, **span):
    type(item).objects.filter(pk=item.pk).update(due_at=timezone.now() - timedelta(**span))


def test_questions_late_decisions_and_sleeping_signatures_need_somebody(alice):
    asked = make.template(by=alice, approved=None)
    asked.move(ReviewState.RETURNED, by=make.reviewer(), reason="Who is it for?", reason_zh="发给谁？")
    late = make.signature(by=alice, approved=None, name="迟到")
    due_before(late, hours=1)
    asleep = make.signature(by=alice, name="沉睡")
    Signature.objects.filter(pk=asleep.pk).update(dormancy=Dormancy.DORMANT)
    found = {need.deed: need for need in needs.of(alice)}
    assert set(found) == {"Answer", "Urge", "Activate"}
    assert found["Answer"].url == f"/submissions/template/{asked.pk}/answer/"
    assert found["Answer"].why == "Who is it for?"
    assert found["Urge"].url == late.get_absolute_url() and "迟到" in found["Urge"].what
    assert found["Activate"].url == asleep.get_absolute_url()
    reviewing.urge(late, "", by=alice)
    signatures.activate(asleep, "Spring", by=alice)
    assert {need.deed for need in needs.of(alice)} == {"Answer"}


def test_what_was_rejected_needs_nobody_once_it_was_sent_in_again(alice):
    signature = make.signature(by=alice, approved=False, name="驳回")
    version = make.template(by=alice, approved=False)
    assert [need.deed for need in needs.of(alice)] == ["Change", "Change"]
    make.signature(by=alice, app=signature.application, approved=None, name="驳回", replaces=signature)
    drafts.new_version(version.template, by=alice)
    assert needs.of(alice) == []


def test_needs_are_those_of_what_one_may_send_in(alice):
    owner = make.user(role=Role.OWNER, of=alice.enterprise, language="en")
    for item in (make.qualification(by=owner, approved=None), make.verification(by=owner), make.request(by=owner)):
        item.move(ReviewState.RETURNED, by=make.administrator(), reason="Why?")
    assert [need.deed for need in needs.of(owner)] == ["Answer"] * 3
    assert needs.of(alice) == []


def test_needs_cost_as_many_queries_for_many_as_for_few(alice):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            needs.of(alice)
        return len(captured)

    def more():
        application = make.application(by=alice)
        late = make.signature(by=alice, app=application, approved=None, name=f"签名{application.pk}")
        due_before(late, hours=1)
        make.template(by=alice, approved=False)
        make.template(by=alice, approved=None).move(ReviewState.RETURNED, by=make.reviewer(), reason="Why?")

    more()
    few = queries()
    for _ in range(4):
        more()
    assert queries() == few


def test_staff_see_how_much_is_late_and_urged(client, alice):
    for name in ("迟一", "迟二"):
        late = make.signature(by=alice, approved=None, name=name)
        due_before(late, hours=1)
    reviewing.urge(late, "", by=alice)
    text = overview(client, make.user(role=Role.REVIEWER, language="en"))
    assert "2 · 2 late · 1 urged" in text


def test_a_checked_job_without_a_good_row_has_nothing_to_confirm(client, alice):
    make.job(by=alice, rows=0, invalid=2, status=JobStatus.CHECKED)
    text = overview(client, alice)
    assert "None of its rows can be sent." in text
    assert "Confirm" not in text and "for your confirmation" not in text


def test_of_many_checked_jobs_the_rest_is_counted(alice):
    version = make.template(by=alice)
    for _ in range(needs.EACH + 2):
        make.job(by=alice, version=version, status=JobStatus.CHECKED)
    last = needs.of(alice)[-1]
    assert (last.what, last.url) == ("2 more jobs are checked.", "/jobs/?status=checked")


def test_nothing_of_another_enterprise_needs_me(alice):
    mallory = make.user()
    make.job(by=mallory, status=JobStatus.CHECKED)
    make.template(by=mallory, approved=False)
    assert needs.of(alice) == []


def test_a_carrier_that_is_away_is_no_news_while_nothing_is_sending(alice):
    make.carrier(bound=False)
    make.job(by=alice, status=JobStatus.DONE)
    assert needs.of(alice) == []


def test_the_overview_costs_as_many_queries_for_20_jobs_as_for_2(client, alice):
    version = make.template(by=alice)

    def fill(n):
        for _ in range(n):
            job = make.job(by=alice, version=version)
            count(job, S.UNKNOWN, 1)
            make.job(by=alice, version=version, status=JobStatus.CHECKED)
        counts.fold()

    def cost():
        overview(client, alice)
        with CaptureQueriesContext(connection) as captured:
            overview(client, alice, HTTP_HX_REQUEST="true")
        return len(captured)

    fill(2)
    few = cost()
    fill(18)
    assert cost() == few


def test_the_page_polls_only_while_a_job_moves(client, alice):
    make.job(by=alice, status=JobStatus.DONE)
    assert "hx-trigger" not in overview(client, alice)
    make.job(by=alice, status=JobStatus.SENDING)
    assert "hx-trigger" in overview(client, alice)


def test_reviewers_see_what_waits_and_administrators_the_carriers_too(client, alice):
    make.template(by=alice, approved=None)
    make.carrier(name="unicom-1")
    text = overview(client, make.user(role=Role.REVIEWER, language="en"))
    assert "Review 1 item" in text
    assert "unicom-1" not in text
    text = overview(client, make.user(role=Role.ADMINISTRATOR, language="en"))
    assert "unicom-1" in text
    assert "Connected" in text


@pytest.mark.parametrize("role", list(Role))
def test_everybody_has_an_overview_in_both_languages(client, alice, role):
    make.carrier()
    make.job(by=alice)
    for language in ("en", "zh-hans"):
        who = make.user(role=role, of=alice.enterprise, language=language)
        assert " style=" not in overview(client, who)


@pytest.mark.parametrize("highest", [1, 3, 4, 10, 99, 1000, 14_001, 603_470, 9_999_999])
def test_the_scale_ends_above_the_highest_bar(highest):
    day = date(2026, 11, 14)
    drawn = chart.per_day([(day, {S.DELIVERED: highest}), (day + timedelta(days=1), {})])
    tops = [float(piece.y) for piece in drawn.pieces]
    assert len(drawn.pieces) == 1
    assert min(tops) >= chart.TOP - 1.5
    assert len(drawn.ticks) == 4
    assert drawn.ticks[0].words == "0"


def test_the_chart_and_its_table_have_the_same_figures():
    day = date(2026, 11, 14)
    drawn = chart.per_day(
        [(day, {S.DELIVERED: 10, S.FAILED: 2, S.REJECTED: 1, S.QUEUED: 50}), (day, {S.UNKNOWN: 4, S.ACCEPTED: 5})]
    )
    assert [shown.figures for shown in drawn.days] == [[10, 3, 0, 0], [0, 0, 4, 5]]
    assert drawn.totals == [10, 3, 4, 5]
    assert drawn.total == sum(shown.total for shown in drawn.days) == 22


def test_who_only_looks_is_asked_to_do_nothing(client, alice):
    make.job(by=alice, rows=3, status=JobStatus.CHECKED, name="Spring")
    viewer = make.user(role=Role.VIEWER, of=alice.enterprise, language="en")
    assert needs.of(viewer) == []
    assert "Needs you" not in overview(client, viewer)
