"""The verb `publish`: the ledger's rows as events of Application Insights."""

import asyncio
import signal
from collections.abc import Mapping

from table_api.publishing.month_pass import Wanted
from table_api.publishing.opening import open_publisher
from table_api.publishing.passes import follow
from table_api.settings import read_settings
from table_api.storage.connection import open_tables
from table_api.verbs.exit_codes import FAILED, say
from telemetry.settings import read_telemetry


async def publish(environment: Mapping[str, str], wanted: Wanted, *, follows: bool) -> int:
    """Send what is new once, or until SIGTERM or SIGINT. 1 when any row was refused."""
    settings, telemetry = read_settings(environment), read_telemetry(environment)
    async with open_tables(settings.storage) as storage:
        publisher = await open_publisher(storage, telemetry)
        if follows:
            await follow(publisher, wanted, ended=_until_signalled())
            return 0
        sent = await publisher.publish(wanted)
    say(f"{sent.rows} rows of the ledger are sent, {sent.refused} are refused")
    return FAILED if sent.refused else 0


def _until_signalled() -> asyncio.Event:
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    return ended
