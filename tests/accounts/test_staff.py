"""The platform's staff: made by the command and by administrators, of no enterprise, never without an administrator."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import people
from accounts.models import AuditEntry, Invitation, OutgoingMail, Role, User
from console.lib.errors import NotAllowed
from tests import make
from tests.accounts.test_people import proven

pytestmark = pytest.mark.django_db
NEW = {"name": "He Qing", "password": "a-long-enough-phrase"}


def run(*words):
    out = io.StringIO()
    call_command("staff", *words, stdout=out)
    return out.getvalue()


def test_the_first_administrator_comes_by_the_command():
    made = json.loads(run("add", "He@Console.example", "--role", "administrator", "--name", "He Qing", "--json"))
    assert (made["email"], made["role"]) == ("he@console.example", "administrator")
    assert OutgoingMail.objects.get().recipient == "he@console.example"
    client = Client(headers={"Accept-Language": "en"})
    path = "/" + made["link"].split("/", 3)[3]
    text = client.get(path).content.decode()
    assert "Join the platform’s staff" in text and 'value="He Qing"' in text
    assert client.post(path, NEW).status_code == 302
    person = User.objects.get(email="he@console.example")
    assert (person.role, person.enterprise) == (Role.ADMINISTRATOR, None)
    assert client.get(path).status_code in {302, 410}
    assert AuditEntry.objects.get(verb="invitation.sent").by is None


def test_the_command_prints_the_link_for_people():
    first, second = run("add", "a@console.example", "--role", "reviewer").splitlines()
    assert first.startswith("http") and "works once" in second and "a@console.example" in second


def test_the_command_lists_staff_and_invitations(bob, carol, mallory):
    run("add", "new@console.example", "--role", "reviewer")
    rows = {row["email"]: (row["role"], row["state"]) for row in json.loads(run("list", "--json"))}
    assert rows == {
        bob.email: ("reviewer", "active"),
        carol.email: ("administrator", "active"),
        "new@console.example": ("reviewer", "invited"),
    }
    assert mallory.email not in run("list")


def test_the_command_removes(bob, carol):
    run("remove", bob.email)
    assert not User.objects.get(pk=bob.pk).is_active
    entry = AuditEntry.objects.get(verb="staff.removed")
    assert (entry.by, entry.enterprise_id, entry.object_id) == (None, None, bob.pk)
    run("add", "new@console.example", "--role", "reviewer")
    assert "withdrawn" in run("remove", "new@console.example")
    assert Invitation.objects.get().withdrawn_at


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["add", "no address", "--role", "reviewer"], "no e-mail address"),
        (["add", "a@console.example", "--role", "owner"], "invalid choice"),
        (["add", "a@console.example", "--role", "reviewer", "--name", "x" * 61], "at most 60"),
        (["remove", "nobody@console.example"], "Nobody of the staff"),
    ],
)
def test_the_command_refuses_with_a_reason(words, why):
    with pytest.raises(CommandError, match=why):
        run(*words)
    assert not Invitation.objects.exists()


def test_an_address_with_an_account_is_refused(mallory, bob):
    for person in (mallory, bob):
        with pytest.raises(CommandError, match="has an account already"):
            run("add", person.email, "--role", "reviewer")


def test_people_of_enterprises_are_not_removed_by_the_command(mallory):
    with pytest.raises(CommandError):
        run("remove", mallory.email)
    with pytest.raises(NotAllowed):
        people.remove(mallory, by=None)
    assert User.objects.get(pk=mallory.pk).is_active


def test_the_last_administrator_stays(bob, carol):
    with pytest.raises(CommandError, match="only administrator"):
        run("remove", carol.email)
    with pytest.raises(NotAllowed, match="only administrator"):
        people.change_role(carol, Role.REVIEWER, by=carol)
    people.change_role(bob, Role.ADMINISTRATOR, by=carol)
    people.change_role(carol, Role.REVIEWER, by=bob)
    assert AuditEntry.objects.filter(verb="staff.role_changed").count() == 2


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_staff_never_get_a_role_of_an_enterprise(bob, carol, role):
    with pytest.raises(NotAllowed):
        people.change_role(bob, Role(role), by=carol)


def test_a_reviewer_changes_nobody(bob, carol):
    other = make.user(role=Role.REVIEWER)
    for deed in (lambda: people.remove(other, by=bob), lambda: people.change_role(other, Role.ADMINISTRATOR, by=bob)):
        with pytest.raises(NotAllowed):
            deed()


def test_administrators_work_by_the_page(bob, carol, mallory, sign_in):
    client = proven(sign_in(carol), carol)
    text = client.get("/staff/").content.decode()
    assert bob.email in text and mallory.email not in text
    assert client.post("/staff/invite/", {"email": "new@console.example", "role": "owner"}).status_code == 422
    assert client.post("/staff/invite/", {"email": mallory.email, "role": "reviewer"}).status_code == 422
    assert client.post("/staff/invite/", {"email": "new@console.example", "role": "reviewer"}).url == "/staff/"
    made = Invitation.objects.get()
    assert (made.enterprise, made.invited_by) == (None, carol)
    assert client.post(f"/staff/invitations/{made.pk}/resend/").url == "/staff/"
    assert client.post(f"/staff/invitations/{made.pk}/withdraw/").url == "/staff/"
    assert client.post(f"/staff/{bob.pk}/", {"role": "administrator"}).url == "/staff/"
    assert User.objects.get(pk=bob.pk).role == Role.ADMINISTRATOR
    assert client.post(f"/staff/{bob.pk}/remove/").url == "/staff/"
    assert not User.objects.get(pk=bob.pk).is_active
    answer = client.post(f"/staff/{carol.pk}/remove/", follow=True)
    assert "is the only administrator" in answer.content.decode()


def test_the_pages_of_staff_find_nobody_of_an_enterprise(carol, mallory, sign_in):
    client = proven(sign_in(carol), carol)
    made, _secret = make.invitation(by=mallory)
    assert client.get(f"/staff/{mallory.pk}/").status_code == 404
    assert client.post(f"/staff/{mallory.pk}/remove/").status_code == 404
    assert client.post(f"/staff/invitations/{made.pk}/withdraw/").status_code == 404


def test_the_pages_are_for_administrators(bob, mallory, sign_in):
    for person in (bob, mallory):
        client = proven(sign_in(person), person)
        assert client.get("/staff/").status_code == 403
        assert client.post("/staff/invite/", {"email": "x@console.example", "role": "reviewer"}).status_code == 403


def test_changing_staff_asks_first_who_it_is(bob, carol, sign_in):
    client = sign_in(carol)
    assert client.post(f"/staff/{bob.pk}/", {"role": "administrator"}).status_code == 302
    assert client.post(f"/staff/{bob.pk}/remove/").status_code == 302
    person = User.objects.get(pk=bob.pk)
    assert (person.role, person.is_active) == (Role.REVIEWER, True)
