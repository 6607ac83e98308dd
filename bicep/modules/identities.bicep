// One user-assigned identity for each process. roles.json says what each of them may do.

param location string
param tags object

@description('Starts the name of each identity.')
param prefix string

@description('Ends the name of each identity.')
param token string

var processes = ['metering', 'pairing', 'api', 'close', 'audit', 'ui', 'capture']

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [
  for process in processes: {
    name: '${prefix}${process}-${token}'
    location: location
    tags: tags
  }
]

@description('Each process with the ids of its identity.')
output all array = [
  for (process, i) in processes: {
    process: process
    id: identities[i].id
    principalId: identities[i].properties.principalId
    clientId: identities[i].properties.clientId
  }
]
