"""Rules of alerts over the telemetry, as data for Bicep: a row of an answer is an alert."""

from dataclasses import asdict, dataclass

PAGE = "docs/insights.md#alerts"
BEHIND_S_MAX = 3_600
"""Publishing waits an hour before it reads a quiet day as a whole; less is no reason to wake up."""
AS_LATE_AS_ITEMS_COME = "P2D"
"""An event has its call's time while that is less than 47 hours ago. So it may come long after that
time: a stream waits for the gateway's log, and a publisher may be behind.
"""
COVERED_CALLS_MIN = 20
"""The token metric is sent at least once a minute; fewer calls in an hour may fall between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """As bicep/modules/alerts.bicep takes it."""

    name: str
    title: str
    severity: int
    every: str
    window: str
    query: str
    page: str = PAGE


RULES = [
    AlertRule(
        name="publisher-behind",
        title="Application Insights is behind the ledger",
        severity=3,
        every="PT15M",
        window="PT30M",
        query='AppMetrics | where Name == "chargeback.publisher.behind_seconds"'
        f" | summarize Behind = min(Min) | where Behind > {BEHIND_S_MAX}",
    ),
    AlertRule(
        name="publisher-silent",
        title="Nothing says how far Application Insights is behind the ledger",
        severity=3,
        every="PT15M",
        window="PT30M",
        query='AppMetrics | where Name == "chargeback.publisher.behind_seconds"'
        " | summarize Points = count() | where Points == 0",
    ),
    AlertRule(
        name="publisher-refused",
        title="Application Insights refused rows of the ledger",
        severity=3,
        every="PT15M",
        window="PT15M",
        query='AppMetrics | where Name == "chargeback.publisher.refused"'
        " | summarize Rows = sum(Sum) | where Rows > 0",
    ),
    AlertRule(
        name="telemetry-sampled",
        title="Items are sampled, so Application Insights misses calls",
        severity=3,
        every="PT1H",
        window="PT1H",
        query='AppEvents | where Name == "chargeback.call" and ItemCount > 1',
    ),
    AlertRule(
        name="unpriced",
        title="Calls have usage and no price",
        severity=2,
        every="PT15M",
        window=AS_LATE_AS_ITEMS_COME,
        query='AppEvents | where Name == "chargeback.call"'
        ' | project Entry = tostring(Properties["chargeback.entry"]),'
        ' Revision = tolong(Properties["chargeback.revision"]),'
        ' State = tostring(Properties["chargeback.state"]),'
        ' Model = tostring(Properties["chargeback.model"])'
        " | summarize arg_max(Revision, State, Model) by Entry"
        ' | where State == "unpriced" | summarize Calls = count() by Model',
    ),
    AlertRule(
        name="token-metric-silent",
        title="The gateway counts no tokens while calls are metered",
        severity=3,
        every="PT1H",
        window="PT1H",
        query="let calls = AppEvents"
        ' | where Name == "chargeback.call"'
        ' and tostring(Properties["chargeback.operation"]) in'
        ' ("chat-completions", "responses", "messages")'
        ' and tolong(Properties["chargeback.status"]) < 400 | summarize Calls = count();'
        ' let metric = AppMetrics | where Name == "Total Tokens" | summarize Points = count();'
        " calls | extend One = 1 | join kind=inner (metric | extend One = 1) on One"
        f" | where Calls >= {COVERED_CALLS_MIN} and Points == 0 | project Calls, Points",
    ),
]


def alert_rules() -> list[dict[str, str | int]]:
    """The file that Bicep loads."""
    return [asdict(rule) for rule in RULES]
