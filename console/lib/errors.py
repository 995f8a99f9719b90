"""Errors whose text is fit for the person who caused them."""


class NotAllowed(Exception):
    """The deed is not possible now; the text says why and what to do. Pages show it, commands print it."""
