"""A closed month as files in a folder: as stored, or with display names of today."""

from dataclasses import dataclass
from pathlib import Path

from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.renditions import (
    RENDERERS,
    names_of,
    render,
    render_focus_1_2,
    render_parquet,
)
from table_api.invoicing.documents.document import decode_document
from table_api.invoicing.errors import NotClosed
from table_api.invoicing.focus.columns import DATASETS
from table_api.invoicing.snapshots.billing_month import BillingMonth


@dataclass(frozen=True, slots=True, kw_only=True)
class Renditions:
    """What is rendered beside the stored files."""

    names: bool = False
    """Every CSV, XLSX and PDF anew with display names, statements too: the hashes of the manifest
    then hold for the JSON and FOCUS files only."""
    parquet: bool = False
    """The FOCUS datasets as Parquet."""
    focus_1_2: bool = False
    """Cost and Usage as FOCUS 1.2."""


async def export_month(
    job: CloseJob, month: BillingMonth, folder: Path, renditions: Renditions
) -> int:
    """Write the month's files; gives how many. NotClosed while its close is not finished."""
    manifest = await job.archive.manifest(month)
    if manifest is None:
        raise NotClosed(f"month {month} is not closed: run `invoice close {month}`")
    written = {file.name: await job.archive.file(month, file) for file in manifest.files}
    documents = [name for name in written if name.endswith(".json")]
    for name in documents if renditions.names else ():
        document = decode_document(written[name], name)
        known = names_of(document, job.source.people)
        for ending in RENDERERS:
            written[f"{name.removesuffix('json')}{ending}"] = render(document, ending, known)[1]
    snapshot, _ = await job.archive.standing_snapshot(month)
    for name in DATASETS if renditions.parquet else ():
        written[f"focus/{name}.parquet"] = render_parquet(snapshot, name)
    if renditions.focus_1_2:
        written["focus/cost_and_usage_1_2.csv"] = render_focus_1_2(snapshot)
    for name, content in written.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return len(written)
