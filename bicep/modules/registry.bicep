// The registry of the one image that consumers, jobs and UI run.

param location string
param tags object
param name string

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Basic' }
  properties: {
    adminUserEnabled: false
    publicNetworkAccess: 'Enabled' // images are built in the registry, by whoever deploys
  }
}

output name string = registry.name
output server string = registry.properties.loginServer
