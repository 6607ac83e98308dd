// The workbook over Application Insights: bicep/workbook.json is the file that the portal edits.

param location string
param tags object
param appInsightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(appInsightsId, 'chargeback')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'LLM chargeback'
    category: 'workbook'
    sourceId: appInsightsId
    serializedData: loadTextContent('../workbook.json')
    version: 'Notebook/1.0'
  }
}
