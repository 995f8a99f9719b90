"""The reviewers' side: what waits, what speaks for and against it, what became of it, and the decision.

`kinds` says what is reviewed, `queue` in which order, `decisions` how it ends; the rest is what a decision rests on.
"""

from templates_app.reviews.decisions import ask, decide, outcome
from templates_app.reviews.differences import changes, compared_with
from templates_app.reviews.history import Event, history
from templates_app.reviews.kinds import KINDS, Item, Kind, title
from templates_app.reviews.queue import Entry, Filters, Tab, count_waiting, counts, following, listed, waiting

__all__ = [
    "KINDS",
    "Entry",
    "Event",
    "Filters",
    "Item",
    "Kind",
    "Tab",
    "ask",
    "changes",
    "compared_with",
    "count_waiting",
    "counts",
    "decide",
    "following",
    "history",
    "listed",
    "outcome",
    "title",
    "waiting",
]
