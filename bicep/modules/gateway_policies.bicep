// The named values and fragments that the policies consist of, from the very files that are tested.

param gatewayName string

@description('Named values by name.')
param namedValues object

var fragments = [
  {
    name: 'chargeback-authenticate'
    xml: loadTextContent('../../apim_policies/chargeback-authenticate.fragment.xml')
  }
  {
    name: 'chargeback-backend-identity'
    xml: loadTextContent('../../apim_policies/chargeback-backend-identity.fragment.xml')
  }
  {
    name: 'chargeback-capture-answer'
    xml: loadTextContent('../../apim_policies/chargeback-capture-answer.fragment.xml')
  }
  {
    name: 'chargeback-capture-call'
    xml: loadTextContent('../../apim_policies/chargeback-capture-call.fragment.xml')
  }
  {
    name: 'chargeback-capture-caller'
    xml: loadTextContent('../../apim_policies/chargeback-capture-caller.fragment.xml')
  }
  {
    name: 'chargeback-forward'
    xml: loadTextContent('../../apim_policies/chargeback-forward.fragment.xml')
  }
  {
    name: 'chargeback-stream-usage'
    xml: loadTextContent('../../apim_policies/chargeback-stream-usage.fragment.xml')
  }
  {
    name: 'chargeback-token-limit'
    xml: loadTextContent('../../apim_policies/chargeback-token-limit.fragment.xml')
  }
  {
    name: 'chargeback-token-metric'
    xml: loadTextContent('../../apim_policies/chargeback-token-metric.fragment.xml')
  }
  {
    name: 'chargeback-usage-event'
    xml: loadTextContent('../../apim_policies/chargeback-usage-event.fragment.xml')
  }
]

resource service 'Microsoft.ApiManagement/service@2024-06-01-preview' existing = {
  name: gatewayName
}

resource values 'Microsoft.ApiManagement/service/namedValues@2024-06-01-preview' = [
  for each in items(namedValues): {
    parent: service
    name: each.key
    properties: { displayName: each.key, value: each.value, secret: false }
  }
]

@batchSize(1) // the gateway saves one at a time
resource saved 'Microsoft.ApiManagement/service/policyFragments@2024-06-01-preview' = [
  for each in fragments: {
    parent: service
    name: each.name
    properties: { format: 'xml', value: each.xml }
    dependsOn: [values]
  }
]
