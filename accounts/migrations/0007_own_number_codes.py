import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_invitation_name")]

    operations = [
        migrations.AddField(
            model_name="enterprise",
            name="service_mode_chosen_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.CreateModel(
            name="OwnNumberCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=16)),
                ("sent_at", models.DateTimeField()),
                (
                    "enterprise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.enterprise"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["number", "-sent_at"], name="ownnumbercode_by_number"),
                    models.Index(fields=["enterprise", "-sent_at"], name="ownnumbercode_by_enterprise"),
                ],
            },
        ),
    ]
