"""Who somebody is and for how long that counts: signing in, second factors, sessions. Built on django-allauth.

What other parts of `accounts` need of it: a view that shows a secret or changes rights asks for
`@recently_authenticated` below its policy; whoever takes somebody's access away calls `end_sessions`; whoever gives an
e-mail address to a person calls `free_address` first, since a sign-up that was never confirmed may hold it.
"""

from accounts.identity import second_factor
from accounts.identity.addresses import free_address, is_confirmed
from accounts.identity.recent import recently_authenticated
from accounts.identity.sessions import end_sessions

__all__ = ["end_sessions", "free_address", "is_confirmed", "recently_authenticated", "second_factor"]
