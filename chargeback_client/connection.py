"""GET over HTTP with the caller's token. Knows no route."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import msgspec

from chargeback_client.errors import ApiRefused, ApiUnreachable, ClientError, NotSignedIn

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
CSV, XLSX = ".csv", ".xlsx"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
Parameters = Mapping[str, str | None]
Json = dict[str, Any]


class Connection:
    """Connections to one API, as one caller."""

    def __init__(self, api_url: str, token: str | None = None) -> None:
        parts = urlsplit(api_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ClientError(f"{api_url!r} is no address; expected one as https://api.contoso.com")
        if token and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ClientError(f"{api_url} is not https: a token is not sent in the clear")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=api_url.rstrip("/"), timeout=TIMEOUT, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def json(self, path: str, parameters: Parameters | None = None) -> Json:
        """The answer. Raises ClientError."""
        found: Json = msgspec.json.decode(self.content(path, parameters))
        return found

    def content(self, path: str, parameters: Parameters | None = None) -> bytes:
        """The bytes of an answer; with `.csv` or `.xlsx` after the path, of a list's file."""
        given = {name: text for name, text in (parameters or {}).items() if text is not None}
        return self._answer("GET", path, params=given)

    def post(self, path: str, body: object) -> bytes:
        """The bytes of the answer to a JSON body."""
        headers = {"Content-Type": "application/json"}
        return self._answer("POST", path, content=msgspec.json.encode(body), headers=headers)

    def _answer(self, method: str, path: str, **asked: Any) -> bytes:
        try:
            answer = self._http.request(method, path, **asked)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            said = str(error) or type(error).__name__
            raise ApiUnreachable(f"nothing answers at {self._http.base_url}: {said}") from error
        if answer.status_code == httpx.codes.OK:
            return answer.content
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> ClientError:
    """In the API's own words; of an answer that is none of the API's, the status alone."""
    kind, said = "", ""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        problem = msgspec.json.decode(answer.content)
        kind = str(problem.get("type", "")).removeprefix("urn:problem:")
        said = problem.get("detail") or problem.get("title") or ""
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return NotSignedIn(f"the API wants you to sign in ({said}): see `chargeback login --help`")
    message = said or f"{answer.url} was answered {answer.status_code}"
    return ApiRefused(message, status=answer.status_code, kind=kind)
