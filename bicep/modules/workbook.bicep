// The workbook over the workspace: bicep/workbook.json is what the portal edits and exports.

param location string
param tags object
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'chargeback')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'LLM chargeback'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('../workbook.json')
    version: 'Notebook/1.0'
  }
}
