"""Dead letters of a run: repaired as if a new release could read them, redriven by the verb,
counted.
"""

import os
from collections.abc import Iterable

from azure.storage.blob.aio import ContainerClient

from benchmarks.faults.stand import HUB, Stand
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex, LetterState
from tests.consumers.process import ConsumerProcess

REDRIVE_S_MAX = 120.0


async def redrive_all(stand: Stand) -> tuple[int, list[str]]:
    """Redrive every letter, twice; gives how many there are, and what is wrong with them."""
    letters = await _letters(stand)
    if not letters:
        return 0, []
    await _mend(stand, letters)
    problems = []
    for says in (f"{len(letters)} redriven, 0 still open", "0 redriven, 0 still open"):
        code, said = await _redrive(stand)
        if code or says not in said:
            problems.append(f"redrive: exit code {code}, {said[-200:]!r}, expected {says!r}")
    open_ones = [
        each.id for each in await _letters(stand) if each.state is not LetterState.REDRIVEN
    ]
    if open_ones:
        problems.append(f"{len(open_ones)} dead letters are open, the first is {open_ones[0]}")
    return len(letters), problems


async def _letters(stand: Stand) -> list[DeadLetter]:
    return [letter async for letter in DeadLetterIndex(stand.storage, HUB).all()]


async def _mend(stand: Stand, letters: Iterable[DeadLetter]) -> None:
    """Replace a cut body by the whole one, as if this release could read it."""
    container = stand.direct["DEAD_LETTER_CONTAINER"]
    text = stand.direct["STORAGE_CONNECTION_STRING"]
    async with ContainerClient.from_connection_string(text, container) as client:
        for letter in letters:
            if letter.reason != "not_json":
                continue
            blob = client.get_blob_client(f"{HUB}/{letter.id}")
            cut = await (await blob.download_blob()).readall()
            [meant] = [body for body in stand.sent if body.startswith(cut)]
            await blob.upload_blob(meant, overwrite=True)


async def _redrive(stand: Stand) -> tuple[int, str]:
    environment = {**os.environ, **stand.direct}
    arguments = ("dead-letters", "redrive")
    async with ConsumerProcess.running(arguments, environment) as process:
        await process.output(within_s=REDRIVE_S_MAX)
        code = await process.exit_code()
    return code, "\n".join(line["message"] for line in process.lines)
