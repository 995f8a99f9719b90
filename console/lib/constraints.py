"""Check constraints that say in the database what `choices` only says in forms."""

from django.db.models import CheckConstraint, Choices, Q


def one_of(field: str, choices: type[Choices], name: str) -> CheckConstraint:
    """`field` holds one of `choices` and nothing else, whoever writes it."""
    return CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)
