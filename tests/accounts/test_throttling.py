import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.identity import throttling
from accounts.identity.backend import EmailBackend
from accounts.models import AuditEntry
from tests import make

pytestmark = pytest.mark.django_db
MOST = 20  # passwords per account in 15 minutes


@pytest.fixture
def tried(monkeypatch):
    """The passwords that are really looked at."""
    seen = []
    real = EmailBackend._authenticate_by_email

    def spy(self, email, password):
        seen.append(password)
        return real(self, email, password)

    monkeypatch.setattr(EmailBackend, "_authenticate_by_email", spy)
    return seen


def guess(number, *, client=None, address=None, **headers):
    remote = address or f"10.{number // 200}.{number % 200}.7"
    form = {"login": "alice@example.com", "password": f"guess {number}"}
    return (client or Client()).post("/sign-in/", form, REMOTE_ADDR=remote, headers=headers)


def sign_in(client, **fields):
    return client.post("/sign-in/", {"login": "alice@example.com", "password": make.PASSWORD} | fields)


def test_a_thousand_guesses_from_many_addresses_look_at_twenty(alice, tried):
    answers = [guess(number).status_code for number in range(1000)]
    assert len(tried) == MOST
    assert answers == [422] * MOST + [429] * (1000 - MOST)
    assert sign_in(Client()).status_code == 429  # nor the right one, from somewhere new
    assert AuditEntry.objects.filter(verb="user.sign_in_failed", object_id=alice.pk).count() == 1


def test_owner_on_a_known_device_gets_in_meanwhile(alice, tried):
    device = Client()
    assert sign_in(device).url == reverse("overview")
    device.post("/sign-out/")
    for number in range(MOST + 5):
        guess(number)
    assert sign_in(Client()).status_code == 429
    assert sign_in(device).url == reverse("overview")


def test_known_device_has_a_limit_of_its_own(alice, tried):
    device = Client()
    sign_in(device)
    device.post("/sign-out/")
    tried.clear()
    answers = [guess(number, client=device).status_code for number in range(MOST + 3)]
    assert len(tried) == MOST and answers[-3:] == [429] * 3
    assert sign_in(Client()).url == reverse("overview")  # it used up nobody else's


def test_cookie_of_another_person_or_a_made_up_one_does_not_help(alice, mallory, tried):
    device = Client()
    sign_in(device, login=mallory.email)
    device.post("/sign-out/")
    forger = Client()
    name = throttling.settings.KNOWN_DEVICE_COOKIE_NAME
    forger.cookies[name] = f'{{"{alice.pk}":"x"}}:made:up'
    for number in range(MOST):
        guess(number)
    assert sign_in(device).status_code == 429
    assert sign_in(forger).status_code == 429


def test_each_address_has_a_limit_too(alice, tried):
    answers = [
        Client().post("/sign-in/", {"login": f"p{number}@example.com", "password": "x"}).status_code
        for number in range(12)
    ]
    assert answers == [422] * 10 + [429] * 2 and len(tried) == 10


def test_forged_forwarding_header_changes_nothing(alice, tried):
    answers = []
    for number in range(12):
        header = {"X-Forwarded-For": f"203.0.113.{number}"}
        form = {"login": f"p{number}@example.com", "password": "x"}
        answers.append(Client().post("/sign-in/", form, headers=header).status_code)
    assert answers[-2:] == [429] * 2


def test_other_host_names_are_no_way_round(alice, tried, settings):
    settings.ALLOWED_HOSTS = ["*"]
    for number in range(MOST + 5):
        guess(number, host=f"h{number}.example")
    assert len(tried) == MOST


def test_page_says_when_and_it_is_so(alice, tried, time_machine):
    for number in range(MOST):
        guess(number)
    refused = guess(MOST)
    page = refused.content.decode()
    assert "Too many attempts" in page and "in 15 minutes" in page and "you still can" in page
    wait = int(refused.headers["Retry-After"])
    assert 14 * 60 < wait <= 15 * 60
    chinese = guess(MOST, **{"accept-language": "zh-CN"})
    assert chinese.headers["Content-Language"] == "zh-hans"
    time_machine.move_to(time.time() + wait + 1)
    assert sign_in(Client()).url == reverse("overview")


def test_right_passwords_are_not_counted(alice, tried):
    for _ in range(MOST + 5):
        assert sign_in(Client()).status_code == 302


def test_registrations_and_links_are_limited(alice):
    answers = [Client().post("/password/forgotten/", {"email": alice.email}).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 429]
    assert [Client().post("/sign-up/", {}).status_code for _ in range(11)][-1] == 429


def test_password_cannot_be_guessed_in_an_open_session(alice, sign_in):
    client = sign_in(alice)
    again = [client.post("/account/again/", {"password": "x"}).status_code for _ in range(11)]
    assert again == [422] * 10 + [429]
    changes = [client.post("/account/password/", {"oldpassword": "x", "password1": "y"}) for _ in range(11)]
    assert changes[-1].status_code == 429 and "in 15 minutes" in changes[-1].content.decode()
