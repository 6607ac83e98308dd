// A consumer of event hubs: always one replica, and more while its lag grows, up to one for each
// partition.

param location string
param tags object
param name string
param environmentId string
param image string
param registryServer string
param identityId string

@description('Words after `python -m consumers`.')
param arguments string[]

@description('Settings of the program by name.')
param variables object

@description('What it reads: namespace (the first part of its host), hub and group.')
param reads {
  namespace: string
  hub: string
  group: string
}[]

param storageAccountName string
param checkpointContainer string

@minValue(1)
@maxValue(32)
param replicasMax int

@description('Events behind that call for one more replica.')
@minValue(1)
param eventsPerReplica int

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      registries: [{ server: registryServer, identity: identityId }]
    }
    template: {
      terminationGracePeriodSeconds: 60 // SIGTERM drains what is in memory, and saves checkpoints
      containers: [
        {
          name: 'consumer'
          image: image
          command: ['python', '-m', 'consumers']
          args: arguments
          resources: { cpu: json('0.25'), memory: '0.5Gi' } // pairing's backlog: 375 MiB
          env: [for each in items(variables): { name: each.key, value: each.value }]
        }
      ]
      scale: {
        minReplicas: 1
        maxReplicas: replicasMax
        cooldownPeriod: 300
        pollingInterval: 30
        rules: [
          for each in reads: {
            name: 'lag-${each.hub}'
            custom: {
              type: 'azure-eventhub'
              identity: identityId
              metadata: {
                eventHubNamespace: each.namespace
                eventHubName: each.hub
                consumerGroup: each.group
                storageAccountName: storageAccountName
                blobContainer: checkpointContainer
                checkpointStrategy: 'blobMetadata'
                unprocessedEventThreshold: string(eventsPerReplica)
              }
            }
          }
        ]
      }
    }
  }
}
