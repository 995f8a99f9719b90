from django.db import migrations, models
from django.db.models import Q


def returned(model: str) -> migrations.AddIndex:
    name = f"{model}_returned"
    condition = Q(review_state="returned")
    return migrations.AddIndex(model, models.Index(fields=["submitted_at"], condition=condition, name=name))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_known_years")]

    operations = [returned("request"), returned("verification")]
