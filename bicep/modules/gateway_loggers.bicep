// Where the gateway reports to: the hub of usage events, Azure Monitor, and Application Insights. It
// signs in by its own identity. Its resource log goes to the hub of diagnostics.

param gatewayName string
param usageHost string
param usageHubName string
param usageHubId string
param appInsightsId string
param connectionString string

@description('Rule of the namespace of diagnostics with Manage, Send and Listen.')
param diagnosticsRuleId string
param diagnosticsHubName string

resource service 'Microsoft.ApiManagement/service@2024-06-01-preview' existing = {
  name: gatewayName
}

resource usage 'Microsoft.ApiManagement/service/loggers@2024-06-01-preview' = {
  parent: service
  name: 'llm-usage' // the policies name it
  properties: {
    loggerType: 'azureEventHub'
    resourceId: usageHubId
    isBuffered: true
    credentials: {
      name: usageHubName
      endpointAddress: usageHost
      identityClientId: 'SystemAssigned'
    }
  }
}

resource monitor 'Microsoft.ApiManagement/service/loggers@2024-06-01-preview' = {
  parent: service
  name: 'azuremonitor'
  properties: { loggerType: 'azureMonitor', isBuffered: true }
}

resource insights 'Microsoft.ApiManagement/service/loggers@2024-06-01-preview' = {
  parent: service
  name: 'applicationinsights'
  properties: {
    loggerType: 'applicationInsights'
    resourceId: appInsightsId
    isBuffered: true
    credentials: { connectionString: connectionString, identityClientId: 'SystemAssigned' }
  }
}

resource log 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'chargeback'
  scope: service
  properties: {
    eventHubAuthorizationRuleId: diagnosticsRuleId
    eventHubName: diagnosticsHubName
    logs: [
      { category: 'GatewayLogs', enabled: true }
      { category: 'GatewayLlmLogs', enabled: true }
    ]
  }
}

output monitorLoggerId string = monitor.id
output insightsLoggerId string = insights.id
