"""What a reviewer must know to decide a signature, or the activation of one, without leaving the page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import ReviewState
from templates_app import signature_checks, signatures
from templates_app.models import Signature, SignatureActivation

SAME_SHOWN = 10


def of_signature(item: Signature) -> dict[str, Any]:
    held, most = signatures.room(item.application)
    same = Signature.objects.own().filter(enterprise=item.enterprise_id, name=item.name).exclude(pk=item.pk)
    return {
        "signature": item,
        "qualification": item.qualification,
        "owner_differs": bool(item.qualification and item.qualification.company != item.enterprise.name),
        "documents": item.documents,
        "findings": signature_checks.findings(signature_checks.Named.of(item), for_staff=True),
        "same_name": list(same.with_stage().order_by("-pk")[:SAME_SHOWN]),
        "waiting_templates": item.message_templates.filter(versions__review_state=ReviewState.WAITING).count(),
        "held": held,
        "most": most,
    }


def of_activation(item: SignatureActivation) -> dict[str, Any]:
    signature = item.signature
    since = max(filter(None, (signature.last_used_at, signature.awake_since, signature.decided_at)), default=None)
    return {
        "signature": signature,
        "idle_since": since,
        "idle_days": (timezone.now() - since).days if since else None,
        "dormant_after": settings.SIGNATURE_DORMANT_DAYS,
        "uses": signature.message_templates.filter(removed_at__isnull=True).count(),
        "findings": signature_checks.findings(signature_checks.Named.of(signature), for_staff=True),
    }
