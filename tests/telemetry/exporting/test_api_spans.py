"""A request to the API is in its caller's trace, and its span names no subject."""

import asyncio
import json
import os
import subprocess
import sys

from local_stack.insights.server import serving
from tests.paths import ROOT

PROGRAM = """
from fastapi import FastAPI
from starlette.testclient import TestClient
from telemetry.log import configure
from telemetry.setup import instrument_api, set_up

configure()
set_up("api")
app = FastAPI()

@app.get("/v1/subjects/{subject}/usage")
def usage(subject: str) -> str:
    return subject

instrument_api(app)
trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
client = TestClient(app)
client.get("/v1/subjects/some-person/usage?q=some-person", headers={"traceparent": trace})
client.get("/some-person/unknown")
"""


async def test_a_span_is_in_the_callers_trace_and_names_its_route() -> None:
    async with serving() as served:
        insights = {"APPLICATIONINSIGHTS_CONNECTION_STRING": served.connection_string}
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", PROGRAM], cwd=ROOT, env=os.environ | insights, check=True,
        )  # fmt: skip
        unknown, known = sorted(
            served.store.rows("AppRequests"), key=lambda row: row["ResultCode"]
        )[::-1]
        assert known["Name"] == "GET /v1/subjects/{subject}/usage"
        assert known["OperationId"] == "ab" * 16
        assert known["ParentId"] == "cd" * 8
        assert (known["ResultCode"], unknown["ResultCode"]) == ("200", "404")
        everything = json.dumps([known, unknown, *served.store.rows("AppMetrics")], default=str)
        assert "some-person" not in everything
