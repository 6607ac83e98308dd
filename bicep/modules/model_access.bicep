// The gateway's role on one account of models: another one for each kind of account.

param accountName string

@allowed(['OpenAI', 'AIServices'])
param kind string
param gatewayPrincipalId string

var roles = loadJsonContent('../roles.json')
var roleName = filter(roles.models, each => each.kind == kind)[0].role

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: accountName
}

resource call 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, gatewayPrincipalId, roles.ids[roleName])
  scope: account
  properties: {
    principalId: gatewayPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.ids[roleName]
    )
  }
}
