"""`python -m tests.local_stack.demo.record_streams`: records streamed calls of the real policies
for a demonstration that has no gateway. Needs mono."""

import asyncio
import json

from local_stack.gateway.traffic import LiveTraffic, call_gateway
from local_stack.traffic.recorded_streams import RECORDING
from tests.local_stack.gateway.stack import DIAGNOSTICS_HUB, USAGE_HUB, gateway_stack

CALLS = 12


async def record() -> None:
    """Write the recording anew."""
    async with gateway_stack() as stack:
        await call_gateway(stack.url.removesuffix("/llm"), LiveTraffic(calls=CALLS, streamed=1.0))
        await stack.reported()
        events = [json.loads(event.body) for _, event in stack.hub(USAGE_HUB)]
        envelopes = [json.loads(event.body) for _, event in stack.hub(DIAGNOSTICS_HUB)]
    streamed = {event["id"] for event in events if event["data"]["stream"]}
    kept = [event for event in events if event["id"] in streamed]
    records = [record for envelope in envelopes for record in envelope["records"]]
    content = {
        "events": sorted(kept, key=lambda event: event["time"]),
        "records": [record for record in records if record["correlationId"] in streamed],
    }
    RECORDING.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(record())
