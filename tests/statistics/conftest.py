from tests.people import alice, bob, carol, mallory, sign_in, victor  # noqa: F401
