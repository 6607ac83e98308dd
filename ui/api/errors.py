"""Everything that can go wrong between the pages and the API, in words for the person reading."""

from collections.abc import Mapping
from types import MappingProxyType


class UiError(Exception):
    """The page cannot be drawn; the message says why and what was expected."""


class SettingMissing(UiError):
    """A required environment variable is absent or unusable."""


class ApiUnreachable(UiError):
    """The API gave no answer at all: refused connection, unknown host or timeout."""


class ApiRefused(UiError):
    """The API answered with a problem instead of data. `status` is its HTTP status, and `kind` the
    last word of the problem's type, or empty. `fields` says what is wrong with which parameter.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        kind: str = "",
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.fields = fields


class SignInNeeded(ApiRefused):
    """The API does not accept the token, or got none: the caller has to sign in (again)."""

    def __init__(self, message: str, *, token: str | None) -> None:
        super().__init__(message, status=401)
        self.token = token


class AnswerMalformed(UiError):
    """The API answered 200 with something that is not what its contract promises."""


class AddressUnreadable(UiError):
    """The page's URL contains a parameter that cannot be read."""
