// Where the programs of the image run, and where their logs go.

param location string
param tags object
param name string

@description('Resource id of the workspace of the logs.')
param workspaceId string

@description('Subnet of the programs; empty: the platform has one of its own.')
param subnetId string

resource programs 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' } // needs no key of the workspace
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    vnetConfiguration: empty(subnetId)
      ? null
      : { infrastructureSubnetId: subnetId, internal: false }
    zoneRedundant: false
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: programs
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      { category: 'ContainerAppConsoleLogs', enabled: true }
      { category: 'ContainerAppSystemLogs', enabled: true }
    ]
  }
}

output id string = programs.id
output defaultDomain string = programs.properties.defaultDomain
