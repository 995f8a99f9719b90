"""A page of a long list by keyset, never by a page number: row one million costs what row one does."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from django.http import QueryDict

SIZE = 50


def keyset(
    rows: QuerySet[Any], asked: QueryDict, orders: dict[str, str], default: str, size: int = SIZE
) -> tuple[list[Model], str]:
    """One page of `rows`, and the key after which the next begins ("" on the last).

    `orders` maps the words of `?sort=` to a field whose values are unique; `default` may begin with "-".
    """
    sort = asked.get("sort", default)
    if sort.removeprefix("-") not in orders:
        sort = default
    field, falling = orders[sort.removeprefix("-")], sort.startswith("-")
    after = asked.get("after", "")
    if after and (field != "pk" or after.isdecimal()):
        rows = rows.filter(**{f"{field}__{'lt' if falling else 'gt'}": after})
    page = list(rows.order_by(f"-{field}" if falling else field)[: size + 1])
    older = str(getattr(page[size - 1], field)) if len(page) > size else ""
    return page[:size], older
