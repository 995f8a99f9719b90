"""The pages of errors, in the look and in both languages."""

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error

pytestmark = pytest.mark.django_db


def test_nothing_at_the_address(alice, sign_in):
    response = sign_in(alice).get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_not_open_to_the_role(alice, sign_in):
    response = sign_in(alice).get("/reviews/")
    assert response.status_code == 403
    assert "This is not open to your role" in response.content.decode()


@pytest.mark.parametrize(
    ("who", "url", "words"),
    [
        ("alice", "/reviews/", "for the platform’s staff"),
        ("bob", "/jobs/", "for the people of an enterprise"),
        ("bob", "/carriers/", "An administrator of the platform can."),
        ("victor", "/jobs/new/", "An owner or admin of your enterprise can do it"),
    ],
)
def test_not_open_says_to_whom_it_is(request, sign_in, who, url, words):
    text = sign_in(request.getfixturevalue(who)).get(url).content.decode()
    assert words in text
    assert ("of your enterprise" in text) == (who == "victor")


def test_form_out_of_date():
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {})
    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()


def test_fault_of_ours_needs_nothing_from_the_request():
    response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "A fault on our side" in response.content.decode()
