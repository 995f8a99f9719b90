"""The list, adding, changing, suspending. Secrets have a file of their own."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import applications
from accounts.demo import PASSWORD, people_and_application, sign_ins
from accounts.forms.application import ChangeForm
from accounts.models import Application, AuditEntry, Role
from accounts.models.application import ApplicationState
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db
NEW = {"name": "会员服务"}


@pytest.fixture
def olivia(alice):
    return make.user(role=Role.OWNER, of=alice.enterprise, name="Olivia He", language="en")


@pytest.fixture
def app(alice):
    return make.application(by=alice, name="shop")


def page(client, address, **options):
    return client.get(address, **options).content.decode()


# Adding ---------------------------------------------------------------------------------------------------------------


def test_adding_one_with_everything(alice, sign_in):
    fields = {
        "report_address": "https://SMS.example.com/reports",
        "uplink_address": "https://sms.example.com:8443/replies",
        "uplink_time": "on",
        "signs_callbacks": "on",
        "allowed_networks": "203.0.113.0/24\r\n2001:db8::1, 203.0.113.0/24",
    }
    response = sign_in(alice).post("/cn/applications/new/", NEW | fields)
    made = Application.objects.get(name="会员服务")
    assert response.url == f"/cn/applications/{made.pk}/"  # an operator does not see the secret
    assert (made.enterprise, made.created_by, made.region, made.state) == (alice.enterprise, alice, "cn", "launched")
    assert made.report_address == "https://sms.example.com/reports"
    assert made.uplink_address == "https://sms.example.com:8443/replies" and made.uplink_time
    assert made.allowed_networks == ["203.0.113.0/24", "2001:db8::1/128"]
    assert made.push_key and made.reveal_push_secret() and made.push_secret_shown_at is None
    entry = AuditEntry.objects.get(verb="application.created")
    assert entry.after["report_address"] == made.report_address and entry.by == alice
    for secret in (made.reveal_secret(), made.reveal_push_secret()):
        assert secret not in str([entry.detail, entry.before, entry.after])
        assert secret not in page(sign_in(alice), response.url)


def test_an_owner_goes_on_to_the_secret_and_an_operator_is_told_who_sees_it(alice, olivia, sign_in):
    assert sign_in(olivia).post("/cn/applications/new/", NEW).url.endswith("/secret/")
    assert "shown once, to an owner or admin" in page(sign_in(alice), "/cn/applications/new/")
    assert "shown once, on the next page" in page(sign_in(olivia), "/cn/applications/new/")


def test_international_ones_have_no_replies_and_no_test_kit(alice, sign_in):
    form = page(sign_in(alice), "/intl/applications/new/")
    assert "uplink" not in form and "trial_kit" not in form
    extra = {"uplink_address": "https://sms.example.com/", "uplink_time": "on", "trial_kit": "on"}
    sign_in(alice).post("/intl/applications/new/", NEW | extra)
    made = Application.objects.get()
    assert (made.region, made.uplink_address, made.uplink_time) == ("intl", "", False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.filter(pk=made.pk).update(uplink_time=True)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "Give the application a name"),
        ("name", "two words", "letters, digits"),
        ("name", "x" * 65, "64"),
        ("name", "<b>", "letters, digits"),
        ("report_address", "http://sms.example.com/", "Only https"),
        ("uplink_address", "https://10.0.0.1/", "cannot be reached"),
        ("uplink_address", "https://sms.example.com/" + "x" * 500, "500"),
        ("allowed_networks", "0.0.0.0/0", "Leave the list empty"),
        ("allowed_networks", "203.0.113.5/24", "Write 203.0.113.0/24"),
        ("allowed_networks", "x\0y", "Null characters"),
    ],
)
def test_what_does_not_fit_stands_at_its_field(alice, sign_in, field, value, says):
    response = sign_in(alice).post("/cn/applications/new/", NEW | {field: value})
    text = response.content.decode()
    assert response.status_code == 422 and not Application.objects.exists()
    assert says in text.partition(f'id="id_{field}-error"')[2]


def test_name_is_unique_in_the_enterprise_only(alice, mallory, sign_in):
    make.application(by=mallory, name="same")
    assert sign_in(alice).post("/cn/applications/new/", {"name": "same"}).status_code == 302
    response = sign_in(alice).post("/intl/applications/new/", {"name": "same"})
    assert "You already have an application with this name." in response.content.decode()


def test_a_name_taken_in_the_same_moment_is_no_fault_of_ours(alice, app):
    twin = Application(enterprise=app.enterprise, created_by=alice, region="cn", name=app.name)
    with pytest.raises(NotAllowed, match="already have"):
        applications.create(twin, by=alice)


# The quota ------------------------------------------------------------------------------------------------------------


def test_quota_counts_each_kind_by_itself(alice, olivia, sign_in):
    client = sign_in(alice)
    for name in ("one", "two"):
        assert client.post("/cn/applications/new/", {"name": name}).status_code == 302
    refused = client.post("/cn/applications/new/", {"name": "three"})
    assert refused.status_code == 422 and "2 of 2" in refused.content.decode()
    assert client.post("/intl/applications/new/", {"name": "three"}).status_code == 302
    assert '<form class="panel' not in page(client, "/cn/applications/new/")
    listed = page(sign_in(olivia), "/cn/applications/")
    assert "2 of 2 applications" in listed and "?kind=mainland_applications" in listed
    assert 'href="/cn/applications/new/"' not in listed
    assert "?kind=international_applications" in page(sign_in(olivia), "/intl/applications/")


def test_suspended_ones_count_and_a_higher_quota_makes_room(alice, app):
    applications.suspend(app, by=alice, reason="Moving")
    alice.enterprise.mainland_applications_max = 1
    alice.enterprise.save()
    more = {"enterprise": alice.enterprise, "created_by": alice, "region": "cn"}
    with pytest.raises(NotAllowed, match="1 of 1"):
        applications.create(Application(name="more", **more), by=alice)
    alice.enterprise.mainland_applications_max = 2
    alice.enterprise.save()
    applications.create(Application(name="more", **more), by=alice)


@pytest.mark.django_db(transaction=True)
def test_nobody_passes_the_quota_by_being_quick():
    alice = make.user(role=Role.OWNER)
    start, refused = threading.Barrier(6), []

    def create(number: int) -> None:
        start.wait()
        try:
            made = Application(enterprise=alice.enterprise, created_by=alice, region="cn", name=f"app{number}")
            applications.create(made, by=alice)
        except NotAllowed as problem:
            refused.append(str(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=create, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Application.objects.count() == 2
    assert len(refused) == 4 and all("2 of 2" in words for words in refused)


def test_service_mode_2_has_no_mainland_applications(alice, sign_in):
    alice.enterprise.service_mode = 2
    alice.enterprise.save()
    refused = sign_in(alice).post("/cn/applications/new/", NEW)
    assert refused.status_code == 422 and "international messages only" in refused.content.decode()
    assert "international messages only" in page(sign_in(alice), "/cn/applications/")
    assert sign_in(alice).post("/intl/applications/new/", NEW).status_code == 302


def test_an_enterprise_on_trial_prepares_applications_too(sign_in):
    person = make.user(role=Role.OWNER, of=make.enterprise(verified=False))
    assert sign_in(person).post("/cn/applications/new/", NEW).status_code == 302


# Looking --------------------------------------------------------------------------------------------------------------


def test_another_enterprise_finds_nothing(app, mallory, sign_in):
    assert sign_in(mallory).get(f"/cn/applications/{app.pk}/").status_code == 404
    assert app.name not in page(sign_in(mallory), "/cn/applications/")


def test_region_is_part_of_the_address(alice, app, sign_in):
    assert sign_in(alice).get(f"/intl/applications/{app.pk}/").status_code == 404


def test_viewer_looks_and_changes_nothing(app, victor, sign_in):
    client = sign_in(victor)
    assert client.get("/cn/applications/").status_code == 200
    shown = page(client, f"/cn/applications/{app.pk}/")
    assert app.key in shown and "/edit/" not in shown and "<dialog" not in shown
    for deed in ("edit/", "suspend/", "resume/", "secret/", "secret/new/", "signing/"):
        assert client.post(f"/cn/applications/{app.pk}/{deed}").status_code == 403
    assert client.post("/cn/applications/new/", NEW).status_code == 403


def test_page_shows_the_access_address_and_overlaps(alice, app, sign_in, settings):
    settings.SITE_URL = "https://sms.console.example"
    app.allowed_networks = ["10.0.0.0/8", "10.1.2.3/32"]
    app.save()
    shown = page(sign_in(alice), f"/cn/applications/{app.pk}/")
    assert "https://sms.console.example" in shown
    assert "10.0.0.0/8 covers 10.1.2.3 already." in shown


# Changing -------------------------------------------------------------------------------------------------------------


def posted(app, **fields):
    """The form as it is shown now, with `fields` changed."""
    return ChangeForm.initial_of(Application.objects.get(pk=app.pk)) | fields


def test_changing_is_on_record_with_before_and_after(alice, app, sign_in):
    fields = posted(app, name="store", allowed_networks="203.0.113.7")
    response = sign_in(alice).post(f"/cn/applications/{app.pk}/edit/", fields)
    assert response.status_code == 302
    app.refresh_from_db()
    assert (app.name, app.allowed_networks) == ("store", ["203.0.113.7/32"])
    entry = AuditEntry.objects.get(verb="application.changed")
    assert entry.before == {"name": "shop", "allowed_networks": []}
    assert entry.after == {"name": "store", "allowed_networks": ["203.0.113.7/32"]}


def test_saving_what_is_there_changes_and_records_nothing(alice, app, sign_in):
    assert sign_in(alice).post(f"/cn/applications/{app.pk}/edit/", posted(app)).status_code == 302
    assert not AuditEntry.objects.filter(verb="application.changed").exists()


def test_what_cannot_be_changed_is_not(alice, app, sign_in):
    key, secret = app.key, bytes(app.secret)
    extra = {"uplink_time": "on", "region": "intl", "state": "suspended", "key": "x", "secret": "x", "enterprise": 1}
    sign_in(alice).post(f"/cn/applications/{app.pk}/edit/", posted(app, name="other", **extra))
    app.refresh_from_db()
    assert (app.name, app.uplink_time, app.region, app.state, app.key) == ("other", False, "cn", "launched", key)
    assert bytes(app.secret) == secret


def test_two_tabs_lose_nothing(alice, app, sign_in):
    """The second sees what the first has saved, keeps its own words, and decides."""
    first = posted(app, name="first", report_address="https://sms.example.com/first")
    second = posted(app, report_address="https://sms.example.com/second", allowed_networks="203.0.113.7")
    client, address = sign_in(alice), f"/cn/applications/{app.pk}/edit/"
    assert client.post(address, first).status_code == 302
    refused = client.post(address, second)
    assert refused.status_code == 422
    app.refresh_from_db()
    assert (app.name, app.report_address, app.allowed_networks) == ("first", "https://sms.example.com/first", [])
    form, text = refused.context["form"], refused.content.decode()
    assert form["name"].value() == "first" and "These show what was saved meanwhile: Name." in text
    assert form["report_address"].value() == "https://sms.example.com/second"
    assert "Somebody has saved “https://sms.example.com/first” here meanwhile." in text
    again = {name: form[name].value() for name in form.fields}
    assert client.post(address, again).status_code == 302
    app.refresh_from_db()
    assert (app.name, app.report_address) == ("first", "https://sms.example.com/second")
    assert app.allowed_networks == ["203.0.113.7/32"]


@pytest.mark.parametrize("seen", ["", "x", "a b c d", "0" * 100])
def test_a_form_that_has_seen_nothing_saves_nothing(alice, app, sign_in, seen):
    response = sign_in(alice).post(f"/cn/applications/{app.pk}/edit/", posted(app, name="other", seen=seen))
    assert response.status_code == 422
    app.refresh_from_db()
    assert app.name == "shop"


def test_a_suspended_one_keeps_its_address_for_replies_and_allowlist(alice, app, sign_in):
    app.uplink_address, app.allowed_networks = "https://sms.example.com/replies", ["203.0.113.7/32"]
    app.save()
    opened_before = posted(app, uplink_address="https://sms.example.com/other")
    applications.suspend(app, by=alice, reason="Moving")
    client, address = sign_in(alice), f"/cn/applications/{app.pk}/edit/"
    refused = client.post(address, opened_before)
    assert refused.status_code == 422 and "Resume it first" in refused.content.decode()
    shown = client.get(address).context["form"]
    assert shown["uplink_address"].field.disabled and shown["allowed_networks"].field.disabled
    as_browsers_send = {name: value for name, value in posted(app, name="renamed").items() if name in ("name", "seen")}
    assert client.post(address, as_browsers_send).status_code == 302
    app.refresh_from_db()
    assert (app.name, app.uplink_address) == ("renamed", "https://sms.example.com/replies")
    assert app.allowed_networks == ["203.0.113.7/32"]
    with pytest.raises(NotAllowed, match="Resume it first"):
        applications.change(app.pk, {"allowed_networks": ["10.0.0.0/8"]}, by=alice, seen=applications.token(app))


# Suspending -----------------------------------------------------------------------------------------------------------


def test_suspending_and_resuming(olivia, app, sign_in):
    client, address = sign_in(olivia), f"/cn/applications/{app.pk}/"
    refused = client.post(f"{address}suspend/", {"reason": " "})
    assert refused.status_code == 422 and "Say why" in refused.content.decode()
    client.post(f"{address}suspend/", {"reason": "Key on a lost laptop"})
    app.refresh_from_db()
    assert app.is_suspended and not app.suspended_by_platform
    assert "Key on a lost laptop" in page(client, address)
    client.post(f"{address}resume/")
    app.refresh_from_db()
    assert (app.state, app.suspended_reason) == (ApplicationState.LAUNCHED, "")
    assert [e.verb for e in AuditEntry.objects.filter(verb__startswith="application.").order_by("pk")][-2:] == [
        "application.suspended",
        "application.launched",
    ]


def test_an_operator_does_not_suspend(alice, app, sign_in):
    client, address = sign_in(alice), f"/cn/applications/{app.pk}/"
    assert client.post(f"{address}suspend/", {"reason": "Mine"}).status_code == 403
    assert "suspend/" not in page(client, address)


def test_pressing_twice_is_said_not_done(olivia, app, sign_in):
    client, address = sign_in(olivia), f"/cn/applications/{app.pk}/"
    assert "is not suspended" in client.post(f"{address}resume/", follow=True).content.decode()
    client.post(f"{address}suspend/", {"reason": "First"})
    assert (
        "changed it meanwhile" in client.post(f"{address}suspend/", {"reason": "Second"}, follow=True).content.decode()
    )
    app.refresh_from_db()
    assert app.suspended_reason == "First"


def test_the_platforms_suspension_is_ended_by_the_platform(olivia, carol, app, sign_in):
    applications.suspend(app, by=carol, reason="Complaints")
    assert app.suspended_by_platform
    with pytest.raises(NotAllowed, match="only the platform resumes it. Reason: Complaints"):
        applications.resume(app, by=olivia)
    shown = page(sign_in(olivia), f"/cn/applications/{app.pk}/")
    assert "Suspended by the platform." in shown and "/resume/" not in shown
    applications.resume(app, by=carol)
    assert (app.state, app.suspended_by_platform) == (ApplicationState.LAUNCHED, False)


def test_the_platform_takes_over_a_suspension_and_ends_none_of_others(alice, carol, app):
    applications.suspend(app, by=alice, reason="Moving")
    with pytest.raises(NotAllowed, match="itself"):
        applications.resume(app, by=carol)
    applications.suspend(app, by=carol, reason="Complaints")
    assert (app.suspended_by_platform, app.suspended_reason) == (True, "Complaints")
    with pytest.raises(NotAllowed):
        applications.suspend(app, by=alice, reason="Mine again")
    with pytest.raises(NotAllowed):
        app.move(ApplicationState.LAUNCHED, by=alice)  # whatever a caller has asked before
    app.refresh_from_db()
    assert app.suspended_by_platform


def test_names_with_markup_are_text(alice, app, sign_in):
    applications.suspend(app, by=alice, reason="<script>alert(1)</script>")
    assert "<script>alert" not in page(sign_in(alice), f"/cn/applications/{app.pk}/")


# The demo -------------------------------------------------------------------------------------------------------------


def test_demo_people_are_made_once():
    first, second = people_and_application(), people_and_application()
    assert first == second
    assert first["application"].reveal_secret() == second["application"].reveal_secret()
    assert len(PASSWORD) >= 10
    assert {row["email"] for row in sign_ins()} >= {"wang.lan@qinghe.example", "lin.yue@console.example"}


def test_demo_is_refused_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(NotAllowed):
        people_and_application()
