"""An enterprise's own page: steps, profile, service mode, and the service agreement."""

import threading
import zoneinfo

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import agreements, joining, modes
from accounts.forms.enterprise import zones
from accounts.models import Acceptance, Agreement, AuditEntry, Enterprise, ReviewState, Role, ServiceMode
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db
PROFILE = {
    "name": "清禾零售集团",
    "country": "CN",
    "address": "9 Wangfujing Road, Beijing",
    "website": "qinghe.example",
    "time_zone": "Asia/Urumqi",
}


@pytest.fixture
def home():
    return make.enterprise(name="Qinghe", verified=False)


@pytest.fixture
def owner(home):
    return make.user(role=Role.OWNER, of=home, name="Wang Lan", language="en")


def states(person):
    return {step.title: step.state for step in joining.steps(type(person).objects.get(pk=person.pk))}


def test_steps_begin_open_and_end_done(owner, home):
    make.agreement()
    assert states(owner) == {
        "E-mail address": "done",
        "Profile": "open",
        "Service mobile number": "open",
        "Service agreement": "open",
        "Service mode": "open",
        "Real name": "open",
    }
    joining.save_profile(home, {"address": "9 Wangfujing Road"}, seen=joining.profile_token(home), by=owner)
    own = make.own_number(of=home)
    Enterprise.objects.filter(pk=home.pk).update(service_number=own.number)
    agreements.accept(owner, number=1, origin=None)
    modes.choose(home, ServiceMode.PAY_PER_USE, by=owner)
    submission = make.verification(by=owner)
    assert states(owner)["Real name"] == "waiting"
    submission.move(ReviewState.APPROVED, by=make.reviewer())
    assert set(states(owner).values()) == {"done"}
    home.refresh_from_db()
    assert joining.is_complete(home)


def test_page_shows_steps_to_all_and_ways_to_those_who_may(owner, home, sign_in):
    viewer = make.user(role=Role.VIEWER, of=home, language="en")
    for person, ways in ((owner, True), (viewer, False)):
        page = sign_in(person).get("/enterprise/").content.decode()
        assert "Real name" in page and "1 of 5 steps done" in page
        assert (reverse("verification-new") in page) is ways


def test_suspended_enterprise_reads_why(owner, home, sign_in):
    home.move(EnterpriseState.SUSPENDED, by=make.user(role=Role.ADMINISTRATOR), reason="Complaints <b>")
    page = sign_in(owner).get("/enterprise/").content.decode()
    assert "Complaints &lt;b&gt;" in page and "kind=restart" in page


def test_overview_says_what_is_left_until_all_is_done(owner, home, sign_in):
    assert "4 steps are left" in sign_in(owner).get("/").content.decode()
    now = timezone.now()
    Enterprise.objects.filter(pk=home.pk).update(
        verified_at=now, address="x", service_number="+8613900000001", service_mode_chosen_at=now
    )
    assert "steps are left" not in sign_in(owner).get("/").content.decode()


class TestProfile:
    def test_is_saved_and_recorded_with_before_and_after(self, owner, home, sign_in):
        assert sign_in(owner).post("/enterprise/edit/", PROFILE).status_code == 302
        home.refresh_from_db()
        assert (home.name, home.time_zone, home.website) == ("清禾零售集团", "Asia/Urumqi", "https://qinghe.example")
        entry = AuditEntry.objects.get(verb="enterprise.changed")
        assert (entry.before["name"], entry.after["name"]) == ("Qinghe", "清禾零售集团")
        sign_in(owner).post("/enterprise/edit/", PROFILE)
        assert AuditEntry.objects.filter(verb="enterprise.changed").count() == 1, "nothing changed the second time"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("address", ""),
            ("country", "XX"),
            ("time_zone", "Mars/Base"),
            ("time_zone", "../etc/passwd"),
            ("website", "javascript:alert(1)"),
            ("name", "x" * 101),
        ],
    )
    def test_what_does_not_fit_stands_at_its_field(self, owner, sign_in, field, value):
        answer = sign_in(owner).post("/enterprise/edit/", PROFILE | {field: value})
        assert answer.status_code == 422
        assert f'id="id_{field}-error"' in answer.content.decode()

    def test_verified_facts_stay(self, owner, home, sign_in):
        Enterprise.objects.filter(pk=home.pk).update(verified_at=timezone.now(), address="1 Old Road")
        sign_in(owner).post("/enterprise/edit/", PROFILE)
        home.refresh_from_db()
        assert (home.name, home.address, home.time_zone) == ("Qinghe", "1 Old Road", "Asia/Urumqi")
        with pytest.raises(NotAllowed, match="new verification"):
            joining.save_profile(home, {"name": "Another"}, seen=joining.profile_token(home), by=owner)

    def test_an_older_page_undoes_nothing(self, owner, home, sign_in):
        client = sign_in(owner)
        seen = client.get("/enterprise/edit/").context["seen"]
        assert client.post("/enterprise/edit/", PROFILE | {"seen": seen}).status_code == 302
        answer = client.post("/enterprise/edit/", PROFILE | {"seen": seen, "address": "1 Old Road"})
        assert answer.status_code == 422
        assert "Somebody has changed the profile meanwhile" in answer.content.decode()
        home.refresh_from_db()
        assert home.address == PROFILE["address"]
        assert client.post("/enterprise/edit/", PROFILE | {"seen": seen}).status_code == 302, "a form posted twice"

    def test_markup_in_a_name_is_text(self, owner, sign_in):
        sign_in(owner).post("/enterprise/edit/", PROFILE | {"name": "<script>alert(1)</script>"})
        assert "<script>alert" not in sign_in(owner).get("/enterprise/").content.decode()

    def test_every_zone_offered_exists(self):
        assert set(zones()) <= zoneinfo.available_timezones() and "Asia/Shanghai" in zones()


class TestMode:
    def test_choosing_holds_and_is_recorded_once(self, owner, home, sign_in):
        client = sign_in(owner)
        assert client.post("/enterprise/mode/", {"mode": "3"}).status_code == 422
        for _ in range(2):
            assert client.post("/enterprise/mode/", {"mode": "2"}).status_code == 302
        home.refresh_from_db()
        assert home.service_mode == 2 and home.service_mode_chosen_at
        [entry] = AuditEntry.objects.filter(verb="enterprise.mode_chosen")
        assert (entry.before, entry.after) == ({"service_mode": None}, {"service_mode": 2})

    def test_mode_2_leaves_the_mainland_out(self, home):
        home.service_mode = ServiceMode.PACKAGE_ONLY
        modes.check_region(home, "intl")
        with pytest.raises(NotAllowed, match="international messages only"):
            modes.check_region(home, "cn")

    def test_mainland_pages_say_so(self, owner, home, sign_in):
        modes.choose(home, ServiceMode.PACKAGE_ONLY, by=owner)
        client = sign_in(owner)
        said = "Your service mode covers international messages only."
        for address in (reverse("signatures"), "/cn/templates/", "/cn/applications/"):
            assert said in client.get(address).content.decode(), address
        assert said not in client.get("/intl/templates/").content.decode()


class TestAgreement:
    def test_nothing_is_asked_before_one_is_published(self, owner, sign_in):
        make.agreement(published=False)
        agreements.check(owner)
        assert "No agreement is published" in sign_in(owner).get("/agreement/").content.decode()

    def test_accepting_keeps_who_when_and_from_where(self, owner, home, sign_in):
        make.agreement(text_en="You send only what people want.")
        with pytest.raises(NotAllowed, match="have not accepted"):
            agreements.check(owner)
        client = sign_in(owner)
        assert "You send only what people want." in client.get("/agreement/").content.decode()
        for _ in range(2):
            client.post("/agreement/", {"number": "1"}, REMOTE_ADDR="198.51.100.7")
        acceptance = Acceptance.objects.get()
        assert (acceptance.user, acceptance.enterprise, acceptance.origin) == (owner, home, "198.51.100.7")
        assert AuditEntry.objects.filter(verb="agreement.accepted").count() == 1
        agreements.check(owner)

    def test_a_new_version_asks_everybody_again(self, owner, home):
        make.agreement()
        agreements.accept(owner, number=1, origin=None)
        make.agreement()
        with pytest.raises(NotAllowed, match="A new version of the service agreement holds since 20"):
            agreements.check(owner)
        colleague = make.user(of=home)
        agreements.accept(owner, number=2, origin=None)
        with pytest.raises(NotAllowed):
            agreements.check(colleague)

    @pytest.mark.parametrize("number", ["1", "3", "", "x", "9" * 30])
    def test_only_the_version_that_holds_can_be_accepted(self, owner, sign_in, number):
        make.agreement()
        make.agreement()
        page = sign_in(owner).post("/agreement/", {"number": number}, follow=True).content.decode()
        assert "newer version was published" in page and not Acceptance.objects.exists()

    def test_banner_stands_on_pages_until_it_is_accepted(self, owner, sign_in):
        make.agreement()
        client = sign_in(owner)
        said = "of the service agreement holds since"
        assert said in client.get("/enterprise/").content.decode()
        agreements.accept(owner, number=1, origin=None)
        assert said not in client.get("/enterprise/").content.decode()

    def test_a_viewer_is_not_asked(self, owner, sign_in):
        make.agreement()
        viewer = make.user(role=Role.VIEWER, of=owner.enterprise, language="en")
        assert "of the service agreement holds" not in sign_in(viewer).get("/").content.decode()

    def test_accepting_leads_back_to_where_it_was_asked(self, owner, sign_in):
        make.agreement()
        client = sign_in(owner)
        page = client.get("/jobs/?status=checked").content.decode()
        assert 'href="/agreement/?next=%2Fjobs%2F%3Fstatus%3Dchecked"' in page
        away = client.post("/agreement/?next=https://evil.example/", {"number": "1"})
        assert away.url == "/agreement/"
        assert client.post("/agreement/?next=/jobs/", {"number": "1"}).url == "/jobs/"

    def test_staff_are_never_asked(self, bob, sign_in):
        make.agreement()
        assert agreements.missing(bob) is None
        assert "of the service agreement holds" not in sign_in(bob).get("/").content.decode()

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE accounts_agreement SET text_en = 'other'",
            "DELETE FROM accounts_agreement",
            "UPDATE accounts_acceptance SET at = now()",
            "DELETE FROM accounts_acceptance",
        ],
    )
    def test_the_database_keeps_what_was_published_and_accepted(self, owner, change):
        make.agreement()
        agreements.accept(owner, number=1, origin=None)
        refused = pytest.raises(DatabaseError, match="cannot be changed")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)

    def test_a_draft_may_change_and_be_published(self):
        draft = make.agreement(published=False)
        draft.text_en, draft.published_at = "Better", timezone.now()
        draft.save()
        assert Agreement.objects.current() == draft


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_acceptance(owner):
    make.agreement()
    faults = []

    def click():
        try:
            agreements.accept(owner, number=1, origin=None)
        except Exception as fault:  # noqa: BLE001 said below
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert Acceptance.objects.count() == AuditEntry.objects.filter(verb="agreement.accepted").count() == 1
