"""Test messages: a row's text to the enterprise's own numbers, through the engine, and never to anybody else."""

import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Role
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from sending import counts, dispatch, proofs
from sending.models import CountDelta, JobStatus, Message, MessageState, SendJob
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def alice(db):
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def own(alice):
    return make.own_number(of=alice.enterprise, number="+8613900000001")


@pytest.fixture
def job(alice):
    return make.job(by=alice, rows=3, invalid=1, status=JobStatus.CHECKED)


def post(client, job, *numbers, row=1, token=None):
    data = {"row": row, "token": token or uuid.uuid4(), "number": [number.pk for number in numbers]}
    return client.post(reverse("job-test", args=[job.pk]), data)


def send(job, *numbers, by, token=None):
    return proofs.send(job, Message.objects.of_job(job)[0], to=numbers, by=by, token=token or uuid.uuid4())


def test_the_text_of_the_row_goes_out_like_any_other(client, alice, job, own):
    client.force_login(alice)
    answer = post(client, job, own, row=1)
    assert answer.url == f"{reverse('job', args=[job.pk])}?row=1#preview"
    test = SendJob.objects.get(test_of=job)
    message = Message.objects.of_job(test).get()
    assert (message.number, message.values, message.segments, message.country) == (own.number, ["王女士", "1"], 1, "CN")
    assert (test.status, test.released, test.total, test.version) == (JobStatus.SENDING, 1, 1, job.version)
    assert (test.signature, test.application, test.priority) == (job.signature, job.application, job.priority)
    assert test.send_until and timezone.now() < test.send_until <= timezone.now() + proofs.KEPT
    assert counts.verify(test) == {}
    assert test.pk in [waiting.id for waiting in dispatch.waiting_jobs()]
    assert test not in SendJob.objects.listed() and job in SendJob.objects.listed()
    entry = AuditEntry.objects.get(verb="job.tested", object_id=job.pk)
    assert entry.by == alice and own.number not in str(entry.detail)
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED  # and nobody else got anything
    assert set(Message.objects.of_job(job).values_list("state", flat=True)) == {0, 9}


def test_a_double_click_sends_one(client, alice, job, own):
    client.force_login(alice)
    token = uuid.uuid4()
    for _again in range(2):
        assert post(client, job, own, token=token).status_code == 302
    assert job.tests.count() == 1
    assert post(client, job, own).status_code == 302
    assert job.tests.count() == 2


def test_only_own_verified_numbers_are_texted(client, alice, job, own):
    strange = make.own_number(of=make.enterprise())
    unproved = make.own_number(of=alice.enterprise, verified=False)
    client.force_login(alice)
    for number in (strange, unproved):
        answer = post(client, job, number)
        assert answer.status_code == 422 and "Choose at least one of your verified numbers." in answer.content.decode()
    with pytest.raises(NotAllowed, match="at least one"):
        send(job, strange, by=alice)
    post(client, job, own, strange)
    assert Message.objects.of_job(job.tests.get()).get().number == own.number


def test_the_number_must_be_in_the_region_and_among_the_countries(client, alice, own):
    abroad = make.own_number(of=alice.enterprise, number="+447400123456")
    version = make.template(by=alice, region=Region.INTERNATIONAL, text="Hi ${1} ${2}", countries=["GB"])
    job = make.job(by=alice, version=version, status=JobStatus.CHECKED)
    assert proofs.numbers_for(job) == [abroad]
    with pytest.raises(NotAllowed, match="country of this application"):
        send(job, own, by=alice)
    assert Message.objects.of_job(send(job, abroad, by=alice)).get().country == "GB"
    elsewhere = make.template(by=alice, region=Region.INTERNATIONAL, text="Hi ${1} ${2}", countries=["SG"])
    job = make.job(by=alice, version=elsewhere, status=JobStatus.CHECKED)
    assert proofs.numbers_for(job) == []
    client.force_login(alice)
    page = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "None of your verified numbers is in a country of this message." in page and reverse("own-numbers") in page


def test_a_job_has_twenty_test_messages_at_most(client, alice, job, own, monkeypatch):
    monkeypatch.setattr(proofs, "MOST", 3)
    other = make.own_number(of=alice.enterprise)
    send(job, own, other, by=alice)
    with pytest.raises(NotAllowed, match="at most 3 test messages, and 1 are left"):
        send(job, own, other, by=alice)
    send(job, own, by=alice)
    client.force_login(alice)
    assert "This job has had its 3 test messages." in client.get(reverse("job", args=[job.pk])).content.decode()
    assert proofs.left(job) == 0 and proofs.left(make.job(by=alice, status=JobStatus.CHECKED)) == 3


def test_what_may_not_be_sent_is_not_tested_either(client, alice, job, own):
    make.agreement()  # published, and not accepted by alice
    client.force_login(alice)
    answer = post(client, job, own)
    assert answer.status_code == 422 and "service agreement" in answer.content.decode()
    assert re.search(rf'value="{own.pk}"[^>]* checked', answer.content.decode())
    assert 'name="row" value="1"' in answer.content.decode()  # the row stays where it was
    assert not job.tests.exists()


def test_on_trial_tests_count_among_the_days_messages(db):
    trying = make.user(role=Role.OWNER, of=make.enterprise(verified=False), language="en")
    own = make.own_number(of=make.home(trying))
    job = make.job(by=trying, status=JobStatus.CHECKED)
    send(job, own, by=trying)
    make.job(by=trying, rows=49, status=JobStatus.SENDING)
    with pytest.raises(NotAllowed, match="at most 50 messages leave a day"):
        send(job, own, by=trying)
    assert job.tests.count() == 1


def test_a_job_that_has_begun_is_not_tested_any_more(alice, own):
    job = make.job(by=alice, status=JobStatus.SENDING)
    with pytest.raises(NotAllowed, match="“Sending” by now"):
        send(job, own, by=alice)
    scheduled = make.job(by=alice, status=JobStatus.SCHEDULED)
    assert send(scheduled, own, by=alice).test_of == scheduled


def test_the_page_says_what_came_of_it_and_looks_again(client, alice, job, own):
    client.force_login(alice)
    post(client, job, own)
    part = client.get(reverse("job-tests", args=[job.pk]), **HTMX).content.decode()
    assert "139****0001" in part and "Queued" in part and 'hx-trigger="every 2s"' in part
    message = Message.objects.of_job(job.tests.get())
    message.update(state=MessageState.FAILED, code="UNDELIV", settled_at=timezone.now())
    part = client.get(reverse("job-tests", args=[job.pk]), **HTMX).content.decode()
    assert "Failed" in part and "could not be delivered" in part and "hx-trigger" not in part
    assert "Failed" in client.get(reverse("job", args=[job.pk])).content.decode()


def test_viewers_and_strangers_send_no_test(client, alice, job, own):
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise))
    assert post(client, job, own).status_code == 403
    client.force_login(make.user(role=Role.OWNER))
    assert post(client, job, own).status_code == 404
    assert not job.tests.exists()


@pytest.mark.parametrize("token", ["", "x", "0" * 40])
def test_a_form_without_its_token_sends_nothing(client, alice, job, own, token):
    client.force_login(alice)
    answer = client.post(reverse("job-test", args=[job.pk]), {"row": "0", "token": token, "number": [own.pk]})
    assert answer.status_code == 422 and not job.tests.exists()


def test_a_token_of_another_job_is_refused(alice, job, own):
    token = uuid.uuid4()
    send(job, own, by=alice, token=token)
    other = make.job(by=alice, status=JobStatus.CHECKED)
    with pytest.raises(NotAllowed, match="used before"):
        send(other, own, by=alice, token=token)
    assert not other.tests.exists() and CountDelta.objects.filter(job__test_of=job).exists()
