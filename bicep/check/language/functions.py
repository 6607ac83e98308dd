"""The functions of Bicep, and the type of what each returns."""

from bicep.check.language.kinds import ANY_ARRAY, ANY_OBJECT, Type


def _words(text: str) -> list[str]:
    return text.split()


def _closed(*names: str, **types: Type) -> Type:
    return {
        "{}": {**{name: [0, "string"] for name in names}, **{n: [0, t] for n, t in types.items()}}
    }


_STRINGS = _words(
    """
    base64 base64ToString dataUri dataUriToString dateTimeAdd dateTimeFromEpoch format guid join
    loadFileAsBase64 loadTextContent newGuid padLeft replace string substring toLower toUpper trim
    uniqueString uri uriComponent uriComponentToString utcNow resourceId subscriptionResourceId
    tenantResourceId managementGroupResourceId extensionResourceId cidrSubnet cidrHost nameof
    """
)
_INTS = _words("int length indexOf lastIndexOf dateTimeToEpoch")
_BOOLS = _words("bool empty contains startsWith endsWith")
_ARRAYS = _words("range intersection flatten sort objectKeys pickZones createArray")
_OTHERS = _words(
    """
    any array coalesce concat deployer deployment fail first groupBy json last list listKeys
    loadYamlContent managementGroup mapValues max min parseCidr reduce reference shallowMerge skip
    take union loadJsonContent filter map items toObject split toLogicalZone
    """
)

RETURNS: dict[str, Type] = {
    **dict.fromkeys(_OTHERS, "any"),
    **dict.fromkeys(_STRINGS, "string"),
    **dict.fromkeys(_INTS, "int"),
    **dict.fromkeys(_BOOLS, "bool"),
    **dict.fromkeys(_ARRAYS, ANY_ARRAY),
    "split": {"[]": "string"},
    "toObject": ANY_OBJECT,
    "subscription": _closed("id", "subscriptionId", "tenantId", "displayName"),
    "resourceGroup": _closed(
        "id", "name", "type", "location", "managedBy", tags=ANY_OBJECT, properties=ANY_OBJECT
    ),
    "tenant": _closed("tenantId", "country", "countryCode", "displayName"),
    "environment": _closed(
        "name", "gallery", "graph", "portal", "graphAudience", "resourceManager", "sqlManagement",
        "activeDirectoryDataLake", "batch", "media", "vmImageAliasDoc",
        authentication=_closed("loginEndpoint", "tenant", "identityProvider", audiences=ANY_ARRAY),
        suffixes=_closed(
            "acrLoginServer", "azureDatalakeAnalyticsCatalogAndJob",
            "azureDatalakeStoreFileSystem", "keyvaultDns", "sqlServerHostname", "storage",
        ),
    ),
}  # fmt: skip
DECORATORS = _words(
    """
    allowed batchSize description discriminator export maxLength maxValue metadata minLength
    minValue sealed secure
    """
)
NAMESPACES = {"az", "sys"}
