"""The last two months whose close is due, whatever day it is. A close goes by the real clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from table_api.invoicing.closing.close import DUE_AFTER
from tests.fixtures.calls import SETTINGS

_RUNNING = (datetime.now(UTC) - DUE_AFTER).astimezone(ZoneInfo(SETTINGS.zone)).replace(day=1)
LAST_DAY = _RUNNING - timedelta(days=1)
SECOND = f"{LAST_DAY:%Y-%m}"
RUNNING = f"{_RUNNING:%Y-%m}"
FIRST_DAY = LAST_DAY.replace(day=1) - timedelta(days=1)
FIRST = f"{FIRST_DAY:%Y-%m}"
