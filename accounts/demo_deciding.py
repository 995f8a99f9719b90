"""How the demo is decided: by the reviewer, or on a day that is no workday by the administrator, with a reason."""

from __future__ import annotations

from accounts.models import Review, ReviewState, User
from accounts.models.desk import calendar, today

WHY = "演示数据载入当日不是工作日。The demo was loaded on a day that is no workday."


def approve(item: Review, people: dict[str, User]) -> None:
    """`people` needs "reviewer" and "administrator". Nothing happens where it is decided already."""
    _decide(item, ReviewState.APPROVED, people)


def reject(item: Review, people: dict[str, User], *, reason: str, reason_zh: str) -> None:
    """The same, with what the applicant reads."""
    _decide(item, ReviewState.REJECTED, people, reason=reason, reason_zh=reason_zh)


def _decide(item: Review, to: ReviewState, people: dict[str, User], *, reason: str = "", reason_zh: str = "") -> None:
    if item.review_state != ReviewState.IN_REVIEW:
        return
    held = calendar()
    works = held.is_workday(today(held))
    by = people["reviewer" if works else "administrator"]
    item.move(to, by=by, exception="" if works else WHY, reason=reason, reason_zh=reason_zh)
