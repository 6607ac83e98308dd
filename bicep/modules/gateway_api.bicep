// The API of the models behind the gateway. Every path goes through: the policies tell the
// operations apart by it.

param gatewayName string
param apiName string
param path string

@description('Where the models answer, without the path of an operation.')
param modelEndpoint string

@description('Callers show a subscription key; not needed where they sign in with Entra.')
param keyRequired bool

resource service 'Microsoft.ApiManagement/service@2024-06-01-preview' existing = {
  name: gatewayName
}

resource api 'Microsoft.ApiManagement/service/apis@2024-06-01-preview' = {
  parent: service
  name: apiName
  properties: {
    displayName: 'Language models'
    type: 'http'
    path: path
    protocols: ['https']
    serviceUrl: modelEndpoint
    subscriptionRequired: keyRequired
    subscriptionKeyParameterNames: { header: 'api-key', query: 'api-key' } // as clients of OpenAI do
  }
}

resource operations 'Microsoft.ApiManagement/service/apis/operations@2024-06-01-preview' = [
  for method in ['GET', 'POST', 'DELETE']: {
    parent: api
    name: 'any-${toLower(method)}'
    properties: { displayName: '${method} of any path', method: method, urlTemplate: '/*' }
  }
]

resource policy 'Microsoft.ApiManagement/service/apis/policies@2024-06-01-preview' = {
  parent: api
  name: 'policy'
  properties: {
    format: 'xml'
    value: loadTextContent('../../apim_policies/llm_api.policy.xml')
  }
  dependsOn: [operations]
}
