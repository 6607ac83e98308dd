// Optional: private endpoints of the storage accounts and vaults, with their names in DNS.

param location string
param tags object
param prefix string
param token string
param subnetId string

@description('What is reached: a short name, the resource, its group, and the DNS zone of the group.')
param targets {
  name: string
  resourceId: string
  group: string
  zone: string
}[]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-01-01' = [
  for each in targets: {
    name: '${prefix}${each.name}-${token}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: each.name
          properties: {
            privateLinkServiceId: each.resourceId
            groupIds: [each.group]
          }
        }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-01-01' = [
  for (each, i) in targets: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: each.group
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', each.zone) }
        }
      ]
    }
  }
]
