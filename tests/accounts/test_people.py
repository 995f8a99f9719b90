"""Roles, removal, ownership: who may do what to whom, and that an enterprise always keeps an owner."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts import people
from accounts.models import AuditEntry, Enterprise, Invitation, Role, User
from accounts.models.person import STAFF_ROLES
from accounts.permissions import CAN, GRANTS, STAFF, TENANT
from console.lib.errors import NotAllowed
from tests import make
from tests.processes import ROOT

pytestmark = pytest.mark.django_db
URL = "/people/"


@pytest.fixture
def owner(db):
    return make.user(role=Role.OWNER, name="Olga Sun", language="en")


@pytest.fixture
def house(owner):
    """One of each role, by role."""
    others = sorted(TENANT - {Role.OWNER})
    made = {role: make.user(role=role, of=owner.enterprise, name=f"One {role.label}", language="en") for role in others}
    return made | {Role.OWNER: owner}


def proven(client, person):
    make.prove(client, person)
    return client


def role_of(person):
    return User.objects.get(pk=person.pk).role


# Roles


@pytest.mark.parametrize("actor", sorted(TENANT))
@pytest.mark.parametrize("target", sorted(TENANT))
@pytest.mark.parametrize("role", sorted(TENANT))
def test_who_may_change_whom_to_what(house, actor, target, role):
    """Against the rule in words: owners may all; admins may all but touch or make owners; others nothing."""
    other = make.user(role=Role(target), of=house[Role.OWNER].enterprise)
    allowed = actor == Role.OWNER or (actor == Role.ADMIN and Role.OWNER not in (target, role))
    if allowed:
        people.change_role(other, Role(role), by=house[actor])
        assert role_of(other) == role
    else:
        with pytest.raises(NotAllowed):
            people.change_role(other, Role(role), by=house[actor])
        assert role_of(other) == target


@pytest.mark.parametrize("role", sorted(STAFF))
def test_nobody_of_an_enterprise_becomes_staff(house, role):
    with pytest.raises(NotAllowed):
        people.change_role(house[Role.VIEWER], Role(role), by=house[Role.OWNER])
    with pytest.raises(NotAllowed):
        people.change_role(house[Role.VIEWER], Role(role), by=None)


def test_people_of_others_are_out_of_reach(house, mallory):
    for deed in (
        lambda: people.remove(house[Role.VIEWER], by=mallory),
        lambda: people.change_role(house[Role.VIEWER], Role.ADMIN, by=mallory),
        lambda: people.transfer_ownership(house[Role.VIEWER], by=mallory),
    ):
        with pytest.raises(NotAllowed):
            deed()
    assert role_of(house[Role.VIEWER]) == Role.VIEWER


def test_a_changed_role_is_recorded_with_before_and_after(house):
    people.change_role(house[Role.VIEWER], Role.OPERATOR, by=house[Role.ADMIN])
    entry = AuditEntry.objects.get(verb="user.role_changed")
    assert (entry.before, entry.after, entry.by) == ({"role": "viewer"}, {"role": "operator"}, house[Role.ADMIN])
    assert (entry.object_id, entry.enterprise) == (house[Role.VIEWER].pk, house[Role.OWNER].enterprise)
    people.change_role(house[Role.VIEWER], Role.OPERATOR, by=house[Role.ADMIN])
    assert AuditEntry.objects.filter(verb="user.role_changed").count() == 1  # nothing changed the second time


def test_a_role_taken_meanwhile_counts(house):
    """The request has read the actor before somebody demoted them."""
    admin = User.objects.get(pk=house[Role.ADMIN].pk)
    people.change_role(house[Role.ADMIN], Role.VIEWER, by=house[Role.OWNER])
    with pytest.raises(NotAllowed):
        people.change_role(house[Role.VIEWER], Role.ADMIN, by=admin)


def test_who_was_removed_meanwhile_does_nothing_more(house):
    admin = User.objects.get(pk=house[Role.ADMIN].pk)
    people.remove(house[Role.ADMIN], by=house[Role.OWNER])
    for deed in (
        lambda: people.change_role(house[Role.VIEWER], Role.ADMIN, by=admin),
        lambda: people.remove(house[Role.VIEWER], by=admin),
        lambda: people.require_second_factor(required=True, by=admin),
    ):
        with pytest.raises(NotAllowed, match="account has been closed"):
            deed()
    assert role_of(house[Role.VIEWER]) == Role.VIEWER


def test_what_somebody_may_not_give_any_more_does_not_wait_in_an_invitation(house):
    mine = {role: make.invitation(by=house[Role.ADMIN], role=role)[0] for role in (Role.ADMIN, Role.VIEWER)}
    others, _secret = make.invitation(by=house[Role.OWNER], role=Role.ADMIN)
    people.change_role(house[Role.ADMIN], Role.OPERATOR, by=house[Role.OWNER])
    assert list(Invitation.objects.unanswered()) == [others]
    assert AuditEntry.objects.filter(verb="invitation.withdrawn", object_id=mine[Role.ADMIN].pk).exists()


# The last owner


def test_the_only_owner_stays(house):
    owner = house[Role.OWNER]
    for deed in (lambda: people.change_role(owner, Role.ADMIN, by=owner), lambda: people.remove(owner, by=owner)):
        with pytest.raises(NotAllowed, match="only owner"):
            deed()
    make.user(role=Role.OWNER, of=owner.enterprise, is_active=False)  # one who cannot sign in does not count
    with pytest.raises(NotAllowed, match="only owner"):
        people.remove(owner, by=owner)
    make.user(role=Role.OWNER, of=owner.enterprise)
    people.remove(owner, by=owner)
    assert not User.objects.get(pk=owner.pk).is_active


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", ["demote", "remove", "leave", "step down"])
def test_two_owners_at_once_leave_one(deed):
    first = make.user(role=Role.OWNER)
    second = make.user(role=Role.OWNER, of=first.enterprise)

    def act(actor, other):
        if deed == "demote":
            people.change_role(other, Role.VIEWER, by=actor)
        elif deed == "step down":
            people.change_role(actor, Role.VIEWER, by=actor)
        else:
            people.remove(other if deed == "remove" else actor, by=actor)

    refused = at_once([lambda: act(first, second), lambda: act(second, first)])
    assert len(refused) == 1
    assert User.objects.filter(enterprise=first.enterprise, role=Role.OWNER, is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once_leave_one():
    first, second = make.user(role=Role.ADMINISTRATOR), make.user(role=Role.ADMINISTRATOR)
    refused = at_once([lambda: people.remove(second, by=first), lambda: people.remove(first, by=second)])
    assert len(refused) == 1
    assert User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count() == 1


def at_once(deeds):
    """Run each in a thread of its own, all let go together; returns the refusals."""
    refused, gate = [], threading.Barrier(len(deeds))

    def run(deed):
        try:
            gate.wait(10)
            deed()
        except NotAllowed as problem:
            refused.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return refused


@pytest.mark.django_db(transaction=True)
def test_a_deed_waits_for_the_one_before_it():
    """The lock itself: while one deed is not committed, the next one neither reads nor writes."""
    owner = make.user(role=Role.OWNER)
    other = make.user(role=Role.OWNER, of=owner.enterprise)
    done: list[float] = []

    def late():
        try:
            people.remove(owner, by=other)
        except NotAllowed:
            done.append(time.monotonic())
        finally:
            connection.close()

    with transaction.atomic():
        people.change_role(other, Role.VIEWER, by=owner)
        thread = threading.Thread(target=late)
        thread.start()
        time.sleep(0.4)
        assert not done
        released = time.monotonic()
    thread.join(30)
    assert done and done[0] >= released


# Removal


def test_a_removed_person_is_out_at_the_next_request_also_from_a_live_part(house):
    person = house[Role.OPERATOR]
    client = Client()
    client.force_login(person)
    assert client.get("/").status_code == 200
    people.remove(person, by=house[Role.OWNER])
    page = client.get("/")
    assert page.status_code == 302 and page.headers["Location"].startswith(reverse(settings.LOGIN_URL))
    part = client.get("/jobs/", headers={"HX-Request": "true"}, follow=True)
    assert "HX-Redirect" in part.headers  # htmx leaves the page instead of filling its part
    assert client.post("/cn/applications/new/", {"name": "late"}).status_code == 302


def test_sessions_end_with_the_account(house):
    person = house[Role.OPERATOR]
    client = Client()
    assert client.post("/sign-in/", {"login": person.email, "password": make.PASSWORD}).status_code == 302
    client.get("/")
    assert Session.objects.count() == 1
    people.remove(person, by=house[Role.OWNER])
    assert not Session.objects.exists()


def test_removal_keeps_the_row_and_frees_the_address(house):
    person, owner = house[Role.OPERATOR], house[Role.OWNER]
    email = person.email
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    people.remove(person, by=owner)
    person = User.objects.get(pk=person.pk)
    assert (person.email, person.former_email) == (f"removed-{person.pk}@removed.invalid", email)
    assert person.removed_at and not person.is_active and not person.has_usable_password()
    assert not EmailAddress.objects.filter(email=email).exists()
    assert not Authenticator.objects.filter(user=person).exists()
    entry = AuditEntry.objects.get(verb="user.removed")
    assert (entry.by, entry.label, entry.before["role"]) == (owner, person.name, "operator")
    make.user(of=owner.enterprise, email=email)  # free again
    with pytest.raises(NotAllowed, match="removed meanwhile"):
        people.remove(person, by=owner)


def test_everybody_may_leave(house):
    for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN):
        people.remove(house[role], by=house[role])
        assert User.objects.get(pk=house[role].pk).removed_at


def test_an_admin_does_not_remove_an_owner_and_a_viewer_nobody(house):
    for actor, target in ((Role.ADMIN, Role.OWNER), (Role.VIEWER, Role.OPERATOR), (Role.OPERATOR, Role.VIEWER)):
        with pytest.raises(NotAllowed):
            people.remove(house[target], by=house[actor])
        assert User.objects.get(pk=house[target].pk).is_active


def test_invitations_of_a_removed_person_are_withdrawn(house):
    made, _secret = make.invitation(by=house[Role.ADMIN], role=Role.VIEWER)
    people.remove(house[Role.ADMIN], by=house[Role.OWNER])
    made.refresh_from_db()
    assert made.withdrawn_at


# Ownership and second factor


def test_ownership_goes_over_in_one_step(house):
    owner, viewer = house[Role.OWNER], house[Role.VIEWER]
    people.transfer_ownership(viewer, by=owner)
    assert (role_of(viewer), role_of(owner)) == (Role.OWNER, Role.ADMIN)
    entry = AuditEntry.objects.get(verb="ownership.transferred")
    assert (entry.before, entry.after) == (
        {"owner": owner.name, "role": "viewer"},
        {"owner": viewer.name, "role": "owner"},
    )
    with pytest.raises(NotAllowed):
        people.transfer_ownership(owner, by=owner)


def test_ownership_goes_to_nobody_who_left(house):
    people.remove(house[Role.VIEWER], by=house[Role.OWNER])
    with pytest.raises(NotAllowed):
        people.transfer_ownership(house[Role.VIEWER], by=house[Role.OWNER])
    assert role_of(house[Role.OWNER]) == Role.OWNER


def test_requiring_a_second_factor_is_recorded_once(house):
    for _twice in range(2):
        people.require_second_factor(required=True, by=house[Role.ADMIN])
    assert Enterprise.objects.get(pk=house[Role.OWNER].enterprise_id).second_factor_required
    entry = AuditEntry.objects.get(verb="enterprise.second_factor_required")
    assert (entry.before, entry.after) == ({"required": False}, {"required": True})
    with pytest.raises(NotAllowed):
        people.require_second_factor(required=False, by=house[Role.VIEWER])


# Pages


def test_the_list_shows_who_is_here_and_no_one_else(house, mallory, sign_in):
    gone = make.user(of=house[Role.OWNER].enterprise, name="Gone Girl")
    people.remove(gone, by=house[Role.OWNER])
    Authenticator.objects.create(user=house[Role.ADMIN], type=Authenticator.Type.WEBAUTHN, data={})
    Authenticator.objects.create(user=house[Role.VIEWER], type=Authenticator.Type.RECOVERY_CODES, data={})
    text = sign_in(house[Role.VIEWER]).get(URL).content.decode()
    assert all(person.email in text for person in house.values())
    assert mallory.email not in text and "Gone Girl" not in text
    assert "3 people have none yet." in text
    assert "Invite" not in text and f"/people/{house[Role.ADMIN].pk}/" not in text
    assert f"/people/{house[Role.ADMIN].pk}/" in sign_in(house[Role.ADMIN]).get(URL).content.decode()


def test_the_list_costs_as_many_queries_for_twenty_as_for_two(owner, sign_in, django_assert_max_num_queries):
    def cost():
        with django_assert_max_num_queries(40) as found:
            assert client.get(URL).status_code == 200
        return len(found)

    client = sign_in(owner)
    client.get(URL)
    make.user(of=owner.enterprise)
    make.invitation(by=owner)
    few = cost()
    for _n in range(18):
        make.user(of=owner.enterprise)
        make.invitation(by=owner)
    assert cost() == few


def test_a_name_with_markup_stays_text(owner, sign_in):
    bad = make.user(of=owner.enterprise, name="<script>alert(1)</script>")
    client = proven(sign_in(owner), owner)
    for url in (URL, f"/people/{bad.pk}/"):
        text = client.get(url).content.decode()
        assert "<script>alert" not in text and "&lt;script&gt;" in text


def test_changing_a_role_asks_first_who_it_is(house, sign_in):
    client, target = sign_in(house[Role.OWNER]), house[Role.VIEWER]
    url = f"/people/{target.pk}/"
    assert client.post(url, {"role": "admin"}).status_code == 302
    for deed in ("remove", "transfer"):
        assert client.post(f"{url}{deed}/").status_code == 302
    client.post("/people/second-factor/", {"required": "yes"})
    assert role_of(target) == Role.VIEWER and User.objects.get(pk=target.pk).is_active
    assert not Enterprise.objects.get(pk=target.enterprise_id).second_factor_required
    make.prove(client, house[Role.OWNER])
    client.post("/people/second-factor/", {"required": "yes"})
    assert Enterprise.objects.get(pk=target.enterprise_id).second_factor_required
    Enterprise.objects.update(second_factor_required=False)
    assert client.post(url, {"role": "admin"}).url == URL
    assert role_of(target) == Role.ADMIN
    assert client.post(f"{url}remove/").url == URL
    assert not User.objects.get(pk=target.pk).is_active


def test_the_deed_goes_on_once_the_password_was_given(house, sign_in):
    client, target = sign_in(house[Role.OWNER]), house[Role.VIEWER]
    url = f"/people/{target.pk}/"
    question = client.post(url, {"role": "admin"}).headers["Location"]
    assert client.post(question, {"password": "wrong"}).status_code in {200, 422}
    assert role_of(target) == Role.VIEWER
    client.post(question, {"password": make.PASSWORD})
    assert role_of(target) == Role.ADMIN


def test_a_refusal_stands_on_the_page(house, sign_in):
    owner = house[Role.OWNER]
    client = proven(sign_in(owner), owner)
    answer = client.post(f"/people/{owner.pk}/", {"role": "viewer"})
    assert answer.status_code == 422 and "is the only owner" in answer.content.decode()
    assert client.post(f"/people/{owner.pk}/", {"role": "reviewer"}).status_code == 422
    assert client.post(f"/people/{owner.pk}/", {"role": "nonsense"}).status_code == 422
    answer = client.post("/people/leave/", follow=True)
    assert "is the only owner" in answer.content.decode()


def test_an_admin_sees_no_way_to_touch_an_owner(house, sign_in):
    admin = house[Role.ADMIN]
    client = proven(sign_in(admin), admin)
    text = client.get(f"/people/{house[Role.OWNER].pk}/").content.decode()
    assert "Only an owner can change the role of an owner" in text and "show-modal" not in text
    assert client.post(f"/people/{house[Role.OWNER].pk}/", {"role": "viewer"}).status_code == 422
    client.post(f"/people/{house[Role.OWNER].pk}/remove/")
    assert User.objects.get(pk=house[Role.OWNER].pk).is_active
    assert client.post(f"/people/{house[Role.VIEWER].pk}/transfer/").status_code == 403


def test_leaving_signs_out(house, sign_in):
    viewer = house[Role.VIEWER]
    client = proven(sign_in(viewer), viewer)
    assert viewer.email in client.get("/people/leave/").content.decode()
    assert client.post("/people/leave/").status_code == 302
    assert not User.objects.get(pk=viewer.pk).is_active
    assert client.get(URL).status_code == 302


def test_the_remove_dialog_names_what_goes_on(house, sign_in):
    owner, viewer = house[Role.OWNER], house[Role.VIEWER]
    text = proven(sign_in(owner), owner).get(f"/people/{viewer.pk}/").content.decode()
    assert "Jobs they have confirmed go on" in text and f"{viewer.email} becomes free" in text


def test_ids_of_others_are_not_found(owner, mallory, carol, sign_in):
    client = sign_in(owner)
    for stranger in (mallory, carol):
        assert client.get(f"/people/{stranger.pk}/").status_code == 404
        assert client.post(f"/people/{stranger.pk}/remove/").status_code == 404
    assert client.get("/people/99999999999999999999/").status_code == 404


# The matrix on paper


def rows(heading):
    """The cells of the table below `heading` in docs/permissions.md, as lists; the first is its head."""
    text = (Path(ROOT) / "docs" / "permissions.md").read_text()
    part = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_matrix_on_paper_is_the_one_in_the_code():
    head, *body = rows("The matrix")
    roles = [name.lower() for name in head[2:]]
    assert sorted(roles) == sorted(Role.values)
    written = {row[0].strip("`"): {role for role, mark in zip(roles, row[2:], strict=True) if mark} for row in body}
    missing = [
        f"| `{action}` | … | " + " | ".join("x" if role in CAN[action] else "" for role in roles) + " |"
        for action in CAN
        if written.get(action) != set(CAN[action])
    ]
    assert not missing, "docs/permissions.md should say:\n" + "\n".join(missing)
    assert set(written) == set(CAN), f"not in the code: {set(written) - set(CAN)}"
    assert [row[0].strip("`") for row in body] == list(CAN), "in the order of the code"
    assert all(len(row[1].split()) > 2 for row in body), "every action is told in words"


def test_who_may_give_which_role_is_on_paper():
    head, *body = rows("Who may give which role")
    given = [name.lower() for name in head[1:]]
    written = {row[0].lower(): {role for role, mark in zip(given, row[1:], strict=True) if mark} for row in body}
    assert written == {str(role): {str(each) for each in roles} for role, roles in GRANTS.items()}
    assert all((role in STAFF_ROLES) == (each in STAFF_ROLES) for role, roles in GRANTS.items() for each in roles)
