"""Qualifications, sources, channel numbers and activation of signatures; universal templates; word lists."""

import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_review_desk"),
        ("templates_app", "0004_trial_kit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Qualification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "review_state",
                    models.CharField(
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
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("counted_from", models.DateTimeField(blank=True, editable=False, null=True)),
                ("time_left", models.DurationField(blank=True, editable=False, null=True)),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("round", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("urged_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("urge_words", models.CharField(blank=True, editable=False, max_length=200)),
                ("claimed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("note", models.CharField(blank=True, editable=False, max_length=500)),
                ("first_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("worked", models.DurationField(blank=True, editable=False, null=True)),
                ("exception", models.CharField(blank=True, editable=False, max_length=200)),
                ("reason_code", models.CharField(blank=True, editable=False, max_length=30)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("reason_zh", models.CharField(blank=True, editable=False, max_length=500)),
                ("answer", models.CharField(blank=True, editable=False, max_length=1000)),
                ("built_in", models.BooleanField(default=False, editable=False)),
                ("valid_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "purpose",
                    models.CharField(
                        choices=[("own", "Self-use"), ("third_party", "Third-party business use")],
                        max_length=12,
                        verbose_name="purpose",
                    ),
                ),
                ("company", models.CharField(max_length=100, verbose_name="company that owns the signature")),
                ("credit_code", models.CharField(max_length=18, verbose_name="unified social credit code")),
                (
                    "certificate_kind",
                    models.CharField(
                        choices=[
                            ("licence", "Business licence"),
                            ("credit_code", "Unified social credit code certificate"),
                            ("public_institution", "Public-institution legal-person certificate"),
                            ("social_organisation", "Social-organisation registration certificate"),
                            ("organisation_code", "Organisation code certificate"),
                            ("law_enforcement", "Administrative law-enforcement certificate"),
                        ],
                        max_length=20,
                        verbose_name="kind of certificate",
                    ),
                ),
                (
                    "manager_kind",
                    models.CharField(
                        choices=[("legal_person", "Legal person"), ("agent", "Agent")],
                        max_length=12,
                        verbose_name="who is responsible",
                    ),
                ),
                ("manager_name", models.CharField(max_length=60, verbose_name="name of the responsible person")),
                ("manager_id", models.BinaryField()),
                ("manager_number", models.CharField(max_length=16, verbose_name="mobile number")),
                ("manager_number_proved_at", models.DateTimeField(editable=False)),
                ("manager_email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("remark", models.CharField(blank=True, max_length=500, verbose_name="remark")),
                ("declared", models.BooleanField(default=False, verbose_name="declaration of truth")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "qualification",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SignatureActivation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "review_state",
                    models.CharField(
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
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("counted_from", models.DateTimeField(blank=True, editable=False, null=True)),
                ("time_left", models.DurationField(blank=True, editable=False, null=True)),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("round", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("urged_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("urge_words", models.CharField(blank=True, editable=False, max_length=200)),
                ("claimed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("note", models.CharField(blank=True, editable=False, max_length=500)),
                ("first_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("worked", models.DurationField(blank=True, editable=False, null=True)),
                ("exception", models.CharField(blank=True, editable=False, max_length=200)),
                ("reason_code", models.CharField(blank=True, editable=False, max_length=30)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("reason_zh", models.CharField(blank=True, editable=False, max_length=500)),
                ("answer", models.CharField(blank=True, editable=False, max_length=1000)),
                ("built_in", models.BooleanField(default=False, editable=False)),
                ("valid_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("why", models.CharField(max_length=500, verbose_name="why")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "activation of a signature",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="WordList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("theme_en", models.CharField(max_length=60, verbose_name="theme, English")),
                ("theme_zh", models.CharField(max_length=60, verbose_name="theme, Chinese")),
                (
                    "words",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None),
                ),
                (
                    "effect",
                    models.CharField(
                        choices=[("refuse", "Cannot be sent in"), ("warn", "Warns the author and the reviewer")],
                        default="warn",
                        max_length=6,
                        verbose_name="what happens",
                    ),
                ),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("verification", "Verification code"),
                                ("notification", "Notification"),
                                ("promotion", "Promotion"),
                            ],
                            max_length=12,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name="signature",
            options={"verbose_name": "signature"},
        ),
        migrations.AlterModelOptions(
            name="templateversion",
            options={"verbose_name": "template"},
        ),
        migrations.RemoveConstraint(
            model_name="messagetemplate",
            name="messagetemplate_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="signature",
            name="signature_review_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="signature",
            name="signature_rejected_with_reason",
        ),
        migrations.RemoveConstraint(
            model_name="signature",
            name="signature_decision_has_decider",
        ),
        migrations.RemoveConstraint(
            model_name="signature",
            name="signature_built_in_is_not_reviewed",
        ),
        migrations.RemoveConstraint(
            model_name="signature",
            name="signature_name_once_per_type",
        ),
        migrations.RemoveConstraint(
            model_name="templateversion",
            name="templateversion_review_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="templateversion",
            name="templateversion_rejected_with_reason",
        ),
        migrations.RemoveConstraint(
            model_name="templateversion",
            name="templateversion_one_open",
        ),
        migrations.RemoveConstraint(
            model_name="templateversion",
            name="templateversion_decision_has_decider",
        ),
        migrations.RemoveConstraint(
            model_name="templateversion",
            name="templateversion_built_in_is_not_reviewed",
        ),
        migrations.RemoveIndex(
            model_name="signature",
            name="signature_queue",
        ),
        migrations.RemoveIndex(
            model_name="templateversion",
            name="templateversion_queue",
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="brackets",
            field=models.CharField(
                choices=[("CN", "【】"), ("GB", "[]")],
                default="CN",
                max_length=2,
                verbose_name="brackets of the signature",
            ),
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="countries",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=2), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="public_id",
            field=models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(),
                default=uuid.uuid4,
                editable=False,
                unique=True,
            ),
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="removed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="messagetemplate",
            name="universal",
            field=models.BooleanField(default=False, verbose_name="universal"),
        ),
        migrations.AddField(
            model_name="signature",
            name="answer",
            field=models.CharField(blank=True, editable=False, max_length=1000),
        ),
        migrations.AddField(
            model_name="signature",
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
            model_name="signature",
            name="channel_number",
            field=models.CharField(blank=True, editable=False, max_length=21, verbose_name="channel number"),
        ),
        migrations.AddField(
            model_name="signature",
            name="claimed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
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
            model_name="signature",
            name="counted_from",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
            name="dormancy",
            field=models.CharField(
                choices=[("awake", "In use"), ("dormant", "To be activated")],
                default="awake",
                editable=False,
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="exception",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="signature",
            name="first_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
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
            model_name="signature",
            name="involves_third_party",
            field=models.BooleanField(default=False, verbose_name="belongs to another company"),
        ),
        migrations.AddField(
            model_name="signature",
            name="last_used_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
            name="legacy",
            field=models.BooleanField(default=True, editable=False),
        ),
        migrations.AddField(
            model_name="signature",
            name="letter",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
                verbose_name="letter of attorney",
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="licence",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
                verbose_name="business licence",
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="note",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="signature",
            name="public_id",
            field=models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(),
                default=uuid.uuid4,
                editable=False,
                unique=True,
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="reason_code",
            field=models.CharField(blank=True, editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="signature",
            name="reason_zh",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="signature",
            name="registration",
            field=models.CharField(
                choices=[
                    ("none", "No channel number yet"),
                    ("registering", "Being registered with the carriers"),
                    ("done", "Registered"),
                    ("failed", "Registration failed"),
                ],
                default="none",
                editable=False,
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="registration_words",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="signature",
            name="removed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="templates_app.signature",
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="round",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="signature",
            name="source",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (0, "Enterprise or institution, full or short name"),
                    (1, "Website registered with the ministry"),
                    (2, "App"),
                    (3, "Public account or mini-program"),
                    (4, "E-commerce store"),
                    (5, "Trademark"),
                ],
                default=0,
                verbose_name="source",
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="source_title",
            field=models.CharField(blank=True, max_length=300, verbose_name="proof of the source"),
        ),
        migrations.AddField(
            model_name="signature",
            name="time_left",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
            name="urge_words",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="signature",
            name="urged_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
            name="worked",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="answer",
            field=models.CharField(blank=True, editable=False, max_length=1000),
        ),
        migrations.AddField(
            model_name="templateversion",
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
            model_name="templateversion",
            name="claimed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="templateversion",
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
            model_name="templateversion",
            name="counted_from",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="exception",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="first_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="templateversion",
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
            model_name="templateversion",
            name="note",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="reason_code",
            field=models.CharField(blank=True, editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="reason_zh",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="removed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="round",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="time_left",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="urge_words",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="urged_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="worked",
            field=models.DurationField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="signature",
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
            model_name="templateversion",
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
            model_name="messagetemplate",
            index=models.Index(fields=["enterprise", "-id"], name="messagetemplate_by_enterprise"),
        ),
        migrations.AddIndex(
            model_name="templateversion",
            index=models.Index(
                models.OrderBy(models.F("urged_at"), nulls_last=True),
                models.OrderBy(models.F("due_at"), nulls_last=True),
                models.F("id"),
                condition=models.Q(("review_state", "in_review")),
                name="templateversion_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="templateversion",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)),
                fields=["-decided_at"],
                name="templateversion_decided",
            ),
        ),
        migrations.AddIndex(
            model_name="templateversion",
            index=models.Index(fields=["enterprise", "-id"], name="templateversion_by_enterprise"),
        ),
        migrations.AddConstraint(
            model_name="messagetemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("brackets__in", ["CN", "GB"])), name="messagetemplate_brackets_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="messagetemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("universal", False), ("signature__isnull", True), _connector="OR"),
                name="messagetemplate_universal_has_no_signature",
            ),
        ),
        migrations.AddConstraint(
            model_name="messagetemplate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("enterprise", "name"),
                name="messagetemplate_name_once",
                violation_error_message="You already have a template with this name.",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
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
                name="templateversion_review_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_by__isnull", True),
                    models.Q(("first_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="templateversion_first_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "approved"), _negated=True),
                    ("first_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("first_by", models.F("decided_by")), _negated=True),
                    _connector="OR",
                ),
                name="templateversion_second_pair_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state__in", ["approved", "rejected", "disabled", "inactive"]), _negated=True),
                    ("built_in", True),
                    models.Q(
                        ("decided_at__isnull", False), ("decided_by__isnull", False), ("submitted_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="templateversion_decision_has_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "rejected"), _negated=True),
                    models.Q(("reason", ""), ("reason_zh", ""), _negated=True),
                    _connector="OR",
                ),
                name="templateversion_rejected_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("built_in", False), ("review_state__in", ["approved", "disabled", "inactive"]), _connector="OR"
                ),
                name="templateversion_built_in_is_not_reviewed",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    models.Q(("review_state__in", ["waiting", "in_review", "returned"]), _negated=True),
                    _connector="OR",
                ),
                name="templateversion_pending_is_not_removed",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("review_state__in", ["draft", "in_review", "returned", "waiting"])),
                fields=("template",),
                name="templateversion_one_open",
                violation_error_message="A version of this template is already being written or reviewed.",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
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
            model_name="qualification",
            name="certificate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
                verbose_name="certificate",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
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
            model_name="qualification",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="enterprise",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="qualifications", to="accounts.enterprise"
            ),
        ),
        migrations.AddField(
            model_name="qualification",
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
            model_name="qualification",
            name="id_back",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
                verbose_name="ID card, emblem side",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="id_front",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
                verbose_name="ID card, portrait side",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="id_in_hand",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
                verbose_name="ID card held in hand",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="letter",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.document",
                verbose_name="letter of attorney",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="templates_app.qualification",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="submitted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="qualification",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="signatures",
                to="templates_app.qualification",
                verbose_name="qualification",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                models.OrderBy(models.F("urged_at"), nulls_last=True),
                models.OrderBy(models.F("due_at"), nulls_last=True),
                models.F("id"),
                condition=models.Q(("review_state", "in_review")),
                name="signature_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)), fields=["-decided_at"], name="signature_decided"
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(fields=["enterprise", "-id"], name="signature_by_enterprise"),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(fields=["name"], name="signature_by_name"),
        ),
        migrations.AddConstraint(
            model_name="signature",
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
                name="signature_review_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_by__isnull", True),
                    models.Q(("first_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="signature_first_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "approved"), _negated=True),
                    ("first_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("first_by", models.F("decided_by")), _negated=True),
                    _connector="OR",
                ),
                name="signature_second_pair_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state__in", ["approved", "rejected", "disabled", "inactive"]), _negated=True),
                    ("built_in", True),
                    models.Q(
                        ("decided_at__isnull", False), ("decided_by__isnull", False), ("submitted_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="signature_decision_has_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "rejected"), _negated=True),
                    models.Q(("reason", ""), ("reason_zh", ""), _negated=True),
                    _connector="OR",
                ),
                name="signature_rejected_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("built_in", False), ("review_state__in", ["approved", "disabled", "inactive"]), _connector="OR"
                ),
                name="signature_built_in_is_not_reviewed",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    models.Q(("review_state__in", ["waiting", "in_review", "returned"]), _negated=True),
                    _connector="OR",
                ),
                name="signature_pending_is_not_removed",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", [0, 1, 2, 3, 4, 5])), name="signature_source_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(("registration__in", ["none", "registering", "done", "failed"])),
                name="signature_registration_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(("dormancy__in", ["awake", "dormant"])), name="signature_dormancy_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("built_in", True),
                    models.Q(("source__in", [1, 2, 3, 4]), _negated=True),
                    models.Q(("source_title", ""), _negated=True),
                    _connector="OR",
                ),
                name="signature_source_is_proved",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(("involves_third_party", False), ("letter__isnull", False), _connector="OR"),
                name="signature_third_party_has_letter",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("legacy", True), ("built_in", True), ("qualification__isnull", False), _connector="OR"
                ),
                name="signature_has_qualification",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("registration__in", ["done", "registering"]), _negated=True),
                    models.Q(("channel_number", ""), _negated=True),
                    ("legacy", True),
                    _connector="OR",
                ),
                name="signature_registered_has_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("registration", "none"),
                    ("review_state__in", ["approved", "disabled", "inactive"]),
                    _connector="OR",
                ),
                name="signature_registered_when_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.UniqueConstraint(
                condition=models.Q(("channel_number", ""), _negated=True),
                fields=("channel_number",),
                name="signature_number_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("built_in", False),
                    ("removed_at__isnull", True),
                    ("review_state__in", ["approved", "draft", "in_review", "returned", "waiting"]),
                ),
                fields=("enterprise", "name", "type"),
                name="signature_name_once_per_type",
                violation_error_message="You already have a signature with this name and type.",
            ),
        ),
        migrations.AddField(
            model_name="signatureactivation",
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
            model_name="signatureactivation",
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
            model_name="signatureactivation",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="signatureactivation",
            name="enterprise",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.enterprise"
            ),
        ),
        migrations.AddField(
            model_name="signatureactivation",
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
            model_name="signatureactivation",
            name="signature",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="activations", to="templates_app.signature"
            ),
        ),
        migrations.AddField(
            model_name="signatureactivation",
            name="submitted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="wordlist",
            name="changed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="qualification",
            index=models.Index(
                models.OrderBy(models.F("urged_at"), nulls_last=True),
                models.OrderBy(models.F("due_at"), nulls_last=True),
                models.F("id"),
                condition=models.Q(("review_state", "in_review")),
                name="qualification_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="qualification",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)), fields=["-decided_at"], name="qualification_decided"
            ),
        ),
        migrations.AddIndex(
            model_name="qualification",
            index=models.Index(fields=["enterprise", "-id"], name="qualification_by_enterprise"),
        ),
        migrations.AddConstraint(
            model_name="qualification",
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
                name="qualification_review_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="qualification_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_by__isnull", True),
                    models.Q(("first_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="qualification_first_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "approved"), _negated=True),
                    ("first_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("first_by", models.F("decided_by")), _negated=True),
                    _connector="OR",
                ),
                name="qualification_second_pair_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state__in", ["approved", "rejected", "disabled", "inactive"]), _negated=True),
                    ("built_in", True),
                    models.Q(
                        ("decided_at__isnull", False), ("decided_by__isnull", False), ("submitted_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="qualification_decision_has_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "rejected"), _negated=True),
                    models.Q(("reason", ""), ("reason_zh", ""), _negated=True),
                    _connector="OR",
                ),
                name="qualification_rejected_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("built_in", False), ("review_state__in", ["approved", "disabled", "inactive"]), _connector="OR"
                ),
                name="qualification_built_in_is_not_reviewed",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    models.Q(("review_state__in", ["waiting", "in_review", "returned"]), _negated=True),
                    _connector="OR",
                ),
                name="qualification_pending_is_not_removed",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["own", "third_party"])), name="qualification_purpose_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "certificate_kind__in",
                        [
                            "licence",
                            "credit_code",
                            "public_institution",
                            "social_organisation",
                            "organisation_code",
                            "law_enforcement",
                        ],
                    )
                ),
                name="qualification_certificate_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(("manager_kind__in", ["legal_person", "agent"])), name="qualification_manager_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(condition=models.Q(("declared", True)), name="qualification_declared"),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purpose", "third_party"), _negated=True), ("letter__isnull", False), _connector="OR"
                ),
                name="qualification_third_party_has_letter",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    ("review_state__in", ["approved", "draft", "in_review", "returned", "waiting"]),
                ),
                fields=("enterprise", "name"),
                name="qualification_name_once",
                violation_error_message="You already have a qualification with this name.",
            ),
        ),
        migrations.AddIndex(
            model_name="signatureactivation",
            index=models.Index(
                models.OrderBy(models.F("urged_at"), nulls_last=True),
                models.OrderBy(models.F("due_at"), nulls_last=True),
                models.F("id"),
                condition=models.Q(("review_state", "in_review")),
                name="signatureactivation_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="signatureactivation",
            index=models.Index(
                condition=models.Q(("decided_at__isnull", False)),
                fields=["-decided_at"],
                name="signatureactivation_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
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
                name="signatureactivation_review_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(("decided_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="signatureactivation_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_by__isnull", True),
                    models.Q(("first_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="signatureactivation_first_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "approved"), _negated=True),
                    ("first_by__isnull", True),
                    ("decided_by__isnull", True),
                    models.Q(("first_by", models.F("decided_by")), _negated=True),
                    _connector="OR",
                ),
                name="signatureactivation_second_pair_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state__in", ["approved", "rejected", "disabled", "inactive"]), _negated=True),
                    ("built_in", True),
                    models.Q(
                        ("decided_at__isnull", False), ("decided_by__isnull", False), ("submitted_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="signatureactivation_decision_has_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review_state", "rejected"), _negated=True),
                    models.Q(("reason", ""), ("reason_zh", ""), _negated=True),
                    _connector="OR",
                ),
                name="signatureactivation_rejected_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("built_in", False), ("review_state__in", ["approved", "disabled", "inactive"]), _connector="OR"
                ),
                name="signatureactivation_built_in_is_not_reviewed",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    models.Q(("review_state__in", ["waiting", "in_review", "returned"]), _negated=True),
                    _connector="OR",
                ),
                name="signatureactivation_pending_is_not_removed",
            ),
        ),
        migrations.AddConstraint(
            model_name="signatureactivation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("review_state__in", ["draft", "in_review", "returned", "waiting"])),
                fields=("signature",),
                name="signatureactivation_one_open",
                violation_error_message="You have already asked for this; the answer is still to come.",
            ),
        ),
        migrations.AddConstraint(
            model_name="wordlist",
            constraint=models.CheckConstraint(
                condition=models.Q(("effect__in", ["refuse", "warn"])), name="wordlist_effect_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="wordlist",
            constraint=models.UniqueConstraint(fields=("theme_en",), name="wordlist_theme_once"),
        ),
        migrations.AddConstraint(
            model_name="wordlist",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", []), _negated=True), name="wordlist_has_words"
            ),
        ),
        # What exists was approved before qualifications were asked for; what comes was not.
        migrations.AlterField(
            model_name="signature", name="legacy", field=models.BooleanField(default=False, editable=False)
        ),
    ]
