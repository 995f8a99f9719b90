import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_identity_papers")]

    operations = [
        migrations.AddField(
            model_name="reviewdesk",
            name="known_years",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(), blank=True, default=list, editable=False, size=None
            ),
        ),
    ]
