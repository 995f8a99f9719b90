"""No sequence of deeds makes something sendable that no other person approved, or opens two reviews of one thing.

People of two enterprises and of the staff do to one template, its signature and its qualification whatever the domain
offers, in any order, on pages that may be old, on workdays and others. What they have approved is written down as it
happens, with the facts it was approved on; after every step all that could be sent is compared with that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts import clock, reviewing
from accounts.models import Document, Review, ReviewDesk, ReviewState, Role, User
from accounts.models.desk import calendar, today
from accounts.models.review import LIVE, OPEN
from console.lib.errors import NotAllowed
from templates_app import channels, drafts, qualifications, reviews, signatures, taking_back, template_deeds
from templates_app.models import MessageTemplate, Qualification, Signature, SignatureActivation, TemplateVersion
from templates_app.models.message_type import MessageType
from templates_app.models.signature import Dormancy
from templates_app.models.template import Variable
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]
MODELS: dict[str, type[Review]] = {
    "qualification": Qualification,
    "signature": Signature,
    "activation": SignatureActivation,
    "template": TemplateVersion,
}
KIND = st.sampled_from(["qualification", "signature", "signature", "activation", "template", "template", "template"])
TENANT = st.sampled_from(["operator", "second", "owner"])
ANYBODY = st.sampled_from(["operator", "second", "owner", "viewer", "bob", "rita", "carol", "mallory"])
STAFF = st.sampled_from(["bob", "bob", "rita", "rita", "carol", "second", "mallory"])
TEXT = st.sampled_from(["您的订单${1}已发货。", "您的包裹${1}已送达，请查收。", "${1}您好，门店今日营业。"])
WORDS = st.sampled_from(["", "Because."])


@dataclass(frozen=True)
class Approval:
    """One person's approval, as it was given."""

    by: int
    role: str
    enterprise: int | None
    facts: Any
    round: int
    needed_two: bool
    final: bool


class World:
    """Whom and what every sequence begins with; made once."""

    def __init__(self) -> None:
        self.people: dict[str, User] = {"operator": make.user(role=Role.OPERATOR, language="en")}
        home = make.home(self.people["operator"])
        for name, role in {"second": Role.OPERATOR, "owner": Role.OWNER, "viewer": Role.VIEWER}.items():
            self.people[name] = make.user(role=role, of=home, language="en")
        for name, role in {"bob": Role.REVIEWER, "rita": Role.REVIEWER, "carol": Role.ADMINISTRATOR}.items():
            self.people[name] = make.user(role=role, language="en")
        self.people["mallory"] = make.user(role=Role.OWNER, language="en")
        self.application = make.application(by=self.people["operator"])
        self.sent: set[tuple[str, str]] = set()  # what could be sent at some time
        self.paper: Document = make.document(by=self.people["owner"])


class Reviews(RuleBasedStateMachine):
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        # A Wednesday, 10:00 at the desk.
        self.clock = time_machine.travel(datetime(2026, 11, 18, 2, 0, tzinfo=UTC), tick=False)
        self.time = self.clock.start()
        self.people = {name: User.objects.get(pk=person.pk) for name, person in self.world.people.items()}
        self.approvals: dict[tuple[str, int], list[Approval]] = {}
        self.pages: dict[str, Review] = {}  # as somebody has loaded them a while ago
        self.numbers = 0
        self.looked_at = ""

    def teardown(self) -> None:
        self.clock.stop()
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    # What people look at -------------------------------------------------------------------------------------------

    def newest(self, kind: str) -> Any:
        return MODELS[kind]._default_manager.order_by("-pk").first()

    def page(self, kind: str, *, old: bool) -> Any:
        """The newest of a kind as it is, or as it was on a page that somebody has left open."""
        if old and kind in self.pages:
            return self.pages[kind]
        found = self.newest(kind)
        if found is not None:
            self.pages[kind] = copy(found)
        return found

    def try_it(self, deed: Callable[[], Any]) -> bool:
        """Whether it was allowed. Every other exception ends the test."""
        try:
            deed()
        except NotAllowed:
            return False
        return True

    # Sending in ----------------------------------------------------------------------------------------------------

    @initialize(stage=st.integers(0, 3), two=st.booleans())
    def begin(self, stage: int, *, two: bool) -> None:
        """Often the interesting deeds begin where something is approved."""
        self.send_in_qualification("owner")
        if stage >= 1:
            self.approve("qualification", "bob")
            self.send_in_signature("operator", "清禾会员", again=False)
            self.approve("signature", "rita")
            self.give_number()
        if stage >= 2:
            self.save("second", "您的订单${1}已发货。", old=False, universal=False)
            self.submit("second", old=False)
        if stage == 3:
            self.approve("template", "bob")
        if two:
            self.let_two_decide({"template", "signature"})

    @rule(who=TENANT)
    def send_in_qualification(self, who: str) -> None:
        by, paper = self.people[who], self.world.paper
        if Qualification.objects.filter(removed_at=None, review_state__in=LIVE).exists() or by.is_staff_member:
            return
        made = make.qualification(
            by=by, approved=None, name="资质", certificate=paper, id_front=paper, id_back=paper, id_in_hand=paper
        )
        assert made.review_state == ReviewState.IN_REVIEW

    @rule(who=TENANT, name=st.sampled_from(["清禾会员", "清禾商城"]), again=st.booleans())
    def send_in_signature(self, who: str, name: str, *, again: bool) -> None:
        by, before = self.people[who], self.newest("signature") if again else None
        made = Signature(
            enterprise=self.world.application.enterprise, application=self.world.application, name=name,
            type=MessageType.NOTIFICATION, purpose="Notices", qualification=self.newest("qualification"),
        )  # fmt: skip
        self.try_it(lambda: signatures.submit(made, by=by, replaces=before))

    @rule(who=TENANT, text=TEXT, old=st.booleans(), universal=st.booleans())
    def save(self, who: str, text: str, *, old: bool, universal: bool) -> None:
        version: Any = self.page("template", old=old)
        if version is not None and (version.template.removed_at or version.review_state != ReviewState.DRAFT):
            version = version if old and not version.template.removed_at else None
        draft = drafts.Draft(
            name="发货提醒",
            type=MessageType.NOTIFICATION,
            application=self.world.application,
            signature=None if universal else self.newest("signature"),
            text=text,
            variables=[Variable("1", "TEXT", 20, "Order 订单", "A1")],
            purpose="After an order.",
            universal=universal,
        )
        self.try_it(lambda: drafts.save_draft(draft, by=self.people[who], version=version))

    @rule(who=TENANT, old=st.booleans())
    def submit(self, who: str, *, old: bool) -> None:
        if version := self.page("template", old=old):
            self.try_it(lambda: drafts.submit(version, by=self.people[who]))

    @rule(who=TENANT, old=st.booleans())
    def new_version(self, who: str, *, old: bool) -> None:
        if version := self.page("template", old=old):
            self.try_it(lambda: drafts.new_version(version.template, by=self.people[who]))

    @rule(who=TENANT, name=st.sampled_from(["发货提醒", "到货提醒"]))
    def rename(self, who: str, name: str) -> None:
        if version := self.newest("template"):
            self.try_it(lambda: template_deeds.rename(version.template, name, by=self.people[who]))

    @rule(who=TENANT)
    def activate(self, who: str) -> None:
        if signature := self.newest("signature"):
            self.try_it(lambda: signatures.activate(signature, "Spring", by=self.people[who]))

    # What else applicants do ---------------------------------------------------------------------------------------

    @rule(kind=KIND, who=TENANT, old=st.booleans())
    def withdraw(self, kind: str, who: str, *, old: bool) -> None:
        deeds: dict[str, Any] = {
            "qualification": qualifications.withdraw, "signature": signatures.withdraw, "template": drafts.withdraw
        }  # fmt: skip
        if (item := self.page(kind, old=old)) and kind in deeds:
            self.try_it(lambda: deeds[kind](item, by=self.people[who]))

    @rule(kind=KIND, who=ANYBODY, old=st.booleans(), words=WORDS)
    def answer(self, kind: str, who: str, words: str, *, old: bool) -> None:
        if item := self.page(kind, old=old):
            self.try_it(lambda: reviewing.answer(item, words, by=self.people[who]))

    @rule(kind=KIND, who=ANYBODY, words=WORDS)
    def urge(self, kind: str, who: str, words: str) -> None:
        if item := self.newest(kind):
            self.try_it(lambda: reviewing.urge(item, words, by=self.people[who]))

    @rule(who=TENANT)
    def disable(self, who: str) -> None:
        if version := self.newest("template"):
            self.try_it(lambda: template_deeds.disable(version.template, by=self.people[who]))

    @rule(kind=KIND, who=TENANT)
    def delete(self, kind: str, who: str) -> None:
        if (item := self.newest(kind)) is None or kind == "activation":
            return
        deed: Any = {"qualification": qualifications.remove, "signature": signatures.remove}.get(kind)
        by = self.people[who]
        self.try_it(lambda: deed(item, by=by) if deed else template_deeds.delete(item.template, by=by))

    @rule(who=TENANT)
    def discard(self, who: str) -> None:
        if version := self.newest("template"):
            self.try_it(lambda: drafts.discard(version, by=self.people[who]))

    # What staff does, and those who would like to be ---------------------------------------------------------------

    @rule(kind=KIND, who=STAFF, approve=st.booleans(), old=st.booleans(), seen=st.booleans(), why=WORDS)
    def decide(self, kind: str, who: str, why: str, *, approve: bool, old: bool, seen: bool) -> None:
        """`seen`: with the round that the page showed."""
        if (item := self.page(kind, old=old)) is None:
            return
        before = self.newest_row(item)
        was = (before.review_state, before.first_by_id) if before else None
        by, needed_two = self.people[who], type(item).needs_two()
        exception = why if by.role == Role.ADMINISTRATOR else ""
        shown, on = (item.round if seen else None), facts(before) if before else None
        done = self.try_it(
            lambda: reviews.decide(item, by=by, approve=approve, reason="No", exception=exception, seen=shown)
        )
        now = self.newest_row(item)
        if done and approve and now and was != (now.review_state, now.first_by_id):
            final = now.review_state == ReviewState.APPROVED
            known = self.approvals.setdefault((kind, item.pk), [])
            known.append(Approval(by.pk, by.role, by.enterprise_id, on, now.round, needed_two, final))

    @rule(kind=KIND, who=STAFF)
    def approve(self, kind: str, who: str) -> None:
        """The same without old pages, so that sequences come to something."""
        self.decide(kind, who, approve=True, old=False, seen=True, why="Because.")

    def newest_row(self, item: Review) -> Any:
        return type(item)._default_manager.filter(pk=item.pk).first()

    @rule(kind=KIND, who=ANYBODY, old=st.booleans())
    def ask(self, kind: str, who: str, *, old: bool) -> None:
        if item := self.page(kind, old=old):
            self.try_it(lambda: reviews.ask(item, by=self.people[who], question="Why?", seen=item.round))

    @rule(kind=KIND, who=STAFF, free=st.booleans())
    def claim(self, kind: str, who: str, *, free: bool) -> None:
        by = self.people[who]
        if (item := self.newest(kind)) and by.is_staff_member:
            self.try_it(lambda: reviewing.release(item, by=by) if free else reviewing.claim(item, by=by))

    @rule(kind=KIND, who=ANYBODY)
    def take_back(self, kind: str, who: str) -> None:
        if item := self.newest(kind):
            self.try_it(lambda: taking_back.take_back(item, by=self.people[who], reason="Abused."))

    @rule()
    def give_number(self) -> None:
        if signature := self.newest("signature"):
            self.numbers += 1
            self.try_it(lambda: channels.assign(signature, f"1069{self.numbers:06}", by=self.people["carol"]))

    @rule(kinds=st.sets(st.sampled_from(["qualification", "signature", "signatureactivation", "templateversion"])))
    def let_two_decide(self, kinds: set[str]) -> None:
        wanted = sorted({"template": "templateversion"}.get(kind, kind) for kind in kinds)
        clock.change_desk({"second_pair": wanted}, why="For safety", by=self.people["carol"])

    @rule(is_workday=st.booleans())
    def make_today(self, *, is_workday: bool) -> None:
        day = today(calendar())
        self.try_it(lambda: clock.set_days(day, is_workday=is_workday, why="Weather", by=self.people["carol"]))

    @rule(hours=st.sampled_from([1, 3, 26, 80]))
    def time_passes(self, hours: int) -> None:
        self.time.shift(timedelta(hours=hours))

    @rule()
    def falls_asleep(self) -> None:
        Signature.objects.sendable().update(dormancy=Dormancy.DORMANT)

    @precondition(lambda self: not self.people["second"].is_staff_member)
    @rule()
    def hire(self) -> None:
        """An operator leaves for the platform, and finds on the desk what they have sent in themselves."""
        User.objects.filter(pk=self.people["second"].pk).update(role=Role.REVIEWER, enterprise=None)
        self.people["second"] = User.objects.get(pk=self.people["second"].pk)

    # What always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def everything_holds(self) -> None:
        """Looked at where something has changed, whether the deed was allowed or refused."""
        if (now := self.fingerprint()) == self.looked_at:
            return
        self.looked_at = now
        templates = MessageTemplate.objects.in_bulk()
        rows: dict[str, list[Any]] = {kind: list(model._default_manager.all()) for kind, model in MODELS.items()}
        for version in rows["template"]:
            version.template = templates[version.template_id]
        by_pk = {kind: {item.pk: item for item in items} for kind, items in rows.items()}
        self.what_could_be_sent_was_approved_by_others(rows, by_pk)
        self.querysets_say_what_properties_say(rows)
        self.nothing_is_reviewed_twice_at_once(rows)
        for items in rows.values():
            for item in items:
                self.has_one_due_time_or_a_stopped_clock(item)

    def fingerprint(self) -> str:
        tables = [*(model._meta.db_table for model in MODELS.values()), MessageTemplate._meta.db_table]
        rows = " UNION ALL ".join(f"SELECT t::text AS row FROM {table} t" for table in tables)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT md5(string_agg(row, '|' ORDER BY row)) FROM ({rows}) AS every")
            return str(cursor.fetchone())

    def what_could_be_sent_was_approved_by_others(self, rows: Any, by_pk: Any) -> None:
        for version in rows["template"]:
            if version.is_sendable:
                assert version.removed_at is None and version.template.removed_at is None
                self.check_approved("template", version)
        for signature in rows["signature"]:
            if signature.is_sendable:
                assert signature.removed_at is None
                self.check_approved("signature", signature)
                self.check_approved("qualification", by_pk["qualification"][signature.qualification_id])

    def check_approved(self, kind: str, item: Any) -> None:
        on = facts(item)
        self.world.sent.add((kind, str(item.pk)))
        known = [one for one in self.approvals.get((kind, item.pk), []) if one.facts == on]
        final = [one for one in known if one.final]
        assert len(final) == 1, f"{kind} {item.pk} was approved {len(final)} times on what it says now"
        [last] = final
        approved_by = {one.by for one in known if one.round == last.round}
        for one in known:
            assert one.role in (Role.REVIEWER, Role.ADMINISTRATOR) and one.enterprise is None
        assert item.submitted_by_id is not None and item.submitted_by_id not in approved_by
        assert item.decided_by_id == last.by
        assert len(approved_by) >= 2 or not last.needed_two, f"{kind} {item.pk} was approved by one where two decide"

    def querysets_say_what_properties_say(self, rows: Any) -> None:
        awake = {signature.pk for signature in rows["signature"] if signature.is_sendable}
        assert set(Signature.objects.sendable().values_list("pk", flat=True)) == awake
        approved = {version.template_id for version in rows["template"] if version.is_sendable}
        offered = MessageTemplate.objects.sendable()
        assert {template.pk for template in offered} <= approved
        assert all(template.universal or template.signature_id in awake for template in offered)

    def nothing_is_reviewed_twice_at_once(self, rows: Any) -> None:
        same: dict[str, Callable[[Any], Any]] = {
            "qualification": lambda item: item.name,
            "signature": lambda item: (item.name, item.type),
            "activation": lambda item: item.signature_id,
            "template": lambda item: item.template_id,
        }
        for kind, thing in same.items():
            open_ones = [thing(item) for item in rows[kind] if item.review_state in OPEN and item.removed_at is None]
            assert len(open_ones) == len(set(open_ones)), kind

    def has_one_due_time_or_a_stopped_clock(self, item: Any) -> None:
        if item.review_state == ReviewState.IN_REVIEW:
            assert item.due_at and item.counted_from and item.due_at >= item.counted_from
        elif item.review_state == ReviewState.RETURNED:
            assert item.due_at is None and item.time_left is not None
        elif item.review_state in (ReviewState.DRAFT, ReviewState.WAITING):
            assert item.due_at is None and item.counted_from is None


def facts(item: Any) -> Any:
    """What an approval rests on, of a row as it is now; a template's name is no part of it."""
    if isinstance(item, TemplateVersion):
        template = item.template
        held = (template.type, template.signature_id, template.application_id, template.universal, template.brackets)
        return (item.text, item.purpose, [asdict(variable) for variable in item.typed_variables], *held)
    if isinstance(item, Signature):
        return (item.name, item.type, item.source, item.qualification_id, item.purpose, item.licence_id, item.letter_id)
    if isinstance(item, Qualification):
        return (item.company, item.credit_code, item.purpose, bytes(item.manager_id), item.certificate_id)
    return (item.signature_id, item.why)


def test_no_sequence_of_deeds_makes_something_sendable_that_nobody_else_approved() -> None:
    class Sequence(Reviews):
        world = World()

    ReviewDesk.objects.get_or_create(pk=ReviewDesk.THE_ONE)
    run_state_machine_as_test(
        Sequence,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,  # the same sequences every time
            phases=[Phase.generate],  # what fails is shown as it is: to shorten it would take minutes
            report_multiple_bugs=False,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # Not because nothing ever came so far.
    came_far = Counter(kind for kind, _pk in Sequence.world.sent)
    assert came_far["template"] >= 3 and came_far["signature"] >= 10, came_far
