// The pages for people. Streamlit keeps a session in memory, so a browser stays with its replica.

param location string
param tags object
param name string
param environmentId string
param image string
param registryServer string
param identityId string

@description('Settings of the program by name; none of them is a secret.')
param variables object

@description('Vault with the two secrets below.')
param vaultUri string
param clientSecretName string
param cookieSecretName string

@minValue(1)
param replicasMax int

@description('A host name of your own, bound to a certificate of the environment; empty: none.')
param customHost string
param certificateId string

var port = 8501

resource app 'Microsoft.App/containerApps@2025-01-01' = {
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
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      registries: [{ server: registryServer, identity: identityId }]
      ingress: {
        external: true
        allowInsecure: false
        targetPort: port
        transport: 'auto'
        stickySessions: { affinity: 'sticky' }
        customDomains: empty(customHost)
          ? []
          : [{ name: customHost, certificateId: certificateId, bindingType: 'SniEnabled' }]
      }
      secrets: [
        {
          name: 'oidc-client-secret'
          keyVaultUrl: '${vaultUri}secrets/${clientSecretName}'
          identity: identityId
        }
        {
          name: 'cookie-secret'
          keyVaultUrl: '${vaultUri}secrets/${cookieSecretName}'
          identity: identityId
        }
      ]
    }
    template: {
      containers: [
        {
          name: 'ui'
          image: image
          command: ['python', '-m', 'streamlit', 'run', 'ui/server.py']
          args: ['--server.address', '0.0.0.0', '--server.port', string(port)]
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: concat(map(items(variables), each => { name: each.key, value: each.value }), [
            { name: 'OIDC_CLIENT_SECRET', secretRef: 'oidc-client-secret' }
            { name: 'COOKIE_SECRET', secretRef: 'cookie-secret' }
          ])
          probes: [
            {
              type: 'Startup'
              httpGet: { path: '/_stcore/health', port: port }
              periodSeconds: 5
              failureThreshold: 24
            }
            {
              type: 'Liveness'
              httpGet: { path: '/_stcore/health', port: port }
              periodSeconds: 30
              failureThreshold: 3
            }
          ]
        }
      ]
      scale: {
        minReplicas: 1 // a session lives in a replica's memory
        maxReplicas: replicasMax
        rules: [{ name: 'requests', http: { metadata: { concurrentRequests: '40' } } }]
      }
    }
  }
}
