"""Own numbers: codes that cannot be guessed, repeated or used to flood somebody."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone, translation

from accounts import own_numbers
from accounts.models import AuditEntry, OutgoingText, OwnNumber, OwnNumberCode, Role
from console.lib.errors import NotAllowed
from console.lib.text import segments
from tests import make

pytestmark = pytest.mark.django_db
NUMBER = "+8613912345678"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr("accounts.outbox.after_commit", lambda task, **ids: None)


@pytest.fixture
def home():
    return make.enterprise(verified=False)


@pytest.fixture
def owner(home):
    return make.user(role=Role.OWNER, of=home, language="en")


def sent_code(number=NUMBER):
    text = OutgoingText.objects.filter(number=number).latest("pk")
    return re.findall(r"\d{6}", text.text)[0]


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def earlier(**ago):
    """As if all codes had been sent so much earlier."""
    for code in OwnNumberCode.objects.all():
        OwnNumberCode.objects.filter(pk=code.pk).update(sent_at=code.sent_at - timedelta(**ago))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_code_is_one_segment(owner, home, language, settings):
    with translation.override(language):
        own_numbers.add(home, NUMBER, by=owner)
    words = f"【{settings.PLATFORM_SIGNATURE}】{OutgoingText.objects.get().text}"
    assert segments(words, mainland=True) == 1


def test_from_the_form_to_the_service_number(owner, home, sign_in):
    client = sign_in(owner)
    own = client.post("/enterprise/numbers/new/", {"number": "139 1234 5678"}, follow=True).context["number"]
    assert (own.number, own.verified_at) == (NUMBER, None)
    text = OutgoingText.objects.get()
    assert text.urgent and text.enterprise == home
    code = sent_code()
    assert code not in own.code_hash and len(own.code_hash) == 64
    full_width = code.translate({ord(str(d)): chr(ord("０") + d) for d in range(10)})
    assert (
        client.post(f"/enterprise/numbers/{own.pk}/", {"code": f"{full_width[:3]} {full_width[3:]}"}).status_code == 302
    )
    home.refresh_from_db()
    own.refresh_from_db()
    assert own.verified_at and own.code_hash == "" and home.service_number == NUMBER
    verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs[-4:] == [
        "ownnumber.added",
        "ownnumber.code_sent",
        "ownnumber.verified",
        "enterprise.service_number_set",
    ]
    kept = str(list(AuditEntry.objects.values_list("label", "detail", "before", "after")))
    assert "12345678" not in kept and code not in kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Give the mobile number"),
        ("1391234567", "too few digits"),
        ("010 6552 9988", "no mobile number"),
        ("139123456789", "too many digits"),
        ("call me", "digits only"),
        ("+999 1234567", "country code"),
        ("+1 212", "too few digits"),
    ],
)
def test_what_is_no_mobile_number_is_refused_with_why(owner, sign_in, typed, said):
    answer = sign_in(owner).post("/enterprise/numbers/new/", {"number": typed})
    assert answer.status_code == 422 and said in answer.content.decode()
    assert not OwnNumber.objects.exists() and not OutgoingText.objects.exists()


def test_numbers_of_other_countries_fit(owner, sign_in):
    sign_in(owner).post("/enterprise/numbers/new/", {"number": "+852 9123 4567"})
    assert OwnNumber.objects.get().number == "+85291234567"


def test_wrong_codes_are_counted_and_end(owner, home):
    own = own_numbers.add(home, NUMBER, by=owner)
    code = sent_code()
    for left in (4, 3, 2, 1):
        with pytest.raises(NotAllowed, match=f"{left} tr(y|ies)"):
            own_numbers.verify(own, wrong(code), by=owner)
    with pytest.raises(NotAllowed, match="void"):
        own_numbers.verify(own, wrong(code), by=owner)
    with pytest.raises(NotAllowed, match="void"):
        own_numbers.verify(own, code, by=owner)
    own.refresh_from_db()
    assert own.verified_at is None and own.code_attempts == 5


def test_a_code_expires(owner, home):
    own = own_numbers.add(home, NUMBER, by=owner)
    OwnNumber.objects.update(code_expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotAllowed, match="expired"):
        own_numbers.verify(own, sent_code(), by=owner)


def test_only_the_newest_code_counts(owner, home):
    own = own_numbers.add(home, NUMBER, by=owner)
    first = sent_code()
    earlier(minutes=2)
    own_numbers.send_again(own, by=owner)
    if first != sent_code():
        with pytest.raises(NotAllowed, match="sent last"):
            own_numbers.verify(own, first, by=owner)
    own_numbers.verify(own, sent_code(), by=owner)
    own_numbers.verify(own, "000000", by=owner)  # a second click: it is verified


def test_a_code_proves_no_other_number(owner, home):
    own_numbers.add(home, NUMBER, by=owner)
    other = own_numbers.add(home, "+8613900000002", by=owner)
    code = sent_code()
    OwnNumber.objects.filter(pk=other.pk).update(code_hash=OwnNumber.objects.get(number=NUMBER).code_hash)
    with pytest.raises(NotAllowed):
        own_numbers.verify(other, code, by=owner)


def test_one_code_a_minute_also_after_removal_and_across_enterprises(owner, home, mallory):
    own = own_numbers.add(home, NUMBER, by=owner)
    with pytest.raises(NotAllowed, match=r"less than a minute ago.* in \d+ seconds"):
        own_numbers.send_again(own, by=owner)
    own_numbers.remove(own, by=owner)
    with pytest.raises(NotAllowed, match="less than a minute"):
        own_numbers.add(home, NUMBER, by=owner)
    assert not OwnNumber.objects.exists(), "what was refused leaves nothing"
    with pytest.raises(NotAllowed, match="less than a minute"):
        own_numbers.add(make.home(mallory), NUMBER, by=mallory)
    assert OutgoingText.objects.count() == 1


def test_five_codes_an_hour_to_a_number_whoever_asks(owner, home, mallory):
    for n in range(5):
        person = (owner, mallory)[n % 2]
        own_numbers.add(make.home(person), NUMBER, by=person)
        earlier(minutes=2)
    with pytest.raises(NotAllowed, match="5 codes went to this number within an hour"):
        own_numbers.add(home, NUMBER, by=owner)
    earlier(minutes=60)
    own_numbers.add(home, NUMBER, by=owner)


def test_ten_codes_a_day_to_a_number_whoever_asks(owner, home, mallory):
    for n in range(10):
        person = (owner, mallory)[n % 2]
        own_numbers.add(make.home(person), NUMBER, by=person)
        earlier(minutes=70)
    with pytest.raises(NotAllowed, match="10 codes went to this number within a day"):
        own_numbers.add(home, NUMBER, by=owner)
    earlier(days=1)
    own_numbers.add(home, NUMBER, by=owner)


def test_twenty_codes_a_day_of_an_enterprise(owner, home):
    for n in range(20):
        own = own_numbers.add(home, f"+86139000001{n:02}", by=owner)
        own_numbers.remove(own, by=owner)
    with pytest.raises(NotAllowed, match="20 codes within a day"):
        own_numbers.add(home, NUMBER, by=owner)
    earlier(days=1, minutes=1)
    own_numbers.add(home, NUMBER, by=owner)
    earlier(days=2)
    own_numbers.add(home, "+8613900000099", by=owner)
    assert OwnNumberCode.objects.count() == 1, "what no limit asks for is not kept"


def test_ten_numbers_at_most(owner, home):
    for _ in range(10):
        make.own_number(of=home)
    with pytest.raises(NotAllowed, match="10 numbers"):
        own_numbers.add(home, NUMBER, by=owner)


def test_the_first_number_proved_stays_the_service_number(owner, home):
    for number in (NUMBER, "+8613912345679"):
        own_numbers.verify(own_numbers.add(home, number, by=owner), sent_code(number), by=owner)
    home.refresh_from_db()
    assert home.service_number == NUMBER


def test_the_service_number_stays_until_there_is_another(owner, home, sign_in):
    first, second, waiting = (
        make.own_number(of=home),
        make.own_number(of=home),
        make.own_number(of=home, verified=False),
    )
    own_numbers.use_for_service(first, by=owner)
    with pytest.raises(NotAllowed, match="service number"):
        own_numbers.remove(first, by=owner)
    with pytest.raises(NotAllowed, match="code first"):
        own_numbers.use_for_service(waiting, by=owner)
    client = sign_in(owner)
    client.post(f"/enterprise/numbers/{second.pk}/service/")
    client.post(f"/enterprise/numbers/{first.pk}/remove/")
    home.refresh_from_db()
    assert home.service_number == second.number
    assert not OwnNumber.objects.filter(pk=first.pk).exists()
    with pytest.raises(NotAllowed, match="removed meanwhile"):
        own_numbers.send_again(first, by=owner)


def test_numbers_are_masked_for_those_who_may_not_see_them(home, owner, sign_in):
    make.own_number(of=home, number=NUMBER)
    viewer = make.user(role=Role.VIEWER, of=home, language="en")
    assert NUMBER in sign_in(owner).get("/enterprise/numbers/").content.decode()
    page = sign_in(viewer).get("/enterprise/numbers/").content.decode()
    assert NUMBER not in page and "139****5678" in page


def at_once(*deeds):
    faults = []

    def run(deed):
        try:
            deed()
        except NotAllowed as fault:
            faults.append(str(fault))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


@pytest.mark.django_db(transaction=True)
def test_a_code_used_twice_at_once_counts_once(owner, home):
    own = own_numbers.add(home, NUMBER, by=owner)
    code = sent_code()
    assert at_once(*[lambda: own_numbers.verify(own, code, by=owner)] * 4) == []
    assert AuditEntry.objects.filter(verb="ownnumber.verified").count() == 1


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_are_all_counted(owner, home):
    own = own_numbers.add(home, NUMBER, by=owner)
    bad = wrong(sent_code())
    assert len(at_once(*[lambda: own_numbers.verify(own, bad, by=owner)] * 8)) == 8
    own.refresh_from_db()
    assert own.code_attempts == 5


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_gets_a_code(owner, home, mallory):
    asks = [
        lambda: own_numbers.add(home, NUMBER, by=owner),
        lambda: own_numbers.add(make.home(mallory), NUMBER, by=mallory),
    ]
    assert len(at_once(*asks * 3)) == 5
    assert OutgoingText.objects.count() == 1
