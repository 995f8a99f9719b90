"""Texts that are the same or similar are found by an index, and what was asked back too."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.models import Q

from templates_app import likeness

BATCH = 500


def returned(model: str) -> migrations.AddIndex:
    name = f"{model}_returned"
    condition = Q(review_state="returned")
    return migrations.AddIndex(model, models.Index(fields=["submitted_at"], condition=condition, name=name))


def fill(apps, _schema):
    rows = apps.get_model("templates_app", "TemplateVersion").objects
    held = []
    for version in rows.only("pk", "text").order_by("pk").iterator(chunk_size=BATCH):
        version.fingerprint, version.bands = likeness.fingerprint(version.text), likeness.bands(version.text)
        held.append(version)
        if len(held) == BATCH:
            rows.bulk_update(held, ["fingerprint", "bands"])
            held = []
    if held:
        rows.bulk_update(held, ["fingerprint", "bands"])


class Migration(migrations.Migration):
    dependencies = [("templates_app", "0007_signature_lookalikes")]

    operations = [
        returned("qualification"),
        returned("signature"),
        returned("signatureactivation"),
        returned("templateversion"),
        migrations.AddField(
            model_name="templateversion",
            name="fingerprint",
            field=models.CharField(default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="bands",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(), default=list, editable=False, size=None
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="templateversion",
            index=models.Index(fields=["fingerprint"], name="templateversion_same_text"),
        ),
        migrations.AddIndex(
            model_name="templateversion",
            index=django.contrib.postgres.indexes.GinIndex(fields=["bands"], name="templateversion_similar_text"),
        ),
    ]
