"""How much of its rate a carrier lets us use, as the gateway sees it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sending", "0008_blocklist")]

    operations = [
        migrations.AddField("carrier", "throttle", models.PositiveSmallIntegerField(default=100)),
        migrations.AddField("carrier", "throttled_at", models.DateTimeField(blank=True, null=True)),
    ]
