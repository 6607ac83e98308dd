"""What a demonstration shows at its end: a box for people, `demo.json` for programs."""

from collections.abc import Mapping

import msgspec
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


class DemoBox(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one run. Counts are those of this run; total, unpriced and audit those of the
    ledger.
    """

    sent: int
    """Events sent."""
    posted: int
    """Calls that the ledger has now and did not have before."""
    duplicates: int
    """Events whose call was in the ledger already."""
    deferred: int
    """Events without usage, left to the gateway's log."""
    dead_lettered: int
    unpriced: int
    """Calls in the ledger that have usage and no price."""
    total_cost: str
    """Charge of the whole ledger, an exact decimal."""
    currency: str
    audit: str
    """`ok`, or what does not add up."""
    seconds: float
    """Seconds from the first event sent to the last one durable. If events went straight to the
    hub, it covers these alone, because calls through the gateway arrive at their own pace."""
    timed_events: int
    """Events that the seconds and the CPU time cover."""
    cpu_us_per_event: float
    """CPU time of the metering consumer, in microseconds per event."""
    urls: Mapping[str, str]
    gateway_calls: int = 0
    """Calls made through the gateway; their events are among `sent`."""
    gateway_dropped: int = 0
    """Usage events of these that the gateway lost on purpose."""
    completed: int = 0
    """This field and those down to `waiting` count the gateway's calls. Here usage came from its
    log.
    """
    recovered: int = 0
    """Event and usage came from the gateway's log."""
    no_usage: int = 0
    """Nobody reported usage."""
    unattributed: int = 0
    """Nobody could say who called."""
    waiting: int = 0
    """Not in the ledger yet; all others are."""
    invoices: str | None = None
    """What closing the last month made, or why it was refused; None if nothing was closed."""
    sign_in: Mapping[str, str] = {}
    """Whom to sign in to the UI as: what each one is, by name."""
    token_command: str = ""
    """Prints an access token for the API."""
    shell_settings: str = ""
    """Gives a shell the settings of this stack, for the commands of the README."""
    published: int = 0
    """Rows of the ledger that Application Insights holds."""
    telemetry_difference: int = 0
    """Cells (day, subject and model) in which it differs from the ledger."""
    old_prices: int = 0
    """Prices in use that nobody compared with their source for PRICE_AGE_DAYS_MAX days."""
    prices: int = 0
    """Prices in use."""
    key: str | None = None
    """What a client sends to the gateway at `urls["base_url"]`; None without a gateway."""

    @property
    def waits_now(self) -> int:
        """Calls of the run that wait for their tokens at its end. Without a gateway there is no log
        to bring them, so each deferred event waits.
        """
        return self.waiting if self.gateway_calls else self.deferred

    @property
    def nothing_new(self) -> bool:
        """Whether the ledger already had every call."""
        return self.posted == 0 and self.duplicates > 0


def show(box: DemoBox, console: Console) -> None:
    """Print the box."""
    table = Table.grid(padding=(0, 2))
    rows = [
        ("events sent", f"{box.sent:,}"),
        ("calls posted", f"{box.posted:,}"),
        ("duplicates dropped", f"{box.duplicates:,}"),
        ("waiting for tokens", f"{box.waits_now:,}"),
        ("dead-lettered", f"{box.dead_lettered:,}"),
        ("unpriced calls in the ledger", f"{box.unpriced:,}"),
        ("total cost of the ledger", f"{box.total_cost} {box.currency}"),
        ("audit", box.audit),
        ("published", _published(box)),
        *([("old prices", _old(box))] if box.old_prices else []),
        ("time", _time(box)),
        *_gateway(box),
        *([("invoices", box.invoices)] if box.invoices is not None else []),
        *((name, url) for name, url in box.urls.items()),
    ]
    rows += [
        ("sign in as" if number == 0 else "", f"{name}, {title}")
        for number, (name, title) in enumerate(box.sign_in.items())
    ]
    if box.token_command:
        rows.append(("token for the API", box.token_command))
    if box.shell_settings:
        rows.append(("settings for commands", box.shell_settings))
    if box.key is not None:
        rows.append(("key", f"{box.key} (for any OpenAI client at base_url)"))
    for name, value in rows:
        table.add_row(Text(name, style="bold"), Text(value))
    title = "nothing new: the ledger already has every call" if box.nothing_new else "metered"
    console.print(Panel(table, title=title, expand=False))


def _old(box: DemoBox) -> str:
    return f"{box.old_prices} of {box.prices} in use: see {box.urls.get('ui', '')}/prices"


def _published(box: DemoBox) -> str:
    if box.telemetry_difference:
        return f"{box.published:,} rows, but {box.telemetry_difference:,} cells differ"
    return f"{box.published:,} rows, equal to the ledger in every cell"


def _time(box: DemoBox) -> str:
    rate = f"{box.timed_events / box.seconds:,.0f} events/s" if box.seconds else "-"
    return f"{box.seconds:.1f} s, {rate}, {box.cpu_us_per_event:,.0f} µs CPU per event"


def _gateway(box: DemoBox) -> list[tuple[str, str]]:
    if not box.gateway_calls:
        return []
    lost = f", {box.gateway_dropped:,} events lost on purpose" if box.gateway_dropped else ""
    return [
        ("calls through the gateway", f"{box.gateway_calls:,}{lost}"),
        ("  completed from its log", f"{box.completed:,}"),
        ("  recovered from its log", f"{box.recovered:,}"),
        ("  without usage", f"{box.no_usage:,}"),
        ("  unattributed", f"{box.unattributed:,}"),
    ]
