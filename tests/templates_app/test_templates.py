"""What each state of a template allows, and what disabling, deleting and renaming do; everything else is refused."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from accounts.models import AuditEntry, ReviewState
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from templates_app import drafts, template_deeds
from templates_app.models import MessageTemplate, TemplateVersion
from templates_app.template_deeds import Deed
from tests import make

pytestmark = pytest.mark.django_db
BEGUN = {Deed.EDIT, Deed.SUBMIT, Deed.DELETE}
ENDED = {Deed.NEW_VERSION, Deed.DELETE}
# Product reference, 4.6, and for what our versions add: whatever is pending is withdrawn before anything else.
ALLOWED = {
    "draft": BEGUN,
    "waiting": {Deed.WITHDRAW},
    "in_review": {Deed.WITHDRAW},
    "returned": {Deed.WITHDRAW},
    "approved": ENDED | {Deed.RENAME, Deed.DISABLE},
    "rejected": ENDED,
    "withdrawn": ENDED,
    "disabled": ENDED | {Deed.RENAME},
    "inactive": ENDED | {Deed.RENAME},
    "approved, then draft": BEGUN | {Deed.RENAME, Deed.DISABLE},
    "approved, then in_review": {Deed.WITHDRAW},
    "approved, then rejected": ENDED | {Deed.RENAME, Deed.DISABLE},
    "disabled, then draft": BEGUN | {Deed.RENAME},
}


def bring(version: TemplateVersion, state: str, *, by) -> None:
    """A draft, walked to `state` by the real moves."""
    if state == "draft":
        return
    if state == "waiting":
        version.move(ReviewState.WAITING, by=by)
        return
    version.move(ReviewState.IN_REVIEW, by=by)
    if state == "returned":
        version.move(ReviewState.RETURNED, by=make.reviewer(), reason="Who gets it?")
    elif state == "rejected":
        version.move(ReviewState.REJECTED, by=make.reviewer(), reason="Unclear")
    elif state == "withdrawn":
        version.move(ReviewState.WITHDRAWN, by=by)
    elif state in ("approved", "disabled", "inactive"):
        version.move(ReviewState.APPROVED, by=make.reviewer())
        if state == "disabled":
            version.move(ReviewState.DISABLED, by=by)
        if state == "inactive":
            version.move(ReviewState.INACTIVE, by=make.administrator(), reason="The carrier forbids it")


def template_in(states: str, *, by) -> MessageTemplate:
    first, *rest = states.split(", then ")
    app = make.application(by=by)
    signature = make.signature(by=by, app=app, name=f"清禾{app.pk}")
    template = MessageTemplate.objects.create(
        enterprise=make.home(by), application=app, signature=signature, name=f"T{app.pk}", type="notification",
        created_by=by,
    )  # fmt: skip
    version = TemplateVersion.objects.create(
        enterprise=make.home(by),
        template=template,
        number=1,
        text=make.TEXT,
        variables=make.VARIABLES,
        purpose="Each month",
    )
    bring(version, first, by=by)
    for state in rest:
        bring(drafts.new_version(template, by=by), state, by=by)
    return template


def versions(template: MessageTemplate) -> list[TemplateVersion]:
    return list(template.versions.order_by("-number"))


def try_all(template: MessageTemplate, deed: Deed, *, by) -> None:
    newest = versions(template)[0]
    {
        Deed.EDIT: lambda: drafts.save_draft(drafts.draft_of(newest), by=by, version=newest),
        Deed.SUBMIT: lambda: drafts.submit(newest, by=by),
        Deed.WITHDRAW: lambda: drafts.withdraw(newest, by=by),
        Deed.NEW_VERSION: lambda: drafts.new_version(template, by=by),
        Deed.RENAME: lambda: template_deeds.rename(template, "Another name", by=by),
        Deed.DISABLE: lambda: template_deeds.disable(template, by=by),
        Deed.DELETE: lambda: template_deeds.delete(template, by=by),
    }[deed]()


@pytest.mark.parametrize("states", ALLOWED)
def test_what_a_state_allows_is_said(alice, states):
    template = template_in(states, by=alice)
    assert template_deeds.allowed(template, versions(template)) == ALLOWED[states]


@pytest.mark.parametrize("deed", Deed)
@pytest.mark.parametrize("states", ALLOWED)
def test_what_a_state_allows_is_done_and_the_rest_refused(alice, states, deed):
    template = template_in(states, by=alice)
    # Disabling what is disabled already does nothing and is no error.
    if deed == Deed.DISABLE and states in ("disabled", "inactive", "disabled, then draft"):
        template_deeds.disable(template, by=alice)
        assert [v.review_state for v in versions(template)][-1] == states.split(",")[0]
    elif deed in ALLOWED[states]:
        try_all(template, deed, by=alice)
    else:
        before = [(v.review_state, v.removed_at, v.text) for v in versions(template)]
        with pytest.raises(NotAllowed):
            try_all(template, deed, by=alice)
        template.refresh_from_db()
        assert [(v.review_state, v.removed_at, v.text) for v in versions(template)] == before
        assert template.removed_at is None and template.name != "Another name"


def test_disabled_is_not_sendable_in_any_version(alice):
    template = template_in("approved, then approved", by=alice)
    assert MessageTemplate.objects.sendable().filter(pk=template.pk).exists()
    template_deeds.disable(template, by=alice)
    assert {v.review_state for v in versions(template)} == {ReviewState.DISABLED}
    assert not MessageTemplate.objects.sendable().filter(pk=template.pk).exists()
    assert AuditEntry.objects.filter(verb="templateversion.disabled", by=alice).count() == 2


def test_what_was_disabled_is_approved_again_as_a_new_version(alice, bob):
    template = template_in("disabled", by=alice)
    newer = drafts.new_version(template, by=alice)
    drafts.submit(newer, by=alice)
    newer.move(ReviewState.APPROVED, by=bob)
    assert template.approved_version == newer


def test_deleting_an_approved_one_disables_it_first_and_both_are_audited(alice):
    template = template_in("approved", by=alice)
    name = template.name
    template_deeds.delete(template, by=alice)
    [version] = versions(template)
    assert version.review_state == ReviewState.DISABLED and version.removed_at
    verbs = AuditEntry.objects.filter(object_id=version.pk, verb__startswith="templateversion.").order_by("id")
    assert [entry.verb for entry in verbs][-2:] == ["templateversion.disabled", "templateversion.removed"]
    assert not MessageTemplate.objects.visible_to(alice).exists()
    assert not TemplateVersion.objects.visible_to(alice).exists()
    draft = drafts.Draft(name, template.type, template.application, template.signature, "Text", [], "Each month")
    assert drafts.save_draft(draft, by=alice).template.name == name  # the name is free


def test_deleted_twice_is_said_and_changes_nothing(alice):
    template = template_in("rejected", by=alice)
    again = MessageTemplate.objects.get(pk=template.pk)
    template_deeds.delete(template, by=alice)
    with pytest.raises(NotAllowed, match="deleted already"):
        template_deeds.delete(again, by=alice)
    assert AuditEntry.objects.filter(verb="templateversion.removed").count() == 1


def test_nothing_is_done_to_a_deleted_one(alice):
    template = template_in("approved, then draft", by=alice)
    draft = versions(template)[0]
    held = drafts.draft_of(draft)
    template_deeds.delete(MessageTemplate.objects.get(pk=template.pk), by=alice)
    for deed in (
        lambda: drafts.submit(draft, by=alice),
        lambda: drafts.save_draft(held, by=alice, version=draft),
        lambda: drafts.new_version(template, by=alice),
        lambda: template_deeds.rename(template, "Late", by=alice),
        lambda: template_deeds.disable(template, by=alice),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_the_platforms_own_stay(alice):
    from templates_app import trial_kit

    app = make.application(by=alice)
    trial_kit.add(app, by=alice)
    template = MessageTemplate.objects.get(application=app)
    assert template_deeds.allowed(template, versions(template)) == frozenset()
    for deed in (template_deeds.delete, template_deeds.disable):
        with pytest.raises(NotAllowed, match="platform provides"):
            deed(template, by=alice)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give the template a name"),
        ("   ", "Give the template a name"),
        ("x" * 31, "at most 30 characters"),
        ("a\nb", "line break or an invisible"),
        ("a\u202eb", "line break or an invisible"),
        ("a\u200bb", "line break or an invisible"),
        ("Taken", "already have a template"),
    ],
)
def test_bad_names(alice, name, words):
    taken = template_in("draft", by=alice)
    MessageTemplate.objects.filter(pk=taken.pk).update(name="Taken")
    template = template_in("approved", by=alice)
    with pytest.raises(NotAllowed, match=words):
        template_deeds.rename(template, name, by=alice)
    before = template.name
    template.refresh_from_db()
    assert template.name == before


def test_renaming_is_audited_and_the_same_name_is_none(alice):
    template = template_in("approved", by=alice)
    before = template.name
    template_deeds.rename(template, f" {before} ", by=alice)
    assert not AuditEntry.objects.filter(verb="templateversion.renamed").exists()
    template_deeds.rename(template, "Points_02", by=alice)
    [entry] = AuditEntry.objects.filter(verb="templateversion.renamed")
    assert (entry.by, entry.before, entry.after) == (alice, {"name": before}, {"name": "Points_02"})
    assert MessageTemplate.objects.get().name == "Points_02"


def test_many_are_deleted_each_on_its_own(alice, mallory):
    good = [template_in(state, by=alice) for state in ("draft", "approved", "rejected")]
    pending = template_in("in_review", by=alice)
    foreign = template_in("draft", by=mallory)
    ids = [good[0].pk, pending.pk, good[1].pk, foreign.pk, 10**15, good[2].pk, good[2].pk]
    done = template_deeds.delete_many(ids, by=alice)
    assert done.names == [template.name for template in good]
    assert [name for name, _why in done.refused] == [pending.name, f"#{foreign.pk}", f"#{10**15}"]
    assert "Withdraw it first" in done.refused[0][1]
    foreign.refresh_from_db()
    assert foreign.removed_at is None
    again = template_deeds.delete_many([good[0].pk], by=alice)
    assert again.names == [] and "deleted already" in again.refused[0][1]


def test_not_more_than_fifty_at_once(alice):
    template = template_in("draft", by=alice)
    with pytest.raises(NotAllowed, match="51 templates"):
        template_deeds.delete_many([template.pk, *range(10**12, 10**12 + 50)], by=alice)
    with pytest.raises(NotAllowed, match="Choose"):
        template_deeds.delete_many([], by=alice)
    template.refresh_from_db()
    assert template.removed_at is None


@pytest.mark.django_db(transaction=True)
def test_deleted_while_it_is_sent_in_one_wins(alice):
    """Never a deleted template in review, and never an error that nobody expected."""
    for _round in range(4):
        template = template_in("draft", by=alice)
        start = threading.Barrier(2)
        ends: list[str] = []

        def run(do, template=template, start=start, ends=ends):
            try:
                start.wait(5)
                do(template)
                ends.append("done")
            except NotAllowed:
                ends.append("refused")
            finally:
                connection.close()

        deeds = (
            lambda found: template_deeds.delete(MessageTemplate.objects.get(pk=found.pk), by=alice),
            lambda found: drafts.submit(found.versions.get(), by=alice),
        )
        threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(ends) == ["done", "refused"]
        version = template.versions.get()
        assert bool(version.removed_at) != (version.review_state == ReviewState.IN_REVIEW)


def test_international_ones_have_the_same_states(alice):
    version = make.template(by=alice, region=Region.INTERNATIONAL)
    template_deeds.disable(version.template, by=alice)
    template_deeds.delete(version.template, by=alice)
    version.refresh_from_db()
    assert version.review_state == ReviewState.DISABLED and version.removed_at
