from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sending", "0003_platform_jobs"),
    ]

    operations = [
        migrations.AddField(
            model_name="sendjob",
            name="send_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
