"""Mono compiles the policies. This module checks whether it is there, and installs it."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence

from apim_policies.harness import compiler

APT_TIMEOUT_S = 600


async def ready_mono(say: Callable[[str], None]) -> bool:
    """Install mono if that is allowed; otherwise say that it is missing, and how to install it."""
    missing = compiler.missing_tools()
    if missing is None:
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing what compiles the policies: {missing}")
        await _run(["apt-get", "update", "-qq"])
        await _run([*missing.split(), "-qq"])
        missing = compiler.missing_tools()
    if missing is not None:
        say(f"no mono, so no local gateway; generated and recorded events instead: sudo {missing}")
    return missing is None


async def _run(command: Sequence[str]) -> None:
    """A failed installation shows when mono is looked for."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    try:
        await asyncio.wait_for(process.wait(), APT_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
