// The HTTP API and its light timers, on Flex Consumption: no instance runs between requests and timers.
// The program checks the tokens of its callers, so the host asks them for no key.

param location string
param tags object
param name string
param planName string

@description('Storage of the Functions host itself: the package, locks of timers. Not the ledger.')
param accountName string
param identityId string
param identityClientId string

@description('Settings of the program by name.')
param variables object

@description('Vault and name of the secret that becomes TELEMETRY_SUBJECT_KEY; empty: not made yet.')
param telemetryVaultUri string
param subjectKeyName string

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@minValue(40)
@maxValue(1000)
param instancesMax int

@description('Subnet of outgoing connections; empty: none.')
param subnetId string

@description('Whether the host storage refuses networks other than private endpoints.')
param private bool

var packages = 'function-packages'
var hostSettings = {
  AZURE_CLIENT_ID: identityClientId
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: 'https://${accountName}.blob.${environment().suffixes.storage}'
  AzureWebJobsStorage__queueServiceUri: 'https://${accountName}.queue.${environment().suffixes.storage}'
  AzureWebJobsStorage__tableServiceUri: 'https://${accountName}.table.${environment().suffixes.storage}'
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}
// A reference to a secret that is not there would itself become the key.
var subjectKey = empty(subjectKeyName)
  ? {}
  : {
      TELEMETRY_SUBJECT_KEY: '@Microsoft.KeyVault(SecretUri=${telemetryVaultUri}secrets/${subjectKeyName}/)'
    }

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {}
}

resource packageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobService
  name: packages
  properties: { publicAccess: 'None' }
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${packages}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: instancesMax
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [
        for each in items(union(variables, hostSettings, subjectKey)): { name: each.key, value: each.value }
      ]
    }
  }
  dependsOn: [packageContainer]
}

// Deploying wants a token of Entra, not a password of the app.
resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

output name string = app.name
output accountId string = account.id
output accountName string = account.name
output url string = 'https://${app.properties.defaultHostName}'
