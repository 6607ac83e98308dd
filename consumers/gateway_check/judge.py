"""What is right and wrong with a gateway, by what its clients and both hubs saw. Pure.

First what all calls share, such as a logger that is missing; then each smoke test by its number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from consumers.gateway_check import cures
from consumers.gateway_check.calls import Seen
from consumers.gateway_check.evidence import Evidence, Row
from pricing_rules.decoding.wire_event import partition_key
from pricing_rules.types import CACHE_HIT

FIRST_BYTE_SHARE_MAX = 0.7
"""Of the time of a whole stream. One that is held back comes in one burst at its end."""
STREAM_S_MIN = 1.0
"""A shorter stream shows nothing of it."""
SHARED = "all calls"
_COUNTS = (("prompttokens", "prompt_tokens"), ("completiontokens", "completion_tokens"))


class Verdict(StrEnum):
    OK = "OK"
    FAILED = "FAILED"
    NOT_JUDGED = "NOT JUDGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the check."""

    name: str
    verdict: Verdict
    said: str
    cure: str | None = None
    """The command that mends it."""


def findings(evidence: Evidence) -> list[Finding]:
    """In the order of the smoke tests."""
    return [*_shared(evidence), *_tests(evidence)]


def _ok(name: str, said: str) -> Finding:
    return Finding(name=name, verdict=Verdict.OK, said=said)


def _failed(name: str, said: str, cure: str | None) -> Finding:
    return Finding(name=name, verdict=Verdict.FAILED, said=said, cure=cure)


def _not_judged(name: str, needs: str) -> Finding:
    return Finding(name=name, verdict=Verdict.NOT_JUDGED, said=f"needs {needs}")


def _shared(evidence: Evidence) -> Iterator[Finding]:
    """The logger, the log, its sampling, its traces, its ids and its LLM rows."""
    known = [each for each in evidence.seen if each.ask.key is not None and each.status]
    with_event = [each for each in known if evidence.events.get(each.session)]
    for failure in dict.fromkeys(evidence.failures):
        yield _failed("hubs", failure, cures.GROUP)
    if not known:
        said = next((each.error for each in evidence.seen if each.error), "no answer")
        yield _failed("gateway", f"no call was answered: {said}", None)
        return
    yield _logger(evidence, known, with_event)
    if not (evidence.rows or evidence.llm_rows):
        yield _failed("log", "no record of any call: no diagnostic setting or logger", cures.LOG)
        return
    yield _sampling(evidence, with_event)
    yield _traces(evidence)
    yield _correlation(evidence)
    yield _llm_log(evidence)


def _logger(evidence: Evidence, known: list[Seen], with_event: list[Seen]) -> Finding:
    name = "logger llm-usage"
    if known and not with_event:
        return _failed(name, f"no usage event of {len(known)} calls", cures.LOGGER)
    missing = [each.ask.name for each in known if each not in with_event and each.answered]
    if missing:
        return _failed(name, f"no usage event of: {', '.join(missing)}", cures.POLICIES)
    subjects = {str(each["subject"])[:40] for found in evidence.events.values() for each in found}
    return _ok(name, f"{len(with_event)} calls, charged to {', '.join(sorted(subjects))}")


def _sampling(evidence: Evidence, with_event: list[Seen]) -> Finding:
    logged = {row.call for row in evidence.rows}
    with_event = [each for each in with_event if each.ask.method == "POST"]
    missing = [
        each.ask.name
        for each in with_event
        if not any(str(e["id"]).lower() in logged for e in evidence.events[each.session])
    ]
    if not missing:
        return _ok("sampling", f"all of {len(with_event)} calls are in the log")
    said = f"not in the log: {', '.join(missing)} of {len(with_event)} calls"
    return _failed("sampling", said, cures.SAMPLING)


def _traces(evidence: Evidence) -> Finding:
    # No event, no trace: a call without a key, and a fetch, which reports another call.
    reached = [
        row
        for row in evidence.rows
        if row.properties.count("responsecode") != 401 and row.properties.text("method") == "POST"
    ]
    without = [row for row in reached if row.trace is None]
    if without:
        said = f"{len(without)} of {len(reached)} rows have no trace: verbosity is not verbose"
        return _failed("verbosity", said, cures.VERBOSITY)
    return _ok("verbosity", f"{len(reached)} rows have the policy's trace")


def _correlation(evidence: Evidence) -> Finding:
    calls = {str(event["id"]).lower() for found in evidence.events.values() for event in found}
    other = [row for row in evidence.rows if row.call != row.correlation]
    other += [row for row in evidence.llm_rows if calls and row.correlation not in calls]
    if other:
        said = f"{len(other)} rows have a correlationId that is not the gateway's request id"
        return _failed("correlation", said, cures.CORRELATION)
    return _ok("correlation", "every correlationId is the gateway's request id")


def _llm_log(evidence: Evidence) -> Finding:
    chats = [each for each in (evidence.of("plain"), evidence.of("stream")) if each]
    answered = [each.ask.name for each in chats if each.answered]
    if answered and not any(evidence.llm_row(name) for name in answered):
        said = f"no row of GatewayLlmLogs for: {', '.join(answered)}"
        return _failed("LLM log", said, cures.LLM_LOG)
    return _ok("LLM log", f"{len(evidence.llm_rows)} rows")


def _tests(evidence: Evidence) -> Iterator[Finding]:
    yield _plain(evidence)
    yield _stream(evidence)
    yield _not_judged("3 stream of an old api-version, of Mistral, on /models", "such deployments")
    yield _not_judged("4 Claude, plain and streamed", "a deployment of it")
    yield _other_operations(evidence)
    yield _refused(evidence)
    yield _not_judged("7 spillover", "a provisioned deployment at its limit")
    yield _not_judged("8 pool with a retry", "a pool and a member that fails")
    yield _cached(evidence)
    yield _not_judged("10 client hangs up", "a stream that is cut while Azure counts it")
    yield _long_subject(evidence)
    yield _background(evidence)


def _unanswered(name: str, seen: Seen | None, needs: str) -> Finding | None:
    """The finding of a request that no model answered; None when one did."""
    if seen is None:
        return _not_judged(name, needs)
    if seen.answered:
        return None
    said = seen.error or "no answer"
    cure = cures.ROLE if seen.status in {401, 403} else None
    return _failed(name, f"answered {seen.status}: {said}", cure)


def _plain(evidence: Evidence) -> Finding:
    name = "1 plain chat"
    failed = _unanswered(name, evidence.of("plain"), "a chat deployment")
    if failed is not None:
        return failed
    event, row, llm = evidence.event("plain"), evidence.row("plain"), evidence.llm_row("plain")
    if event is None or row is None or llm is None:
        return _failed(name, _absent(event=event, log=row, llm_log=llm), _cure_of(event, row))
    ids = {str(event["id"]).lower(), row.correlation, llm.correlation}
    if len(ids) > 1:
        return _failed(name, f"event and log name the call {' and '.join(ids)}", cures.CORRELATION)
    traces = row.properties.value("tracerecords")
    shape = "a list" if isinstance(traces, list) else "one object"
    return _ok(name, f"event, log and LLM log share one id; traceRecords is {shape}")


def _stream(evidence: Evidence) -> Finding:
    name = "2 streamed chat"
    seen = evidence.of("stream")
    failed = _unanswered(name, seen, "a chat deployment")
    if failed is not None or seen is None:
        return failed or _not_judged(name, "a chat deployment")
    if seen.usage is None:
        return _failed(name, "the client saw no usage: none was asked for", cures.STREAM_USAGE)
    if seen.whole_s >= STREAM_S_MIN and seen.first_s > FIRST_BYTE_SHARE_MAX * seen.whole_s:
        said = f"first byte after {seen.first_s:.1f} of {seen.whole_s:.1f} s: it is held back"
        return _failed(name, said, cures.BUFFERING)
    llm = evidence.llm_row("stream")
    if llm is None:
        return _failed(name, _absent(llm_log=None), cures.LLM_LOG)
    for logged, said_by_model in _COUNTS:
        counted, reported = llm.properties.count(logged), seen.usage.get(said_by_model)
        if counted != reported:
            said = f"{said_by_model}: the client saw {reported}, the log has {counted}"
            return _failed(name, said, cures.STREAM_USAGE)
    return _ok(name, f"first byte after {seen.first_s:.2f} s, and the log counts as the client")


def _other_operations(evidence: Evidence) -> Finding:
    name = "5 embeddings, images, speech"
    seen = [each for each in map(evidence.of, ("embeddings", "images", "speech")) if each]
    if not seen:
        return _not_judged(name, "--embeddings, --images or --speech")
    bad = [
        f"{each.ask.name} {each.status} {each.error or ''}" for each in seen if not each.answered
    ]
    if bad:
        return _failed(name, f"not answered: {'; '.join(bad)}", cures.POLICIES)
    if lost := [each.ask.name for each in seen if evidence.lacks_usage(each)]:
        said = f"the client saw usage, and the event has none, of: {', '.join(lost)}"
        return _failed(name, said, cures.POLICIES)
    return _ok(name, f"answered: {', '.join(each.ask.name for each in seen)}")


def _refused(evidence: Evidence) -> Finding:
    name = "6 refused calls"
    keyless, refused = evidence.of("keyless"), evidence.of("refused")
    if keyless is None or refused is None:
        return _not_judged(name, "both calls")
    if not keyless.status:
        return _not_judged(name, "a gateway that answers")
    if keyless.status != 401:
        said = f"a call without a key is answered {keyless.status}, not 401"
        return _failed(name, said, cures.POLICIES)
    if evidence.events.get(keyless.session):
        return _failed(name, "a call without a key makes a usage event", cures.POLICIES)
    if refused.status < 400:
        return _not_judged(name, f"a model that refuses a broken body ({refused.status})")
    row, llm = evidence.row("refused"), evidence.llm_row("refused")
    said = f"without a key 401 and no event; a bad request {refused.status}"
    said += f", {'in' if row else 'not in'} the log, {_counted(llm)}"
    return _ok(name, f"{said}. Not judged: 429 and content filter, which need a limit and a prompt")


def _counted(llm: Row | None) -> str:
    if llm is None:
        return "without an LLM row"
    model = llm.properties.text("modelname") or "no model"
    return f"LLM row of {model} with {llm.properties.count('prompttokens') or 0} prompt tokens"


def _cached(evidence: Evidence) -> Finding:
    """Nobody asked for it, but a cache in front of the first call would spoil the rest."""
    name = "9 answers from the gateway's cache"
    events = (event for found in evidence.events.values() for event in found)
    hits = {str(each["id"]).lower() for each in events if each["data"].get("cache") == CACHE_HIT}
    asked = [row for row in evidence.rows if row.properties.count("backendresponsecode")]
    if wrong := hits & {row.call for row in asked}:
        said = f"{len(wrong)} events say so of calls that a model answered, and cost nothing"
        return _failed(name, said, cures.FORWARDED)
    if hits:
        return _ok(name, f"{len(hits)} calls were answered from the cache, at no cost")
    return _not_judged(name, "an API with a cache")


def _long_subject(evidence: Evidence) -> Finding:
    name = "11 subject of over 128 characters"
    seen, event = evidence.of("long"), evidence.event("long")
    failed = _unanswered(name, seen, "GATEWAY_LONG_KEY, of a subscription with so long an id")
    if failed is not None:
        return failed
    if event is None:
        return _failed(name, "its event was refused by the hub", cures.POLICIES)
    subject = str(event["subject"])
    if len(subject) <= 128:
        return _not_judged(name, f"a longer id: this subject has {len(subject)} characters")
    if event.get("partition_key") != partition_key(subject):
        return _failed(name, "the partition key is not the subject's digest", cures.POLICIES)
    return _ok(name, "its event came, with the digest as partition key")


def _background(evidence: Evidence) -> Finding:
    name = "12 background response"
    seen = evidence.of("background")
    failed = _unanswered(name, seen, "--background, a deployment that has Responses")
    if failed is not None:
        return failed
    event, fetch = evidence.event("background"), evidence.of("fetch")
    if event is None or event["data"].get("background") is not True:
        return _failed(name, "its usage event does not say background", cures.POLICIES)
    if fetch is None or fetch.response_status in {"queued", "in_progress"}:
        return _not_judged(name, "more time: the answer was not finished")
    fetched = evidence.event("fetch")
    if fetched is None or fetched["data"].get("usage") is None:
        return _failed(name, "fetching the answer makes no event with its usage", cures.POLICIES)
    if fetched["data"].get("response_id") != event["data"].get("response_id"):
        return _failed(name, "request and fetch name different answers", cures.POLICIES)
    return _ok(name, f"fetched with usage, after {event['data'].get('response_status')}")


def _absent(**halves: object) -> str:
    missing = [name.replace("_", " ") for name, half in halves.items() if half is None]
    return f"not found: {', '.join(missing)}"


def _cure_of(event: object | None, row: Row | None) -> str:
    if event is None:
        return cures.LOGGER
    return cures.LOG if row is None else cures.LLM_LOG
