"""A closed month as files in a folder: as stored, or with display names of today."""

from pathlib import Path

from table_api.invoicing.billing_month import BillingMonth
from table_api.invoicing.close import CloseJob
from table_api.invoicing.document import decode_document
from table_api.invoicing.errors import NotClosed
from table_api.invoicing.focus_columns import DATASETS
from table_api.invoicing.renditions import RENDERERS, names_of, render, render_parquet


async def export_month(
    job: CloseJob, month: BillingMonth, folder: Path, *, names: bool, parquet: bool
) -> int:
    """Write the month's files; gives how many. NotClosed while its close is not finished.

    With `names` every CSV, XLSX and PDF is rendered anew, statements too; the hashes of the
    manifest then hold for the JSON and FOCUS files only.
    """
    manifest = await job.archive.manifest(month)
    if manifest is None:
        raise NotClosed(f"month {month} is not closed: run `invoice close {month}`")
    written = {file.name: await job.archive.file(month, file.name) for file in manifest.files}
    documents = [name for name in written if name.endswith(".json")]
    for name in documents if names else ():
        document = decode_document(written[name], name)
        known = names_of(document, job.source.people)
        for ending in RENDERERS:
            written[f"{name.removesuffix('json')}{ending}"] = render(document, ending, known)[1]
    if parquet:
        snapshot, _ = await job.archive.standing_snapshot(month)
        for name in DATASETS:
            written[f"focus/{name}.parquet"] = render_parquet(snapshot, name)
    for name, content in written.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return len(written)
