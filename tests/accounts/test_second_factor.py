import base64
import json
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.identity.adapter import SecondFactorAdapter
from accounts.models import AuditEntry, Enterprise
from console.lib.crypto import WrongKey
from tests import make
from tests.keys import SoftKey, add_key

pytestmark = pytest.mark.django_db
SECRET = base64.b32encode(b"twenty bytes exactly").decode()
CODE_PAGE = "/sign-in/second-factor/"


def visitor(**more) -> Any:
    return Client(**more)


def code(*, step=0, secret=SECRET):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def wrong_code():
    near = {code(step=step) for step in (-2, -1, 0, 1, 2)}
    return next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)


@pytest.fixture
def app(alice):
    TOTP.activate(alice, SECRET)


@pytest.fixture
def proved(alice, sign_in):
    client = sign_in(alice)
    make.prove(client, alice)
    return client


def enter_password(client=None, email="alice@example.com"):
    client = client or visitor()
    response = client.post("/sign-in/", {"login": email, "password": make.PASSWORD, "next": "/cn/templates/"})
    return client, response


def is_in(client):
    return client.get("/account/").status_code == 200


def options(response):
    return json.loads(response.context["options"])


# The app


def test_setting_up_an_app(proved, alice):
    page = proved.get("/account/second-factor/app/")
    secret = page.context["form"].secret
    assert secret in page.content.decode() and "<svg" in page.content.decode()
    assert proved.post("/account/second-factor/app/", {"code": "000000x"}).status_code == 422
    response = proved.post("/account/second-factor/app/", {"code": code(secret=secret)})
    assert response.url == reverse("mfa_view_recovery_codes")
    stored = Authenticator.objects.get(user=alice, type="totp")
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        assert all(secret not in text for (text,) in cursor.fetchall())
    assert SecondFactorAdapter().decrypt(stored.data["secret"]) == secret
    entry = AuditEntry.objects.get(verb="user.second_factor_added")
    assert (entry.by, entry.detail) == (alice, {"kind": "totp"})
    assert secret not in str(AuditEntry.objects.values_list("detail", "before", "after"))
    shown = proved.get(response.url).context["unused_codes"]
    assert (
        len(shown) == 10
        and f"{shown[0]}" in proved.get("/account/second-factor/codes/recovery-codes.txt").content.decode()
    )
    assert "10" in proved.get("/account/").content.decode()


def test_the_code_that_set_it_up_does_not_sign_in(proved):
    secret = proved.get("/account/second-factor/app/").context["form"].secret
    proved.post("/account/second-factor/app/", {"code": code(secret=secret)})
    client, _response = enter_password()
    assert client.post(CODE_PAGE, {"code": code(secret=secret)}).status_code == 422


def test_seeds_are_sealed_with_the_key(app, alice, settings):
    sealed = Authenticator.objects.get(user=alice, type="totp").data["secret"]
    settings.ENCRYPTION_KEY = "another one"
    with pytest.raises(WrongKey):
        SecondFactorAdapter().decrypt(sealed)


def test_password_alone_is_not_enough(app, alice):
    client, response = enter_password()
    assert response.url == CODE_PAGE
    assert not is_in(client)
    assert client.post(CODE_PAGE, {"code": wrong_code()}).status_code == 422
    assert not is_in(client)
    failure = AuditEntry.objects.get(verb="user.sign_in_failed")
    assert (failure.by, failure.object_id, failure.detail) == (None, alice.pk, {"step": "second_factor"})
    response = client.post(CODE_PAGE, {"code": code()})
    assert response.url == "/cn/templates/" and is_in(client)
    entry = AuditEntry.objects.get(verb="user.signed_in")
    assert entry.detail == {"second_factor": "totp"}


def test_neighbouring_code_counts_an_older_one_does_not(app):
    client, _response = enter_password()
    assert client.post(CODE_PAGE, {"code": code(step=-3)}).status_code == 422
    assert client.post(CODE_PAGE, {"code": code(step=-1)}).status_code == 302


@pytest.mark.parametrize(
    "again", [lambda used: used, lambda used: f"{used[:3]} {used[3:]}", lambda used: f"{used[:3]}-{used[3:]}"]
)
def test_one_code_signs_in_once(app, again):
    used = code(step=1)
    first, _response = enter_password()
    assert first.post(CODE_PAGE, {"code": used}).status_code == 302
    second, _response = enter_password()
    assert second.post(CODE_PAGE, {"code": again(used)}).status_code == 422
    assert not is_in(second)


def test_guessing_codes_ends(app):
    client, _response = enter_password()
    answers = [client.post(CODE_PAGE, {"code": wrong_code()}) for _ in range(21)]
    assert "Too many wrong codes" in answers[-1].content.decode()
    assert client.post(CODE_PAGE, {"code": code()}).status_code == 422
    assert not is_in(client)


def test_page_of_the_code_needs_the_password_first(app):
    assert visitor().get(CODE_PAGE).url == reverse("account_login")
    assert visitor().post(CODE_PAGE, {"code": code()}).url == reverse("account_login")


def test_waiting_for_the_code_ends(app, time_machine):
    client, _response = enter_password()
    time_machine.move_to(time.time() + 16 * 60)
    assert client.post(CODE_PAGE, {"code": code()}).url == reverse("account_login")


def test_code_does_not_finish_what_an_older_password_began(app, alice):
    client, _response = enter_password()
    alice.set_password("blue tea at eight")
    alice.save()
    assert client.post(CODE_PAGE, {"code": code()}).url == reverse("account_login")
    assert not is_in(client)
    assert client.get(CODE_PAGE).url == reverse("account_login")


def test_sign_in_page_begins_anew(app):
    client, _response = enter_password()
    assert client.get("/sign-in/").status_code == 200
    assert client.get(CODE_PAGE).url == reverse("account_login")


def test_recovery_code_works_once(app, alice, proved):
    make_new = proved.post("/account/second-factor/codes/new/")
    assert make_new.url == reverse("mfa_view_recovery_codes")
    assert AuditEntry.objects.filter(verb="user.recovery_codes_made", by=alice).exists()
    one = proved.get(make_new.url).context["unused_codes"][0]
    assert one not in str(list(Authenticator.objects.values_list("data", flat=True)))
    assert AuditEntry.objects.filter(verb="user.recovery_codes_shown", by=alice).count() == 1
    first, _response = enter_password()
    assert first.post(CODE_PAGE, {"code": one}).status_code == 302 and is_in(first)
    second, _response = enter_password()
    assert second.post(CODE_PAGE, {"code": one}).status_code == 422 and not is_in(second)


def test_new_password_by_mail_does_not_go_round_it(app, alice):
    visitor().post("/password/forgotten/", {"email": alice.email})
    client = visitor()
    address = re.findall(r"http://127\.0\.0\.1:\d+(/\S+)", str(mail.outbox[0].body))[0]
    form = client.get(address)
    client.post(form.url, {"password1": "blue tea at eight"})
    assert not is_in(client)
    response = client.post("/sign-in/", {"login": alice.email, "password": "blue tea at eight"})
    assert response.url == CODE_PAGE


def test_removing_the_app_ends_other_sessions_and_is_mailed(app, alice, proved, sign_in):
    other = sign_in(alice)
    assert is_in(other)
    assert proved.post("/account/second-factor/app/remove/").url == reverse("mfa_index")
    assert is_in(proved) and not is_in(other)
    assert not Authenticator.objects.filter(user=alice).exists()
    assert AuditEntry.objects.get(verb="user.second_factor_removed").by == alice
    assert "the app that shows codes was removed" in mail.outbox[-1].body


def test_removal_sent_twice_is_recorded_once(app, alice, proved, monkeypatch):
    def gone_by_now(_adapter, factor):
        Authenticator.objects.filter(pk=factor.pk).delete()  # the other request
        return True

    monkeypatch.setattr(SecondFactorAdapter, "can_delete_authenticator", gone_by_now)
    assert proved.post("/account/second-factor/app/remove/").url == reverse("mfa_index")
    assert not AuditEntry.objects.filter(verb="user.second_factor_removed").exists() and not mail.outbox


# Security keys


def test_key_is_added_and_signs_in(proved, alice):
    key = SoftKey()
    asked = options(proved.get("/account/second-factor/keys/add/"))
    assert asked["publicKey"]["rp"]["id"] == "localhost"
    response = proved.post(
        "/account/second-factor/keys/add/", {"name": "<b>Blue</b>", "credential": json.dumps(key.create(asked))}
    )
    assert response.url == reverse("mfa_view_recovery_codes")
    page = proved.get("/account/second-factor/").content.decode()
    assert "&lt;b&gt;Blue" in page and "<b>Blue" not in page
    client, response = enter_password()
    answer = key.get(options(client.get(response.url)))
    assert client.post(CODE_PAGE, {"credential": json.dumps(answer)}).url == "/cn/templates/"
    assert AuditEntry.objects.get(verb="user.signed_in").detail == {"second_factor": "webauthn"}


def spoil(change):
    """A client after the password, and the spoiled answer of alice's key."""
    alice_key = add_key(change["of"])[1]
    client, response = enter_password()
    answer = change["how"](alice_key, options(client.get(response.url)))
    return client.post(CODE_PAGE, {"credential": answer if isinstance(answer, str) else json.dumps(answer)}), client


def other_signature(key, asked):
    answer = key.get(asked)
    answer["response"]["signature"] = SoftKey().get(asked)["response"]["signature"]
    return answer


def other_site(key, asked):
    key.origin = "http://evil.example"
    return key.get(asked)


def other_challenge(key, asked):
    return key.get({"publicKey": asked["publicKey"] | {"challenge": "AAAA"}})


@pytest.mark.parametrize(
    "how",
    [
        other_signature,
        other_site,
        other_challenge,
        lambda key, asked: SoftKey().get(asked),
        lambda key, asked: "{}",
        lambda key, asked: "not json",
        lambda key, asked: "[]",
        lambda key, asked: '"text"',
        lambda key, asked: {"id": 7, "rawId": "x", "response": None, "type": "public-key"},
        lambda key, asked: (
            key.get(asked) | {"response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "A"}}
        ),
        lambda key, asked: key.get(asked) | {"id": "\u00e9", "rawId": "\u00e9"},
    ],
)
def test_spoiled_answers_sign_nobody_in(alice, how):
    response, client = spoil({"of": alice, "how": how})
    assert response.status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "7", "null", '{"id":"AA","rawId":"AA","response":{},"type":"public-key"}']
)
def test_spoiled_registrations_add_nothing(proved, text):
    proved.get("/account/second-factor/keys/add/")
    assert proved.post("/account/second-factor/keys/add/", {"name": "x", "credential": text}).status_code == 422
    assert not Authenticator.objects.exists()


def test_answer_of_a_key_counts_once(alice):
    key = add_key(alice)[1]
    client, response = enter_password()
    answer = json.dumps(key.get(options(client.get(response.url))))
    client.post(CODE_PAGE, {"credential": answer})
    other, _response = enter_password()
    other.get(CODE_PAGE)
    assert other.post(CODE_PAGE, {"credential": answer}).status_code == 422


def test_keys_of_others_are_not_found(alice, mallory, sign_in):
    factor, _key = add_key(alice)
    client = sign_in(mallory)
    make.prove(client, mallory)
    for address in (f"/account/second-factor/keys/{factor.pk}/", f"/account/second-factor/keys/{factor.pk}/remove/"):
        assert client.get(address).status_code == 404
        assert client.post(address, {"name": "mine"}).status_code == 404
    assert Authenticator.objects.get(pk=factor.pk).wrap().name == "Blue key"


def test_key_is_renamed_and_removed(alice, proved):
    factor, _key = add_key(alice)
    address = f"/account/second-factor/keys/{factor.pk}/"
    assert proved.post(address, {"name": ""}).status_code == 422
    assert proved.post(address, {"name": "Green"}).url == reverse("mfa_index")
    assert Authenticator.objects.get(pk=factor.pk).wrap().name == "Green"
    entry = AuditEntry.objects.get(verb="user.security_key_renamed", by=alice)
    assert (entry.before, entry.after) == ({"name": "Blue key"}, {"name": "Green"})
    assert proved.post(f"{address}remove/").url == reverse("mfa_index")
    assert not Authenticator.objects.exists()
    assert AuditEntry.objects.get(verb="user.second_factor_removed").detail == {"kind": "webauthn", "key_name": "Green"}


# Who needs one


@pytest.fixture
def required(alice):
    Enterprise.objects.filter(pk=alice.enterprise_id).update(second_factor_required=True)


def test_enterprise_asks_its_people_for_one(required, alice, proved):
    assert proved.get("/cn/templates/").url == reverse("mfa_index")
    assert proved.post("/cn/templates/new/", {"name": "x"}).url == reverse("mfa_index")
    part = proved.get("/cn/templates/", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == reverse("mfa_index")
    assert proved.post("/language/", {"language": "en"}).status_code == 302
    assert "Set up a second factor to go on" in proved.get("/account/second-factor/").content.decode()
    secret = proved.get("/account/second-factor/app/").context["form"].secret
    assert proved.post("/account/second-factor/app/", {"code": code(secret=secret)}).status_code == 302
    assert proved.get("/cn/templates/").status_code == 200


def test_last_one_stays_where_one_is_needed(required, app, alice, proved):
    assert proved.post("/account/second-factor/app/remove/").status_code == 422
    factor, _key = add_key(alice)
    assert proved.post("/account/second-factor/app/remove/").status_code == 302
    assert proved.post(f"/account/second-factor/keys/{factor.pk}/remove/").status_code == 422
    assert list(Authenticator.objects.values_list("type", flat=True)) == ["webauthn"]


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_staff_need_one(request, settings, sign_in, name):
    person = request.getfixturevalue(name)
    assert sign_in(person).get("/reviews/").status_code == 200  # the demo's people are public anyway
    settings.SECOND_FACTOR_REQUIRED_ROLES = ["reviewer", "administrator"]
    assert sign_in(person).get("/reviews/").url == reverse("mfa_index")
    TOTP.activate(person, SECRET)
    assert sign_in(person).get("/reviews/").status_code == 200


def test_role_that_is_not_named_needs_none(alice, sign_in, settings):
    settings.SECOND_FACTOR_REQUIRED_ROLES = ["reviewer", "administrator"]
    assert sign_in(alice).get("/cn/templates/").status_code == 200


# Proving it once more


def test_changes_of_factors_ask_for_the_password_again(alice, sign_in, app):
    client = sign_in(alice)
    for address in ("app/remove/", "keys/add/", "codes/new/"):
        response = client.get(f"/account/second-factor/{address}")
        assert response.url.startswith(reverse("account_reauthenticate")), address


def test_fresh_sign_in_counts_for_five_minutes(alice, time_machine):
    client, _response = enter_password()
    assert client.get("/account/second-factor/app/").status_code == 200
    time_machine.move_to(time.time() + 301)
    assert client.get("/account/second-factor/app/").url.startswith(reverse("account_reauthenticate"))


def test_interrupted_request_goes_on_after_the_password(alice, sign_in, app):
    client = sign_in(alice)
    asked = client.post("/account/second-factor/codes/new/")
    again = asked.url
    assert client.post(again, {"password": "wrong", "next": "/account/second-factor/codes/new/"}).status_code == 422
    response = client.post(again, {"password": make.PASSWORD, "next": "/account/second-factor/codes/new/"})
    assert response.url == reverse("mfa_view_recovery_codes")
    assert AuditEntry.objects.filter(verb="user.recovery_codes_made").count() == 1


def test_code_or_key_prove_it_too(alice, sign_in, app):
    client = sign_in(alice)
    where = {"next": "/account/second-factor/codes/new/"}
    assert client.post("/account/again/code/", {"code": wrong_code()} | where).status_code == 422
    assert client.post("/account/again/code/", {"code": code()} | where).url == where["next"]
    key = add_key(alice)[1]
    other = sign_in(alice)
    answer = key.get(options(other.get("/account/again/key/")))
    assert other.post("/account/again/key/", {"credential": "{}"} | where).status_code == 422
    answer = key.get(options(other.get("/account/again/key/")))
    assert other.post("/account/again/key/", {"credential": json.dumps(answer)} | where).url == where["next"]


def test_it_never_goes_on_to_another_site(alice, sign_in):
    client = sign_in(alice)
    response = client.post("/account/again/", {"password": make.PASSWORD, "next": "https://evil.example/"})
    assert response.url == reverse("overview")
