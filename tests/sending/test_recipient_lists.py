"""Saved lists: what of a job they hold, made once whoever dies, deleted with their file, used by later jobs."""

from __future__ import annotations

import csv
import io
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import AuditEntry, Notice, Role
from console.lib.errors import NotAllowed
from sending import intake, making, recipient_lists, sweeper
from sending.intake import sources, upload
from sending.models import FileState, JobFile, JobStatus, MakingState, Message, MessageState, RecipientList, Source
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
S = MessageState


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def hints(monkeypatch):
    asked: list[tuple[str, dict]] = []
    for module in ("console.lib.queue", "sending.making"):
        monkeypatch.setattr(f"{module}.hint", lambda task, **ids: asked.append((task, ids)))
    return asked


def saved(job, by, name="Members"):
    held = recipient_lists.save(job, by=by, name=name)
    recipient_lists.make(held.pk)
    held.refresh_from_db()
    return held


def apart(make_it, pk):
    """In a thread of its own, with a connection of its own."""
    make_it(pk)
    connection.close()


def content(held):
    with held.file.open("rb") as file:
        return list(csv.reader(io.StringIO(file.read().decode())))


def test_a_list_holds_the_good_rows_and_their_values_as_they_were(alice, hints):
    job = make.job(by=alice, rows=2, invalid=2)
    Message.objects.filter(pk=(job.first_id or 0)).update(state=S.SKIPPED, code="stopped", values=['=1,"x"', "2\n3"])
    held = recipient_lists.save(job, by=alice, name="Members")
    assert hints == [("sending.make_list", {"pk": held.pk})] and held.rows_expected == 2
    recipient_lists.make(held.pk)
    held.refresh_from_db()
    assert held.columns == ["Mobile number", "Name 姓名", "Amount 金额"]
    assert content(held) == [held.columns, ["13800000000", '=1,"x"', "2\n3"], ["13800000001", "王女士", "1"]]
    assert (held.state, held.rows, held.created_by) == (MakingState.READY, 2, alice)
    assert AuditEntry.objects.filter(verb="recipientlist.saved", object_id=held.pk, by=alice).count() == 1
    assert Notice.objects.get(code="recipientlist.ready").path == reverse("list", args=[held.pk])


def test_rows_of_a_file_that_was_left_out_are_not_in_it(alice, hints):
    job = make.job(by=alice, rows=3, status=JobStatus.CHECKED)
    JobFile.objects.filter(job=job).update(total=1)
    JobFile.objects.create(job=job, number=2, file="none", file_name="b", state=FileState.LEFT_OUT, first=1, total=2)
    assert [row[0] for row in content(saved(job, alice))] == ["Mobile number", "13800000000"]
    cancelled = make.job(by=alice, rows=3, status=JobStatus.CANCELLED)
    assert saved(cancelled, alice, "Given up").rows == 3, "but those of a job that was given up as a whole are"


def test_a_name_is_given_once_until_its_list_is_deleted(client, alice, hints):
    job = make.job(by=alice, rows=1)
    held = saved(job, alice)
    client.force_login(alice)
    address = f"{reverse('list-new')}?job={job.pk}"
    answer = client.post(address, {"name": "Members"})
    assert answer.status_code == 422 and "Choose another name" in answer.content.decode()
    assert saved(make.job(by=make.user(), rows=1), make.user(role=Role.OPERATOR)).name == "Members"
    recipient_lists.remove(held, by=alice)
    answer = client.post(address, {"name": "Members"})
    assert answer.url == reverse("list", args=[RecipientList.objects.latest("pk").pk])


@pytest.mark.parametrize("status", [JobStatus.UPLOADED, JobStatus.UNREADABLE])
def test_what_is_not_checked_becomes_no_list(client, alice, status):
    job = make.job(by=alice, status=status)
    with pytest.raises(NotAllowed, match="not checked yet"):
        recipient_lists.save(job, by=alice, name="Members")
    client.force_login(alice)
    text = client.get(reverse("list-new"), {"job": job.pk}).content.decode()
    assert "not checked yet" in text and "Save the list<" not in text


def test_a_job_without_a_good_row_becomes_no_list(alice):
    with pytest.raises(NotAllowed, match="No row of this job"):
        recipient_lists.save(make.job(by=alice, rows=0, invalid=2), by=alice, name="Members")


@pytest.mark.parametrize("name", ["", "x" * 61, "a\u202eb", "a\0b"])
def test_a_name_must_be_one(client, alice, name):
    client.force_login(alice)
    answer = client.post(f"{reverse('list-new')}?job={make.job(by=alice, rows=1).pk}", {"name": name})
    assert answer.status_code == 422 and not RecipientList.objects.exists()


# Making


def test_two_makers_at_once_make_one_list(alice, monkeypatch, hints):
    held = recipient_lists.save(make.job(by=alice, rows=3), by=alice, name="Members")
    inside, go, write, written = threading.Event(), threading.Event(), recipient_lists._write, []

    def slow(*args):
        written.append(1)
        inside.set()
        assert go.wait(10)
        write(*args)

    monkeypatch.setattr(recipient_lists, "_write", slow)
    first = threading.Thread(target=apart, args=(recipient_lists.make, held.pk))
    first.start()
    assert inside.wait(10)
    recipient_lists.make(held.pk)
    go.set()
    first.join()
    held.refresh_from_db()
    assert written == [1] and held.state == MakingState.READY and held.rows == 3


def test_a_killed_makers_list_is_asked_for_again_and_made(alice, hints):
    held = recipient_lists.save(make.job(by=alice, rows=1), by=alice, name="Members")
    hints.clear()
    making._take(RecipientList.objects.all(), held.pk, lambda made: None)
    past = timezone.now() - timedelta(seconds=30)
    RecipientList.objects.update(maker_until=past, created_at=past)
    sweeper.ask_for_makers()
    assert hints == [("sending.make_list", {"pk": held.pk})]
    recipient_lists.make(held.pk)
    held.refresh_from_db()
    assert held.state == MakingState.READY


def test_one_that_fails_three_times_says_so(client, alice, monkeypatch, hints):
    held = recipient_lists.save(make.job(by=alice, rows=1), by=alice, name="Members")
    monkeypatch.setattr(recipient_lists, "_write", lambda *args: 1 / 0)
    for _three in range(making.ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            recipient_lists.make(held.pk)
        RecipientList.objects.update(maker_until=timezone.now() - timedelta(seconds=1))
    recipient_lists.make(held.pk)
    held.refresh_from_db()
    assert held.state == MakingState.FAILED and not RecipientList.objects.ready().exists()
    client.force_login(alice)
    assert "broke off three times" in client.get(reverse("list", args=[held.pk])).content.decode()


def test_a_list_deleted_while_it_is_made_leaves_no_file(alice, monkeypatch, hints):
    held = recipient_lists.save(make.job(by=alice, rows=1), by=alice, name="Members")
    names = []

    def write(made, file, keeper):
        names.append(making.path_of(made))
        recipient_lists.remove(held, by=alice)

    monkeypatch.setattr(recipient_lists, "_write", write)
    recipient_lists.make(held.pk)
    held.refresh_from_db()
    assert held.removed_at and held.state == MakingState.WAITING
    assert not held.file.storage.exists(names[0])


# Pages


def test_the_first_rows_are_shown_masked_and_with_values_by_role(client, alice, hints):
    held = saved(make.job(by=alice, rows=25), alice)
    client.force_login(alice)
    text = client.get(reverse("list", args=[held.pk])).content.decode()
    assert "138****0000" in text and "13800000000" not in text and "王女士" in text
    assert "138****0019" in text and "138****0020" not in text
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise, language="en"))
    text = client.get(reverse("list", args=[held.pk])).content.decode()
    assert "138****0000" in text and "王女士" not in text and "Delete" not in text
    client.force_login(make.user(role=Role.OWNER, of=alice.enterprise))
    assert ">13800000000" in client.get(reverse("list", args=[held.pk])).content.decode()


def test_lists_stand_in_a_list_with_what_matters(client, alice, hints):
    job = make.job(by=alice, rows=2, name="Spring")
    saved(job, alice)
    client.force_login(alice)
    text = client.get(reverse("lists")).content.decode()
    assert "Members" in text and "Mobile number, Name 姓名, Amount 金额" in text and "Spring" in text
    assert "every 2s" not in text
    recipient_lists.save(job, by=alice, name="Another")
    assert "every 2s" in client.get(reverse("lists")).content.decode()
    client.force_login(make.user(role=Role.OWNER, language="en"))
    assert "No list yet" in client.get(reverse("lists")).content.decode()


def test_deleting_takes_the_file_along_and_keeps_the_jobs(client, alice, hints):
    held = saved(make.job(by=alice, rows=1), alice)
    storage, name = held.file.storage, held.file.name
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise))
    assert client.post(reverse("list-delete", args=[held.pk])).status_code == 403
    client.force_login(alice)
    assert client.get(reverse("list-delete", args=[held.pk])).status_code == 405
    assert client.post(reverse("list-delete", args=[held.pk])).url == reverse("lists")
    assert not storage.exists(name)
    assert client.get(reverse("list", args=[held.pk])).status_code == 404
    assert client.post(reverse("list-delete", args=[held.pk])).status_code == 404
    assert AuditEntry.objects.filter(verb="recipientlist.removed", object_id=held.pk, by=alice).count() == 1


def test_a_file_that_outlived_its_list_is_swept_away(alice, hints):
    held, kept = saved(make.job(by=alice, rows=1), alice), saved(make.job(by=alice, rows=1), alice, "Kept")
    RecipientList.objects.filter(pk=held.pk).update(removed_at=timezone.now())
    recipient_lists.forget_removed()
    assert not held.file.storage.exists(held.file.name) and kept.file.storage.exists(kept.file.name)


def test_a_list_whose_file_is_gone_still_has_a_page(client, alice, hints):
    held = saved(make.job(by=alice, rows=1), alice)
    held.file.storage.delete(held.file.name)
    client.force_login(alice)
    assert client.get(reverse("list", args=[held.pk])).status_code == 200


def test_others_find_no_list_and_make_none_of_ones_jobs(client, alice, hints):
    job = make.job(by=alice, rows=1)
    held = saved(job, alice)
    client.force_login(make.user(role=Role.OWNER))
    assert client.get(reverse("list", args=[held.pk])).status_code == 404
    assert client.post(f"{reverse('list-new')}?job={job.pk}", {"name": "Mine"}).status_code == 404
    for number in ("", "x", "9" * 30):
        assert client.get(reverse("list-new"), {"job": number}).status_code == 404


# Use


def test_a_job_made_from_a_list_reads_the_same_rows_and_notes_the_use(alice, hints):
    job = make.job(by=alice, rows=3, invalid=1)
    held = saved(job, alice)
    recipients = sources.of_list(held)
    again = upload.receive(
        enterprise=make.home(alice),
        by=alice,
        token=uuid.uuid4(),
        name="Again",
        version=job.version,
        recipients=recipients,
    )
    recipients.file.close()
    intake.read(again.files.get().pk)
    again.refresh_from_db()
    held.refresh_from_db()
    rows = Message.objects.of_job(again).order_by("id").values_list("number", "values", "state")
    assert list(rows) == [(f"+861380000000{i}", ["王女士", str(i)], S.QUEUED) for i in range(3)]
    assert again.files.get().source == Source.LIST and held.last_used_at is not None
