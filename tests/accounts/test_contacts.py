"""Contacts: at most ten, reachable, of one enterprise only; every change on record."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection
from django.urls import reverse

from accounts import contacts
from accounts.models import AuditEntry, Contact, NoticeKind, Role
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db
FORM = {"name": "Dana Hu", "number": "138 0013 8000", "email": "dana@example.com", "language": "en", "traffic": "on"}


@pytest.fixture
def olivia(alice):
    return make.user(role=Role.OWNER, of=alice.enterprise, name="Olivia Yu", language="en")


def contact(person, **fields):
    made = Contact(enterprise=make.home(person), **({"name": "Dana Hu", "email": "dana@example.com"} | fields))
    contacts.add(made, by=person)
    return made


def test_added_with_the_number_in_its_usual_form(olivia, sign_in):
    client = sign_in(olivia)
    assert client.post("/contacts/new/", FORM).status_code == 302
    made = Contact.objects.get()
    assert (made.number, made.enterprise, made.language) == ("+8613800138000", olivia.enterprise, "en")
    assert (made.traffic, made.signature) == (True, False)
    page = client.get("/contacts/").content.decode()
    assert "+8613800138000" in page and "dana@example.com" in page
    entry = AuditEntry.objects.get(verb="contact.added")
    assert entry.by == olivia and entry.label == "Dana Hu" and "13800138000" not in str(entry.after)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"number": "", "email": ""}, "number"),
        ({"number": "021 5888 1234"}, "number"),
        ({"number": "1380013800"}, "number"),
        ({"number": "+44 7400"}, "number"),
        ({"number": "call me"}, "number"),
        ({"email": "dana@"}, "email"),
    ],
)
def test_bad_input_stands_at_its_field(olivia, sign_in, changed, field):
    response = sign_in(olivia).post("/contacts/new/", FORM | changed)
    assert response.status_code == 422
    assert f'id="id_{field}-error"' in response.content.decode()
    assert not Contact.objects.exists()


@pytest.mark.parametrize("language", ["", "tlh"])
def test_a_language_that_we_do_not_speak(olivia, sign_in, language):
    response = sign_in(olivia).post("/contacts/new/", FORM | {"language": language})
    assert response.status_code == 422 and "invalid-feedback" in response.content.decode()


@pytest.mark.parametrize("number", ["+44 7400 123456", "0044 7400 123456", "+85291234567"])
def test_numbers_of_other_countries(olivia, sign_in, number):
    assert sign_in(olivia).post("/contacts/new/", FORM | {"number": number}).status_code == 302
    assert Contact.objects.get().number in {"+447400123456", "+85291234567"}


def test_one_of_the_two_ways_is_enough(olivia, sign_in):
    client = sign_in(olivia)
    assert client.post("/contacts/new/", FORM | {"number": ""}).status_code == 302
    assert client.post("/contacts/new/", FORM | {"email": ""}).status_code == 302
    with pytest.raises(IntegrityError):
        Contact.objects.create(enterprise=olivia.enterprise, name="nobody")


def test_changed_and_recorded_field_by_field(olivia, sign_in):
    made = contact(olivia, number="+8613800138000")
    form = FORM | {"email": "", "name": "Dana Hu-Li"} | dict.fromkeys(contacts.SWITCHES, "on")
    assert sign_in(olivia).post(f"/contacts/{made.pk}/", form).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.email) == ("Dana Hu-Li", "")
    entry = AuditEntry.objects.get(verb="contact.changed")
    assert entry.before == {"name": "Dana Hu", "email": "dana@example.com", "language": "zh-hans"}
    assert sign_in(olivia).post(f"/contacts/{made.pk}/", form).status_code == 302
    assert AuditEntry.objects.filter(verb="contact.changed").count() == 1, "nothing changed, nothing recorded"


def test_a_switch_posted_twice_is_switched_once(olivia, sign_in):
    made = contact(olivia)
    client, address = sign_in(olivia), reverse("contact-switch", args=[made.pk])
    for _ in range(2):
        assert client.post(address, {"kind": "template", "on": "0"}).status_code == 302
        made.refresh_from_db()
        assert made.template is False and made.signature is True
    entry = AuditEntry.objects.get(verb="contact.changed")
    assert (entry.before, entry.after) == ({"template": True}, {"template": False})
    page = client.get("/contacts/").content.decode()
    assert page.count('aria-checked="true"') == 4 and page.count('aria-checked="false"') == 1
    for wrong in ("account", "enterprise_id", ""):
        assert client.post(address, {"kind": wrong, "on": "0"}).status_code == 404


def test_removed(olivia, sign_in):
    made = contact(olivia)
    assert sign_in(olivia).post(reverse("contact-remove", args=[made.pk])).status_code == 302
    assert not Contact.objects.exists()
    assert AuditEntry.objects.get(verb="contact.removed").object_id == made.pk
    with pytest.raises(NotAllowed):
        contacts.switch(made, NoticeKind.TRAFFIC, on=False, by=olivia)
    with pytest.raises(NotAllowed):
        contacts.change(made, by=olivia)


def test_the_eleventh_is_refused(olivia, sign_in):
    for n in range(10):
        contact(olivia, name=f"Contact {n}")
    response = sign_in(olivia).post("/contacts/new/", FORM)
    assert response.status_code == 422 and "Remove one first" in response.content.decode()
    assert Contact.objects.count() == 10
    assert "Add contact" not in sign_in(olivia).get("/contacts/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_eleventh_is_refused_of_many_at_once():
    owner = make.user(role=Role.OWNER)
    for n in range(8):
        contact(owner, name=f"Contact {n}")
    ready = threading.Barrier(6)

    def add(n):
        try:
            ready.wait()
            contact(owner, name=f"Late {n}")
            return True
        except NotAllowed:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(add, range(6)))
    assert sum(done) == 2 and Contact.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_form_posted_many_times_at_once_adds_one_contact():
    owner = make.user(role=Role.OWNER)
    ready = threading.Barrier(5)

    def add(_n):
        try:
            ready.wait()
            contact(owner, number="+8613800138000")
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(add, range(5)))
    assert Contact.objects.count() == AuditEntry.objects.filter(verb="contact.added").count() == 1
    contact(owner, number="+8613800138001")  # another number is another contact
    assert Contact.objects.count() == 2


def test_operators_look_on_and_see_masked_numbers(olivia, alice, sign_in):
    contact(olivia, number="+8613800138000")
    client = sign_in(alice)
    page = client.get("/contacts/").content.decode()
    assert "138****8000" in page and "13800138000" not in page and 'role="switch"' not in page
    assert client.post("/contacts/new/", FORM).status_code == 403


def test_another_enterprise_finds_nothing(olivia, mallory, sign_in):
    made = contact(olivia)
    client = sign_in(mallory)
    assert made.name not in client.get("/contacts/").content.decode()
    for name in ("contact", "contact-switch", "contact-remove"):
        form = FORM | {"kind": "traffic", "on": "0"}
        assert client.post(reverse(name, args=[made.pk]), form).status_code == 404
    made.refresh_from_db()
    assert made.traffic is True


def test_markup_in_a_name_is_words(olivia, sign_in):
    contact(olivia, name='<img src=x onerror="alert(1)">')
    page = sign_in(olivia).get("/contacts/").content.decode()
    assert "<img src=x" not in page and "&lt;img src=x" in page
    assert "<img src=x" not in sign_in(olivia).get(f"/contacts/{Contact.objects.get().pk}/").content.decode()
