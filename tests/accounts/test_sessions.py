import time

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import audit, people
from accounts.identity import devices, end_sessions, recently_authenticated
from accounts.identity.sessions import forget_expired
from accounts.models import AuditEntry, Role, User
from tests import make

pytestmark = pytest.mark.django_db
PAGE = "/cn/templates/"
IDLE, LONGEST = 30 * 60, 12 * 60 * 60
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def is_in(client, **headers):
    return client.get(PAGE, headers=headers).status_code == 200


def enter(**more):
    client = Client(**more)
    client.post("/sign-in/", {"login": "alice@example.com", "password": make.PASSWORD})
    return client


@pytest.fixture
def clock(time_machine):
    """Moves forward by seconds; stands still otherwise."""
    start = time.time()
    time_machine.move_to(start, tick=False)
    return time_machine.shift


# Time-outs


def test_session_that_nobody_uses_ends(alice, clock):
    client = enter()
    clock(IDLE - 1)
    assert is_in(client)
    clock(IDLE - 1)
    assert is_in(client)  # the clock began anew
    clock(IDLE)
    response = client.get(PAGE)
    assert response.url == f"/sign-in/?next={PAGE}"
    assert "nothing was done for a while" in client.get(response.url).content.decode()
    assert "nothing was done for a while" not in client.get(response.url).content.decode()
    assert not UserSession.objects.exists()


def test_session_ends_after_half_a_day_however_busy(alice, clock):
    client = enter()
    for _ in range(LONGEST // 600 - 1):
        clock(600)
        assert is_in(client)
    clock(600)
    response = client.get(PAGE)
    assert response.status_code == 302
    assert "half a day" in client.get(response.url).content.decode()


def test_parts_that_ask_by_themselves_keep_nothing_alive(alice, clock):
    client = enter()
    for _ in range(IDLE // 60 - 1):
        clock(60)
        assert is_in(client, **{"HX-Request": "true", "Asks-By-Itself": "yes"})
    clock(60)
    response = client.get(PAGE, headers={"HX-Request": "true", "Asks-By-Itself": "yes"}, follow=True)
    assert response.headers["HX-Redirect"] == reverse("account_login")


def test_session_made_elsewhere_has_its_clock_from_the_first_request(alice, sign_in, clock):
    client = sign_in(alice)
    assert is_in(client)
    clock(IDLE)
    assert not is_in(client)


def test_last_seen_is_written_once_a_minute(alice, clock, django_assert_num_queries):
    client = enter()
    session = UserSession.objects.get()
    clock(59)
    is_in(client)
    assert UserSession.objects.get().last_seen_at == session.last_seen_at
    clock(1)
    is_in(client)
    assert UserSession.objects.get().last_seen_at > session.last_seen_at


def test_sign_in_gives_a_new_session_key(alice):
    client = Client()
    client.get("/sign-in/")
    session = client.session
    session["x"] = 1
    session.save()
    client.post("/sign-in/", {"login": "alice@example.com", "password": make.PASSWORD})
    assert client.session.session_key != session.session_key and is_in(client)


# The list


def test_list_shows_own_sessions_only(alice, mallory, sign_in):
    enter(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="198.51.100.7")
    sign_in(mallory).get("/account/")
    client = enter(headers={"User-Agent": "<b>odd</b>"})
    page = client.get("/account/sessions/").content.decode()
    assert "Firefox on Windows" in page and "198.51.100.7" in page and "this one" in page
    assert page.count("<tr>") == 3 and "<b>odd" not in page


def test_one_session_is_ended(alice):
    other, client = enter(), enter()
    session = UserSession.objects.exclude(session_key=client.session.session_key).get()
    assert client.post("/account/sessions/", {"session": session.pk}).url == reverse("usersessions_list")
    assert not is_in(other) and is_in(client)
    assert AuditEntry.objects.get(verb="user.session_ended").detail == {"count": 1}


def test_all_others_are_ended(alice):
    others, client = [enter(), enter()], enter()
    client.post("/account/sessions/", {"all": "others"})
    assert is_in(client) and not any(is_in(other) for other in others)
    assert Session.objects.count() == 1


@pytest.mark.parametrize("pk", ["0", "x", "", "99999999999999999999999", "-1", "²"])
def test_wrong_sessions_are_not_found(alice, pk):
    assert enter().post("/account/sessions/", {"session": pk}).status_code == 404


def test_sessions_of_others_are_not_found(alice, mallory, sign_in):
    theirs = sign_in(mallory)
    theirs.get("/account/")
    pk = UserSession.objects.get(user=mallory).pk
    assert enter().post("/account/sessions/", {"session": pk}).status_code == 404
    assert theirs.get("/account/").status_code == 200


def test_sessions_end_at_once_when_somebody_is_sent_away(alice, victor, sign_in):
    clients, colleague = [enter(), enter()], sign_in(victor)
    is_in(colleague)
    assert end_sessions(alice) == 2
    assert not any(is_in(client) for client in clients) and is_in(colleague)


def test_what_has_expired_is_forgotten(alice, victor, sign_in):
    living, expired = enter(), enter()
    Session.objects.filter(session_key=expired.session.session_key).update(expire_date=timezone.now())
    forget_expired()
    assert [session.session_key for session in UserSession.objects.all()] == [living.session.session_key]
    assert Session.objects.count() == 1 and is_in(living)


def test_disabled_person_with_an_open_page_is_out(alice):
    client = enter()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    part = client.get(PAGE, headers={"HX-Request": "true"}, follow=True)
    assert part.headers["HX-Redirect"] == reverse("account_login")


def test_new_password_ends_the_others(alice):
    other, client = enter(), enter()
    wrong = client.post("/account/password/", {"oldpassword": "x", "password1": "blue tea at eight"})
    assert wrong.status_code == 422 and is_in(other)
    response = client.post("/account/password/", {"oldpassword": make.PASSWORD, "password1": "blue tea at eight"})
    assert response.url == reverse("account")
    assert is_in(client) and not is_in(other)
    assert AuditEntry.objects.get(verb="user.password_changed").by == alice
    assert UserSession.objects.filter(user=alice).count() == 1
    alice.refresh_from_db()
    assert alice.check_password("blue tea at eight")


@pytest.mark.parametrize("password", ["short", "1234567890", "alice@example.com", "x" * 129, ""])
def test_weak_new_password_is_refused(alice, password):
    client = enter()
    response = client.post("/account/password/", {"oldpassword": make.PASSWORD, "password1": password})
    assert response.status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(make.PASSWORD)


@pytest.fixture
def meanwhile(monkeypatch):
    """`meanwhile(deed)`: somebody does it while a new password is being checked, which takes a tenth of a second."""

    def arrange(deed):
        monkeypatch.setattr("accounts.forms.security.validate_password", lambda _password, _user: deed())

    return arrange


def test_who_was_removed_while_changing_the_password_does_not_come_back(alice, meanwhile):
    owner = make.user(role=Role.OWNER, of=alice.enterprise)
    client = enter()
    meanwhile(lambda: people.remove(alice, by=owner))
    client.post("/account/password/", {"oldpassword": make.PASSWORD, "password1": "blue tea at eight"})
    alice.refresh_from_db()
    assert not alice.is_active and alice.removed_at and alice.email.endswith("@removed.invalid")
    assert not alice.has_usable_password() and not is_in(client)
    assert not AuditEntry.objects.filter(verb="user.password_changed").exists()


def test_role_taken_while_the_password_is_changed_stays_taken(alice, meanwhile):
    owner = make.user(role=Role.OWNER, of=alice.enterprise)
    meanwhile(lambda: people.change_role(alice, Role.VIEWER, by=owner))
    enter().post("/account/password/", {"oldpassword": make.PASSWORD, "password1": "blue tea at eight"})
    alice.refresh_from_db()
    assert alice.role == Role.VIEWER and alice.check_password("blue tea at eight")


def test_of_a_password_form_sent_twice_the_first_counts(alice, meanwhile):
    client = enter()
    meanwhile(lambda: User.objects.filter(pk=alice.pk).update(password=make_password("green tea at nine")))
    response = client.post("/account/password/", {"oldpassword": make.PASSWORD, "password1": "blue tea at eight"})
    assert response.status_code == 422 and "not your password" in response.content.decode()
    alice.refresh_from_db()
    assert alice.check_password("green tea at nine")


# Signing out, and what stays behind


def test_signing_out_is_recorded_and_leaves_nothing(alice):
    client = enter()
    response = client.post("/sign-out/")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert AuditEntry.objects.get(verb="user.signed_out").by == alice
    assert not Session.objects.exists() and not UserSession.objects.exists()


def test_pages_of_somebody_are_not_stored(alice):
    assert "no-store" in enter().get(PAGE).headers["Cache-Control"]
    assert "no-store" in enter().get("/account/second-factor/codes/", follow=True).headers["Cache-Control"]
    assert "no-store" in Client().get("/sign-in/").headers["Cache-Control"]


# Proving it once more


@recently_authenticated
def guarded(request):
    return HttpResponse(request.POST.get("word", "read"))


def ask(client, person, method="get", **more):
    request = getattr(RequestFactory(), method)("/guarded/?x=1", {"word": "done"} if method == "post" else None, **more)
    request.user, request.session = person, client.session
    request.htmx = None
    return guarded(request)


def test_guarded_view_asks_once(alice, sign_in):
    client = sign_in(alice)
    assert ask(client, alice).url.startswith(f"{reverse('account_reauthenticate')}?next=%2Fguarded%2F")
    make.prove(client, alice)
    assert ask(client, alice, "post").content == b"done"


def test_proof_of_another_person_does_not_count(alice, victor, sign_in):
    client = sign_in(alice)
    make.prove(client, victor)
    assert ask(client, alice).status_code == 302


# Words


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 MicroMessenger/8.0", "WeChat on Android"),
        ("curl/8.0", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_devices_in_words(agent, words):
    assert devices.words(agent) == words


def test_name_is_changed_and_recorded(alice, sign_in):
    client = sign_in(alice)
    assert client.post("/account/", {"name": ""}).status_code == 422
    assert client.post("/account/", {"name": "Alice Zhou", "role": "owner", "email": "x@y.example"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.role, alice.email) == ("Alice Zhou", "operator", "alice@example.com")
    entry = AuditEntry.objects.get(verb="user.changed")
    assert (entry.before, entry.after) == ({"name": "Alice Wu"}, {"name": "Alice Zhou"})


def test_role_taken_while_the_name_is_changed_stays_taken(alice, sign_in, monkeypatch):
    client, look = sign_in(alice), audit.changes

    def changes(person, fields):
        User.objects.filter(pk=person.pk).update(role=Role.VIEWER)
        return look(person, fields)

    monkeypatch.setattr(audit, "changes", changes)
    assert client.post("/account/", {"name": "Alice Zhou"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.role) == ("Alice Zhou", Role.VIEWER)
