"""Who has lost telephone, keys and codes: who may reset the second factor, and what ends with it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import people
from accounts.models import AuditEntry, Role, User
from accounts.permissions import STAFF, TENANT
from console.lib.errors import NotAllowed
from tests import make
from tests.accounts.test_people import at_once
from tests.keys import add_key

pytestmark = pytest.mark.django_db
WHY = "Telephone stolen, known by voice"
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES)


@pytest.fixture
def owner(db):
    return make.user(role=Role.OWNER, name="Olga Sun", language="en")


def protect(person: User) -> User:
    """With an app, a key and recovery codes, none of which can be used here."""
    for kind in KINDS:
        Authenticator.objects.create(user=person, type=kind, data={})
    return person


def member(role: Role, *, of=None, **more) -> User:
    return protect(make.user(role=role, of=of if role in TENANT else None, language="en", **more))


def has_factors(person: User) -> bool:
    return Authenticator.objects.filter(user=person).exists()


def proven(sign_in, person) -> Any:
    client = sign_in(person)
    make.prove(client, person)
    return client


def address(person: User, *, by: User) -> str:
    if by.role == Role.ADMINISTRATOR and person.enterprise_id:
        return f"/enterprises/{person.enterprise_id}/people/{person.pk}/second-factor/reset/"
    return f"/{'staff' if person.is_staff_member else 'people'}/{person.pk}/second-factor/reset/"


# Who may


@pytest.mark.parametrize("actor", sorted(TENANT | STAFF))
@pytest.mark.parametrize("target", sorted(TENANT | STAFF))
def test_who_may_reset_whose(owner, actor, target):
    """Against the rule in words: administrators everybody's; owners all colleagues'; admins those of all but owners."""
    person = member(Role(target), of=owner.enterprise)
    by = make.user(role=Role(actor), of=owner.enterprise if actor in TENANT else None)
    of_house = {"owner": TENANT, "admin": TENANT - {Role.OWNER}}
    if actor == Role.ADMINISTRATOR or target in of_house.get(actor, ()):
        people.reset_second_factor(person, by=by, reason=WHY)
        assert not has_factors(person)
    else:
        with pytest.raises(NotAllowed):
            people.reset_second_factor(person, by=by, reason=WHY)
        assert has_factors(person) and not AuditEntry.objects.exists() and not mail.outbox


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.ADMINISTRATOR])
def test_nobody_resets_their_own(owner, role, sign_in):
    person = member(role, of=owner.enterprise)
    with pytest.raises(NotAllowed, match="their own"):
        people.reset_second_factor(person, by=person, reason=WHY)
    client = proven(sign_in, person)
    page = client.get(f"/{'staff' if person.is_staff_member else 'people'}/{person.pk}/").content.decode()
    assert "reset-factor" not in page
    answer = client.post(address(person, by=person), {"reason": WHY}, follow=True)
    assert "Nobody resets their own" in answer.content.decode()
    assert has_factors(person)


def test_people_of_another_enterprise_are_out_of_reach(owner, mallory, carol, bob, sign_in):
    person = member(Role.VIEWER, of=owner.enterprise)
    staff = protect(bob)
    with pytest.raises(NotAllowed):
        people.reset_second_factor(person, by=mallory, reason=WHY)
    client = proven(sign_in, mallory)
    assert client.post(f"/people/{person.pk}/second-factor/reset/", {"reason": WHY}).status_code == 404
    assert client.post(f"/people/{staff.pk}/second-factor/reset/", {"reason": WHY}).status_code == 404
    assert client.post(address(person, by=carol), {"reason": WHY}).status_code == 403
    admin = proven(sign_in, carol)
    for url in (
        f"/enterprises/{mallory.enterprise_id}/people/{person.pk}/second-factor/reset/",  # of another one
        f"/enterprises/{owner.enterprise_id}/people/{staff.pk}/second-factor/reset/",
        f"/staff/{person.pk}/second-factor/reset/",
        f"/enterprises/{owner.enterprise_id}/people/99999999999999999999/second-factor/reset/",
    ):
        assert admin.post(url, {"reason": WHY}).status_code == 404, url
    assert has_factors(person) and has_factors(staff)


def test_the_platforms_own_people_and_those_who_left_are_not_found(owner, carol, sign_in):
    own = member(Role.OWNER, of=make.enterprise(is_platform=True))
    gone = member(Role.VIEWER, of=owner.enterprise)
    people.remove(gone, by=owner)
    client = proven(sign_in, carol)
    for person in (own, gone):
        assert client.post(address(person, by=carol), {"reason": WHY}).status_code == 404
    for by in (owner, carol, None):
        with pytest.raises(NotAllowed, match="removed meanwhile"):
            people.reset_second_factor(gone, by=by, reason=WHY)


def test_whoever_was_demoted_meanwhile_resets_nothing(owner):
    admin, person = make.user(role=Role.ADMIN, of=owner.enterprise), member(Role.VIEWER, of=owner.enterprise)
    stale = User.objects.get(pk=admin.pk)
    people.change_role(admin, Role.VIEWER, by=owner)
    with pytest.raises(NotAllowed):
        people.reset_second_factor(person, by=stale, reason=WHY)
    assert has_factors(person)


# What happens


def test_everything_ends_and_is_recorded_and_told(owner):
    person = make.user(role=Role.OPERATOR, of=owner.enterprise, name="Ping Lu", language="en")
    other = member(Role.VIEWER, of=owner.enterprise)
    client: Any = Client()
    client.post("/sign-in/", {"login": person.email, "password": make.PASSWORD})
    assert client.get("/").status_code == 200 and Session.objects.count() == 1
    protect(person)
    people.reset_second_factor(person, by=owner, reason=f"  {WHY} ")
    assert not has_factors(person) and has_factors(other)
    assert not Session.objects.exists() and client.get("/").status_code == 302
    entry = AuditEntry.objects.get(verb="user.second_factor_reset")
    assert (entry.by, entry.object_id, entry.enterprise, entry.label) == (owner, person.pk, owner.enterprise, "Ping Lu")
    assert entry.detail == {"reason": WHY}
    [letter] = mail.outbox
    assert letter.to == [person.email] and letter.subject == "Your second factor was reset"
    assert "an owner or admin of your enterprise has reset" in letter.body
    assert "/account/second-factor/" in letter.body and WHY not in letter.body and owner.name not in letter.body


@pytest.mark.parametrize("role", [Role.OWNER, Role.REVIEWER])
def test_the_mail_says_that_it_was_the_platform(owner, carol, role):
    for by in (carol, None):
        people.reset_second_factor(member(role, of=owner.enterprise), by=by, reason=WHY)
    assert len(mail.outbox) == 2 and all("the platform has reset" in letter.body for letter in mail.outbox)
    assert all(("another administrator" in letter.body) == (role == Role.REVIEWER) for letter in mail.outbox)


def test_the_mail_is_in_the_persons_language(owner):
    person = member(Role.VIEWER, of=owner.enterprise)
    User.objects.filter(pk=person.pk).update(language="zh-hans", name="刘<b>")
    people.reset_second_factor(person, by=owner, reason=WHY)
    assert "刘<b>，您好：" in mail.outbox[0].body


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_without_a_reason_nothing_happens(owner, reason):
    person = member(Role.VIEWER, of=owner.enterprise)
    with pytest.raises(NotAllowed, match="Say why"):
        people.reset_second_factor(person, by=owner, reason=reason)
    assert has_factors(person)


def test_once_only_and_only_where_there_is_one(owner, carol):
    person = member(Role.VIEWER, of=owner.enterprise)
    people.reset_second_factor(person, by=owner, reason=WHY)
    for by in (owner, carol, None):
        with pytest.raises(NotAllowed, match="has no second factor"):
            people.reset_second_factor(person, by=by, reason=WHY)
    assert len(mail.outbox) == AuditEntry.objects.filter(verb="user.second_factor_reset").count() == 1


def test_whoever_needs_one_sets_it_up_before_anything_else(owner, carol):
    owner.enterprise.second_factor_required = True
    owner.enterprise.save()
    add_key(owner)
    client: Any = Client()
    credentials = {"login": owner.email, "password": make.PASSWORD}
    assert client.post("/sign-in/", credentials).url == "/sign-in/second-factor/"
    page = client.get("/sign-in/second-factor/").content.decode()
    assert "Ask an owner or admin of your enterprise, or the platform, to reset your second factor" in page
    people.reset_second_factor(owner, by=carol, reason=WHY)
    for answer in (client.get("/sign-in/second-factor/"), client.post("/sign-in/second-factor/", {"code": "1"})):
        assert answer.status_code == 302 and answer.url == "/sign-in/"  # the page where they waited is over
    assert client.post("/sign-in/", credentials).status_code == 302
    answer = client.get("/people/")
    assert answer.status_code == 302 and answer.url == "/account/second-factor/"


@pytest.mark.django_db(transaction=True)
def test_of_a_colleague_and_the_platform_at_once_one_does_it():
    """They hold different locks: the person's row decides."""
    owner = make.user(role=Role.OWNER)
    person, carol = member(Role.VIEWER, of=owner.enterprise), make.user(role=Role.ADMINISTRATOR)
    deeds = [lambda by=by: people.reset_second_factor(person, by=by, reason=WHY) for by in (owner, carol, None, owner)]
    refused = at_once(deeds)
    assert len(refused) == 3 and all("has no second factor" in str(problem) for problem in refused)
    assert len(mail.outbox) == AuditEntry.objects.filter(verb="user.second_factor_reset").count() == 1


# Pages


def test_a_colleague_does_it_by_the_page(owner, sign_in):
    person = member(Role.VIEWER, of=owner.enterprise, name="Vera <i>")
    client = proven(sign_in, owner)
    page = client.get(f"/people/{person.pk}/").content.decode()
    assert 'id="reset-factor"' in page and "Reset the second factor of Vera &lt;i&gt;?" in page
    url = address(person, by=owner)
    assert client.get(url).status_code == 405
    for reason in ("", "a\0b", "x" * 201):
        answer = client.post(url, {"reason": reason}, follow=True)
        assert answer.status_code == 200 and answer.context["messages"] and has_factors(person), reason
    assert client.post(url, {"reason": WHY}).url == f"/people/{person.pk}/"
    assert not has_factors(person)
    page = client.get(f"/people/{person.pk}/").content.decode()
    assert 'id="reset-factor"' not in page  # nothing left to reset
    answer = client.post(url, {"reason": WHY}, follow=True)
    assert "has no second factor" in answer.content.decode()


def test_an_admin_sees_no_way_at_an_owner(owner, sign_in):
    admin = make.user(role=Role.ADMIN, of=owner.enterprise, language="en")
    protect(owner)
    client = proven(sign_in, admin)
    assert "reset-factor" not in client.get(f"/people/{owner.pk}/").content.decode()
    answer = client.post(address(owner, by=admin), {"reason": WHY}, follow=True)
    assert "Ask an owner" in answer.content.decode() and has_factors(owner)


def test_a_viewer_of_the_same_enterprise_may_not(owner, victor, sign_in):
    person = member(Role.VIEWER, of=victor.enterprise)
    assert proven(sign_in, victor).post(address(person, by=victor), {"reason": WHY}).status_code == 403
    assert has_factors(person)


def test_it_asks_first_who_it_is_and_goes_on_then(owner, bob, carol, sign_in):
    for by, person in (
        (owner, member(Role.VIEWER, of=owner.enterprise)),
        (carol, member(Role.OWNER, of=owner.enterprise)),
        (carol, protect(bob)),
    ):
        client = sign_in(by)
        question = client.post(address(person, by=by), {"reason": WHY}).url
        assert question.startswith("/account/again/") and has_factors(person)
        client.post(question, {"password": make.PASSWORD})
        assert not has_factors(person)
        assert AuditEntry.objects.filter(verb="user.second_factor_reset").latest("pk").detail == {"reason": WHY}


def test_an_administrator_does_it_by_the_record_of_the_enterprise(owner, carol, sign_in):
    bare = make.user(of=owner.enterprise)
    protect(owner)
    client = proven(sign_in, carol)
    record = f"/enterprises/{owner.enterprise_id}/"
    page = client.get(record).content.decode()
    assert f'id="reset-factor-{owner.pk}"' in page and f"reset-factor-{bare.pk}" not in page
    assert client.post(address(owner, by=carol), {"reason": " "}, follow=True).context["messages"]
    assert has_factors(owner)
    assert client.post(address(owner, by=carol), {"reason": WHY}).url == record
    assert not has_factors(owner)
    page = client.get(record).content.decode()
    assert "reset-factor" not in page and "Second factor of a person reset" in page  # in its history


def test_the_record_costs_as_many_queries_for_twenty_as_for_two(owner, carol, sign_in, django_assert_max_num_queries):
    def cost():
        with django_assert_max_num_queries(60) as found:
            assert client.get(f"/enterprises/{owner.enterprise_id}/").status_code == 200
        return len(found)

    client = proven(sign_in, carol)
    client.get(f"/enterprises/{owner.enterprise_id}/")
    member(Role.VIEWER, of=owner.enterprise)
    few = cost()
    for _n in range(18):
        member(Role.VIEWER, of=owner.enterprise)
    assert cost() == few


def test_an_administrator_does_it_for_staff(bob, carol, sign_in):
    protect(bob)
    client = proven(sign_in, carol)
    assert 'id="reset-factor"' in client.get(f"/staff/{bob.pk}/").content.decode()
    assert client.post(address(bob, by=carol), {"reason": WHY}).url == f"/staff/{bob.pk}/"
    assert not has_factors(bob)


# The command


def run(*words):
    out = io.StringIO()
    call_command("staff", "reset-second-factor", *words, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("role", [Role.OWNER, Role.REVIEWER, Role.ADMINISTRATOR])
def test_the_command_lets_anybody_in_again(owner, role):
    """The only administrator too, whom nobody else could help."""
    person = member(role, of=owner.enterprise)
    assert json.loads(run(person.email.upper(), "--reason", WHY, "--json")) == {"email": person.email, "state": "reset"}
    assert not has_factors(person)
    entry = AuditEntry.objects.get(verb="user.second_factor_reset")
    assert (entry.by, entry.enterprise_id, entry.detail) == (None, person.enterprise_id, {"reason": WHY})
    assert mail.outbox[0].to == [person.email]
    with pytest.raises(CommandError, match="has no second factor"):
        run(person.email, "--reason", WHY)


def test_the_command_refuses_with_a_reason(owner):
    protect(owner)
    gone = member(Role.VIEWER, of=owner.enterprise)
    email = gone.email
    people.remove(gone, by=owner)
    for words, why in (
        (["nobody@example.com", "--reason", WHY], "Nobody has the address"),
        ([email, "--reason", WHY], "Nobody has the address"),
        ([owner.email, "--reason", " "], "Say why"),
        ([owner.email], "--reason"),
    ):
        with pytest.raises(CommandError, match=why):
            run(*words)
    assert has_factors(owner) and "is reset" in run(owner.email, "--reason", WHY)
