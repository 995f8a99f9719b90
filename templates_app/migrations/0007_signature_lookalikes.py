"""Signatures keep what they look like and since when they can be used; one approved before qualifications were asked for
may be given another qualification when the first was not approved."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from templates_app.lookalikes import looks

BATCH = 1000
FROZEN = """
CREATE OR REPLACE FUNCTION templates_app_signature_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.review_state <> 'draft' AND (
        (NEW.name, NEW.type, NEW.application_id, NEW.enterprise_id, NEW.source, NEW.source_title,
         NEW.involves_third_party, NEW.licence_id, NEW.letter_id, NEW.purpose, NEW.legacy)
        IS DISTINCT FROM
        (OLD.name, OLD.type, OLD.application_id, OLD.enterprise_id, OLD.source, OLD.source_title,
         OLD.involves_third_party, OLD.licence_id, OLD.letter_id, OLD.purpose, OLD.legacy)
        OR (OLD.qualification_id IS NOT NULL AND NEW.qualification_id IS DISTINCT FROM OLD.qualification_id %s)
    ) THEN
        RAISE EXCEPTION 'a submitted signature cannot be changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
UNLESS_IT_FELL_THROUGH = """
            AND NOT (OLD.legacy AND EXISTS (SELECT 1 FROM templates_app_qualification WHERE id = OLD.qualification_id
                AND review_state IN ('rejected', 'withdrawn', 'disabled', 'inactive')))
"""


def fill(apps, schema_editor):
    signatures = apps.get_model("templates_app", "Signature").objects
    batch = []
    for signature in signatures.only("pk", "name").iterator(chunk_size=BATCH):
        signature.looks = looks(signature.name)
        batch.append(signature)
        if len(batch) == BATCH:
            signatures.bulk_update(batch, ["looks"])
            batch = []
    signatures.bulk_update(batch, ["looks"])


class Migration(migrations.Migration):
    dependencies = [("templates_app", "0006_submitted_is_frozen")]

    operations = [
        migrations.AddField(
            model_name="signature",
            name="awake_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="signature",
            name="looks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), default=list, editable=False, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("built_in", False), ("review_state", "approved")),
                fields=["looks"],
                name="signature_lookalikes",
            ),
        ),
        migrations.AddIndex(
            model_name="signature",
            index=models.Index(
                condition=models.Q(("built_in", False), ("review_state", "approved")),
                fields=["registration", "decided_at"],
                name="signature_registrations",
            ),
        ),
        migrations.RunSQL(FROZEN % UNLESS_IT_FELL_THROUGH, FROZEN % ""),
        # Nobody has noted their use so far: their time begins now.
        migrations.RunSQL(
            "UPDATE templates_app_signature SET awake_since = now() WHERE review_state = 'approved' AND NOT built_in",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
