"""`invoice close-due --scheduled`, as a job runs it: alone, and quiet where nothing is due."""

import json
import os
import subprocess
import sys

from azure.storage.blob import BlobServiceClient

from tests.paths import ROOT
from tests.table_api.verbs.months import FIRST, SECOND


def scheduled_close(**variables: str) -> list[dict[str, str]]:
    """The log lines of a job's run, which ends well even if it closed nothing."""
    command = [sys.executable, "-m", "table_api", "invoice", "close-due", "--scheduled"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_scheduled_close_runs_alone_and_leaves_a_refusal_to_the_next(account: str) -> None:
    [refused] = scheduled_close(CONSUMER_GROUP="other")
    assert (refused["action"], refused["level"]) == ("invoice_close_refused", "error")
    closed = scheduled_close()
    assert [line["message"].partition(":")[0] for line in closed] == [
        f"closed {FIRST}",
        f"closed {SECOND}",
    ]
    blobs = BlobServiceClient.from_connection_string(account).get_container_client("invoices")
    lease = blobs.get_blob_client("close.lease").acquire_lease(lease_duration=60)
    assert scheduled_close() == []
    lease.release()
    blobs.close()
