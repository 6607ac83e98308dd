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
    recorded: int = 0
    """Recorded streams that took the place of these, where there is no gateway."""
    completed: int = 0
    """This field and those down to `waiting` count the gateway's calls, or the recorded ones. Here
    usage came from its log.
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
    credited: str | None = None
    """What these invoices give back, since the price of `corrects` was wrong; None: nothing."""
    corrects: str = ""
    """The month that was billed at a wrong price and corrected by a re-rating."""
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
        """Calls of the run that wait for their tokens at its end. Without a gateway's log to bring
        them, each deferred event waits.
        """
        return self.waiting if self.gateway_calls or self.recorded else self.deferred

    @property
    def nothing_new(self) -> bool:
        """Whether the ledger already had every call."""
        return self.posted == 0 and self.duplicates > 0


def show(box: DemoBox, console: Console) -> None:
    """Print the box."""
    table = Table.grid(padding=(0, 2))
    for name, value in rows_of(box):
        table.add_row(Text(name, style="bold"), Text(value))
    title = "nothing new: the ledger already has every call" if box.nothing_new else "metered"
    console.print(Panel(table, title=title, expand=False))


def rows_of(box: DemoBox) -> list[tuple[str, str]]:
    """Names and values, the bill first. The counts of a run that are not here are in demo.json."""
    rows = [
        *([("bill", box.invoices)] if box.invoices is not None else []),
        *([("corrected", _corrected(box))] if box.credited is not None else []),
        ("all calls", f"{box.total_cost} {box.currency}, audit {box.audit}"),
        ("this run", _run(box)),
        ("published", _published(box)),
        *([("prices", _old(box))] if box.old_prices else []),
        *([("gateway", _gateway(box))] if box.gateway_calls or box.recorded else []),
        ("ui", box.urls.get("ui", "")),
        *([("sign in as", _people(box))] if box.sign_in else []),
        ("api", _api(box)),
        *([("settings for commands", box.shell_settings)] if box.shell_settings else []),
    ]
    if box.key is not None:
        rows.append(("any OpenAI client", f"{box.urls['base_url']} with key {box.key}"))
    return rows


def _corrected(box: DemoBox) -> str:
    return (
        f"{box.credited} credited on these: {box.corrects} was billed at a wrong price, "
        "page /reratings"
    )


def _run(box: DemoBox) -> str:
    """What became of the events."""
    parts = [f"{box.posted:,} calls posted"]
    named = (
        (box.duplicates, "events dropped as duplicates"),
        (box.unpriced, "without a price"),
        (box.waits_now, "waiting for tokens"),
        (box.dead_lettered, "events unreadable"),
    )
    return ", ".join([*parts, *(f"{number:,} {what}" for number, what in named if number)])


def _published(box: DemoBox) -> str:
    """What Application Insights has of the ledger."""
    rows = f"{box.published:,} rows in Application Insights"
    if box.telemetry_difference:
        return f"{rows}, which differs from the ledger in {box.telemetry_difference:,} cells"
    return f"{rows}, equal in every cell"


def _api(box: DemoBox) -> str:
    token = f", token: {box.token_command}" if box.token_command else ""
    return box.urls.get("api", "") + token


def _old(box: DemoBox) -> str:
    return f"{box.old_prices} of {box.prices} in use are old: see {box.urls.get('ui', '')}/prices"


def _gateway(box: DemoBox) -> str:
    parts = (
        (box.completed, "completed from its log"),
        (box.gateway_dropped, "lost on purpose"),
        (box.recovered, "recovered from its log"),
        (box.no_usage, "without tokens"),
        (box.unattributed, "of nobody"),
    )
    return ", ".join(
        [
            f"{box.gateway_calls:,} calls"
            if box.gateway_calls
            else f"none without mono: {box.recorded:,} recorded streams",
            *(f"{number:,} {what}" for number, what in parts if number),
        ]
    )


def _people(box: DemoBox) -> str:
    """The first two by name: the page of the sign-in lists them all."""
    first = [f"{name} ({title})" for name, title in list(box.sign_in.items())[:2]]
    more = len(box.sign_in) - len(first)
    return ", ".join(first) + (f" or {more} others" if more > 0 else "")
