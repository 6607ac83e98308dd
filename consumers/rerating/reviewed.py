"""Holds what a reviewer reads, and what is applied, to the run's id: a digest of both."""

import hashlib
from typing import Any

import msgspec

from consumers.errors import RerateRefused
from consumers.rerating.stage import pairs_name
from pricing_rules.money import format_pico
from table_api.rerating.run import Rerating
from table_api.rerating.runs_table import Reratings
from table_api.storage.blobs import Documents


async def staged_pairs(rerating: Rerating, documents: Documents) -> bytes:
    """The pairs of a run. RerateRefused when they are not what was staged."""
    content = await documents.read(pairs_name(rerating.run))
    if content is None:
        raise RerateRefused(f"the pairs of run {rerating.run} are gone")
    found = hashlib.sha256(content).hexdigest()
    if found != rerating.pairs_sha256:
        raise RerateRefused(
            f"the pairs of run {rerating.run} have sha256 {found}, "
            f"staged were {rerating.pairs_sha256}"
        )
    return content


async def reviewed_pairs(rerating: Rerating, reratings: Reratings, documents: Documents) -> bytes:
    """The pairs of a run. RerateRefused unless they, the report and the run's row are one."""
    pairs = await staged_pairs(rerating, documents)
    text = await reratings.report(rerating.run)
    if text is None:
        raise RerateRefused(f"the report of run {rerating.run} is gone")
    try:
        report = msgspec.json.decode(text)
        found = _named_by(report, pairs)
        differs = _differs(rerating, report)
    except (msgspec.MsgspecError, LookupError, TypeError, AttributeError) as error:
        raise RerateRefused(f"the report of run {rerating.run} cannot be read") from error
    if found != rerating.run:
        raise RerateRefused(
            f"the report and the pairs of run {rerating.run} are those of a run {found}: "
            "somebody has changed one of them; stage it again"
        )
    if differs:
        raise RerateRefused(f"run {rerating.run} states another {differs} than its report")
    return pairs


def _named_by(report: dict[str, Any], pairs: bytes) -> str:
    """As `Staging.run` names it: by the report without a run, and the pairs."""
    unnamed = msgspec.json.format(msgspec.json.encode(report | {"run": None}), indent=1) + b"\n"
    return "r" + hashlib.sha256(unnamed + pairs).hexdigest()[:12]


def _differs(rerating: Rerating, report: dict[str, Any]) -> str | None:
    """The first thing that the run's row says otherwise: lists of runs show the row."""
    total = report["total"]
    said = {
        "run": (rerating.run, report["run"]),
        "scope": (msgspec.to_builtins(rerating.scope), report["scope"]),
        "book_version": (rerating.book_version, report["book_version"]),
        "engine_version": (rerating.engine_version, report["engine_version"]),
        "currency": (rerating.currency, report["currency"]),
        "calls": (rerating.calls, total["calls"]),
        "changed": (rerating.changed, total["changed"]),
        "before": (format_pico(rerating.before), total["before"]),
        "after": (format_pico(rerating.after), total["after"]),
        "newly_priced": (rerating.newly_priced, total["newly_priced"]),
        "newly_unpriced": (rerating.newly_unpriced, total["newly_unpriced"]),
    }
    if rerating.unpriced_before is not None:
        said |= {
            "unpriced_before": (rerating.unpriced_before, total["unpriced_before"]),
            "unpriced_after": (rerating.unpriced_after, total["unpriced_after"]),
        }
    return next((name for name, (row, read) in said.items() if row != read), None)
