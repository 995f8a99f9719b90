"""What an address asks of a list, without what no database can hold or no key can be."""

from __future__ import annotations

from django.http import HttpRequest, QueryDict

KEY_MAX = 40  # characters; ids and names of things in lists are shorter


def asked(request: HttpRequest) -> QueryDict:
    query = request.GET.copy()
    for name, values in request.GET.lists():
        query.setlist(name, [value.replace("\0", "") for value in values])
    if len(query.get("after", "")) > KEY_MAX:
        del query["after"]
    return query
