"""The commands that mend what the check finds."""

WORDS = (
    "In the commands $APIM is https://management.azure.com and the resource id of API Management, "
    "$API the id of the API; words in capitals are yours to fill in."
)
_VERSION = "api-version=2024-06-01-preview"
"""A version whose diagnostics have `largeLanguageModel`; the Bicep files use it too."""
_DIAGNOSTIC = f'"$APIM/apis/$API/diagnostics/azuremonitor?{_VERSION}"'


def _patch(properties: str) -> str:
    return (
        f"az rest --method patch --url {_DIAGNOSTIC} --headers 'If-Match=*' "
        f"--body '{{\"properties\":{{{properties}}}}}'"
    )


LOGGER = (
    f'az rest --method put --url "$APIM/loggers/llm-usage?{_VERSION}" --body '
    '\'{"properties":{"loggerType":"azureEventHub","credentials":{"endpointAddress":'
    '"NAMESPACE.servicebus.windows.net","identityClientId":"SystemAssigned","name":"llm-usage"},'
    '"isBuffered":true}}\'; az role assignment create --role "Azure Event Hubs Data Sender" '
    "--assignee PRINCIPAL --scope HUB"
)
LOG = (
    f'az rest --method put --url "$APIM/loggers/azuremonitor?{_VERSION}" --body '
    '\'{"properties":{"loggerType":"azureMonitor"}}\'; az monitor diagnostic-settings create '
    "--name chargeback --resource APIM --event-hub apim-diagnostics --event-hub-rule RULE --logs "
    '\'[{"category":"GatewayLogs","enabled":true},{"category":"GatewayLlmLogs","enabled":true}]\''
)
SAMPLING = _patch('"sampling":{"samplingType":"fixed","percentage":100}')
VERBOSITY = _patch('"verbosity":"verbose"')
LLM_LOG = _patch('"largeLanguageModel":{"logs":"enabled"}')
CORRELATION = (
    f'az rest --method get --url "$APIM/apis/$API/policies/policy?{_VERSION}" '
    "# find what sets another correlation id, and take it out"
)
STREAM_USAGE = (
    "az apim nv update --service-name NAME --resource-group GROUP "
    "--named-value-id chargeback-stream-usage --value true"
)
FORWARDED = (
    "az apim nv update --service-name NAME --resource-group GROUP "
    "--named-value-id chargeback-gateway-cache --value off "
    "# or set the variable chargeback-forwarded before forward-request"
)
BUFFERING = (
    f'az rest --method get --url "$APIM/apis/$API/policies/policy?{_VERSION}" '
    '# forward-request needs buffer-response="false", and no policy may read the answer'
)
ROLE = (
    'az role assignment create --role "Cognitive Services OpenAI User" --assignee PRINCIPAL '
    "--scope ACCOUNT # for an account of kind AIServices: Foundry User; it may take 20 minutes"
)
POLICIES = "python -m apim_policies check # then deploy the policy files of this release"
GROUP = (
    "az eventhubs eventhub consumer-group create --namespace-name NAMESPACE "
    "--resource-group GROUP --eventhub-name HUB --name check # of both hubs"
)
