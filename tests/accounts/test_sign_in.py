import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from tests import make

pytestmark = pytest.mark.django_db
URL = "/sign-in/"


def post(client, **fields):
    return client.post(URL, {"login": "alice@example.com", "password": make.PASSWORD, **fields})


def test_right_password_leads_to_the_overview_and_is_recorded(client, alice):
    response = post(client)
    assert response.status_code == 302
    assert response.url == reverse("overview")
    assert AuditEntry.objects.get(verb="user.signed_in").by == alice


def test_capitals_in_the_address_do_not_matter(client, alice):
    assert post(client, login="Alice@Example.COM").status_code == 302


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"login": "nobody@example.com"}])
def test_wrong_password_and_unknown_address_read_the_same(client, alice, fields):
    response = post(client, **fields)
    assert response.status_code == 422
    assert "E-mail and password do not match." in response.content.decode()


def test_closed_account_reads_the_same(client, alice):
    type(alice).objects.update(is_active=False)
    response = post(client)
    assert "E-mail and password do not match." in response.content.decode()


def test_goes_on_to_the_page_that_was_asked_for(client, alice):
    assert client.get("/cn/templates/").url == "/sign-in/?next=/cn/templates/"
    assert post(client, next="/cn/templates/").url == "/cn/templates/"


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_never_goes_on_to_another_site(client, alice, next_page):
    assert post(client, next=next_page).url == reverse("overview")


def test_session_that_ended_under_a_part_leaves_the_page(client):
    response = client.get("/cn/templates/", headers={"HX-Request": "true"}, follow=True)
    assert response.headers["HX-Redirect"] == URL


def test_signing_out_is_a_post(alice, sign_in):
    client = sign_in(alice)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").url == URL
    assert client.get("/cn/templates/").status_code == 302


def test_language_is_kept_with_the_person(alice, sign_in):
    client = sign_in(alice)
    response = client.post("/language/", {"language": "zh-hans", "next": "/cn/templates/"})
    alice.refresh_from_db()
    assert alice.language == "zh-hans"
    assert response.url == "/cn/templates/"
    assert client.get("/cn/templates/").headers["Content-Language"] == "zh-hans"


def test_language_of_a_stranger_is_in_a_cookie(client):
    client.post("/language/", {"language": "zh-hans", "next": URL})
    assert client.get(URL).headers["Content-Language"] == "zh-hans"
    assert client.post("/language/", {"language": "xx"}).status_code == 400
