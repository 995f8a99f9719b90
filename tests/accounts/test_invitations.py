"""Invitations: the link works once, for the address invited, for seven days, and tells nobody else anything."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import invitations, people
from accounts.models import AuditEntry, Invitation, OutgoingMail, Role, User
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from console.logs import redact
from tests import make
from tests.accounts.test_people import at_once

pytestmark = pytest.mark.django_db
NEW = {"name": "Nina Hu", "password": "a-long-enough-phrase"}


@pytest.fixture
def owner(db):
    return make.user(role=Role.OWNER, name="Olga Sun", language="en")


@pytest.fixture
def visitor():
    return Client(headers={"Accept-Language": "en"})


def address(secret):
    return f"/invitations/{secret}/"


def link_in(mail):
    found = re.search(r"https?://\S+/invitations/[\w-]+/", mail.text)
    assert found, mail.text
    return found.group()


# Inviting


def test_the_link_goes_by_mail_and_only_its_hash_is_kept(owner, settings):
    settings.SITE_URL = "https://sms.example.com"
    made, link = invitations.invite(" New@Example.com ", Role.VIEWER, by=owner)
    mail = OutgoingMail.objects.get()
    assert (mail.recipient, link_in(mail)) == ("new@example.com", link)
    assert link.startswith("https://sms.example.com/invitations/")
    secret = link.rstrip("/").rsplit("/", 1)[1]
    assert len(secret) >= 43  # 256 bits in base64
    assert made.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert timedelta(days=6, hours=23) < made.expires_at - timezone.now() <= timedelta(days=7)
    entry = AuditEntry.objects.get(verb="invitation.sent")
    assert (entry.by, entry.object_id, entry.detail["role"]) == (owner, made.pk, "viewer")
    assert secret not in str(AuditEntry.objects.values_list())


@pytest.mark.parametrize("actor", sorted(Role.values))
@pytest.mark.parametrize("role", sorted(Role.values))
def test_who_may_invite_as_what(owner, actor, role):
    tenant = {"owner", "admin", "operator", "viewer"}
    may = {"owner": tenant, "admin": tenant - {"owner"}, "administrator": {"reviewer", "administrator"}}.get(
        actor, set()
    )
    by = make.user(role=Role(actor), of=owner.enterprise)
    if role in may:
        made, _link = invitations.invite("new@example.com", Role(role), by=by)
        assert made.enterprise == by.enterprise
    else:
        with pytest.raises(NotAllowed):
            invitations.invite("new@example.com", Role(role), by=by)
        assert not OutgoingMail.objects.exists()


def test_an_address_is_invited_once_at_a_time(owner, mallory):
    made, _link = invitations.invite("new@example.com", Role.VIEWER, by=owner)
    with pytest.raises(NotAllowed, match="invited already"):
        invitations.invite("NEW@example.com", Role.ADMIN, by=owner)
    invitations.invite("new@example.com", Role.VIEWER, by=mallory)  # another enterprise knows nothing of it
    Invitation.objects.filter(pk=made.pk).update(expires_at=timezone.now())
    again, _link = invitations.invite("new@example.com", Role.ADMIN, by=owner)
    assert Invitation.objects.get(pk=made.pk).withdrawn_at and again.role == Role.ADMIN


@pytest.mark.django_db(transaction=True)
def test_two_invitations_of_one_address_at_once_make_one():
    first = make.user(role=Role.OWNER)
    second = make.user(role=Role.ADMIN, of=first.enterprise)
    deeds = [lambda by=by: invitations.invite("new@example.com", Role.VIEWER, by=by) for by in (first, second)]
    assert len(at_once(deeds)) == 1
    assert Invitation.objects.count() == OutgoingMail.objects.count() == 1


def test_whether_an_address_has_an_account_elsewhere_is_not_told(owner, mallory):
    invitations.invite(mallory.email, Role.VIEWER, by=owner)  # as for any address
    with pytest.raises(NotAllowed, match="belongs to your enterprise"):
        invitations.invite(owner.email, Role.VIEWER, by=owner)


def test_an_enterprise_cannot_write_to_the_world(owner, monkeypatch):
    monkeypatch.setattr(invitations, "MAILS_A_DAY", 3)
    made, _link = invitations.invite("a1@example.com", Role.VIEWER, by=owner)
    invitations.invite("a2@example.com", Role.VIEWER, by=owner)
    invitations.resend(made, by=owner)
    for deed in (
        lambda: invitations.invite("a3@example.com", Role.VIEWER, by=owner),
        lambda: invitations.resend(made, by=owner),
    ):
        with pytest.raises(NotAllowed, match="within a day"):
            deed()
    assert OutgoingMail.objects.count() == 3


def test_a_name_writes_no_lines_into_the_mail():
    owner = make.user(role=Role.OWNER, name="Eve\r\n\r\nBcc: all@example.com")
    place = make.home(owner)
    place.name = "<b>ACME</b>\nGo to evil.example"
    place.save()
    invitations.invite("new@example.com", Role.VIEWER, by=owner)
    mail = OutgoingMail.objects.get()
    assert mail.text.startswith("Eve Bcc: all@example.com invites you to <b>ACME</b> Go to evil.example on")
    assert "\n" not in mail.subject


def test_sending_again_makes_a_new_link_and_ends_the_old_one(owner, visitor):
    made, old = make.invitation(by=owner)
    Invitation.objects.filter(pk=made.pk).update(expires_at=timezone.now())
    invitations.resend(made, by=owner)
    link = link_in(OutgoingMail.objects.get())
    assert visitor.get(address(old)).status_code == 404
    assert visitor.get("/" + link.split("/", 3)[3]).status_code == 200
    assert AuditEntry.objects.filter(verb="invitation.resent", object_id=made.pk).exists()


@pytest.mark.parametrize("deed", [invitations.resend, invitations.withdraw])
def test_what_is_answered_or_not_ones_own_is_neither_sent_nor_withdrawn(owner, mallory, deed):
    admin = make.user(role=Role.ADMIN, of=owner.enterprise)
    made, secret = make.invitation(by=owner, role=Role.OWNER)
    for stranger in (mallory, admin):  # another enterprise's owner; one who may not make owners
        with pytest.raises(NotAllowed):
            deed(made, by=stranger)
    invitations.accept(secret, **NEW)
    with pytest.raises(NotAllowed):
        deed(made, by=owner)
    assert not OutgoingMail.objects.exists() and not Invitation.objects.get().withdrawn_at


# Accepting


def test_whoever_holds_the_link_joins_and_is_signed_in(owner, visitor):
    made, secret = make.invitation(by=owner, role=Role.ADMIN)
    text = visitor.get(address(secret)).content.decode()
    assert owner.enterprise.name in text and "Olga Sun has invited you, as: Admin." in text and made.email in text
    answer = visitor.post(address(secret), NEW)
    assert (answer.status_code, answer.url) == (302, "/")
    person = User.objects.get(email=made.email)
    assert (person.name, person.role, person.enterprise) == ("Nina Hu", Role.ADMIN, owner.enterprise)
    assert person.check_password(NEW["password"])
    assert EmailAddress.objects.get(user=person).verified
    made.refresh_from_db()
    assert (made.accepted_by, AuditEntry.objects.get(verb="invitation.accepted").by) == (person, person)
    assert AuditEntry.objects.get(verb="user.signed_in").by == person
    assert visitor.get("/people/").status_code == 200


def test_who_joins_where_a_second_factor_is_required_sets_one_up_first(owner, visitor):
    people.require_second_factor(required=True, by=owner)
    _made, secret = make.invitation(by=owner)
    visitor.post(address(secret), NEW)
    answer = visitor.get("/people/")
    assert answer.status_code == 302 and answer.headers["Location"] == reverse("mfa_index")


def test_the_address_and_the_role_are_the_invitations(owner, visitor):
    made, secret = make.invitation(by=owner, role=Role.VIEWER)
    visitor.post(address(secret), NEW | {"email": "other@example.com", "role": "owner"})
    person = make.home(owner).people.exclude(pk=owner.pk).get()
    assert (person.email, person.role) == (made.email, Role.VIEWER)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password12"}, "password"),
        ({"password": ""}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 61}, "name"),
    ],
)
def test_what_is_wrong_stands_at_its_field(owner, visitor, fields, field):
    _made, secret = make.invitation(by=owner)
    answer = visitor.post(address(secret), NEW | fields)
    assert answer.status_code == 422 and f'id="id_{field}-error"' in answer.content.decode()
    assert User.objects.count() == 1 and Invitation.objects.open().exists()


def test_the_second_use_is_refused_and_says_what_to_do(owner, visitor):
    _made, secret = make.invitation(by=owner)
    visitor.post(address(secret), NEW)
    for method in (Client().get, Client().post):
        answer = method(address(secret), NEW)
        assert answer.status_code == 410 and "has been used" in answer.content.decode()
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "has expired"),
        ({"withdrawn_at": timezone.now()}, "has been withdrawn"),
    ],
)
def test_what_has_ended_says_so(owner, visitor, change, words):
    made, secret = make.invitation(by=owner)
    Invitation.objects.filter(pk=made.pk).update(**change)
    for method in (visitor.get, visitor.post):
        answer = method(address(secret), NEW)
        assert answer.status_code == 410 and words in answer.content.decode()
    assert User.objects.count() == 1


def test_into_a_closed_enterprise_nobody_comes(owner, visitor):
    _made, secret = make.invitation(by=owner)
    owner.enterprise.move(EnterpriseState.CLOSED, by=None)
    assert visitor.post(address(secret), NEW).status_code == 410
    assert User.objects.count() == 1


@pytest.mark.parametrize("wrong", ["x", "x" * 43, "%00", "%F0%9F%98%80", "'; DROP TABLE accounts_user; --"])
def test_a_wrong_secret_is_not_found_and_tells_nothing(owner, visitor, wrong):
    make.invitation(by=owner)
    answer = visitor.get(address(wrong))
    assert answer.status_code == 404 and "No invitation belongs to this link" in answer.content.decode()
    assert owner.enterprise.name not in answer.content.decode()


def test_who_has_an_account_already_is_told_what_to_do(owner, mallory, visitor):
    _made, secret = make.invitation(by=owner, email=mallory.email.upper())
    answer = visitor.post(address(secret), NEW)
    assert answer.status_code == 409 and "has an account already" in answer.content.decode()
    make.user(role=Role.OWNER, of=mallory.enterprise)
    people.remove(mallory, by=mallory)  # as the page says: leave, then open the link again
    assert visitor.post(address(secret), NEW).status_code == 302
    assert owner.enterprise.people.count() == 2


def test_a_sign_up_that_was_never_confirmed_does_not_hold_the_address(owner, visitor):
    squatter = make.user(role=Role.OWNER, email="wanted@example.com")
    EmailAddress.objects.create(user=squatter, email=squatter.email, verified=False, primary=True)
    _made, secret = make.invitation(by=owner, email=squatter.email)
    assert visitor.post(address(secret), NEW).status_code == 302
    person = User.objects.get(email="wanted@example.com")
    assert person.enterprise == owner.enterprise
    assert not User.objects.get(pk=squatter.pk).is_active


def test_somebody_else_who_is_signed_in_can_sign_out_first(owner, mallory, sign_in):
    made, secret = make.invitation(by=owner)
    client = sign_in(mallory)
    text = client.get(address(secret)).content.decode()
    assert f"signed in as Mallory Qi ({mallory.email})" in text and made.email in text
    client.post(address(secret), NEW)  # from a page that was open before: nobody joins, nobody is signed out
    assert User.objects.count() == 2 and client.get("/people/").status_code == 200
    assert client.post(address(secret), {"deed": "sign-out"}).url == address(secret)
    assert client.get("/people/").status_code == 302
    assert client.post(address(secret), NEW).status_code == 302
    assert User.objects.filter(email=made.email).exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_account():
    owner = make.user(role=Role.OWNER)
    made, secret = make.invitation(by=owner)
    refused = at_once([lambda: invitations.accept(secret, **NEW)] * 4)
    assert len(refused) == 3
    assert User.objects.filter(email=made.email).count() == 1
    assert AuditEntry.objects.filter(verb="invitation.accepted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_invitations_of_one_person_accepted_at_once_make_one_account():
    owners = [make.user(role=Role.OWNER), make.user(role=Role.OWNER)]
    secrets = [make.invitation(by=owner, email="both@example.com")[1] for owner in owners]
    refused = at_once([lambda secret=secret: invitations.accept(secret, **NEW) for secret in secrets])
    assert len(refused) == 1
    assert User.objects.filter(email="both@example.com").count() == 1
    assert Invitation.objects.filter(accepted_at__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_and_withdrawing_at_once_end_in_one_of_both():
    owner = make.user(role=Role.OWNER)
    made, secret = make.invitation(by=owner)
    refused = at_once([lambda: invitations.accept(secret, **NEW), lambda: invitations.withdraw(made, by=owner)])
    assert len(refused) == 1
    made.refresh_from_db()
    assert bool(made.accepted_at) != bool(made.withdrawn_at)
    assert User.objects.filter(email=made.email).exists() == bool(made.accepted_at)


# The page


def test_markup_in_names_stays_text(visitor):
    owner = make.user(role=Role.OWNER, name="<img src=x onerror=alert(1)>")
    place = make.home(owner)
    place.name = "<script>alert(2)</script>"
    place.save()
    _made, secret = make.invitation(by=owner)
    text = visitor.get(address(secret)).content.decode()
    assert "<img src=x" not in text and "<script>alert" not in text
    assert "&lt;script&gt;alert(2)" in text and "&lt;img src=x" in text


def test_the_secret_goes_to_nobody_else(owner, visitor):
    """Not as a Referer, not into caches. The form's origin must be sent, or Django refuses the form over HTTPS."""
    _made, secret = make.invitation(by=owner)
    for url in (address(secret), address("wrong")):
        answer = visitor.get(url)
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert "no-store" in answer.headers["Cache-Control"]
    assert "http://" not in answer.content.decode().replace("http://www.w3.org", "")


def test_the_secret_is_not_logged_even_when_the_page_breaks(owner, caplog, monkeypatch):
    _made, secret = make.invitation(by=owner)
    monkeypatch.setattr(invitations, "obstacle", lambda invitation: 1 / 0)
    caplog.set_level("DEBUG", logger="django.request")
    assert Client(raise_request_exception=False).get(address(secret)).status_code == 500
    Client().get(address("x" * 43))  # not found: a warning
    written = [redact(None, "", {"event": record.getMessage()})["event"] for record in caplog.records]
    assert "Internal Server Error: /invitations/…/" in written and "Not Found: /invitations/…/" in written
    assert secret in caplog.text  # what would be written otherwise


def test_inviting_by_the_page(owner, sign_in):
    client = sign_in(owner)
    fields = {"email": "new@example.com", "role": "operator"}
    assert client.post("/people/invite/", fields).status_code == 302  # asks for the password first
    assert not Invitation.objects.exists()
    make.prove(client, owner)
    assert client.post("/people/invite/", fields | {"role": "reviewer"}).status_code == 422
    assert client.post("/people/invite/", fields | {"email": "no address"}).status_code == 422
    assert client.post("/people/invite/", fields).url == "/people/"
    text = client.get("/people/").content.decode()
    assert "new@example.com" in text and "The invitation is on its way to" in text
    answer = client.post("/people/invite/", fields)
    assert answer.status_code == 422 and "is invited already" in answer.content.decode()
    made = Invitation.objects.get()
    client.post(f"/people/invitations/{made.pk}/resend/")
    assert OutgoingMail.objects.count() == 2
    client.get("/people/")  # the toast of the mail
    client.post(f"/people/invitations/{made.pk}/withdraw/")
    assert "new@example.com" not in client.get("/people/").content.decode()
    assert client.post(f"/people/invitations/{made.pk}/withdraw/").status_code == 404


def test_an_expired_invitation_is_shown_as_expired(owner, sign_in):
    made, _secret = make.invitation(by=owner)
    Invitation.objects.filter(pk=made.pk).update(expires_at=timezone.now())
    text = sign_in(owner).get("/people/").content.decode()
    assert made.email in text and "No longer valid" in text
