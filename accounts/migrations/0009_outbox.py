import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_agreement_is_frozen")]
    operations = [
        # The platform's own applications are nobody's.
        migrations.AlterField(
            model_name="application",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="outgoingtext",
            index=models.Index(fields=["number", "created_at"], name="outgoingtext_by_number"),
        ),
    ]
