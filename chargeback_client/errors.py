"""What can go wrong between a caller and the API. The message says what to do."""


class ClientError(Exception):
    """Anything that ends a question."""


class NotSignedIn(ClientError):
    """There is no token, or the API does not take it."""


class ApiUnreachable(ClientError):
    """Nothing answers at the address."""


class ApiRefused(ClientError):
    """The API answered with a problem."""

    def __init__(self, message: str, *, status: int, kind: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        """Such as `unknown-call`."""
