"""A background answer as the gateway tells of it: the request, those who fetch it, and its log."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.consumers.pairing.gateway import Call, seven_digits
from tests.fixtures.builders import CALL_TIME, call_id, make_body

RESPONSE_ID = "resp_68a1f2c4b7e08190a5d3"
USAGE = {
    "input_tokens": 12_000,
    "input_tokens_details": {"cached_tokens": 2_000},
    "output_tokens": 8_000,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 20_000,
}
CREATE = Call(
    number=1, stream=False, operation="responses", has_tokens=False, time=CALL_TIME, subject="maker"
)
FETCHED_AT = CALL_TIME + timedelta(minutes=12)
POLLER = "poller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """One answer. `number` is of the request, 100 × number + n of the n-th fetch."""

    number: int = 1
    subject: str = "maker"
    time: datetime = CALL_TIME
    stream: bool = False
    created_as: str = "queued"

    @property
    def id(self) -> str:
        return call_id(self.number)

    @property
    def response_id(self) -> str:
        return f"{RESPONSE_ID}_{self.number}"

    def request(self, **changes: Any) -> bytes:
        """The UsageEvent of the request."""
        said = {
            "id": self.id,
            "subject": self.subject,
            "time": seven_digits(self.time),
            "operation": "responses",
            "stream": self.stream,
            "response_id": None if self.stream else self.response_id,
            "response_status": None if self.stream else self.created_as,
            "background": True,
            "service_tier": None if self.stream else "auto",
            "usage": None,
        }
        return make_body(**(said | changes))

    def fetch(
        self, n: int = 1, *, subject: str = POLLER, at: datetime = FETCHED_AT, **changes: Any
    ) -> bytes:
        """The event of a finished answer that somebody fetched."""
        said = {
            "type": "llm.call.usage.v1",
            "id": call_id(100 * self.number + n),
            "subject": subject,
            "time": seven_digits(at),
            "operation": "responses",
            "deployment": None,
            "response_id": self.response_id,
            "response_status": "completed",
            "background": True,
            "service_tier": "default",
            "usage": USAGE,
        }
        return make_body(**(said | changes))

    def request_record(self, *, traced: bool = True) -> dict[str, Any]:
        """The gateway's own record of the request."""
        record = replace(
            CREATE, number=self.number, subject=self.subject, time=self.time
        ).gateway_record()
        if not traced:
            del record["properties"]["traceRecords"]
            return record
        metadata = record["properties"]["traceRecords"][0]["metadata"]
        said = json.loads(self.request())["data"]
        metadata |= {
            "background": "true",
            "response_id": said["response_id"] or "-",
            "response_status": said["response_status"] or "-",
            "stream": str(self.stream).lower(),
        }
        return record

    def fetch_records(self, n: int = 1, *, at: datetime = FETCHED_AT) -> list[dict[str, Any]]:
        """The gateway's records of a streamed fetch, with tokens."""
        call = Call(
            number=100 * self.number + n,
            time=at,
            operation="responses",
            prompt=12_000,
            cached=2_000,
            completion=8_000,
            has_trace=False,
        )
        record, tokens = call.gateway_record(), call.llm_record()
        record["properties"] |= {
            "method": "GET",
            "url": f"https://gateway/openai/v1/responses/{self.response_id}?stream=true",
        }
        tokens["properties"]["requestId"] = self.response_id
        return [record, tokens]
