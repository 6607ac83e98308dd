// Everything that metering and billing of model calls need, in one resource group. `azd up` deploys
// it in two passes: the second knows the image and the app registrations that hooks make after the
// first. bicep/README.md explains the parts, and how to do without azd.
targetScope = 'subscription'

// ---------------------------------------------------------------- where and who

@description('Names the resource group, and with subscription and region each resource.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of everything but an existing gateway.')
@minLength(1)
param location string

@description('Object id of whoever operates: runs verbs, reads blobs. Empty: nobody gets these roles.')
param principalId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

// ---------------------------------------------------------------- second pass

@description('The image of consumers, jobs and UI, by digest. Empty in the first pass: no program runs.')
param image string = ''

@description('Application (client) id of the API\'s app registration. Empty in the first pass.')
param apiClientId string = ''

@description('Application (client) id of the UI\'s app registration. Empty in the first pass.')
param uiClientId string = ''

// ---------------------------------------------------------------- gateway and models

@description('Resource id of an API Management that is there already. Empty: a new one is made.')
param existingGatewayId string = ''

@description('Region of the existing gateway; the hub of its log has to be there.')
param existingGatewayLocation string = location

@description('An API of the existing gateway that has the policies already. Empty: a new API is made.')
param existingApiName string = ''

@allowed(['Developer', 'Basic', 'Standard', 'Premium', 'BasicV2', 'StandardV2'])
param gatewaySku string = 'BasicV2'

@minValue(1)
param gatewayCapacity int = 1
param publisherName string = 'LLM chargeback'

@description('Mail address that a new gateway shows; needed for one.')
param publisherEmail string = ''

@description('Named values of the policies that differ from apim_policies/named_values.json.')
param namedValues object = {}

@description('Whether to make an account of Foundry with the deployments below.')
param deployModels bool = true

param modelDeployments {
  name: string
  format: string
  model: string
  version: string
  sku: string
  capacity: int
}[] = [
  {
    name: 'gpt-4.1-mini'
    format: 'OpenAI'
    model: 'gpt-4.1-mini'
    version: '2025-04-14'
    sku: 'GlobalStandard'
    capacity: 50
  }
  {
    name: 'text-embedding-3-small'
    format: 'OpenAI'
    model: 'text-embedding-3-small'
    version: '1'
    sku: 'GlobalStandard'
    capacity: 50
  }
]

@description('Accounts of models that are there already: their resource ids and kinds.')
param existingModelAccounts {
  id: string
  kind: 'OpenAI' | 'AIServices'
}[] = []

@description('Where the API sends its calls if no account is made here: https://NAME.openai.azure.com')
param modelEndpoint string = ''

// ---------------------------------------------------------------- sizes and times

@description('Partitions of each hub. They cannot be changed later.')
@minValue(1)
@maxValue(32)
param partitions int = 4

@minValue(1)
@maxValue(40)
param throughputUnits int = 1

@minValue(1)
@maxValue(40)
param throughputUnitsMax int = 4

@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Days in which documents of a closed month cannot be changed. 3,653 are ten years.')
@minValue(1)
@maxValue(146000)
param invoiceRetentionDays int = 3653

@description('True once somebody has locked the policy of these documents: it is left as it is then.')
param invoicePolicyLocked bool = false

@minValue(1)
param deadLetterDays int = 90

@description('Whether all usage events are kept as files too, for replays after the hub\'s retention.')
param capture bool = true

@minValue(1)
param captureDays int = 90

@minValue(30)
@maxValue(730)
param logDays int = 90

@allowed([512, 2048, 4096])
param functionMemoryMB int = 2048

@minValue(40)
@maxValue(1000)
param functionInstancesMax int = 40

// ---------------------------------------------------------------- the programs' settings

@description('Settings of the programs that differ from bicep/settings.json, by name.')
param settings object = {}

@description('Rule files of bicep/price_books that metering adds to the base book.')
param priceBooks string[] = ['company.toml']

@description('A host name of your own for the UI, and the id of its certificate in the environment.')
param uiHost string = ''
param uiCertificateId string = ''

// ---------------------------------------------------------------- network and alerts

@description('Storage and vaults answer private endpoints alone, and the log\'s hub one subnet alone.')
param privateNetworking bool = false

@description('Subnets of an existing gateway. With them the hub of usage events answers these alone.')
param gatewaySubnetIds string[] = []
param addressSpace string = '10.90.0.0/24'

@description('Who gets the mails of alerts.')
param alertEmails string[] = []

@minValue(60)
param lagSecondsMax int = 900

// ---------------------------------------------------------------- names

var withPrograms = !empty(image)
var abbreviations = loadJsonContent('abbreviations.json')
var defaults = loadJsonContent('settings.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var groupName = '${abbreviations.resourceGroup}${environmentName}'
var uiName = '${abbreviations.containerApp}ui-${token}'
var functionName = '${abbreviations.functionApp}api-${token}'
var newGateway = empty(existingGatewayId)
// Also of a new gateway: scopes of modules have to be known when the deployment starts.
var gatewayId = newGateway
  ? '${subscription().id}/resourceGroups/${groupName}/providers/Microsoft.ApiManagement/service/${abbreviations.apiManagement}${token}'
  : existingGatewayId
var gatewaySubscription = split(gatewayId, '/')[2]
var gatewayGroup = split(gatewayId, '/')[4]
var gatewayName = last(split(gatewayId, '/'))
var gatewayLocation = newGateway ? location : existingGatewayLocation
var apiName = empty(existingApiName) ? 'llm' : existingApiName
var policyValues = union(loadJsonContent('../apim_policies/named_values.json'), namedValues)
// The settings that a program reads, with the operator's values in place of the defaults.
var consumerSettings = union(
  defaults.consumers,
  toObject(
    filter(items(settings), each => contains(defaults.consumers, each.key)),
    each => each.key,
    each => each.value
  )
)
var apiSettings = union(
  defaults.api,
  toObject(
    filter(items(settings), each => contains(defaults.api, each.key)),
    each => each.key,
    each => each.value
  )
)
var closeSettings = union(
  defaults.close,
  toObject(
    filter(items(settings), each => contains(defaults.close, each.key)),
    each => each.key,
    each => each.value
  )
)
var usageHubName = consumerSettings.EVENTHUB_NAME
var diagnosticsHubName = consumerSettings.DIAGNOSTICS_HUB_NAME
var hubDays = int(consumerSettings.HUB_RETENTION_DAYS)
var checkGroup = consumerSettings.CHECK_GROUP
var pairingGroup = consumerSettings.PAIRING_GROUP
var meteringGroup = consumerSettings.CONSUMER_GROUP
var issuer = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
var secrets = loadJsonContent('secrets.json')
var tableNames = loadJsonContent('storage.json').tables
var containerNames = loadJsonContent('storage.json').containers

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: groupName
  location: location
  tags: tags
}

// ---------------------------------------------------------------- ground

module identities 'modules/identities.bicep' = {
  name: 'identities'
  scope: group
  params: {
    location: location
    tags: tags
    prefix: abbreviations.managedIdentity
    token: token
  }
}

var identityIds = toObject(identities.outputs.all, each => each.process, each => each.id)
var clientIds = toObject(identities.outputs.all, each => each.process, each => each.clientId)
var principals = toObject(identities.outputs.all, each => each.process, each => each.principalId)

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceName: '${abbreviations.logAnalytics}${token}'
    appInsightsName: '${abbreviations.appInsights}${token}'
    retentionDays: logDays
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.virtualNetwork}${token}'
    addressSpace: addressSpace
  }
}

var programsSubnetId = privateNetworking ? network!.outputs.programsSubnetId : ''
// A gateway outside of these networks is refused, and its events are lost: Azure does not let API
// Management in as a trusted service any more. A new gateway has no network.
var usageSubnets = privateNetworking && !newGateway && !empty(gatewaySubnetIds)
  ? concat([programsSubnetId], gatewaySubnetIds)
  : []
var functionsSubnetId = privateNetworking ? network!.outputs.functionsSubnetId : ''

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    location: location
    tags: tags
    accountName: '${abbreviations.storageAccount}ledger${token}'
    sku: storageSku
    tableNames: tableNames
    containerNames: containerNames
    invoiceRetentionDays: invoiceRetentionDays
    invoicePolicyLocked: invoicePolicyLocked
    deadLetterDays: deadLetterDays
    captureDays: captureDays
    private: privateNetworking
  }
}

module usageHub 'modules/usage_hub.bicep' = {
  name: 'usage-hub'
  scope: group
  params: {
    location: location
    tags: tags
    namespaceName: '${abbreviations.eventHubsNamespace}usage-${token}'
    hubName: usageHubName
    consumerGroups: [meteringGroup, pairingGroup, checkGroup]
    partitions: partitions
    retentionDays: hubDays
    throughputUnits: throughputUnits
    throughputUnitsMax: throughputUnitsMax
    capture: capture && withPrograms // by then the role of its identity works
    captureIdentityId: identityIds.capture
    captureAccountId: storage.outputs.id
    captureContainer: 'capture'
    allowedSubnets: usageSubnets
  }
  dependsOn: [captureRole]
}

module captureRole 'modules/capture_role.bicep' = {
  name: 'capture-role'
  scope: group
  params: {
    accountName: storage.outputs.name
    principalId: principals.capture
  }
}

module diagnosticsHub 'modules/diagnostics_hub.bicep' = {
  name: 'diagnostics-hub'
  scope: group
  params: {
    location: gatewayLocation
    tags: tags
    namespaceName: '${abbreviations.eventHubsNamespace}log-${token}'
    hubName: diagnosticsHubName
    consumerGroups: [pairingGroup, checkGroup]
    partitions: partitions
    retentionDays: hubDays
    throughputUnits: throughputUnits
    throughputUnitsMax: throughputUnitsMax
    allowedSubnets: privateNetworking ? [programsSubnetId] : []
  }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.containerRegistry}${token}'
  }
}

module uiVault 'modules/key_vault.bicep' = {
  name: 'ui-vault'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.keyVault}ui-${token}'
    private: privateNetworking
  }
}

module telemetryVault 'modules/key_vault.bicep' = {
  name: 'telemetry-vault'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.keyVault}tel-${token}'
    private: privateNetworking
  }
}

// ---------------------------------------------------------------- gateway and models

module models 'modules/models.bicep' = if (deployModels) {
  name: 'models'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.aiServices}${token}'
    deployments: modelDeployments
  }
}

module newGatewayService 'modules/gateway.bicep' = if (newGateway) {
  name: 'gateway'
  scope: group
  params: {
    location: location
    tags: tags
    name: gatewayName
    sku: gatewaySku
    capacity: gatewayCapacity
    publisherEmail: publisherEmail
    publisherName: publisherName
  }
}

module gateway 'modules/existing_gateway.bicep' = {
  name: 'gateway-facts'
  scope: resourceGroup(gatewaySubscription, gatewayGroup)
  params: { name: gatewayName }
  dependsOn: [newGatewayService]
}

module gatewayLoggers 'modules/gateway_loggers.bicep' = {
  name: 'gateway-loggers'
  scope: resourceGroup(gatewaySubscription, gatewayGroup)
  params: {
    gatewayName: gateway.outputs.name
    usageHost: usageHub.outputs.host
    usageHubName: usageHub.outputs.hubName
    usageHubId: usageHub.outputs.hubId
    appInsightsId: monitoring.outputs.appInsightsId
    connectionString: monitoring.outputs.connectionString
    diagnosticsRuleId: diagnosticsHub.outputs.ruleId
    diagnosticsHubName: diagnosticsHub.outputs.hubName
  }
}

module gatewayPolicies 'modules/gateway_policies.bicep' = {
  name: 'gateway-policies'
  scope: resourceGroup(gatewaySubscription, gatewayGroup)
  params: {
    gatewayName: gateway.outputs.name
    namedValues: policyValues
  }
  dependsOn: [gatewayLoggers] // a fragment names the logger
}

module gatewayApi 'modules/gateway_api.bicep' = if (empty(existingApiName)) {
  name: 'gateway-api'
  scope: resourceGroup(gatewaySubscription, gatewayGroup)
  params: {
    gatewayName: gateway.outputs.name
    apiName: apiName
    path: 'llm'
    modelEndpoint: deployModels ? models!.outputs.endpoint : modelEndpoint
    keyRequired: policyValues['chargeback-authentication'] != 'entra'
  }
  dependsOn: [gatewayPolicies] // the policy includes the fragments
}

module gatewayReports 'modules/gateway_reports.bicep' = {
  name: 'gateway-reports'
  scope: resourceGroup(gatewaySubscription, gatewayGroup)
  params: {
    gatewayName: gateway.outputs.name
    apiName: apiName
    monitorLoggerId: gatewayLoggers.outputs.monitorLoggerId
    insightsLoggerId: gatewayLoggers.outputs.insightsLoggerId
  }
  dependsOn: [gatewayApi]
}

module newModelAccess 'modules/model_access.bicep' = if (deployModels) {
  name: 'model-access'
  scope: group
  params: {
    accountName: models!.outputs.name
    kind: 'AIServices'
    gatewayPrincipalId: gateway.outputs.principalId
  }
}

module existingModelAccess 'modules/model_access.bicep' = [
  for each in existingModelAccounts: {
    name: 'model-access-${uniqueString(each.id)}'
    scope: resourceGroup(split(each.id, '/')[2], split(each.id, '/')[4])
    params: {
      accountName: last(split(each.id, '/'))
      kind: each.kind
      gatewayPrincipalId: gateway.outputs.principalId
    }
  }
]

// ---------------------------------------------------------------- API

var hubAddresses = {
  EVENTHUB_NAMESPACE: usageHub.outputs.host
  DIAGNOSTICS_EVENTHUB_NAMESPACE: diagnosticsHub.outputs.host
}
var storageAddresses = {
  TABLES_URL: storage.outputs.tablesUrl
  BLOBS_URL: storage.outputs.blobsUrl
}
var telemetrySettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
}

module api 'modules/function_app.bicep' = {
  name: 'api'
  scope: group
  params: {
    location: location
    tags: tags
    name: functionName
    planName: '${abbreviations.functionPlan}${token}'
    accountName: '${abbreviations.storageAccount}func${token}'
    identityId: identityIds.api
    identityClientId: clientIds.api
    variables: union(apiSettings, storageAddresses, telemetrySettings, {
      AUTH_MODE: 'oidc'
      OIDC_ISSUERS: issuer
      OIDC_AUDIENCES: empty(apiClientId) ? 'not-registered-yet' : '${apiClientId},api://${apiClientId}'
      OIDC_TENANTS: tenant().tenantId
      LOG_ANALYTICS_WORKSPACE_ID: monitoring.outputs.workspaceCustomerId
    })
    telemetryVaultUri: telemetryVault.outputs.uri
    subjectKeyName: withPrograms ? secrets.telemetryVault.subjectKey : ''
    instanceMemoryMB: functionMemoryMB
    instancesMax: functionInstancesMax
    subnetId: functionsSubnetId
    private: privateNetworking
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principals: union(principals, {
      gateway: gateway.outputs.principalId
      operator: principalId
    })
    operatorType: principalType
    usageNamespaceName: usageHub.outputs.namespaceName
    usageHubName: usageHub.outputs.hubName
    diagnosticsNamespaceName: diagnosticsHub.outputs.namespaceName
    diagnosticsHubName: diagnosticsHub.outputs.hubName
    accountName: storage.outputs.name
    functionAccountName: api.outputs.accountName
    appInsightsName: monitoring.outputs.appInsightsName
    workspaceName: monitoring.outputs.workspaceName
    registryName: registry.outputs.name
    uiVaultName: uiVault.outputs.name
    telemetryVaultName: telemetryVault.outputs.name
  }
}

module privateEndpoints 'modules/private_endpoints.bicep' = if (privateNetworking) {
  name: 'private-endpoints'
  scope: group
  params: {
    location: location
    tags: tags
    prefix: abbreviations.privateEndpoint
    token: token
    subnetId: privateNetworking ? network!.outputs.endpointsSubnetId : ''
    targets: [
      {
        name: 'ledger-tables'
        resourceId: storage.outputs.id
        group: 'table'
        zone: 'privatelink.table.${environment().suffixes.storage}'
      }
      {
        name: 'ledger-blobs'
        resourceId: storage.outputs.id
        group: 'blob'
        zone: 'privatelink.blob.${environment().suffixes.storage}'
      }
      {
        name: 'functions-blobs'
        resourceId: api.outputs.accountId
        group: 'blob'
        zone: 'privatelink.blob.${environment().suffixes.storage}'
      }
      {
        name: 'functions-tables'
        resourceId: api.outputs.accountId
        group: 'table'
        zone: 'privatelink.table.${environment().suffixes.storage}'
      }
      {
        name: 'functions-queues'
        resourceId: api.outputs.accountId
        group: 'queue'
        zone: 'privatelink.queue.${environment().suffixes.storage}'
      }
      {
        name: 'ui-vault'
        resourceId: uiVault.outputs.id
        group: 'vault'
        zone: 'privatelink.vaultcore.azure.net'
      }
      {
        name: 'telemetry-vault'
        resourceId: telemetryVault.outputs.id
        group: 'vault'
        zone: 'privatelink.vaultcore.azure.net'
      }
    ]
  }
}

// ---------------------------------------------------------------- programs of the image

var books = join(map(priceBooks, each => '/app/price_books/${each}'), ':')

module programs 'modules/container_environment.bicep' = {
  name: 'programs'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.containerAppsEnvironment}${token}'
    workspaceId: monitoring.outputs.workspaceId
    subnetId: programsSubnetId
  }
}

module metering 'modules/consumer.bicep' = if (withPrograms) {
  name: 'metering'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.containerApp}metering-${token}'
    environmentId: programs.outputs.id
    image: image
    registryServer: registry.outputs.server
    identityId: identityIds.metering
    arguments: ['run']
    variables: union(
      consumerSettings,
      hubAddresses,
      storageAddresses,
      telemetrySettings,
      { AZURE_CLIENT_ID: clientIds.metering, PRICE_BOOKS: books }
    )
    reads: [
      { namespace: usageHub.outputs.namespaceName, hub: usageHubName, group: meteringGroup }
    ]
    storageAccountName: storage.outputs.name
    checkpointContainer: consumerSettings.CHECKPOINT_CONTAINER
    replicasMax: partitions
    eventsPerReplica: 20000
  }
  dependsOn: [roles]
}

module pairing 'modules/consumer.bicep' = if (withPrograms) {
  name: 'pairing'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.containerApp}pairing-${token}'
    environmentId: programs.outputs.id
    image: image
    registryServer: registry.outputs.server
    identityId: identityIds.pairing
    arguments: ['pair']
    variables: union(
      consumerSettings,
      hubAddresses,
      storageAddresses,
      telemetrySettings,
      { AZURE_CLIENT_ID: clientIds.pairing, PRICE_BOOKS: books }
    )
    reads: [
      { namespace: usageHub.outputs.namespaceName, hub: usageHubName, group: pairingGroup }
      {
        namespace: diagnosticsHub.outputs.namespaceName
        hub: diagnosticsHubName
        group: pairingGroup
      }
    ]
    storageAccountName: storage.outputs.name
    checkpointContainer: consumerSettings.CHECKPOINT_CONTAINER
    replicasMax: partitions
    eventsPerReplica: 20000
  }
  dependsOn: [roles]
}

module close 'modules/job.bicep' = if (withPrograms) {
  name: 'close'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.containerAppsJob}close-${token}'
    environmentId: programs.outputs.id
    image: image
    registryServer: registry.outputs.server
    identityId: identityIds.close
    command: ['python', '-m', 'table_api', 'invoice', 'close-due', '--scheduled']
    variables: union(closeSettings, storageAddresses, telemetrySettings, {
      AZURE_CLIENT_ID: clientIds.close
    })
    schedule: '20 * * * *' // a month is over at another hour in each time zone
    timeoutS: 7200
  }
  dependsOn: [roles]
}

module audit 'modules/job.bicep' = if (withPrograms) {
  name: 'audit'
  scope: group
  params: {
    location: location
    tags: tags
    name: '${abbreviations.containerAppsJob}audit-${token}'
    environmentId: programs.outputs.id
    image: image
    registryServer: registry.outputs.server
    identityId: identityIds.audit
    command: ['python', '-m', 'consumers', 'watch']
    variables: union(
      consumerSettings,
      hubAddresses,
      storageAddresses,
      telemetrySettings,
      { AZURE_CLIENT_ID: clientIds.audit, PRICE_BOOKS: books }
    )
    schedule: '40 3 * * *'
    timeoutS: 14400
  }
  dependsOn: [roles]
}

module ui 'modules/ui.bicep' = if (withPrograms && !empty(uiClientId)) {
  name: 'ui'
  scope: group
  params: {
    location: location
    tags: tags
    name: uiName
    environmentId: programs.outputs.id
    image: image
    registryServer: registry.outputs.server
    identityId: identityIds.ui
    variables: {
      API_URL: api.outputs.url
      // The playground sends the API's token, so the gateway has to take it.
      GATEWAY_URL: contains(policyValues['chargeback-audience'], apiClientId)
        ? '${gateway.outputs.url}/${gatewayReports.outputs.apiPath}/openai/v1'
        : ''
      SIGN_IN: 'oidc'
      UI_URL: uiUrl
      OIDC_ISSUER: issuer
      OIDC_CLIENT_ID: uiClientId
      OIDC_SCOPES: 'openid profile api://${apiClientId}/access'
    }
    vaultUri: uiVault.outputs.uri
    clientSecretName: secrets.uiVault.clientSecret
    cookieSecretName: secrets.uiVault.cookieSecret
    replicasMax: 3
    customHost: uiHost
    certificateId: uiCertificateId
  }
  dependsOn: [roles]
}

var uiUrl = 'https://${empty(uiHost) ? '${uiName}.${programs.outputs.defaultDomain}' : uiHost}'

// ---------------------------------------------------------------- what people look at

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    lagSecondsMax: lagSecondsMax
    enabled: withPrograms
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

// ---------------------------------------------------------------- what hooks and operators need

var consumerIds = '${group.id}/providers/Microsoft.App/containerApps/${abbreviations.containerApp}'

output ENVIRONMENT_NAME string = environmentName
output OPERATOR_ID string = principalId
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_CONTAINER_REGISTRY_NAME string = registry.outputs.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.server
output API_URL string = api.outputs.url
output UI_URL string = uiUrl
output UI_VAULT_ID string = uiVault.outputs.id
output TELEMETRY_VAULT_ID string = telemetryVault.outputs.id
output METERING_ID string = '${consumerIds}metering-${token}'
output PAIRING_ID string = '${consumerIds}pairing-${token}'
output GATEWAY_ID string = gateway.outputs.id
output GATEWAY_URL string = '${gateway.outputs.url}/${gatewayReports.outputs.apiPath}/openai/v1'
output FUNCTION_APP_NAME string = api.outputs.name
output LOG_ANALYTICS_WORKSPACE_ID string = monitoring.outputs.workspaceCustomerId
output EVENTHUB_NAMESPACE string = usageHub.outputs.host
output DIAGNOSTICS_EVENTHUB_NAMESPACE string = diagnosticsHub.outputs.host
output TABLES_URL string = storage.outputs.tablesUrl
output BLOBS_URL string = storage.outputs.blobsUrl

// Verbs that an operator runs have to agree with the programs, also where `settings` differ.
output EVENTHUB_NAME string = consumerSettings.EVENTHUB_NAME
output CONSUMER_GROUP string = consumerSettings.CONSUMER_GROUP
output DIAGNOSTICS_HUB_NAME string = consumerSettings.DIAGNOSTICS_HUB_NAME
output PAIRING_GROUP string = consumerSettings.PAIRING_GROUP
output CHECK_GROUP string = consumerSettings.CHECK_GROUP
output CHECKPOINT_CONTAINER string = consumerSettings.CHECKPOINT_CONTAINER
output DEAD_LETTER_CONTAINER string = consumerSettings.DEAD_LETTER_CONTAINER
output HUB_RETENTION_DAYS string = consumerSettings.HUB_RETENTION_DAYS
output RAW_USAGE_DAYS string = consumerSettings.RAW_USAGE_DAYS
output PRICE_SOURCES string = consumerSettings.PRICE_SOURCES
output BILLING_TIME_ZONE string = consumerSettings.BILLING_TIME_ZONE
output PRICING_CURRENCY string = consumerSettings.PRICING_CURRENCY
output BILLING_CURRENCY string = consumerSettings.BILLING_CURRENCY
output LEDGER_SHARDS string = consumerSettings.LEDGER_SHARDS
output INVOICE_ISSUER string = closeSettings.INVOICE_ISSUER
output INVOICE_PREFIX string = closeSettings.INVOICE_PREFIX
output INVOICE_LOOK_BACK_MONTHS string = closeSettings.INVOICE_LOOK_BACK_MONTHS
output INVOICE_OPEN_CALLS_MAX string = closeSettings.INVOICE_OPEN_CALLS_MAX
output INVOICE_DEAD_LETTERS_MAX string = closeSettings.INVOICE_DEAD_LETTERS_MAX
output INVOICE_WITHOUT_PAIRING string = closeSettings.INVOICE_WITHOUT_PAIRING
