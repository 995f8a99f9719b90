"""Which columns a person chose for files with certain headers, remembered for the template."""

from django.db import models

from templates_app.models import MessageTemplate


class RememberedColumns(models.Model):
    template = models.ForeignKey(MessageTemplate, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)  # of the headers; see intake.columns.headers_digest
    header = models.BooleanField()  # whether the first row is one of headers
    number = models.PositiveSmallIntegerField()  # column from 0 for A
    values = models.JSONField(default=dict)  # {variable's name: column}
    used_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "digest"], name="rememberedcolumns_once")]

    def __str__(self) -> str:
        return self.digest[:8]
