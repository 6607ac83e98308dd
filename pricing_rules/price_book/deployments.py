"""What rule files say of deployments, models' names, zones and usage fields → the compiled form."""

from collections.abc import Iterable

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book_file import BookFile, Deployment, ModelFamily
from pricing_rules.price_book.rate_card import Alias, Family
from pricing_rules.price_book.spellings import Spellings

_Files = Iterable[tuple[str, BookFile]]


def compile_aliases(files: _Files, spellings: Spellings) -> tuple[Alias, ...]:
    """Aliases by name and host. The case of deployments and models is ignored, as in Azure."""
    aliases: dict[tuple[str, str], Alias] = {}
    for file_name, file in files:
        for deployment in file.deployment:
            key = (deployment.name.lower(), deployment.host or "")
            if key in aliases:
                at_host = f" at host {deployment.host}" if deployment.host else ""
                raise InvalidBook(
                    f"deployment {deployment.name!r} has an alias already{at_host}", file=file_name
                )
            aliases[key] = _alias(deployment, spellings)
    return tuple(aliases[key] for key in sorted(aliases))


def _alias(deployment: Deployment, spellings: Spellings) -> Alias:
    tier = deployment.service_tier
    return Alias(
        name=deployment.name.lower(),
        provider=deployment.provider,
        model=spellings.of(deployment.provider, deployment.model),
        version=deployment.version,
        type=deployment.type.value,
        region=deployment.region,
        host=deployment.host,
        service_tier=None if tier is None else tier.value,
        rate_by=deployment.rate_by,
    )


def compile_families(files: _Files) -> tuple[Family, ...]:
    """Families by name. A file of a company's own may add to a family that there is."""
    families = [_family(family) for _, file in files for family in file.family]
    return tuple(sorted(families, key=lambda family: (family.name, family.begins, family.models)))


def _family(family: ModelFamily) -> Family:
    return Family(
        name=family.name,
        begins=tuple(sorted({start.lower() for start in family.begins})),
        models=tuple(sorted(set(family.models))),
        floating=tuple(sorted(set(family.floating))),
        spelled=tuple(sorted(family.spelled.items())),
    )


def compile_default_versions(
    files: _Files, spellings: Spellings
) -> tuple[tuple[str, str, str], ...]:
    """(provider, model, version), sorted."""
    versions: dict[tuple[str, str], str] = {}
    for file_name, file in files:
        for model in file.model:
            if model.default_version is None:
                continue
            key = (model.provider, spellings.of(model.provider, model.name))
            if key in versions:
                raise InvalidBook(f"model {model.name!r} has a default already", file=file_name)
            versions[key] = model.default_version
    return tuple(sorted((*key, version) for key, version in versions.items()))


def compile_cached_as_input(files: _Files, spellings: Spellings) -> tuple[tuple[str, str], ...]:
    """(provider, model) of models without a price for cached tokens, sorted."""
    models = (model for _, file in files for model in file.model if model.cached_tokens)
    return tuple(sorted({(m.provider, spellings.of(m.provider, m.name)) for m in models}))


def compile_zones(files: _Files) -> tuple[tuple[str, str], ...]:
    """The data zone of each region. A region is in one zone at most."""
    zones: dict[str, str] = {}
    for file_name, file in files:
        for zone in file.zone:
            for region in zone.regions:
                other = zones.setdefault(region, zone.name)
                if other != zone.name:
                    raise InvalidBook(
                        f"region {region!r} is in zone {other!r} and in {zone.name!r}",
                        file=file_name,
                    )
    return tuple(sorted(zones.items()))


def compile_plain_values(files: _Files) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """By path of a usage field, the values that mean the list price; all sorted."""
    values: dict[str, set[str]] = {}
    for _, file in files:
        for path, plain in file.usage.plain.items() if file.usage else ():
            values.setdefault(path, set()).update(plain)
    return tuple((path, tuple(sorted(values[path]))) for path in sorted(values))
