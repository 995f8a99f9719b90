import pytest
from django.test import RequestFactory

from accounts.context import Shell
from accounts.models import Role
from tests import make

pytestmark = pytest.mark.django_db


def titles(person, path="/"):
    request = RequestFactory().get(path)
    request.user = person
    return [entry.title for group in Shell(request).menu for entry in group.entries]


def test_menu_holds_what_the_role_may_see(alice, victor, bob, carol):
    tenant = ["Overview", "Group SMS Assistant", "Recipient lists", "Qualifications", "Applications", "Signatures"]
    tenant += ["Templates", "Applications", "Templates"]
    tenant += ["Your enterprise", "People", "Contacts", "Requests"]
    assert titles(alice) == titles(victor) == tenant
    assert titles(make.user(role=Role.OWNER, language="en")) == [*tenant, "Audit"]
    assert titles(bob) == ["Overview", "Review queue", "Promise kept", "Calendar", "Word lists"]
    platform = ["Review queue", "Promise kept", "Calendar", "Word lists", "Enterprises", "Channel numbers", "Staff"]
    assert titles(carol) == ["Overview", *platform, "Service agreement", "Carriers", "Audit"]


def test_reviewers_see_how_much_waits_at_the_price_of_one_query(alice, bob, django_assert_num_queries):
    make.template(by=alice, approved=None)
    make.signature(by=alice, approved=None)
    request = RequestFactory().get("/reviews/")
    request.user = bob
    with django_assert_num_queries(1):
        [entry] = [entry for group in Shell(request).menu for entry in group.entries if entry.current]
    assert (entry.title, entry.count) == ("Review queue", 2)


def test_menu_marks_where_one_is(alice):
    request = RequestFactory().get("/intl/templates/7/")
    request.user = alice
    current = [entry.url for group in Shell(request).menu for entry in group.entries if entry.current]
    assert current == ["/intl/templates/"]


def test_menu_marks_one_entry_where_addresses_lie_below_one_another(bob):
    request = RequestFactory().get("/reviews/promise/")
    request.user = bob
    current = [entry.url for group in Shell(request).menu for entry in group.entries if entry.current]
    assert current == ["/reviews/promise/"]
