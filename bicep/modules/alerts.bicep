// What wakes somebody. Each alert names the page of docs/operations.md that says what to do.

param location string
param tags object

@description('Workspace of logs and telemetry.')
param workspaceId string

@description('Who gets the mails; empty: alerts are shown in the portal alone.')
param emails string[]

@description('Seconds that metering may be behind.')
@minValue(60)
param lagSecondsMax int

@description('False while no program runs: some of them would report the silence.')
param enabled bool

var runbook = 'docs/operations.md'
// Those over the telemetry are written with its queries: `python -m telemetry.workbook`.
var alerts = concat(loadJsonContent('../telemetry_alerts.json'), [
  {
    name: 'consumer-lag'
    title: 'Metering or pairing is behind'
    page: '${runbook}#lag-grows'
    severity: 2
    every: 'PT5M'
    window: 'PT15M'
    query: 'AppMetrics | where Name == "chargeback.consumer.lag_seconds" | summarize Behind = max(Max) by AppRoleName, Hub = tostring(Properties["hub"]) | where Behind > ${lagSecondsMax}'
  }
  {
    name: 'consumer-silent'
    title: 'Metering or pairing does not say how far behind it is'
    page: '${runbook}#lag-grows'
    severity: 1
    every: 'PT15M'
    window: 'PT30M'
    // Metering reads one hub, pairing both. Who owns nothing or hears of no hub says no lag.
    query: 'AppMetrics | where Name == "chargeback.consumer.lag_seconds" | summarize Points = count() by AppRoleName, Hub = tostring(Properties["hub"]) | summarize Readers = count() | where Readers < 3'
  }
  {
    name: 'dead-letters'
    title: 'Events could not be metered'
    page: '${runbook}#dead-letters'
    severity: 2
    every: 'PT5M'
    window: 'PT15M'
    query: 'AppMetrics | where Name == "chargeback.consumer.dead_letters" | summarize Letters = sum(Sum) | where Letters > 0'
  }
  {
    name: 'events-lost'
    title: 'Events were deleted before they were read'
    page: '${runbook}#events-are-lost'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    query: 'AppMetrics | where Name == "chargeback.consumer.lost" | summarize Events = sum(Sum) | where Events > 0'
  }
  {
    name: 'completeness'
    title: 'Calls are without usage, caller or price'
    page: '${runbook}#completeness-shows-a-gap'
    severity: 2
    every: 'PT1H'
    window: 'P1D'
    query: 'ContainerAppConsoleLogs | extend Line = parse_json(Log) | where Line.action == "watch_found" and Line.check == "completeness"'
  }
  {
    name: 'audit-red'
    title: 'The ledger does not add up'
    page: '${runbook}#the-ledger-is-in-doubt'
    severity: 1
    every: 'PT1H'
    window: 'P1D'
    query: 'ContainerAppConsoleLogs | extend Line = parse_json(Log) | where Line.action == "watch_found" and Line.check == "audit"'
  }
  {
    name: 'price-age'
    title: 'Nobody compared some prices with their source for long'
    page: 'docs/pricing.md'
    severity: 3
    every: 'P1D'
    window: 'P1D'
    query: 'ContainerAppConsoleLogs | extend Line = parse_json(Log) | where Line.action == "watch_found" and Line.check == "prices"'
  }
  {
    name: 'watch-silent'
    title: 'Audit and completeness were not looked at'
    page: '${runbook}#the-ledger-is-in-doubt'
    severity: 2
    every: 'PT1H'
    window: 'P2D' // a run takes up to four hours, and not each day the same
    query: 'ContainerAppConsoleLogs | where TimeGenerated > ago(30h) | extend Line = parse_json(Log) | where Line.action == "watch_done" | summarize Runs = count() | where Runs < 1'
  }
  {
    name: 'close-refused'
    title: 'A month could not be closed'
    page: '${runbook}#a-close-is-refused'
    severity: 2
    every: 'PT1H'
    window: 'PT2H'
    query: 'ContainerAppConsoleLogs | extend Line = parse_json(Log) | where Line.action == "invoice_close_refused"'
  }
])

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'chargeback-operators'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'chargeback'
    enabled: true
    emailReceivers: [
      for (email, i) in emails: {
        name: 'operator-${i}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for each in alerts: {
    name: 'chargeback-${each.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: each.title
      severity: each.severity
      enabled: enabled
      scopes: [workspaceId]
      evaluationFrequency: each.every
      windowSize: each.window
      autoMitigate: each.every != 'P1D' // a rule that looks once a day keeps no state
      skipQueryValidation: true // a table exists once its first row came
      criteria: {
        allOf: [
          {
            query: each.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: {
        actionGroups: empty(emails) ? [] : [people.id]
        customProperties: { runbook: each.page }
      }
    }
  }
]
