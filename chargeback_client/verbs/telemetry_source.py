"""What the verbs of `telemetry` ask: the API, or anything else that answers in the same form."""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote

from chargeback_client.connection import Connection, Json, Parameters
from chargeback_client.verbs.why import find_id, is_opaque

CALLS_A_PAGE = 200
TODAY: Parameters = {"period": "today"}


class Source(Protocol):
    """Answers in the form of the API's documents; the newest is first."""

    def usage(self, subject: str | None, asked: Parameters) -> Json:
        """By day and model; without a subject, of who asks."""

    def sessions(self, subject: str | None, asked: Parameters) -> Json:
        """One person's sessions."""

    def calls(
        self, subject: str | None, asked: Parameters, *, session: str, most: int | None = None
    ) -> tuple[Sequence[Json], str]:
        """The calls of one session, all or the newest, and their currency."""

    def call(self, call_id: str, day: str | None = None) -> Json:
        """One call from the gateway to the ledger; `day` is its charge day, where it is known."""

    def top(self, asked: Parameters, by: str) -> Json:
        """Who, or what, costs most."""

    def recent(self, subject: str | None) -> tuple[Sequence[Json], str]:
        """What `tail` has to print, the oldest first, also if it was given before."""


class ApiSource:
    """The API, with the caller's token."""

    def __init__(self, api: Connection, *, recent: Parameters = TODAY) -> None:
        """`recent` is of which days `tail` prints the calls."""
        self._api = api
        self._recent = recent
        self._me: str | None = None
        self._given: set[str] = set()
        """Calls that `recent` gave."""

    def usage(self, subject: str | None, asked: Parameters) -> Json:
        """With the ledger's calls next to each line."""
        return self._api.json(f"{self._of(subject)}/usage", asked)

    def sessions(self, subject: str | None, asked: Parameters) -> Json:
        """See Source."""
        return self._api.json(f"{self._of(subject)}/sessions", asked)

    def calls(
        self, subject: str | None, asked: Parameters, *, session: str, most: int | None = None
    ) -> tuple[Sequence[Json], str]:
        """Page by page, where all are wanted."""
        found: list[Json] = []
        parameters = {**asked, "session": session, "limit": str(most or CALLS_A_PAGE)}
        while True:
            page = self._api.json(f"{self._of(subject)}/calls", parameters)
            found += page["data"]
            parameters["cursor"] = page["page"]["next_cursor"]
            if most is not None or parameters["cursor"] is None:
                return found, page["currency"]

    def call(self, call_id: str, day: str | None = None) -> Json:
        """By the id that the API's lists have, or by one that `why` takes."""
        opaque = call_id if is_opaque(call_id) else find_id(self._api, call_id, day)
        return self._api.json(f"/v1/telemetry/calls/{opaque}")

    def top(self, asked: Parameters, by: str) -> Json:
        """See Source."""
        return self._api.json("/v1/telemetry/top", {**asked, "by": by})

    def recent(self, subject: str | None) -> tuple[Sequence[Json], str]:
        """The newest calls of today, each as its last revision is: a page, and more of them while
        all of a page are new since the last time.
        """
        asked = {**self._recent, "limit": str(CALLS_A_PAGE)}
        found: list[Json] = []
        before = self._given
        while True:
            page = self._api.json(f"{self._of(subject)}/calls", asked)
            found += page["data"]
            asked["cursor"] = page["page"]["next_cursor"]
            self._given = before | {call["call_id"] for call in found}
            seen = not before or any(call["call_id"] in before for call in page["data"])
            if seen or asked["cursor"] is None:
                return found[::-1], page["currency"]

    def _of(self, subject: str | None) -> str:
        """Where one person's calls are; the caller's own when nobody is named."""
        if subject is None and self._me is None:
            self._me = str(self._api.json("/v1/me")["subject"])
        return f"/v1/telemetry/subjects/{quote(subject or self._me or '', safe='')}"
