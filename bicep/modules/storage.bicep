// The storage account of the ledger: its tables, its containers, and how long blobs are kept.

param location string
param tags object
param accountName string

@description('Standard_ZRS survives the loss of a zone; Standard_LRS is the cheapest.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param sku string

param tableNames string[]
param containerNames string[]

@description('Days in which no document of a closed month can be changed or deleted, by nobody.')
@minValue(1)
@maxValue(146000)
param invoiceRetentionDays int

@description('Whether that policy is locked: then a deployment cannot write it again.')
param invoicePolicyLocked bool

@description('Days that dead letters and Capture files are kept; they contain subjects.')
@minValue(1)
param deadLetterDays int

@minValue(1)
param captureDays int

@description('Whether networks other than private endpoints are refused.')
param private bool

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices' // Capture comes this way
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {}
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [
  for name in tableNames: {
    parent: tableService
    name: name
    properties: {}
  }
]

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 30 }
    containerDeleteRetentionPolicy: { enabled: true, days: 30 }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [
  for name in containerNames: {
    parent: blobService
    name: name
    properties: { publicAccess: 'None' }
  }
]

resource invoices 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobService
  name: 'invoices'
  properties: { publicAccess: 'None' }
}

// Unlocked: an owner of the account may still shorten it. `az storage container immutability-policy
// lock` makes it final; set invoicePolicyLocked after that.
resource immutable 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01' = if (!invoicePolicyLocked) {
  parent: invoices
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: invoiceRetentionDays
    allowProtectedAppendWrites: false
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        for kept in [
          { container: 'dead-letters', days: deadLetterDays }
          { container: 'capture', days: captureDays }
        ]: {
          name: kept.container
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${kept.container}/'] }
            actions: {
              baseBlob: { delete: { daysAfterModificationGreaterThan: kept.days } }
            }
          }
        }
      ]
    }
  }
  dependsOn: [blobService]
}

output id string = account.id
output name string = account.name
output tablesUrl string = 'https://${account.name}.table.${environment().suffixes.storage}'
output blobsUrl string = 'https://${account.name}.blob.${environment().suffixes.storage}'
