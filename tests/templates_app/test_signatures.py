"""Signatures without pages: names, stages, sending in, changing, deleting, waiting, races, look-alikes."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Notice, Review, ReviewState
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from templates_app import lookalikes, signature_checks, signatures, taking_back
from templates_app.models import MessageTemplate, MessageType, Qualification, Signature, TemplateVersion
from templates_app.models import signature as rules
from templates_app.models.qualification import Purpose
from templates_app.models.signature import Dormancy, Registration, sendable
from templates_app.models.signature_name import check_name
from templates_app.models.stage import GROUPS, USABLE, Stage, StageGroup
from templates_app.signature_checks import Level, Named, findings, is_connected
from templates_app.signature_stages import MEANING
from tests import make

pytestmark = pytest.mark.django_db


def signature_of(version: TemplateVersion) -> Signature:
    assert version.template.signature
    return version.template.signature


def unsaved(by, *, app=None, name="清禾到家", qualification=None, **fields):
    return Signature(
        enterprise=make.home(by),
        application=app or make.application(by=by),
        name=name,
        type=fields.pop("type", MessageType.NOTIFICATION),
        purpose="Orders",
        qualification=qualification or make._held_qualification(by),
        **fields,
    )


def sent(by, **fields):
    made = unsaved(by, **fields)
    signatures.submit(made, by=by)
    return made


# Names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["清禾", "ABC001", "abc001", "清禾2026", "㐀㐀", "x" * 32])
def test_good_names(name):
    check_name(name)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("【清禾】", "brackets", "by themselves"),
        ("[Qinghe]", "brackets", "by themselves"),
        ("12345", "digits", "digits only"),
        ("清", "length", "1 characters"),
        ("x" * 33, "length", "33 characters"),
        ("x" * 1_000_000, "length", "1000000 characters"),
        ("清禾 到家", "character", "U+0020"),
        ("清禾\u202e到家", "character", "U+202E"),
        ("清禾\u200b到家", "character", "U+200B"),
        ("清禾\n", "character", "U+000A"),
        ("<b>清禾", "brackets", "by themselves"),
        ("清禾&到家", "character", "“&”"),
        ("СМС短信", "character", "“С”"),
        ("清禾😀", "character", "“😀”"),
        ("１２清禾", "character", "“１”"),
    ],
)
def test_bad_names_say_what_is_wrong(name, code, words):
    with pytest.raises(ValidationError) as caught:
        check_name(name)
    assert caught.value.code == code
    assert words in caught.value.messages[0]
    assert len(caught.value.messages[0]) < 200


# Stages ------------------------------------------------------------------------------------------------------------

STATES = [ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.WITHDRAWN, ReviewState.DISABLED, ReviewState.INACTIVE,
          ReviewState.WAITING, ReviewState.IN_REVIEW, ReviewState.RETURNED, ReviewState.DRAFT]  # fmt: skip
PAST = timezone.now() - timedelta(days=1)


def every_kind(alice, bob):
    """One signature for every combination that the database allows, saved as it is."""
    app, held = make.application(by=alice), make.qualification(by=alice)
    rejected = make.qualification(by=alice, approved=False)
    pending = make.qualification(by=alice, approved=None)
    number = itertools.count(1)
    decided = {"submitted_by": alice, "submitted_at": PAST, "decided_by": bob, "decided_at": PAST, "reason": "Because"}
    flags = itertools.product(
        STATES,
        Registration,
        Dormancy,
        [False, True],
        [False, True],
        [None, PAST],
        [None, PAST],
        [held, pending, rejected, None],
    )
    for state, registration, dormancy, legacy, built_in, until, removed, qualification in flags:
        row = Signature(
            enterprise=alice.enterprise, application=app, name=f"清禾{next(number)}", type=MessageType.NOTIFICATION,
            purpose="All", review_state=state, registration=registration, dormancy=dormancy, legacy=legacy,
            built_in=built_in, valid_until=until, removed_at=removed, qualification=qualification,
            channel_number=f"106{next(number)}" if registration != Registration.NONE else "", **decided,
        )  # fmt: skip
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            continue
        yield row


def test_what_is_sendable_the_database_and_the_row_say_alike(alice, bob):
    rows = list(every_kind(alice, bob))
    assert len(rows) > 200
    by_query = set(Signature.objects.filter(sendable()).values_list("pk", flat=True))
    assert by_query == {row.pk for row in rows if row.is_sendable}
    assert 0 < len(by_query) < len(rows)
    # …and the stage says what is so, and each is in the group that its stage says.
    assert by_query == {row.pk for row in rows if row.stage in USABLE}
    for group in StageGroup:
        found = set(Signature.objects.in_group(group).values_list("pk", flat=True))
        assert found == {row.pk for row in rows if row.group == group}, group
    assert {row.stage for row in rows} == set(Stage) - {Stage.PENDING_ACTIVATE}


def test_each_stage_has_a_group_and_a_meaning():
    assert set().union(*GROUPS.values()) == set(Stage) == set(MEANING)
    assert sum(map(len, GROUPS.values())) == len(Stage)


def test_stages_cost_no_query_each(alice):
    first = make.signature(by=alice, name="清禾一号")
    for name in "二三四五":
        make.signature(by=alice, app=first.application, name=f"清禾{name}号")
    Signature.objects.update(dormancy=Dormancy.DORMANT)
    signatures.activate(Signature.objects.get(pk=first.pk), "Again", by=alice)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        stages = {row.name: row.stage for row in Signature.objects.with_stage()}
    assert len(asked) == 1
    assert stages.pop("清禾一号") == Stage.PENDING_ACTIVATE
    assert set(stages.values()) == {Stage.TO_BE_ACTIVATED}


# Sending in --------------------------------------------------------------------------------------------------------


def test_sent_in_with_an_approved_qualification_it_is_in_review(alice):
    made = sent(alice)
    assert (made.review_state, made.submitted_by, made.stage) == (
        ReviewState.IN_REVIEW, alice, Stage.PENDING_REVIEW,
    )  # fmt: skip
    assert AuditEntry.objects.filter(verb="signature.in_review", object_id=made.pk).count() == 1


@pytest.mark.parametrize("approved", [True, False])
def test_it_waits_for_its_qualification(alice, bob, approved):
    held = make.qualification(by=alice, approved=None)
    made = sent(alice, qualification=held)
    assert (made.review_state, made.stage) == (ReviewState.WAITING, Stage.PENDING_QUALIFICATION_REVIEW)
    assert not Signature.objects.visible_to(bob).filter(pk=made.pk).exists()
    held.move(ReviewState.APPROVED if approved else ReviewState.REJECTED, by=bob, reason="" if approved else "Unclear")
    made.refresh_from_db()
    assert made.review_state == (ReviewState.IN_REVIEW if approved else ReviewState.WITHDRAWN)
    assert bool(made.reason_zh) is not approved


def test_who_waits_may_be_withdrawn(alice, bob):
    held = make.qualification(by=alice, approved=None)
    made = sent(alice, qualification=held)
    signatures.withdraw(made, by=alice)
    held.move(ReviewState.APPROVED, by=bob)
    made.refresh_from_db()
    assert made.review_state == ReviewState.WITHDRAWN


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"purpose": Purpose.OWN, "involved": True}, "third-party business use"),
        ({"purpose": Purpose.THIRD_PARTY, "involved": False}, "self-use qualification"),
    ],
)
def test_own_and_third_party_do_not_mix(alice, fields, words):
    letter = make.document(by=alice)
    held = make.qualification(by=alice, purpose=fields["purpose"], letter=letter)
    made = unsaved(alice, qualification=held, involves_third_party=fields["involved"], letter=letter)
    with pytest.raises(NotAllowed, match=words):
        signatures.submit(made, by=alice)


def test_third_party_with_its_letter(alice):
    letter = make.document(by=alice)
    held = make.qualification(by=alice, purpose=Purpose.THIRD_PARTY, letter=letter)
    with pytest.raises(NotAllowed, match="letter of attorney"):
        sent(alice, qualification=held, involves_third_party=True)
    assert sent(alice, qualification=held, involves_third_party=True, letter=letter).is_pending


def test_what_cannot_be_sent_in(alice, mallory):
    with pytest.raises(NotAllowed, match="mainland application"):
        sent(alice, app=make.application(by=alice, region=Region.INTERNATIONAL))
    with pytest.raises(NotAllowed, match="Choose a qualification"):
        sent(alice, qualification=make.qualification(by=mallory))
    with pytest.raises(NotAllowed, match="is not approved"):
        sent(alice, qualification=make.qualification(by=alice, approved=False))
    assert not Signature.objects.exists()


def test_a_name_is_taken_once_per_type(alice, mallory):
    sent(alice)
    with pytest.raises(NotAllowed, match="already have"):
        sent(alice)
    sent(alice, type=MessageType.PROMOTION)
    sent(mallory)
    assert Signature.objects.count() == 3


def test_quota(alice, monkeypatch):
    monkeypatch.setattr(signatures, "SIGNATURES_MAX", 2)
    app = make.application(by=alice)
    first = sent(alice, app=app, name="清禾一号")
    sent(alice, app=app, name="清禾二号")
    with pytest.raises(NotAllowed, match="has 2 signatures"):
        sent(alice, app=app, name="清禾三号")
    sent(alice, name="清禾三号")
    signatures.withdraw(first, by=alice)
    changed = unsaved(alice, app=app, name="清禾四号")
    signatures.submit(changed, by=alice, replaces=first)  # takes the place of the one before
    assert changed.is_pending


# Once more, in its place ---------------------------------------------------------------------------------------------


def test_a_chain_of_changes(alice):
    first = make.signature(by=alice, approved=False)
    second = unsaved(alice, app=first.application)
    signatures.submit(second, by=alice, replaces=first)
    first.refresh_from_db()
    assert (second.replaces, second.is_pending) == (first, True)
    assert first.removed_at
    assert list(Signature.objects.visible_to(alice)) == [second]
    signatures.withdraw(second, by=alice)
    third = unsaved(alice, app=first.application)
    signatures.submit(third, by=alice, replaces=second)
    assert third.replaces.replaces == first
    with pytest.raises(NotAllowed, match="changed or deleted"):  # a second window
        signatures.submit(unsaved(alice, name="清禾再来"), by=alice, replaces=second)
    assert Signature.objects.count() == 3


def test_documents_are_kept_unless_others_are_chosen(alice):
    licence, letter = make.document(by=alice), make.document(by=alice)
    held = make.qualification(by=alice, purpose=Purpose.THIRD_PARTY, letter=letter)
    first = sent(alice, qualification=held, involves_third_party=True, licence=licence, letter=letter)
    signatures.withdraw(first, by=alice)
    second = unsaved(alice, qualification=held, involves_third_party=True)
    signatures.submit(second, by=alice, replaces=first)
    assert (second.licence, second.letter) == (licence, letter)
    assert [document for _label, document in second.documents] == [licence, letter]


@pytest.mark.parametrize("approved", [True, None])
def test_only_rejected_and_withdrawn_ones_are_changed(alice, approved):
    before = make.signature(by=alice, approved=approved)
    with pytest.raises(NotAllowed, match="Only a rejected or withdrawn"):
        signatures.submit(unsaved(alice), by=alice, replaces=before)
    before.refresh_from_db()
    assert before.removed_at is None


def test_nobody_changes_anothers(alice, mallory):
    before = make.signature(by=alice, approved=False)
    with pytest.raises(NotAllowed):
        signatures.submit(unsaved(mallory), by=mallory, replaces=before)
    before.refresh_from_db()
    assert before.removed_at is None


@pytest.mark.parametrize(
    ("field", "value"), [("name", "清禾改名"), ("type", "promotion"), ("purpose", "Other"), ("source_title", "x")]
)
def test_what_was_sent_in_is_frozen(alice, field, value):
    made = sent(alice)
    with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
        Signature.objects.filter(pk=made.pk).update(**{field: value})


# Deleting and taking back --------------------------------------------------------------------------------------------


def test_deleting_an_approved_one_stops_its_templates(alice):
    version = make.template(by=alice)
    signature = signature_of(version)
    assert signatures.resting(signature) == 1
    signatures.remove(signature, by=alice)
    assert (signature.review_state, signature.stage) == (ReviewState.DISABLED, Stage.DISABLED)
    assert signature.removed_at
    assert not MessageTemplate.objects.sendable().exists()
    assert not Signature.objects.visible_to(alice).exists()


def test_a_universal_template_rests_on_the_last_signature(alice):
    version = make.template(by=alice)
    MessageTemplate.objects.filter(pk=version.template_id).update(created_by=None)  # the trigger lets the platform's be
    MessageTemplate.objects.filter(pk=version.template_id).update(universal=True, signature=None)
    only = signature_of(version)
    assert signatures.resting(only) == 1
    make.signature(by=alice, app=only.application, name="清禾备用")
    assert signatures.resting(only) == 0


def test_what_is_under_review_is_not_deleted(alice):
    made = sent(alice)
    with pytest.raises(NotAllowed, match="Withdraw it first"):
        signatures.remove(made, by=alice)
    signatures.withdraw(made, by=alice)
    signatures.remove(made, by=alice)
    with pytest.raises(NotAllowed):
        signatures.remove(made, by=alice)
    assert AuditEntry.objects.filter(verb="signature.removed", object_id=made.pk).count() == 1


def test_the_platforms_own_is_neither_deleted_nor_taken_back(alice, carol):
    app = make.application(by=alice)
    own = Signature.objects.create(
        enterprise=alice.enterprise, application=app, name="短信测试", type=MessageType.NOTIFICATION, purpose="Test",
        built_in=True, review_state=ReviewState.APPROVED,
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="cannot be deleted"):
        signatures.remove(own, by=alice)
    with pytest.raises(NotAllowed, match="not taken back"):
        taking_back.take_back(own, by=carol, reason="No")


def test_administrators_take_back_with_a_reason(alice, bob, carol):
    version = make.template(by=alice)
    signature = signature_of(version)
    assert taking_back.effect(signature) == taking_back.effect(version) == 1
    for by, reason in ((bob, "Complaints"), (carol, " ")):
        with pytest.raises(NotAllowed):
            taking_back.take_back(signature, by=by, reason=reason)
    taking_back.take_back(signature, by=carol, reason="Complaints", reason_zh="投诉")
    assert (signature.review_state, signature.stage) == (ReviewState.INACTIVE, Stage.INACTIVE)
    assert not MessageTemplate.objects.sendable().exists()
    assert Notice.objects.filter(code="signature.inactive").count() == 1
    with pytest.raises(NotAllowed):
        taking_back.take_back(signature, by=carol, reason="Again")


def test_templates_and_qualifications_are_taken_back_too(alice, carol):
    version = make.template(by=alice)
    held = signature_of(version).qualification
    assert held
    things: list[Review] = [version, held]
    for thing in things:
        taking_back.take_back(thing, by=carol, reason="Complaints")
        assert thing.review_state == ReviewState.INACTIVE
    with pytest.raises(NotAllowed, match="is not approved"):
        sent(alice, qualification=held)


# Qualifications added later ----------------------------------------------------------------------------------------


def test_supplement(alice, mallory):
    before = make.signature(by=alice, legacy=True, number="")
    assert (before.stage, before.is_sendable) == (Stage.REVIEW_PASSED, True)
    with pytest.raises(NotAllowed, match="of yours"):
        signatures.supplement(before, make.qualification(by=mallory), by=alice)
    third = make.qualification(by=alice, purpose=Purpose.THIRD_PARTY, letter=make.document(by=alice))
    with pytest.raises(NotAllowed, match="self-use"):
        signatures.supplement(before, third, by=alice)
    pending = make.qualification(by=alice, approved=None)
    signatures.supplement(before, pending, by=alice)
    assert before.stage == Stage.REVIEW_PASSED_QUALIFICATION_PROCESSING
    with pytest.raises(NotAllowed, match="already"):
        signatures.supplement(before, make.qualification(by=alice), by=alice)
    pending.move(ReviewState.REJECTED, by=make.reviewer(), reason="Unreadable")
    before.refresh_from_db()
    assert before.stage == Stage.REVIEW_PASSED
    signatures.supplement(before, make.qualification(by=alice), by=alice)  # the one that fell through gives way
    assert before.stage == Stage.REVIEW_PASSED_REAL_NAME_REGISTRATING
    assert before.is_sendable


def test_the_database_keeps_a_qualification_that_holds(alice):
    made = make.signature(by=alice)
    other = make.qualification(by=alice)
    with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
        Signature.objects.filter(pk=made.pk).update(qualification=other)


# At the same time --------------------------------------------------------------------------------------------------


def at_once(*deeds):
    """Run all at the same moment, each on its own connection: what each brought, or the NotAllowed it met."""
    start = Barrier(len(deeds))

    def run(deed):
        try:
            start.wait()
            return deed()
        except NotAllowed as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def refusals(results):
    return [result for result in results if isinstance(result, NotAllowed)]


@pytest.mark.django_db(transaction=True)
def test_approved_while_withdrawn_one_wins(alice, bob):
    for _ in range(3):
        made = sent(alice, name=f"清禾第{_}次")
        mine, theirs = Signature.objects.get(pk=made.pk), Signature.objects.get(pk=made.pk)
        results = at_once(
            lambda m=mine: signatures.withdraw(m, by=alice), lambda t=theirs: t.move(ReviewState.APPROVED, by=bob)
        )
        made.refresh_from_db()
        assert len(refusals(results)) == 1
        assert made.review_state in {ReviewState.APPROVED, ReviewState.WITHDRAWN}


@pytest.mark.django_db(transaction=True)
def test_double_click_makes_one(alice):
    app, held = make.application(by=alice), make.qualification(by=alice)
    made = [unsaved(alice, app=app, qualification=held) for _ in range(2)]
    assert len(refusals(at_once(*[lambda s=s: signatures.submit(s, by=alice) for s in made]))) == 1
    assert Signature.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_place_goes_to_one(alice, monkeypatch):
    monkeypatch.setattr(signatures, "SIGNATURES_MAX", 1)
    app, held = make.application(by=alice), make.qualification(by=alice)
    made = [unsaved(alice, app=app, qualification=held, name=f"清禾{n}号") for n in "一二"]
    assert len(refusals(at_once(*[lambda s=s: signatures.submit(s, by=alice) for s in made]))) == 1
    assert Signature.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_is_changed_in_two_windows(alice):
    before = make.signature(by=alice, approved=False)
    made = [unsaved(alice, app=before.application, name=f"清禾{n}号") for n in "一二"]
    seen = [Signature.objects.get(pk=before.pk) for _ in made]
    results = at_once(
        *[lambda s=s, b=b: signatures.submit(s, by=alice, replaces=b) for s, b in zip(made, seen, strict=True)]
    )
    assert len(refusals(results)) == 1
    assert Signature.objects.filter(removed_at__isnull=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_sent_in_while_its_qualification_is_decided_it_never_hangs(alice, bob):
    for _ in range(3):
        held = make.qualification(by=alice, approved=None)
        made, other = unsaved(alice, qualification=held, name=f"清禾第{_}回"), Qualification.objects.get(pk=held.pk)
        at_once(lambda m=made: signatures.submit(m, by=alice), lambda q=other: q.move(ReviewState.APPROVED, by=bob))
        assert Signature.objects.get(pk=made.pk).review_state == ReviewState.IN_REVIEW


# Checks and look-alikes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("清禾会员", "淸禾會員", True),
        ("清禾会员", "清禾会员店", True),
        ("清禾会员", "清禾会貝", True),
        ("清禾会员", "清和会员", True),
        ("清禾会员", "清禾会员店铺", False),
        ("土豆", "士豆", True),
        ("清禾", "清和", False),
        ("ABC001", "abcOO1", True),
        ("ABCD1", "A8CDl", True),
        ("Samsung", "5amsung", True),
        ("modern", "modem", True),
        ("日日顺", "曰曰順", True),
        ("abcd", "abdc", False),
        ("中国平安", "平安中国", False),
    ],
)
def test_alike(one, other, alike):
    assert lookalikes.alike(one, other) is alike is lookalikes.alike(other, one)
    if alike:  # what is alike the index finds
        assert set(lookalikes.looks(one)) & set(lookalikes.looks(other))


def test_everything_within_one_mistake_is_found():
    name = "清禾12ab"
    for i in range(len(name)):
        for other in (name[:i] + name[i + 1 :], name[:i] + "新" + name[i + 1 :], name[:i] + "新" + name[i:]):
            assert lookalikes.alike(name, other)
            assert set(lookalikes.looks(name)) & set(lookalikes.looks(other)), other


def levels(named, **asked):
    return [finding.level for finding in findings(named, **asked)]


def said(named, **asked):
    return " ".join(str(finding.words) for finding in findings(named, **asked))


def test_checks_of_the_name_itself():
    assert findings(Named("")) == []
    assert levels(Named("12345")) == [Level.FAULT]
    assert levels(Named("【清禾】")) == [Level.FAULT]
    assert levels(Named("清禾", company="清禾零售集团有限公司")) == [Level.OK, Level.OK, Level.OK]
    assert levels(Named("验证码", company="清禾零售集团有限公司")) == [Level.OK, Level.WARN, Level.WARN]
    assert levels(Named("TEST", company="Test Ltd"))[1] == Level.WARN
    assert "08:00" in said(Named("清禾", type=MessageType.PROMOTION))


@pytest.mark.parametrize(
    ("name", "whole", "connected"),
    [
        ("清禾", "清禾零售集团有限公司", True),
        ("清禾会员", "清禾零售集团有限公司", True),
        ("中石化", "中国石油化工股份有限公司", True),
        ("Qinghe", "www.qinghe.example", True),
        ("清禾到家小程序", "清禾到家", True),
        ("淸禾", "清禾零售", True),
        ("云汀科技", "清禾科技有限公司", False),
        ("顺丰", "清禾零售集团有限公司", False),
        ("ab", "", False),
    ],
)
def test_connection_with_the_source(name, whole, connected):
    assert is_connected(name, whole) is connected


def test_reviewers_are_warned_of_others_and_applicants_are_not(alice, mallory):
    other = make.signature(by=mallory, name="清禾会员")
    for name, level in (("清禾会员", Level.STRONG), ("淸禾会员", Level.WARN), ("清禾会员店", Level.WARN)):
        mine = make.signature(by=alice, name=name, approved=None, type=MessageType.PROMOTION)
        named = Named.of(mine)
        assert level in levels(named, for_staff=True)
        assert str(mallory.enterprise) in said(named, for_staff=True)
        assert str(mallory.enterprise) not in said(named)
        assert len(findings(named, for_staff=True)) > len(findings(named))
    assert "looks like it" in said(Named("完全不同", enterprise=alice.enterprise_id), for_staff=True)
    assert "looks like it" in said(Named("清禾会员", enterprise=mallory.enterprise_id), for_staff=True)
    other.move(ReviewState.DISABLED, by=mallory)
    assert "looks like it" in said(Named("清禾会员", enterprise=alice.enterprise_id), for_staff=True)


def test_looks_are_kept_with_the_name(alice):
    made = unsaved(alice, name="清禾会员")
    made.save()
    assert Signature.objects.get(pk=made.pk).looks == lookalikes.looks("清禾会员")
    made.name = "清禾到家"
    made.save(update_fields=["name"])
    assert Signature.objects.get(pk=made.pk).looks == lookalikes.looks("清禾到家")


def test_lookalikes_are_found_by_the_index(alice, mallory):
    one = make.signature(by=mallory, name="清禾会员")
    copied = {"decided_by": one.decided_by, "decided_at": one.decided_at, "submitted_by": mallory, "legacy": True}
    many = [
        Signature(
            enterprise=mallory.enterprise, application=one.application, name=f"别家{n}品牌", type=one.type, purpose="x",
            review_state=ReviewState.APPROVED, looks=lookalikes.looks(f"别家{n}品牌"), **copied,
        )
        for n in range(3000)
    ]  # fmt: skip
    Signature.objects.bulk_create(many)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE templates_app_signature")
    with CaptureQueriesContext(connection) as asked:
        assert signature_checks.lookalikes_of("清禾会員", enterprise=alice.enterprise_id)
    assert len(asked) == 1
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = " ".join(line for (line,) in cursor.fetchall())
    assert "signature_lookalikes" in plan


def test_the_quota_is_the_referenced_one():
    assert rules.SIGNATURES_MAX == 200
