"""Mistakes to put into a copy of the checkout, and what is to be said of each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One edit of one file."""

    name: str
    file: str
    right: str
    """Text that is in the file once; the finding is expected in its line."""
    wrong: str
    says: str
    """Part of the finding's text."""
    at: str = ""
    """Text of the line of the finding, where it is another one than that of the edit."""
    found_in: str = ""
    """The file of the finding, where it is another one."""
    alone: bool = False
    """Whether it would hide others, or be hidden by them."""


_MAIN = "bicep/main.bicep"
_M = "bicep/modules"

MISTAKES = (
    # --- syntax
    Mistake("missing brace", f"{_M}/registry.bicep", "  name: name\n", "  name: {\n", "no Bicep",
            at="resource registry ", alone=True),
    Mistake("missing colon", f"{_M}/registry.bicep", "location: location", "location location",
            "no Bicep", alone=True),
    # --- types of resources
    Mistake("misspelt property", f"{_M}/gateway_reports.bicep", "largeLanguageModel: {",
            "largeLanguageModels: {", "did you mean 'largeLanguageModel'?"),
    Mistake("misspelt word of a closed list", f"{_M}/usage_hub.bicep", "encoding: 'Avro'",
            "encoding: 'Avo'", "did you mean 'Avro'?"),
    Mistake("misspelt word of an open list", f"{_M}/gateway_loggers.bicep", "'azureEventHub'",
            "'azureEventhub'", "did you mean 'azureEventHub'?"),
    Mistake("word in a variable", f"{_M}/function_app.bicep", "var packages = 'function-packages'",
            "var packages = 5", "wants string, and this is int"),
    Mistake("missing required property", f"{_M}/gateway_loggers.bicep",
            "    loggerType: 'azureEventHub'\n", "", "lacks 'loggerType'",
            at="  properties: {\n    resourceId: usageHubId"),
    Mistake("read-only property", f"{_M}/storage.bicep", "    accessTier: 'Hot'",
            "    creationTime: 'now'", "read-only"),
    Mistake("number for text", f"{_M}/consumer.bicep", "string(eventsPerReplica)",
            "eventsPerReplica", "wants string, and this is int"),
    Mistake("text for a number", f"{_M}/job.bicep", "parallelism: 1", "parallelism: '1'",
            "wants int, and this is string"),
    Mistake("number out of bounds", f"{_M}/gateway_reports.bicep",
            "verbosity: 'verbose' // the trace of a call is: with less it is not written\n    "
            "sampling: { samplingType: 'fixed', percentage: 100 }",
            "verbosity: 'verbose'\n    sampling: { samplingType: 'fixed', percentage: 101 }",
            "percentage is 101", at="percentage: 101"),
    Mistake("no such resource type", f"{_M}/workbook.bicep", "Microsoft.Insights/workbooks@",
            "Microsoft.Insight/workbooks@", "there is no resource type"),
    Mistake("API version without the property", f"{_M}/gateway_reports.bicep",
            "apis/diagnostics@2024-06-01-preview", "apis/diagnostics@2024-05-01",
            "is not the one in use", alone=True),
    Mistake("wrong parent", f"{_M}/usage_hub.bicep", "    parent: hub\n", "    parent: namespace\n",
            "the parent of"),
    Mistake("role without a scope", f"{_M}/capture_role.bicep", "  scope: container\n", "",
            "lacks 'scope'", at="resource write "),
    # --- names
    Mistake("unknown name", _MAIN, "workspaceId: monitoring.outputs.workspaceId",
            "workspaceId: monitor.outputs.workspaceId", "did you mean 'monitoring'?"),
    Mistake("unknown function", _MAIN, "toLower(uniqueString(", "toLower(uniqString(",
            "did you mean 'uniqueString'?", alone=True),
    Mistake("unused parameter", f"{_M}/key_vault.bicep", "param name string",
            "param name string\nparam spare string = ''", "nothing uses param 'spare'",
            at="param spare"),
    Mistake("property of a typed list", f"{_M}/consumer.bicep", "each.namespace", "each.nameSpace",
            "did you mean 'namespace'?"),
    Mistake("key of a JSON file", _MAIN, "secrets.uiVault.cookieSecret", "secrets.uiVault.cookie",
            "has no 'cookie'"),
    # --- modules
    Mistake("missing module file", _MAIN, "'modules/workbook.bicep'", "'modules/workbooks.bicep'",
            "there is no module"),
    Mistake("unknown parameter", _MAIN, "    retentionDays: logDays", "    retention: logDays",
            "has no parameter 'retention'"),
    Mistake("missing parameter", _MAIN, "    retentionDays: logDays\n", "",
            "lacks parameter 'retentionDays'", at="module monitoring "),
    Mistake("value that a parameter does not allow", _MAIN, "kind: 'AIServices'\n",
            "kind: 'AIService'\n", "did you mean 'AIServices'?"),
    Mistake("unknown output", _MAIN, "usageHubId: usageHub.outputs.hubId",
            "usageHubId: usageHub.outputs.id", "has no 'id'"),
    Mistake("output of what may not be there", _MAIN, "network!.outputs.programsSubnetId",
            "network.outputs.programsSubnetId", "write network!.outputs"),
    Mistake("needless dependsOn", _MAIN, "dependsOn: [captureRole]",
            "dependsOn: [captureRole, storage]", "is needless"),
    Mistake("two modules with one name", _MAIN, "name: 'telemetry-vault'\n  scope",
            "name: 'ui-vault'\n  scope", "has the name 'ui-vault'"),
    Mistake("module without its scope", _MAIN, "  name: 'workbook'\n  scope: group\n",
            "  name: 'workbook'\n", "lacks 'scope'", at="module workbook "),
    Mistake("loop over what a deployment makes", _MAIN, "for each in existingModelAccounts",
            "for each in identities.outputs.all", "not known before the deployment starts"),
    # --- secrets and open doors
    Mistake("secret as output", f"{_M}/storage.bicep", "output id string = account.id",
            "output id string = account.id\noutput accountKey string = account.listKeys().keys",
            "is a secret", at="output accountKey"),
    Mistake("public blobs", f"{_M}/storage.bicep", "allowBlobPublicAccess: false",
            "allowBlobPublicAccess: true", "has to be false"),
    Mistake("keys left on", f"{_M}/usage_hub.bicep", "    disableLocalAuth: true\n", "",
            "does not set disableLocalAuth", at="resource namespace "),
    Mistake("role id that no table has", f"{_M}/capture_role.bicep", "  name: guid(container.id",
            "  name: guid('b24988ac-6180-42a0-ab88-20f7382dd24c', container.id",
            "roles.json does not list it"),
    Mistake("role of a misspelt name", f"{_M}/model_access.bicep",
            "scope: account\n  properties: {\n    principalId: gatewayPrincipalId",
            "scope: account\n  properties: {\n    principalID: gatewayPrincipalId",
            "did you mean 'principalId'?", alone=True),
    Mistake("missing role", f"{_M}/roles.bicep", "for each in diagnosticsHubRoles: if",
            "for each in usageHubRoles: if", "no template assigns this role of 'hubs'",
            at='"pairing", "role": "Azure Event Hubs Data Receiver", "hub": "apim-diagnostics"',
            found_in="bicep/roles.json"),
    Mistake("role for nobody", "bicep/roles.json", '"who": "audit", "role": "AcrPull"',
            '"who": "auditor", "role": "AcrPull"', "'auditor' has no identity"),
    Mistake("role that no id belongs to", "bicep/roles.json",
            '"who": "close", "role": "Storage Table Data Reader"',
            '"who": "close", "role": "Storage Tables Reader"', "'ids' has no role"),
    # --- settings, policies, other files
    Mistake("setting not passed", _MAIN, "      UI_URL: uiUrl\n", "",
            "'ui' reads UI_URL, and nothing passes it", at="module ui "),
    Mistake("setting that nobody reads", _MAIN, "OIDC_TENANTS:", "OIDC_TENANT:",
            "'api' gets OIDC_TENANT"),
    Mistake("wrong logger id", f"{_M}/gateway_loggers.bicep", "name: 'llm-usage'",
            "name: 'llm-usages'", "no logger 'llm-usage' is deployed", at='logger-id="llm-usage"',
            found_in="apim_policies/chargeback-usage-event.fragment.xml"),
    Mistake("logger of another kind", f"{_M}/gateway_reports.bicep", "loggerId: monitorLoggerId",
            "loggerId: insightsLoggerId", "of another kind"),
    Mistake("fragment missing", f"{_M}/gateway_policies.bicep",
            "  {\n    name: 'chargeback-forward'\n    xml: "
            "loadTextContent('../../apim_policies/chargeback-forward.fragment.xml')\n  }\n", "",
            "the fragment 'chargeback-forward' is not deployed", at="var fragments"),
    Mistake("fragment under a wrong name", f"{_M}/gateway_policies.bicep",
            "    name: 'chargeback-forward'", "    name: 'chargeback-forwards'",
            "is not of the file of that name", at="  {\n    name: 'chargeback-forwards'"),
    Mistake("file that is not there", f"{_M}/gateway_api.bicep", "llm_api.policy.xml",
            "llm.policy.xml", "there is no file"),
    Mistake("named value that nobody sets", "apim_policies/named_values.json",
            '  "chargeback-tenant-id": "00000000-0000-0000-0000-000000000000",\n', "",
            "named_values.json has no 'chargeback-tenant-id'", at="{{chargeback-tenant-id}}",
            found_in="apim_policies/chargeback-authenticate.fragment.xml"),
    Mistake("parameter of azd that is none", "bicep/main.parameters.json", '"gatewaySku"',
            '"gatewaySKU"', "did you mean 'gatewaySku'?"),
    Mistake("COPY of nothing", "Dockerfile", "COPY consumers consumers", "COPY consumer consumers",
            "there is no such file"),
    Mistake("root in the image", "Dockerfile", "USER 10001\n", "", "runs as root",
            at="FROM ${PYTHON_IMAGE}\n"),
    Mistake("base without a digest", "Dockerfile", "3.11-slim-bookworm@sha256:", "3.11-slim#",
            "not pinned", at="FROM ${PYTHON_IMAGE} AS packages"),
    Mistake("diagnostic that samples", f"{_M}/gateway_reports.bicep",
            "sampling: { samplingType: 'fixed', percentage: 100 }",
            "sampling: { samplingType: 'fixed', percentage: 10 }", "samples: 100 are wanted"),
    Mistake("no count of tokens", f"{_M}/gateway_reports.bicep",
            "largeLanguageModel: { logs: 'enabled' }", "largeLanguageModel: { logs: 'disabled' }",
            "largeLanguageModel is not { logs: 'enabled' }"),
    Mistake("named value that nobody reads", "apim_policies/named_values.json",
            '  "chargeback-tenant-id"', '  "chargeback-spare": "x",\n  "chargeback-tenant-id"',
            "no policy reads the named value 'chargeback-spare'", at='"chargeback-spare"'),
    Mistake("host of one cloud", f"{_M}/storage.bicep",
            "table.${environment().suffixes.storage}'", "table.core.windows.net'",
            "differs between clouds"),
    Mistake("needless interpolation", f"{_M}/registry.bicep", "  name: name\n",
            "  name: '${name}'\n", "write name without"),
    Mistake("secret with a default", f"{_M}/key_vault.bicep", "param name string",
            "@secure()\nparam name string = 'x'", "is secure and has a default",
            at="param name string"),
)  # fmt: skip
