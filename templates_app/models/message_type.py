"""What kind of message a signature or template is for (product reference, 3.3 and 4.2)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageType(models.TextChoices):
    VERIFICATION = "verification", _("Verification code")
    NOTIFICATION = "notification", _("Notification")
    PROMOTION = "promotion", _("Promotion")


# Who goes first when several wait for the same carrier; smaller is sooner.
PRIORITY = {MessageType.VERIFICATION: 0, MessageType.NOTIFICATION: 1, MessageType.PROMOTION: 2}
