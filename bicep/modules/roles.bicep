// Who may do what: every line of roles.json, at the smallest scope that Azure allows.
// docs/security.md says why each role is needed; a test compares the two.

@description('Principal ids by the names that roles.json uses. An empty one gets no role.')
param principals object

@description('What kind of principal the operator is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorType string

param usageNamespaceName string
param diagnosticsNamespaceName string
param usageHubName string
param diagnosticsHubName string
param accountName string
param functionAccountName string
param appInsightsName string
param workspaceName string
param registryName string
param uiVaultName string
param telemetryVaultName string

var roles = loadJsonContent('../roles.json')
var usageHubRoles = filter(roles.hubs, each => each.hub == 'llm-usage')
var diagnosticsHubRoles = filter(roles.hubs, each => each.hub == 'apim-diagnostics')
var appInsightsRoles = filter(roles.telemetry, each => each.on == 'application insights')
var workspaceRoles = filter(roles.telemetry, each => each.on == 'workspace')
var uiVaultRoles = filter(roles.vaults, each => each.vault == 'ui')
var telemetryVaultRoles = filter(roles.vaults, each => each.vault == 'telemetry')

resource usageNamespace 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: usageNamespaceName
}

resource usageHub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = {
  parent: usageNamespace
  name: usageHubName
}

resource onUsageHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in usageHubRoles: if (!empty(principals[each.who])) {
    name: guid(usageHub.id, principals[each.who], roles.ids[each.role])
    scope: usageHub
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource diagnosticsNamespace 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: diagnosticsNamespaceName
}

resource diagnosticsHub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = {
  parent: diagnosticsNamespace
  name: diagnosticsHubName
}

resource onDiagnosticsHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in diagnosticsHubRoles: if (!empty(principals[each.who])) {
    name: guid(diagnosticsHub.id, principals[each.who], roles.ids[each.role])
    scope: diagnosticsHub
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: accountName
}

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in roles.account: if (!empty(principals[each.who])) {
    name: guid(account.id, principals[each.who], roles.ids[each.role])
    scope: account
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' existing = {
  parent: account
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' existing = [
  for each in roles.tables: {
    parent: tableService
    name: each.table
  }
]

resource onTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in roles.tables: if (!empty(principals[each.who])) {
    name: guid(account.id, each.table, principals[each.who], roles.ids[each.role])
    scope: tables[i]
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: account
  name: 'default'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = [
  for each in roles.containers: {
    parent: blobService
    name: each.container
  }
]

resource onContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in roles.containers: if (!empty(principals[each.who])) {
    name: guid(account.id, each.container, principals[each.who], roles.ids[each.role])
    scope: containers[i]
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource functionAccount 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: functionAccountName
}

resource onFunctionAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in roles.functionStorage: if (!empty(principals[each.who])) {
    name: guid(functionAccount.id, principals[each.who], roles.ids[each.role])
    scope: functionAccount
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource appInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: appInsightsName
}

resource onAppInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in appInsightsRoles: if (!empty(principals[each.who])) {
    name: guid(appInsights.id, principals[each.who], roles.ids[each.role])
    scope: appInsights
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource onWorkspace 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in workspaceRoles: if (!empty(principals[each.who])) {
    name: guid(workspace.id, principals[each.who], roles.ids[each.role])
    scope: workspace
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

resource onRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in roles.registry: if (!empty(principals[each.who])) {
    name: guid(registry.id, principals[each.who], roles.ids[each.role])
    scope: registry
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource uiVault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: uiVaultName
}

resource onUiVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in uiVaultRoles: if (!empty(principals[each.who])) {
    name: guid(uiVault.id, principals[each.who], roles.ids[each.role])
    scope: uiVault
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]

resource telemetryVault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: telemetryVaultName
}

resource onTelemetryVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in telemetryVaultRoles: if (!empty(principals[each.who])) {
    name: guid(telemetryVault.id, principals[each.who], roles.ids[each.role])
    scope: telemetryVault
    properties: {
      principalId: principals[each.who]
      principalType: each.who == 'operator' ? operatorType : 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.ids[each.role]
      )
    }
  }
]
