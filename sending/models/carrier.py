"""Carriers are data: where they are, how to sign in, how fast they take messages."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.application import Region
from console.lib import crypto
from console.lib.constraints import one_of


class BindKind(models.TextChoices):
    TRANSCEIVER = "transceiver", _("One transceiver")
    PAIR = "pair", _("Transmitter and receiver")


class CarrierQuerySet(models.QuerySet["Carrier"]):
    def enabled(self) -> Self:
        return self.filter(enabled=True)

    def serving(self, region: str) -> Self:
        return self.enabled().filter(models.Q(region="") | models.Q(region=region))


class Carrier(models.Model):
    name = models.CharField(max_length=40, unique=True)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(65535)])
    system_id = models.CharField(max_length=15)  # SMPP 3.4, 4.1.1: at most 15 characters
    password = models.BinaryField()
    system_type = models.CharField(max_length=12, blank=True)
    tls = models.BooleanField(default=False)
    bind = models.CharField(max_length=12, choices=BindKind, default=BindKind.TRANSCEIVER)
    window = models.PositiveIntegerField(default=50)  # parts written and not yet answered, at most
    rate = models.PositiveIntegerField(default=100)  # parts a second, over all gateways
    region = models.CharField(max_length=4, choices=Region, blank=True)  # empty: both
    source = models.CharField(max_length=20, blank=True)  # sender address
    options = models.JSONField(default=dict, blank=True)  # LinkConfig's further fields: id_rule, response_timeout, …
    enabled = models.BooleanField(default=True)
    # Written by the gateway that holds its bind; read by pages and by /healthz.
    bound_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    throttle = models.PositiveSmallIntegerField(default=100)  # percent of the rate that the carrier lets us use now
    throttled_at = models.DateTimeField(null=True, blank=True)  # when it last asked for less

    objects = CarrierQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("bind", BindKind, "carrier_bind_known"),
            models.CheckConstraint(
                condition=models.Q(window__gte=1, window__lte=5000, rate__gte=1, port__gte=1, port__lte=65535),
                name="carrier_window_rate_and_port_sane",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def set_password(self, password: str) -> None:
        self.password = crypto.encrypt(password, secret=settings.ENCRYPTION_KEY, owner=f"carrier:{self.name}")

    def reveal_password(self) -> str:
        return crypto.decrypt(bytes(self.password), secret=settings.ENCRYPTION_KEY, owner=f"carrier:{self.name}")


class GatewayLease(models.Model):
    """A running gateway process. Not renewed in time: dead, and what it had under way becomes unknown."""

    owner = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=253)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # by the database's clock

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class Heartbeat(models.Model):
    """Last sign of life of a process, for /healthz."""

    name = models.CharField(max_length=20, primary_key=True)  # "worker", "reader", "beat"
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
