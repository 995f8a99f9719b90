"""The reviewers’ desk and its calendar; questions, claims, urging, two pairs of eyes."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.models.desk

START = """
INSERT INTO accounts_reviewdesk (id, zone, opens, closes, country, second_pair)
VALUES (1, 'Asia/Shanghai', '09:00', '18:00', 'CN', '{}') ON CONFLICT DO NOTHING;
UPDATE accounts_verification SET counted_from = submitted_at, round = 1 WHERE submitted_at IS NOT NULL;
UPDATE accounts_request SET counted_from = submitted_at, round = 1 WHERE submitted_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_applications"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True, verbose_name="day")),
                ("is_workday", models.BooleanField(verbose_name="workday")),
                ("why", models.CharField(max_length=200, verbose_name="why")),
                ("at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="ReviewDesk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "zone",
                    models.CharField(
                        default=accounts.models.desk.default_zone, max_length=40, verbose_name="time zone"
                    ),
                ),
                ("opens", models.TimeField(default=accounts.models.desk.default_opens, verbose_name="opens")),
                ("closes", models.TimeField(default=accounts.models.desk.default_closes, verbose_name="closes")),
                (
                    "country",
                    models.CharField(
                        default=accounts.models.desk.default_country, max_length=2, verbose_name="public holidays of"
                    ),
                ),
                (
                    "second_pair",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, default=list, size=None
                    ),
                ),
            ],
        ),
        migrations.AlterModelOptions(
            name="request",
            options={"verbose_name": "request"},
        ),
        migrations.AlterModelOptions(
            name="verification",
            options={"verbose_name": "real-name verification"},
        ),
        migrations.RemoveConstraint(
            model_name="request",
            name="request_review_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="request",
            name="request_decision_has_decider",
        ),
        migrations.RemoveConstraint(
            model_name="request",
            name="request_rejected_with_reason",
        ),
        migrations.RemoveConstraint(
            model_name="request",
            name="request_built_in_is_not_reviewed",
        ),
        migrations.RemoveConstraint(
            model_name="request",
            name="request_one_open_of_a_kind",
        ),
        migrations.RemoveConstraint(
            model_name="verification",
            name="verification_review_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="verification",
            name="verification_decision_has_decider",
        ),
        migrations.RemoveConstraint(
            model_name="verification",
            name="verification_rejected_with_reason",
        ),
        migrations.RemoveConstraint(
            model_name="verification",
            name="verification_built_in_is_not_reviewed",
        ),
        migrations.RemoveConstraint(
            model_name="verification",
            name="verification_one_open",
        ),
        migrations.RemoveIndex(
            model_name="request",
            name="request_queue",
        ),
        migrations.RemoveIndex(
            model_name="verification",
            name="verification_queue",
        ),
        migrations.AddField(
            model_name="request",
            name="answer",
            field=models.CharField(blank=True, editable=False, max_length=1000),
        ),
        migrations.AddField(
            model_name="request",
            name="answer_document",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="claimed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="claimed_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="counted_from",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="exception",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="request",
            name="first_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="first_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="note",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="request",
            name="reason_code",
            field=models.CharField(blank=True, editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="request",
            name="reason_zh",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="request",
            name="removed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="round",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="request",
            name="time_left",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="urge_words",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="request",
            name="urged_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="worked",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="answer",
            field=models.CharField(blank=True, editable=False, max_length=1000),
        ),
        migrations.AddField(
            model_name="verification",
            name="answer_document",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="claimed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="claimed_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="counted_from",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="exception",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="verification",
            name="first_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="first_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="verification",
            name="note",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="verification",
            name="reason_code",
            field=models.CharField(blank=True, editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="verification",
            name="reason_zh",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="verification",
            name="removed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="round",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="verification",
            name="time_left",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="urge_words",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="verification",
            name="urged_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="worked",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="request",
            name="review_state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("waiting", "Waiting"),
                    ("in_review", "In review"),
                    ("returned", "Question asked"),
                    ("approved", "Approved"),
                    ("rejected", "Rejected"),
                    ("withdrawn", "Withdrawn"),
                    ("disabled", "Disabled"),
                    ("inactive", "Deactivated"),
                ],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="verification",
            name="review_state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("waiting", "Waiting"),
                    ("in_review", "In review"),
                    ("returned", "Question asked"),
                    ("approved", "Approved"),
                    ("rejected", "Rejected"),
                    ("withdrawn", "Withdrawn"),
                    ("disabled", "Disabled"),
                    ("inactive", "Deactivated"),
                ],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                models.OrderBy(models.F("urged_at"), nulls_last=True),
                models.OrderBy(models.F("due_at"), nulls_last=True),
                models.F("id"),
                condition=models.Q(("review_state", "in_review")),
                name="request_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)), fields=["-decided_at"], name="request_decided"
            ),
        ),
        migrations.AddIndex(
            model_name="verification",
            index=models.Index(
                models.OrderBy(models.F("urged_at"), nulls_last=True),
                models.OrderBy(models.F("due_at"), nulls_last=True),
                models.F("id"),
                condition=models.Q(("review_state", "in_review")),
                name="verification_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="verification",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)), fields=["-decided_at"], name="verification_decided"
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "review_state__in",
                        [
                            "draft",
                            "waiting",
                            "in_review",
                            "returned",
                            "approved",
                            "rejected",
                            "withdrawn",
                            "disabled",
                            "inactive",
                        ],
                    )
                ),
                name="request_review_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_by__isnull", True),
                    models.Q(("first_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="request_first_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "approved"), _negated=True),
                    ("first_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("first_by", models.F("decided_by")), _negated=True),
                    _connector="OR",
                ),
                name="request_second_pair_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state__in", ["approved", "rejected", "disabled", "inactive"]), _negated=True),
                    ("built_in", True),
                    models.Q(
                        ("decided_at__isnull", False), ("decided_by__isnull", False), ("submitted_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="request_decision_has_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "rejected"), _negated=True),
                    models.Q(("reason", ""), ("reason_zh", ""), _negated=True),
                    _connector="OR",
                ),
                name="request_rejected_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("built_in", False), ("review_state__in", ["approved", "disabled", "inactive"]), _connector="OR"
                ),
                name="request_built_in_is_not_reviewed",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    models.Q(("review_state__in", ["waiting", "in_review", "returned"]), _negated=True),
                    _connector="OR",
                ),
                name="request_pending_is_not_removed",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("review_state__in", ["draft", "in_review", "returned", "waiting"]),
                    models.Q(("kind", "other"), _negated=True),
                ),
                fields=("enterprise", "kind"),
                name="request_one_open_of_a_kind",
                violation_error_message="You have already asked for this; the answer is still to come.",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "review_state__in",
                        [
                            "draft",
                            "waiting",
                            "in_review",
                            "returned",
                            "approved",
                            "rejected",
                            "withdrawn",
                            "disabled",
                            "inactive",
                        ],
                    )
                ),
                name="verification_review_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_by__isnull", True),
                    models.Q(("first_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="verification_first_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "approved"), _negated=True),
                    ("first_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("first_by", models.F("decided_by")), _negated=True),
                    _connector="OR",
                ),
                name="verification_second_pair_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state__in", ["approved", "rejected", "disabled", "inactive"]), _negated=True),
                    ("built_in", True),
                    models.Q(
                        ("decided_at__isnull", False), ("decided_by__isnull", False), ("submitted_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="verification_decision_has_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "rejected"), _negated=True),
                    models.Q(("reason", ""), ("reason_zh", ""), _negated=True),
                    _connector="OR",
                ),
                name="verification_rejected_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("built_in", False), ("review_state__in", ["approved", "disabled", "inactive"]), _connector="OR"
                ),
                name="verification_built_in_is_not_reviewed",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    models.Q(("review_state__in", ["waiting", "in_review", "returned"]), _negated=True),
                    _connector="OR",
                ),
                name="verification_pending_is_not_removed",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("review_state__in", ["draft", "in_review", "returned", "waiting"])),
                fields=("enterprise",),
                name="verification_one_open",
                violation_error_message="A verification of your enterprise is already being reviewed.",
            ),
        ),
        migrations.AddField(
            model_name="calendarday",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewdesk",
            constraint=models.CheckConstraint(
                condition=models.Q(("opens__lt", models.F("closes"))), name="reviewdesk_opens_before_it_closes"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewdesk",
            constraint=models.CheckConstraint(condition=models.Q(("pk", 1)), name="reviewdesk_is_one"),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.CheckConstraint(
                condition=models.Q(("why", ""), _negated=True), name="calendarday_with_reason"
            ),
        ),
        migrations.RunSQL(START, migrations.RunSQL.noop),
    ]
