"""What can go wrong at the provider, and between it and the verb `token`."""

from local_stack.errors import LocalStackError


class IdentityError(LocalStackError):
    """The provider cannot run, or cannot be asked for a token."""


class SignInRefused(Exception):
    """A request to sign in that is answered with a page: nothing may be sent to its redirect URI,
    because nobody knows whose it is."""


class GrantRefused(Exception):
    """A request that is answered with an OAuth error. `error` is its code of RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
