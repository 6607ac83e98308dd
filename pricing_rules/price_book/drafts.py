"""Rules on their way from files into a book: ids, successors, and what a rule must be by itself."""

from collections.abc import Iterable, Mapping

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book_file import BookFile
from pricing_rules.price_book.match import CALLER_DIMENSIONS
from pricing_rules.price_book.rate_card import CONTRACT, Matches
from pricing_rules.price_book.rules import (
    AllocateRule,
    BaseRule,
    FeeRule,
    FixedRule,
    FxRule,
    Match,
    MinimumRule,
    ModifierRule,
    Rule,
)


class Draft:
    """One file's rule on its way into the book: the rule, its file and its end."""

    def __init__(self, file: str, rule: Rule):
        self.file = file
        self.rule = rule
        self.valid_to = rule.valid_to
        self.matches: Matches = ()
        """The compiled match, once the book's spelling of each model is known."""
        self.ended_by_contract = False
        """Whether the rule is a list price that a contract supersedes."""

    @property
    def is_contract(self) -> bool:
        """Whether it is a price that the company has agreed on."""
        rule = self.rule
        return isinstance(rule, BaseRule | FeeRule) and rule.source.kind == CONTRACT

    def refuse(self, message: str) -> InvalidBook:
        return InvalidBook(message, file=self.file, rule_id=self.rule.id)


def read_drafts(
    files: Iterable[tuple[str, BookFile]], pricing_currency: str, billing_currency: str
) -> dict[str, Draft]:
    """Every rule of the files by id, each checked by itself and ended where one supersedes it."""
    drafts: dict[str, Draft] = {}
    for name, file in files:
        for rule in file.rule:
            draft = Draft(name, rule)
            other = drafts.setdefault(rule.id, draft)
            if other is not draft:
                raise draft.refuse(f"duplicate id, it also stands in {other.file}")
    _end_superseded(drafts)
    _check_one_successor(drafts.values())
    for draft in drafts.values():
        _check_rule(draft, pricing_currency, billing_currency)
    return drafts


def _end_superseded(drafts: Mapping[str, Draft]) -> None:
    for draft in drafts.values():
        if draft.rule.supersedes is None:
            continue
        old = drafts.get(draft.rule.supersedes)
        if old is None:
            raise draft.refuse(
                f"supersedes {draft.rule.supersedes!r}, which is no rule of the book"
            )
        if old.rule.kind != draft.rule.kind or old.rule.valid_from >= draft.rule.valid_from:
            raise draft.refuse(
                f"begins {draft.rule.valid_from.isoformat()} as {draft.rule.kind} and supersedes "
                f"{old.rule.id!r} ({old.rule.kind} from {old.rule.valid_from.isoformat()}), "
                "expected an earlier rule of the same kind"
            )
        left_out = _calls_left_out(old.rule.match, draft.rule.match)
        if left_out:
            raise draft.refuse(
                f"supersedes {old.rule.id!r} but matches fewer calls, by {left_out}: the others "
                "would have no rule; a rule for some of them needs no supersedes, it is more "
                "specific"
            )
        if old.valid_to is None or old.valid_to > draft.rule.valid_from:
            old.valid_to = draft.rule.valid_from
        if draft.is_contract and not old.is_contract:
            old.ended_by_contract = True


def _calls_left_out(old: Match, new: Match) -> str:
    """The dimensions by which the new match is narrower; empty when it has all calls of the old."""
    before, after = _dimensions(old), _dimensions(new)
    return ", ".join(
        dimension
        for dimension, allowed in after.items()
        if dimension not in before or not before[dimension] <= allowed
    )


def _dimensions(match: Match) -> dict[str, set[str]]:
    """The values of each dimension; each path of the usage object is a dimension of its own."""
    stated = match.model_dump(exclude_none=True)
    stated |= {"model": match.model.lower()} if match.model else {}
    stated |= {f"usage.{path}": values for path, values in stated.pop("usage", {}).items()}
    return {name: {each} if isinstance(each, str) else set(each) for name, each in stated.items()}


def _check_one_successor(drafts: Iterable[Draft]) -> None:
    """No two modifiers in the place of one: all that match apply, one upon the other."""
    successors: dict[str, list[Draft]] = {}
    for draft in drafts:
        superseded = draft.rule.supersedes
        if superseded is None or not isinstance(draft.rule, ModifierRule):
            continue
        for other in successors.setdefault(superseded, []):
            first, later = sorted((other, draft), key=lambda each: each.rule.valid_from)
            if first.valid_to is None or first.valid_to > later.rule.valid_from:
                raise later.refuse(
                    f"supersedes {superseded!r}, as {first.rule.id!r} does: both would apply from "
                    f"{later.rule.valid_from.isoformat()} on; if that is meant, one of them needs "
                    "no supersedes"
                )
        successors[superseded].append(draft)


def _check_rule(draft: Draft, pricing_currency: str, billing_currency: str) -> None:
    rule = draft.rule
    if draft.valid_to is not None and draft.valid_to <= rule.valid_from:
        raise draft.refuse(
            f"valid_to {draft.valid_to.isoformat()} is not after valid_from "
            f"{rule.valid_from.isoformat()}"
        )
    if isinstance(rule, AllocateRule):
        raise draft.refuse(
            "kind allocate is not supported: provisioned throughput is a zero rule at call time"
        )
    if isinstance(rule, FixedRule | MinimumRule) and rule.currency != pricing_currency:
        raise draft.refuse(f"currency {rule.currency}, expected the book's {pricing_currency}")
    if isinstance(rule, FxRule) and rule.pair != f"{pricing_currency}-{billing_currency}":
        raise draft.refuse(
            f"pair {rule.pair}, expected {pricing_currency}-{billing_currency} of the book"
        )
    if isinstance(rule, FxRule) and rule.match != Match():
        raise draft.refuse("has a match, but one rate holds for every call of its time")
    if isinstance(rule, BaseRule | FeeRule) and any(
        getattr(rule.match, dimension) for dimension in CALLER_DIMENSIONS
    ):
        raise draft.refuse("match names a caller; list prices are for all, use a fixed rule")
    if isinstance(rule, FeeRule) and rule.match.provider is None:
        raise draft.refuse("match names no provider, a fee needs one")
    if isinstance(rule, BaseRule):
        _check_base(draft, rule)


def _check_base(draft: Draft, rule: BaseRule) -> None:
    if rule.match.provider is None or rule.match.model is None:
        raise draft.refuse("match names no provider or no model, a base rule needs both")
    if (rule.rates is None) == (not rule.tier):
        raise draft.refuse("has rates and tiers or neither, expected one of the two")
    bounds = [tier.up_to_prompt_tokens for tier in rule.tier]
    if bounds and bounds[-1] is not None:
        raise draft.refuse(f"the last tier ends at {bounds[-1]}, expected it without a bound")
    closed = [bound for bound in bounds[:-1] if bound is not None]
    if len(closed) < len(bounds[:-1]) or closed != sorted(set(closed)):
        raise draft.refuse(f"tier bounds {bounds} do not ascend")
