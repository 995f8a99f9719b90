import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts import sign_up
from accounts.identity import free_address
from accounts.models import Acceptance, Agreement, AuditEntry, Enterprise, OrganisationKind, Role, User
from accounts.models.enterprise import EXCLUDED_KINDS, EnterpriseState
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db
URL = "/sign-up/"
PASSWORD = "green tea at seven"
MARKUP = '<b>A&B</b> "Ltd"'


def visitor(**more) -> Any:
    return Client(**more)


@pytest.fixture
def agreement(carol):
    return Agreement.objects.create(
        number=1, text_en="Be fair.", text_zh="诚信。", published_at=timezone.now(), published_by=carol
    )


def fill(**changes):
    fields = {
        "name": "Hua Lin",
        "email": "hua@lin.example",
        "password1": PASSWORD,
        "enterprise": "Lin Foods",
        "kind": "company",
        "agreement": 1,
        "agree": "on",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def join(client=None, **changes):
    return (client or visitor()).post(URL, fill(**changes))


def link(message):
    return re.findall(r"http://127\.0\.0\.1:\d+(/\S+)", str(message.body))[0]


def sign_in(email="hua@lin.example", password=PASSWORD):
    return visitor().post("/sign-in/", {"login": email, "password": password})


def test_who_registers_confirms_the_address_and_is_the_owner(agreement):
    response = join()
    assert response.url == reverse("account_email_verification_sent")
    owner = User.objects.get(email="hua@lin.example")
    assert (owner.role, owner.enterprise.name, owner.enterprise.kind) == (Role.OWNER, "Lin Foods", "company")
    accepted = Acceptance.objects.get(user=owner)
    assert (accepted.agreement, accepted.enterprise, accepted.origin) == (agreement, owner.enterprise, "127.0.0.1")
    verbs = set(AuditEntry.objects.filter(enterprise_id=owner.enterprise_id).values_list("verb", flat=True))
    assert verbs == {"enterprise.joined", "agreement.accepted"}

    assert sign_in().url == reverse("account_email_verification_sent")  # not before the address is confirmed
    address = link(mail.outbox[0])
    page = visitor().get(address).content.decode()
    assert "Lin Foods" in page and "Yes, confirm" in page
    assert not EmailAddress.objects.get(user=owner).verified  # looking at the link confirms nothing
    assert visitor().post(address).url == reverse("account_login")
    assert sign_in().url == reverse("overview")
    assert visitor().get(address).status_code == 404  # once
    assert visitor().post(address).status_code == 404


def test_link_ends_after_three_days(agreement, time_machine):
    join()
    address = link(mail.outbox[0])
    time_machine.move_to(time.time() + 3 * 86400 + 60)
    assert visitor().get(address).status_code == 404
    assert visitor().post(address).status_code == 404
    assert sign_in().url == reverse("account_email_verification_sent")


def test_known_address_gets_the_same_answer_and_another_mail(agreement, alice):
    response = join(email="Alice@Example.com")
    assert response.url == reverse("account_email_verification_sent")
    assert User.objects.filter(email__iexact="alice@example.com").count() == 1
    assert not Enterprise.objects.filter(name="Lin Foods").exists()
    [message] = mail.outbox
    assert message.to == ["alice@example.com"] and "has an account already" in message.body
    fresh = join(email="nobody@lin.example")
    assert (fresh.status_code, fresh.url) == (response.status_code, response.url)


def test_never_confirmed_registration_blocks_nobody(agreement):
    join(enterprise="Squatter", password1="the password of somebody else")
    squatter = User.objects.get(email="hua@lin.example")
    old_link = link(mail.outbox[0])
    join()
    squatter.refresh_from_db()
    assert (squatter.is_active, squatter.former_email) == (False, "hua@lin.example")
    assert squatter.enterprise.state == EnterpriseState.CLOSED
    owner = User.objects.get(email="hua@lin.example")
    assert owner.enterprise.name == "Lin Foods"
    assert visitor().get(old_link).status_code == 404
    EmailAddress.objects.filter(user=owner).update(verified=True)
    assert sign_in(password="the password of somebody else").status_code == 422
    assert sign_in().url == reverse("overview")


def test_form_sent_twice_makes_one_enterprise(agreement):
    client = visitor()
    assert join(client).url == join(client).url == reverse("account_email_verification_sent")
    assert Enterprise.objects.filter(name="Lin Foods").count() == 1
    [message] = mail.outbox
    assert visitor().post(link(message)).url == reverse("account_login")
    assert sign_in().url == reverse("overview")


@pytest.mark.django_db(transaction=True)
def test_four_at_once_with_one_address_leave_one_account(agreement):
    def attempt(number):
        try:
            return join(enterprise=f"Lin {number}", password1=f"green tea at {number} or so").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(attempt, range(4))) == {302}
    assert User.objects.filter(email="hua@lin.example", is_active=True).count() == 1
    assert Enterprise.objects.filter(name__startswith="Lin ", state=EnterpriseState.ACTIVE).count() == 1


def at_once(n, deed):
    """The answers to `deed`, done by `n` in the same moment."""
    ready = threading.Barrier(n)

    def one(number):
        try:
            ready.wait()
            return deed(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


@pytest.mark.django_db(transaction=True)
def test_button_pressed_many_times_at_once_confirms_once(agreement):
    join(email="once@lin.example")
    address = link(mail.outbox[0])
    answers = at_once(5, lambda n: visitor().post(address).status_code)
    assert sorted(answers) == [302, 404, 404, 404, 404]
    assert AuditEntry.objects.filter(verb="user.address_confirmed").count() == 1
    assert sign_in("once@lin.example").url == reverse("overview")


@pytest.mark.django_db(transaction=True)
def test_link_for_a_new_password_counts_once_for_many_at_once(alice):
    visitor().post("/password/forgotten/", {"email": alice.email})
    address = link(mail.outbox[0])
    clients = [visitor() for _n in range(5)]
    form = [client.get(address).url for client in clients][0]
    answers = at_once(5, lambda n: clients[n].post(form, {"password1": f"blue tea at {n} or so"}))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 302]
    assert all("counts no longer" in answer.content.decode() for answer in answers if answer.status_code == 200)
    [winner] = [n for n, answer in enumerate(answers) if answer.status_code == 302]
    assert sign_in(alice.email, f"blue tea at {winner} or so").url == reverse("overview")
    assert AuditEntry.objects.filter(verb="user.password_changed").count() == 1 and len(mail.outbox) == 2


def test_address_that_another_has_confirmed_meanwhile_is_not_confirmed_again(agreement, alice):
    join()
    EmailAddress.objects.create(user=alice, email="hua@lin.example", verified=True)
    client = visitor()
    response = client.post(link(mail.outbox[0]))
    assert "belongs to another account" in client.get(response.url).content.decode()
    assert not AuditEntry.objects.filter(verb="user.address_confirmed").exists()
    assert sign_in().url == reverse("account_email_verification_sent")


def test_only_unconfirmed_addresses_are_freed(agreement, alice):
    free_address(alice.email)
    alice.refresh_from_db()
    assert alice.is_active and alice.email == "alice@example.com"


def test_two_at_once_with_one_address_get_the_same_answer(agreement, monkeypatch, alice):
    monkeypatch.setattr(sign_up, "has_account", lambda email: False)  # the other one comes in between
    response = join(email=alice.email)
    assert response.url == reverse("account_email_verification_sent")
    assert not Enterprise.objects.filter(name="Lin Foods").exists()


@pytest.mark.parametrize("kind", sorted(EXCLUDED_KINDS))
def test_kinds_that_may_not_join_are_refused_with_the_reason(agreement, kind):
    response = join(kind=kind)
    assert response.status_code == 422
    page = response.content.decode()
    assert str(OrganisationKind(kind).label) in page and "only enterprises and other incorporated organisations" in page
    assert not User.objects.filter(email="hua@lin.example").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"agree": None}, "Read the service agreement and accept it"),
        ({"agreement": 7}, "A newer version was published while you read"),
        ({"agreement": "x"}, "agree"),
        ({"email": "hua"}, "This is not an e-mail address"),
        ({"email": "x" * 250 + "@lin.example"}, "id_email-error"),
        ({"name": ""}, "Enter your name"),
        ({"name": "x" * 61}, "id_name-error"),
        ({"enterprise": "x" * 101}, "id_enterprise-error"),
        ({"kind": "crown"}, "id_kind-error"),
        ({"password1": "short"}, "too short"),
        ({"password1": "1234567890"}, "too common"),
        ({"password1": "hua@lin.example"}, "too similar"),
        ({"password1": "x" * 129}, "id_password1-error"),
    ],
)
def test_bad_input_stands_at_its_field(agreement, changes, said):
    response = join(**changes)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Enterprise.objects.filter(name="Lin Foods").exists() and not mail.outbox


def test_without_an_agreement_nobody_can_register(db):
    page = visitor().get(URL).content.decode()
    assert "Nobody can register yet" in page and "Ask the administrators" in page
    assert join().status_code == 200 and not Enterprise.objects.exists()
    assert "Register your enterprise" not in visitor().get("/sign-in/").content.decode()


def test_older_agreement_is_not_accepted(agreement):
    with pytest.raises(NotAllowed):
        sign_up.join(
            name="A",
            email="a@b.example",
            password=PASSWORD,
            language="",
            enterprise="E",
            kind=OrganisationKind.COMPANY,
            agreement=2,
        )
    assert not Enterprise.objects.filter(name="E").exists()


def test_open_page_shows_the_text_that_holds(agreement):
    assert "Be fair." in visitor().get("/agreement/text/").content.decode()
    chinese = visitor(headers={"Accept-Language": "zh-CN"}).get("/agreement/text/")
    assert "诚信。" in chinese.content.decode()


def test_markup_in_names_is_text_everywhere(agreement):
    client = visitor()
    join(client, name=MARKUP, enterprise=MARKUP)
    body = mail.outbox[0].body
    assert MARKUP in body and mail.outbox[0].content_subtype == "plain"
    page = visitor().get(link(mail.outbox[0])).content.decode()
    assert "<b>A" not in page and "&lt;b&gt;A&amp;B&lt;/b&gt;" in page
    again = join(name=MARKUP, enterprise=MARKUP, email="bad").content.decode()
    assert "<b>A" not in again
    visitor().post(link(mail.outbox[0]))
    owner = User.objects.get(email="hua@lin.example")
    client.force_login(owner)
    for address in ("/account/", "/"):
        assert "<b>A" not in client.get(address).content.decode()


def test_line_breaks_in_a_name_put_no_header_into_a_mail(agreement):
    join(name="Hua\r\nBcc: all@lin.example", enterprise="Lin\r\n\r\nYour account is locked.")
    assert "Hua Bcc: all@lin.example has registered Lin Your account is locked. at" in mail.outbox[0].body
    assert all("Bcc" not in key for message in mail.outbox for key in message.extra_headers)
    assert all("\n" not in message.subject for message in mail.outbox)


def test_links_come_from_the_setting_never_from_the_request(agreement, settings):
    settings.SITE_URL = "https://sms.example.com"
    settings.ALLOWED_HOSTS = ["evil.example", "testserver"]
    visitor().post(URL, fill(), HTTP_HOST="evil.example")
    make.user(email="old@lin.example")
    visitor().post("/password/forgotten/", {"email": "old@lin.example"}, HTTP_HOST="evil.example")
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert "https://sms.example.com/" in message.body and "evil" not in message.body


def test_mail_is_in_the_language_of_the_reader(agreement):
    make.user(email="wen@lin.example", language="zh-hans")
    visitor(headers={"Accept-Language": "en"}).post("/password/forgotten/", {"email": "wen@lin.example"})
    assert mail.outbox[0].to == ["wen@lin.example"]
    with translation.override("zh-hans"):
        assert mail.outbox[0].subject == gettext("Choose a new password") != "Choose a new password"


def new_password(address, password="blue tea at eight"):
    client = visitor()
    form = client.get(address)
    return client, client.post(form.url, {"password1": password}) if form.status_code == 302 else form


def test_forgotten_password_is_chosen_anew_once(alice):
    other = visitor()
    other.force_login(alice)
    other.get("/account/")
    response = visitor().post("/password/forgotten/", {"email": "ALICE@example.com"})
    assert response.url == reverse("account_reset_password_done")
    address = link(mail.outbox[0])
    client, response = new_password(address)
    assert response.url == reverse("account_reset_password_from_key_done")
    assert client.get("/account/").status_code == 302  # signs nobody in
    assert other.get("/account/").status_code == 302  # and ends what was open
    assert AuditEntry.objects.filter(verb="user.password_changed", by=alice).count() == 1
    assert "was changed by a link" in mail.outbox[1].body
    assert sign_in(alice.email, "blue tea at eight").url == reverse("overview")
    assert "counts no longer" in new_password(address)[1].content.decode()


@pytest.mark.parametrize("typed", ["ALICE@Firm.example", "mi\u212ae@firm.example"])
def test_link_goes_to_the_address_of_the_account_not_to_what_was_typed(alice, typed):
    User.objects.filter(pk=alice.pk).update(email="alice@firm.example")
    make.user(email="mike@firm.example")
    visitor().post("/password/forgotten/", {"email": typed})
    assert [message.to for message in mail.outbox] == [[typed.lower()]]


@pytest.mark.parametrize("typed", ["al\u0131ce@firm.example", "alice@f\u0131rm.example"])
def test_letters_that_only_look_alike_open_nothing(alice, typed, django_assert_max_num_queries):
    """In most databases the capital of a dotless i is I: asked by UPPER, another's domain would get Alice's link."""
    User.objects.filter(pk=alice.pk).update(email="alice@firm.example")
    for address, fields in (("/password/forgotten/", {"email": typed}), ("/sign-in/", {"login": typed})):
        with django_assert_max_num_queries(100) as asked:
            visitor().post(address, {"password": make.PASSWORD} | fields)
        compared = [query["sql"] for query in asked if "accounts_user" in query["sql"]]
        assert compared and not [sql for sql in compared if "UPPER(" in sql]
    assert not mail.outbox


def test_link_for_a_new_password_ends_after_an_hour(alice, time_machine):
    visitor().post("/password/forgotten/", {"email": alice.email})
    time_machine.move_to(time.time() + 3601)
    assert "counts no longer" in new_password(link(mail.outbox[0]))[1].content.decode()


def test_unknown_and_closed_accounts_get_the_same_answer_and_no_mail(alice):
    type(alice).objects.update(is_active=False)
    answers = [visitor().post("/password/forgotten/", {"email": address}) for address in (alice.email, "x@y.example")]
    assert {answer.url for answer in answers} == {reverse("account_reset_password_done")}
    assert not mail.outbox


def test_weak_new_password_is_refused(alice):
    visitor().post("/password/forgotten/", {"email": alice.email})
    response = new_password(link(mail.outbox[0]), "1234567890")[1]
    assert response.status_code == 422 and "too common" in response.content.decode()
