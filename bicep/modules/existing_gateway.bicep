// An API Management that is there already. Its system-assigned identity has to be switched on.

param name string

resource service 'Microsoft.ApiManagement/service@2024-06-01-preview' existing = {
  name: name
}

output id string = service.id
output name string = service.name
output principalId string = service.identity.principalId
output url string = service.properties.gatewayUrl
