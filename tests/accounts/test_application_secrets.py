"""Secrets of applications: shown once, replaced without a gap, bound to their owner, in no session and no record."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts import application_secrets as secrets
from accounts.models import Application, AuditEntry, Role
from accounts.tasks import forget_old_secrets
from console.lib.crypto import WrongKey
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def olivia(alice):
    return make.user(role=Role.OWNER, of=alice.enterprise, name="Olivia He", language="en")


@pytest.fixture
def app(olivia):
    return make.application(by=olivia, name="shop")


@pytest.fixture
def proven(olivia, sign_in):
    """Olivia's browser, in which she has just given her password."""
    client = sign_in(olivia)
    make.prove(client, olivia)
    return client


def rotate(app, *, by, overlap=24):
    secrets.rotate(app, by=by, seen=app.secret_made_at, overlap_hours=overlap)


# Showing --------------------------------------------------------------------------------------------------------------


def test_shown_once_and_not_by_loading_the_page(app, proven):
    address, secret = f"/cn/applications/{app.pk}/secret/", app.reveal_secret()
    for _ in range(2):
        assert secret not in proven.get(address).content.decode()
    shown = proven.post(address)
    assert secret in shown.content.decode() and "no-store" in shown.headers["Cache-Control"]
    again = proven.post(address)
    assert again.status_code == 422 and secret not in again.content.decode()
    assert "was shown" in proven.get(address).content.decode()
    assert AuditEntry.objects.filter(verb="application.secret_shown", object_id=app.pk).count() == 1
    for session in Session.objects.all():
        assert secret not in str(session.get_decoded())
    assert all(secret not in str([e.detail, e.before, e.after, e.label]) for e in AuditEntry.objects.all())


def test_whoever_has_not_proved_who_they_are_is_asked_first(app, olivia, sign_in):
    client = sign_in(olivia)
    for deed in ("secret/", "secret/new/", "push-secret/", "secret/end-old/", "signing/", "signing/stop/"):
        response = client.post(f"/cn/applications/{app.pk}/{deed}")
        assert response.status_code == 302 and response.url.startswith(reverse("account_reauthenticate"))
    app.refresh_from_db()
    assert (app.secret_shown_at, app.push_key) == (None, "")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_those_who_do_not_manage_never_see_it(app, sign_in, role):
    person = make.user(role=role, of=app.enterprise)
    client = sign_in(person)
    make.prove(client, person)
    for deed in ("secret/", "secret/new/", "push-secret/", "secret/end-old/", "signing/", "signing/stop/"):
        for ask in (client.get, client.post):
            assert ask(f"/cn/applications/{app.pk}/{deed}").status_code == 403
    assert "Only owners and admins" in client.get(f"/cn/applications/{app.pk}/").content.decode()


def test_another_enterprise_finds_no_secret(app, mallory, sign_in):
    client = sign_in(mallory)
    make.prove(client, mallory)
    for deed in ("secret/", "secret/new/", "push-secret/"):
        assert client.post(f"/cn/applications/{app.pk}/{deed}").status_code == 404
    app.refresh_from_db()
    assert app.secret_shown_at is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_at_once_one_sees_it():
    olivia = make.user(role=Role.OWNER)
    app = make.application(by=olivia)
    start, seen, refused = threading.Barrier(4), [], []

    def ask() -> None:
        mine = Application.objects.get(pk=app.pk)
        start.wait()
        try:
            seen.append(secrets.reveal(mine, by=olivia))
        except NotAllowed as problem:
            refused.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [app.reveal_secret()] and len(refused) == 3


def test_a_secret_copied_elsewhere_cannot_be_read(app, olivia, mallory):
    other, foreign = make.application(by=olivia), make.application(by=mallory)
    other.secret = app.secret
    with pytest.raises(WrongKey):
        other.reveal_secret()
    foreign.secret, foreign.key = app.secret, app.key
    with pytest.raises(WrongKey):
        foreign.reveal_secret()
    app.issue_push_pair()
    app.secret = app.push_secret
    with pytest.raises(WrongKey):
        app.reveal_secret()
    assert app.reveal_push_secret().encode() not in bytes(app.push_secret)


# Rotation -------------------------------------------------------------------------------------------------------------


def test_both_work_until_the_end_time(app, olivia):
    old = app.reveal_secret()
    secrets.reveal(app, by=olivia)
    rotate(app, by=olivia, overlap=24)
    new, now = app.reveal_secret(), timezone.now()
    assert new != old and app.secret_shown_at is None
    assert app.valid_secrets(now) == [new, old]
    assert app.valid_secrets(app.old_secret_until - timedelta(seconds=1)) == [new, old]
    assert app.valid_secrets(app.old_secret_until) == [new]
    assert app.old_secret_until == app.secret_made_at + timedelta(hours=24)
    entry = AuditEntry.objects.get(verb="application.secret_rotated")
    assert entry.detail == {"overlap_hours": 24}


def test_ending_at_once_keeps_nothing_of_the_old(app, olivia):
    rotate(app, by=olivia, overlap=0)
    assert app.valid_secrets(timezone.now()) == [app.reveal_secret()]
    assert app.old_secret is None and app.old_secret_until is None


@pytest.mark.parametrize("hours", [-1, 2, 24 * 365])
def test_only_the_offered_end_times(app, olivia, hours):
    with pytest.raises(NotAllowed):
        rotate(app, by=olivia, overlap=hours)


def test_an_old_form_replaces_nothing(app, olivia):
    seen = app.secret_made_at
    rotate(app, by=olivia, overlap=0)
    secret = app.reveal_secret()
    with pytest.raises(NotAllowed, match="new secret meanwhile"):
        secrets.rotate(app, by=olivia, seen=seen, overlap_hours=0)
    assert Application.objects.get(pk=app.pk).reveal_secret() == secret


def test_a_rotation_that_is_not_over_is_not_cut_short(app, olivia):
    rotate(app, by=olivia, overlap=1)
    before = app.valid_secrets(timezone.now())
    with pytest.raises(NotAllowed, match="End it first"):
        rotate(app, by=olivia, overlap=1)
    app.refresh_from_db()
    assert app.valid_secrets(timezone.now()) == before
    secrets.end_old(app, by=olivia)
    rotate(app, by=olivia, overlap=1)
    assert before[0] in app.valid_secrets(timezone.now()) and before[1] not in app.valid_secrets(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_several_rotations_at_once_one_wins():
    olivia = make.user(role=Role.OWNER)
    app = make.application(by=olivia)
    old, seen = app.reveal_secret(), app.secret_made_at
    start, refused = threading.Barrier(5), []

    def turn() -> None:
        mine = Application.objects.get(pk=app.pk)
        start.wait()
        try:
            secrets.rotate(mine, by=olivia, seen=seen, overlap_hours=1)
        except NotAllowed as problem:
            refused.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=turn) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.refresh_from_db()
    assert len(refused) == 4 and app.valid_secrets(timezone.now())[1:] == [old]
    assert AuditEntry.objects.filter(verb="application.secret_rotated").count() == 1


def test_rotating_on_the_page(app, proven):
    old, address = app.reveal_secret(), f"/cn/applications/{app.pk}/secret/new/"
    form = proven.get(address).context["form"]
    fields = {"seen": form["seen"].value(), "overlap": "1"}
    response = proven.post(address, fields)
    assert response.status_code == 302 and response.url == f"/cn/applications/{app.pk}/secret/"
    app.refresh_from_db()
    assert app.valid_secrets(timezone.now())[1] == old
    assert app.reveal_secret() in proven.post(response.url).content.decode()
    again = proven.post(address, fields)
    assert again.status_code == 422 and "new secret meanwhile" in again.content.decode()
    assert "End the old secret now" in proven.get(f"/cn/applications/{app.pk}/").content.decode()
    proven.post(f"/cn/applications/{app.pk}/secret/end-old/")
    app.refresh_from_db()
    assert app.valid_secrets(timezone.now()) == [app.reveal_secret()]
    twice = proven.post(f"/cn/applications/{app.pk}/secret/end-old/", follow=True)
    assert "ended already" in twice.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"seen": ""},
        {"overlap": "5"},
        {"overlap": "1", "seen": "yesterday"},
        {"overlap": "1"},
        {"overlap": "1", "seen": "9999-12-31T23:59:59-23:00"},
        {"overlap": "1", "seen": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_forms_that_do_not_fit_rotate_nothing(app, proven, fields):
    assert proven.post(f"/cn/applications/{app.pk}/secret/new/", fields).status_code == 422
    assert Application.objects.get(pk=app.pk).secret_made_at == app.secret_made_at


def test_what_has_ended_is_deleted(app, olivia):
    rotate(app, by=olivia, overlap=1)
    secrets.forget_ended()
    app.refresh_from_db()
    assert app.old_secret is not None
    Application.objects.filter(pk=app.pk).update(old_secret_until=timezone.now() - timedelta(seconds=1))
    forget_old_secrets()
    app.refresh_from_db()
    assert (app.old_secret, app.old_secret_until) == (None, None)
    assert AuditEntry.objects.get(verb="application.old_secret_ended").by is None
    assert secrets.forget_ended() == 0


# Use ------------------------------------------------------------------------------------------------------------------


def test_use_is_noted_at_most_once_a_minute(app):
    secrets.touch_used(app, "203.0.113.7")
    app.refresh_from_db()
    first = app.last_used_at
    secrets.touch_used(app, "203.0.113.8")
    app.refresh_from_db()
    assert (app.last_used_at, app.last_used_from) == (first, "203.0.113.7")
    Application.objects.filter(pk=app.pk).update(last_used_at=first - timedelta(minutes=2))
    secrets.touch_used(app, "2001:db8::1")
    app.refresh_from_db()
    assert app.last_used_at > first and app.last_used_from == "2001:db8::1"


# The push key pair ----------------------------------------------------------------------------------------------------


def test_signing_on_off_and_on_again_makes_another_pair(app, proven):
    address = f"/cn/applications/{app.pk}/"
    proven.post(f"{address}signing/")
    app.refresh_from_db()
    key, secret = app.push_key, app.reveal_push_secret()
    assert key and secret
    assert secret in proven.post(f"{address}push-secret/").content.decode()
    assert secret not in proven.post(f"{address}push-secret/").content.decode()
    assert "signed already" in proven.post(f"{address}signing/", follow=True).content.decode()
    proven.post(f"{address}signing/stop/")
    app.refresh_from_db()
    assert (app.push_key, app.push_secret, app.reveal_push_secret()) == ("", None, "")
    assert proven.post(f"{address}push-secret/").status_code == 422
    assert "no push secret" in proven.get(f"{address}push-secret/").content.decode()
    proven.post(f"{address}signing/")
    app.refresh_from_db()
    assert app.push_key != key and app.reveal_push_secret() != secret and app.push_secret_shown_at is None
    done = AuditEntry.objects.filter(verb__startswith="application.").order_by("pk").values_list("verb", flat=True)
    assert [verb.partition(".")[2] for verb in done] == ["signing_on", "push_secret_shown", "signing_off", "signing_on"]
