"""Names of the people, added when a file is rendered."""

from table_api.invoicing.closing.renditions import names_of
from table_api.invoicing.documents.document import Document
from tests.fixtures.billing import Billing
from tests.table_api.invoicing.conftest import NAMES


async def test_names_are_added_when_a_file_is_rendered(billing: Billing, invoice: Document) -> None:
    assert names_of(invoice, (await billing.job()).source.people) == NAMES
