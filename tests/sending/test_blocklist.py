"""Who may not be texted: the scope of an entry, and what it does when the message would leave."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from console.lib.errors import NotAllowed
from sending import blocklist, counts, dispatch
from sending.models import BlocklistEntry, BlockSource, Message, MessageState
from templates_app.models import MessageType
from tests import make

NUMBER = "+8613800138000"


@pytest.fixture
def alice():
    return make.user(name="Alice")


def entry(**fields):
    return blocklist.add(NUMBER, by=None, **{"source": BlockSource.COMPLAINT, **fields})


@pytest.mark.django_db
class TestScope:
    @pytest.fixture
    def job(self, alice):
        return make.job(by=alice)

    def hit(self, job):
        return blocklist.hits([NUMBER, "+8613800138001"], blocklist.Sender.of(job))

    def test_of_the_platform(self, job):
        entry()
        assert self.hit(job) == {NUMBER: "blocklisted"}

    def test_of_the_enterprise_and_of_no_other(self, job, alice):
        entry(enterprise=make.enterprise())
        assert self.hit(job) == {}
        entry(enterprise=alice.enterprise, source=BlockSource.REPLY)
        assert self.hit(job) == {NUMBER: "opted_out"}

    def test_of_a_signature_and_its_type(self, job, alice):
        other = make.signature(by=alice, app=job.application, name="清禾推广", type=MessageType.PROMOTION)
        entry(signature=other, source=BlockSource.REPLY)
        assert self.hit(job) == {}
        entry(signature=job.signature, source=BlockSource.REPLY)
        assert self.hit(job) == {NUMBER: "opted_out"}

    def test_not_before_or_after_its_time(self, job):
        entry(until=timezone.now() - timedelta(minutes=1))
        assert self.hit(job) == {}

    def test_not_once_it_was_removed(self, job):
        held = entry()
        with pytest.raises(NotAllowed, match="Say why"):
            blocklist.remove(held, by=None, reason=" ")
        blocklist.remove(held, by=None, reason="Put on by mistake")
        assert self.hit(job) == {}
        with pytest.raises(NotAllowed, match="meanwhile"):
            blocklist.remove(held, by=None, reason="Again")

    def test_the_same_number_twice_is_one_entry(self, job):
        assert entry() == entry(source=BlockSource.HAND)
        assert BlocklistEntry.objects.count() == 1


@pytest.mark.django_db
def test_whoever_is_put_on_the_list_meanwhile_is_skipped_at_the_moment_of_sending(alice):
    job, owner = make.job(by=alice, rows=3), dispatch.take_lease()
    first, second, third = Message.objects.of_job(job).order_by("id").values_list("number", flat=True)
    blocklist.add(second, by=None, source=BlockSource.REPLY)
    claimed = blocklist.claim(
        sender=blocklist.Sender.of(job), owner=owner, carrier_id=make.carrier().pk, job_id=job.pk, after_id=0,
        first_id=job.first_id, parts=10,
    )  # fmt: skip
    assert [row.number for row in claimed] == [first, third]
    assert list(Message.objects.of_job(job).filter(state=MessageState.SKIPPED).values_list("number", "code")) == [
        (second, "opted_out")
    ]
    assert counts.verify(job) == {}


@pytest.mark.django_db
def test_the_command_keeps_the_list(alice, capsys):
    call_command("blocklist", "add", "138 0013 8000", "--source", "regulator", "--reason", "list of May")
    assert "138****8000  since" in capsys.readouterr().out
    call_command("blocklist", "remove", "13800138000", "--reason", "in error")
    call_command("blocklist", "show", "13800138000")
    assert "not on the list" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no mobile number"):
        call_command("blocklist", "add", "12")
    with pytest.raises(CommandError, match="no enterprise"):
        call_command("blocklist", "show", NUMBER, "--enterprise", "nobody")
