// A new API Management. It takes 30 to 45 minutes in the classic tiers, a few in the v2 tiers.

param location string
param tags object
param name string

@description('The Consumption tier streams nothing and logs nothing, so it is not offered.')
@allowed(['Developer', 'Basic', 'Standard', 'Premium', 'BasicV2', 'StandardV2'])
param sku string

@minValue(1)
param capacity int
param publisherEmail string
param publisherName string

resource service 'Microsoft.ApiManagement/service@2024-06-01-preview' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, capacity: capacity }
  identity: { type: 'SystemAssigned' }
  properties: {
    publisherEmail: publisherEmail
    publisherName: publisherName
    virtualNetworkType: 'None'
  }
}
