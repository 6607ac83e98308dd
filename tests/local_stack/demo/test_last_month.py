"""What the demo closes once everything is sent."""

from datetime import UTC, date, datetime

from local_stack.demo import last_month
from table_api.audit.ledger_audit import audit
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.billing import NOVEMBER, OCTOBER, open_billing


async def test_on_the_first_morning_of_a_month_the_last_one_is_billed() -> None:
    """A schedule would wait for late events."""
    billing = await open_billing(MemoryTableStorage(), MemoryBlobStore())
    await billing.post(5, date(2026, 10, 6))
    await billing.post(3, date(2026, 11, 6))
    billing.now = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
    job = await billing.job()
    assert await job.due() == [OCTOBER]
    report = await audit(billing.storage, now=billing.now)
    for _ in range(2):
        await last_month._closed(job, report)
        months = [BillingMonth.parse(each.month) for each in await job.archive.manifests()]
        assert sorted(months) == [OCTOBER, NOVEMBER]
