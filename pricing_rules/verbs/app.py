"""The verbs of the price books as Typer apps: `app` has all, `chargeback` arranges the parts.

A verb imports what it needs when it is called, so that a help page costs little.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from command_line.app import Verb, new_app
from command_line.json_form import AsJson
from command_line.values import day
from pricing_rules.verbs.exit_codes import verb
from pricing_rules.verbs.options import (
    ALL_SOURCES,
    BASE,
    Api,
    At,
    Book,
    Checked,
    CostCentre,
    Deployment,
    Explain,
    OwnBooks,
    PricedModel,
    Product,
    Provider,
    Region,
    ServiceTier,
    Sources,
    Usage,
    Write,
    current_day,
)

pricing = new_app()
books = new_app("Price books")
app = new_app("Prices, price books and their sources. Data goes to stdout, words to stderr.")
app.add_typer(pricing)
app.add_typer(books)


class _PriceVerb(Verb):
    at_most_one = (("--explain", "--json"),)


class _ImportVerb(Verb):
    alone = {"--write": BASE}  # noqa: RUF012 - read only, as the class says


@verb(pricing, "price", _PriceVerb)
def _price(
    model: PricedModel,
    usage: Usage,
    provider: Provider = None,
    deployment_type: Deployment = "GlobalStandard",
    service_tier: ServiceTier = None,
    region: Region = None,
    product: Product = None,
    cost_centre: CostCentre = None,
    api: Api = "chat",
    at: At = None,
    book: OwnBooks = None,
    price_sources: Sources = ALL_SOURCES,
    explain: Explain = False,
    as_json: AsJson = False,
) -> int:
    """Show what one usage object costs.

    An unpriced call is an answer too: exit code 0.
    """
    from pricing_rules.engine.what_if import OPERATION_NAMES, Question
    from pricing_rules.price_book.rules import DeploymentType
    from pricing_rules.verbs.price import price

    question = Question(
        model=model,
        provider=provider,
        usage=usage,
        operation=OPERATION_NAMES[api],
        deployment_type=DeploymentType(deployment_type),
        service_tier=service_tier,
        region=region,
        product=product,
        cost_centre=cost_centre,
        at=at or datetime.now(UTC),
    )
    origins = price_sources.split(",")
    return price(question, book or (), origins=origins, explained=explain, json_form=as_json)


@verb(books, "lint")
def _lint(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="rule files over the base books")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Compile the base books with these files; an error names file and rule."""
    from pricing_rules.verbs.books import lint

    return lint(files or (), as_json=as_json)


@verb(books, "show")
def _show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="with or without version")],
    at: At = None,
    today: Annotated[
        date | None,
        typer.Option("--today", parser=day, metavar="DAY", help="day to count ages from"),
    ] = None,
    book: Book = None,
    as_json: AsJson = False,
) -> int:
    """Show the prices of a model, their sources and how old they are."""
    from pricing_rules.verbs.books import show_model

    return show_model(
        model,
        book or (),
        at=at or datetime.now(UTC),
        today=today or current_day(),
        as_json=as_json,
    )


@verb(books, "diff")
def _diff(
    old: Annotated[
        Path,
        typer.Argument(metavar="OLD", help="directory, compiled book, or file over the base books"),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="the same")],
    as_json: AsJson = False,
) -> int:
    """Show how the second book differs from the first; exit code 1 when it does."""
    from pricing_rules.verbs.books import diff

    return diff(old, new, as_json=as_json)


@verb(books, "schema")
def _schema() -> int:
    """Print the JSON Schema of a rule file, for editors."""
    from pricing_rules.verbs.books import schema

    return schema()


@verb(books, "digests")
def _digests() -> int:
    """Print the digest of each base rule, to pin a release."""
    from pricing_rules.verbs.books import digests

    return digests()


@verb(books, "compile")
def _compile(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="where it is written")],
    book: Book = None,
) -> int:
    """Write the compiled form of a book."""
    from pricing_rules.verbs.books import write_compiled

    return write_compiled(out, book or ())


@verb(books, "import-azure", _ImportVerb)
def _import_azure(
    dumps: Annotated[
        list[Path], typer.Argument(metavar="DUMP.json", help="as `fetch-azure` prints them")
    ],
    checked: Checked = None,
    book: Book = None,
    write: Write = None,
    as_json: AsJson = False,
) -> int:
    """Compare dumps of the Azure Retail Prices API with the base books."""
    from pricing_rules.verbs.sources import import_azure

    return import_azure(
        dumps, book or (), checked=checked or current_day(), into=write, as_json=as_json
    )


@verb(books, "import-genai", _ImportVerb)
def _import_genai(
    provider: Annotated[
        str, typer.Option("--provider", metavar="X", help="as the package names it")
    ] = "azure",
    since: Annotated[
        date | None,
        typer.Option(
            "--since", parser=day, metavar="DAY", help="begin of undated prices; default: today"
        ),
    ] = None,
    checked: Checked = None,
    write: Write = None,
    as_json: AsJson = False,
) -> int:
    """Compare the package genai-prices with the base books."""
    from pricing_rules.verbs.sources import import_genai

    return import_genai(
        provider,
        since=since or current_day(),
        checked=checked or current_day(),
        into=write,
        as_json=as_json,
    )


@verb(books, "import-litellm", _ImportVerb)
def _import_litellm(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE.json", help="litellm's price map")
    ] = None,
    package: Annotated[
        bool, typer.Option("--package", help="read the map of the installed litellm")
    ] = False,
    version: Annotated[
        str | None, typer.Option("--version", metavar="X", help="release that FILE.json is of")
    ] = None,
    checked: Checked = None,
    write: Write = None,
    as_json: AsJson = False,
) -> int:
    """Compare litellm's prices of Azure's models with the base books."""
    from pricing_rules.verbs.sources import import_litellm

    source = (None if package else file, version)
    return import_litellm(*source, checked=checked or current_day(), into=write, as_json=as_json)


@verb(books, "coverage")
def _coverage(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="litellm's price map")],
    version: Annotated[str, typer.Option("--version", metavar="X", help="release it is of")],
    at: At = None,
    as_json: AsJson = False,
) -> int:
    """Show how much of litellm's and genai-prices' quotes for Azure the books price."""
    from pricing_rules.verbs.sources import coverage

    return coverage(file, version, at=at or datetime.now(UTC), as_json=as_json)


@verb(books, "fetch-azure")
def _fetch_azure(
    region: Annotated[
        list[str] | None,
        typer.Option("--region", metavar="X…", help="as in swedencentral; default: every region"),
    ] = None,
    currency: Annotated[str, typer.Option(metavar="X", help="as EUR")] = "USD",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write there, and print what changed in it")
    ] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="default: Azure's own")] = None,
) -> int:
    """Fetch the prices of regions, in the form that `import-azure` reads."""
    from pricing_rules.verbs.sources import fetch_azure

    return fetch_azure(region or (), currency=currency, url=url, out=out)
