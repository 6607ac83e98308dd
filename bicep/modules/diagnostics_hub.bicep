// The hub of the gateway's own log. Azure Monitor writes it with the key of a rule on the namespace,
// so this namespace is not the one of usage events, where such a key could invent calls.

@description('The region of the gateway: a diagnostic setting reaches no other.')
param location string
param tags object
param namespaceName string
param hubName string
param consumerGroups string[]

@minValue(1)
@maxValue(32)
param partitions int

@minValue(1)
@maxValue(7)
param retentionDays int

@minValue(1)
@maxValue(40)
param throughputUnits int

@minValue(1)
@maxValue(40)
param throughputUnitsMax int

@description('Subnet ids that may connect; empty: every network may.')
param allowedSubnets string[]

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard', capacity: throughputUnits }
  properties: {
    disableLocalAuth: false // a diagnostic setting has no identity
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
    isAutoInflateEnabled: throughputUnitsMax > throughputUnits
    maximumThroughputUnits: throughputUnitsMax > throughputUnits ? throughputUnitsMax : 0
  }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = {
  parent: namespace
  name: hubName
  properties: {
    partitionCount: partitions
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: retentionDays * 24 }
  }
}

@batchSize(1) // the service refuses several changes of one hub at a time
resource groups 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = [
  for group in consumerGroups: {
    parent: hub
    name: group
    properties: {}
  }
]

resource rule 'Microsoft.EventHub/namespaces/authorizationRules@2024-01-01' = {
  parent: namespace
  name: 'diagnostic-setting'
  properties: {
    rights: ['Manage', 'Send', 'Listen'] // a diagnostic setting needs all three
  }
}

resource network 'Microsoft.EventHub/namespaces/networkRuleSets@2024-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    publicNetworkAccess: 'Enabled'
    defaultAction: empty(allowedSubnets) ? 'Allow' : 'Deny'
    trustedServiceAccessEnabled: true // Azure Monitor comes this way
    virtualNetworkRules: [
      for subnet in allowedSubnets: {
        subnet: { id: subnet }
        ignoreMissingVnetServiceEndpoint: false
      }
    ]
  }
}

output namespaceName string = namespace.name
output hubName string = hub.name
output ruleId string = rule.id
output host string = '${namespace.name}.servicebus.windows.net'
