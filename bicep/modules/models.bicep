// Optional: an account of Foundry with deployments of models. No key calls it: the gateway signs in.

param location string
param tags object
param name string

@description('Name, model, version, sku and capacity of each deployment.')
param deployments {
  name: string
  format: string
  model: string
  version: string
  sku: string
  capacity: int
}[]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'AIServices'
  sku: { name: 'S0' }
  identity: { type: 'SystemAssigned' }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    allowProjectManagement: false
    publicNetworkAccess: 'Enabled'
  }
}

@batchSize(1) // an account takes one deployment at a time
resource models 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = [
  for each in deployments: {
    parent: account
    name: each.name
    sku: { name: each.sku, capacity: each.capacity }
    properties: {
      model: { format: each.format, name: each.model, version: each.version }
      versionUpgradeOption: 'NoAutoUpgrade' // another model has another price
    }
  }
]

output name string = account.name
output endpoint string = 'https://${account.name}.services.ai.azure.com'
