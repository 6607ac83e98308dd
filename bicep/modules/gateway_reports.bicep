// What the gateway logs of the API: every call, no body, no header, and the tokens of each answer.
// And the subscriptions of `check --gateway`, whose calls cost money like any other.

param gatewayName string
param apiName string
param monitorLoggerId string
param insightsLoggerId string

var nothing = { headers: [], body: { bytes: 0 } }

resource service 'Microsoft.ApiManagement/service@2024-06-01-preview' existing = {
  name: gatewayName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-06-01-preview' existing = {
  parent: service
  name: apiName
}

resource monitor 'Microsoft.ApiManagement/service/apis/diagnostics@2024-06-01-preview' = {
  parent: api
  name: 'azuremonitor'
  properties: {
    loggerId: monitorLoggerId
    alwaysLog: 'allErrors'
    verbosity: 'verbose' // the trace of a call is: with less it is not written
    sampling: { samplingType: 'fixed', percentage: 100 }
    logClientIp: false
    frontend: { request: nothing, response: nothing }
    backend: { request: nothing, response: nothing }
    largeLanguageModel: { logs: 'enabled' } // counts of tokens; without messages, as none are asked for
  }
}

resource insights 'Microsoft.ApiManagement/service/apis/diagnostics@2024-06-01-preview' = {
  parent: api
  name: 'applicationinsights'
  properties: {
    loggerId: insightsLoggerId
    alwaysLog: 'allErrors'
    verbosity: 'information' // more would write the trace here too, which names the caller
    httpCorrelationProtocol: 'W3C'
    metrics: true // replaces the service's own diagnostic, which does not count for this API any more
    sampling: { samplingType: 'fixed', percentage: 100 }
    logClientIp: false
    frontend: { request: nothing, response: nothing }
    backend: { request: nothing, response: nothing }
  }
}

resource checks 'Microsoft.ApiManagement/service/subscriptions@2024-06-01-preview' = [
  for name in ['chargeback-check', 'chargeback-check-${padLeft('', 110, 'x')}']: {
    parent: service
    name: name
    properties: {
      displayName: length(name) > 100 ? 'Check of metering, long id' : 'Check of metering'
      scope: api.id
      state: 'active'
      allowTracing: false
    }
  }
]

@description('Where the API is below the gateway, also one that was there before.')
output apiPath string = api.properties.path
