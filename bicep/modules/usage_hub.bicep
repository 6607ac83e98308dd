// The hub of usage events. No key opens this namespace: who has one could invent calls.

param location string
param tags object
param namespaceName string
param hubName string

@description('Who reads the hub: names of consumer groups.')
param consumerGroups string[]

@description('Partitions cannot be changed later. Each is read by one process of metering at a time.')
@minValue(1)
@maxValue(32)
param partitions int

@minValue(1)
@maxValue(7)
param retentionDays int

@description('Throughput units at rest: 1 MB/s in, 2 MB/s out each.')
@minValue(1)
@maxValue(40)
param throughputUnits int

@description('The namespace grows by itself up to so many.')
@minValue(1)
@maxValue(40)
param throughputUnitsMax int

@description('Whether all events are kept as files too. It costs more than the hub.')
param capture bool

@description('Resource id of the identity that writes Capture files.')
param captureIdentityId string

@description('Resource id of the storage account of Capture files.')
param captureAccountId string
param captureContainer string

@description('Subnet ids that may connect; empty: every network may.')
param allowedSubnets string[]

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard', capacity: throughputUnits }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${captureIdentityId}': {} }
  }
  properties: {
    disableLocalAuth: true
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
    captureDescription: capture
      ? {
          enabled: true
          encoding: 'Avro'
          intervalInSeconds: 300
          sizeLimitInBytes: 104857600
          skipEmptyArchives: true
          destination: {
            name: 'EventHubArchive.AzureBlockBlob'
            identity: { type: 'UserAssigned', userAssignedIdentity: captureIdentityId }
            properties: {
              storageAccountResourceId: captureAccountId
              blobContainer: captureContainer
              archiveNameFormat: '{Namespace}/{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}'
            }
          }
        }
      : null
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

resource network 'Microsoft.EventHub/namespaces/networkRuleSets@2024-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    publicNetworkAccess: 'Enabled'
    defaultAction: empty(allowedSubnets) ? 'Allow' : 'Deny'
    trustedServiceAccessEnabled: true // API Management does not come this way: it needs its subnet
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
output hubId string = hub.id
output host string = '${namespace.name}.servicebus.windows.net'
