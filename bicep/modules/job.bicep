// A program that runs by the clock and ends.

param location string
param tags object
param name string
param environmentId string
param image string
param registryServer string
param identityId string

@description('The program and its words.')
param command string[]

@description('Settings of the program by name.')
param variables object

@description('Five fields, in UTC.')
param schedule string

@description('Seconds after which a run is ended.')
@minValue(60)
param timeoutS int

resource job 'Microsoft.App/jobs@2025-01-01' = {
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
      triggerType: 'Schedule'
      scheduleTriggerConfig: {
        cronExpression: schedule
        parallelism: 1
        replicaCompletionCount: 1
      }
      replicaTimeout: timeoutS
      replicaRetryLimit: 0 // the next run catches up
      registries: [{ server: registryServer, identity: identityId }]
    }
    template: {
      containers: [
        {
          name: 'job'
          image: image
          command: command
          resources: { cpu: json('1.0'), memory: '2Gi' }
          env: [for each in items(variables): { name: each.key, value: each.value }]
        }
      ]
    }
  }
}
