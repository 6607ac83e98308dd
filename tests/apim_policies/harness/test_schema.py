"""The schema lets each policy stand where Microsoft's reference allows it, and nowhere else."""

from pathlib import Path

import pytest

from apim_policies.harness.schema import UNKNOWN, UNUSED, check_schema

FORWARD = '<forward-request buffer-response="false" />'


def check(folder: Path, *, inbound: str = "", backend: str = FORWARD, outbound: str = "") -> int:
    """How many findings a policy with these sections has."""
    text = f"<policies><inbound>{inbound}</inbound><backend>{backend}</backend>"
    text += f"<outbound>{outbound}</outbound></policies>"
    (folder / "a.policy.xml").write_text(text, encoding="utf-8")
    return len(check_schema(folder))


@pytest.mark.parametrize(
    "policy",
    [
        "<base />",
        '<log-to-eventhub logger-id="l" partition-key="@(1)">x</log-to-eventhub>',
        '<log-to-eventhub logger-id="l" partition-id="0">x</log-to-eventhub>',
        '<choose><when condition="@(true)" /><otherwise><set-body>x</set-body></otherwise>'
        "</choose>",
        '<trace source="s"><message>m</message><metadata name="a" value="b" /></trace>',
    ],
)
def test_policy_of_any_section_is_accepted(policy: str, tmp_path: Path) -> None:
    assert check(tmp_path, inbound=policy, outbound=policy) == 0


@pytest.mark.parametrize(
    "policy",
    [
        '<validate-azure-ad-token tenant-id="t"><audiences><audience>a</audience></audiences>'
        "</validate-azure-ad-token>",
        '<authentication-managed-identity resource="r" />',
        '<llm-token-limit counter-key="k" tokens-per-minute="9" estimate-prompt-tokens="true" />',
        '<llm-emit-token-metric><dimension name="API ID" /></llm-emit-token-metric>',
        '<set-backend-service base-url="https://b" />',
    ],
)
def test_policy_of_inbound_is_refused_in_outbound(policy: str, tmp_path: Path) -> None:
    assert check(tmp_path, inbound=policy) == 0
    assert check(tmp_path, outbound=policy) == 1


@pytest.mark.parametrize(
    "policy",
    [
        FORWARD,
        "<no-such-policy />",
        '<log-to-eventhub logger-id="l" partition-id="0" partition-key="k">x</log-to-eventhub>',
        "<log-to-eventhub>x</log-to-eventhub>",
        "<choose><when><set-body>x</set-body></when></choose>",
        '<choose><when condition="true" /></choose>',
        "<choose><otherwise /></choose>",
        '<trace source="s"><metadata name="a" value="b" /></trace>',
        '<trace source="s" severity="loud"><message>m</message></trace>',
        '<set-header name="a" exists-action="replace" />',
        '<set-variable name="a" />',
        '<set-variable name="@(1)" value="x" />',
        '<llm-emit-token-metric namespace="@(1)"><dimension name="Location" />'
        "</llm-emit-token-metric>",
        '<llm-emit-token-metric><dimension name="colour" /></llm-emit-token-metric>',
        "<llm-emit-token-metric />",
        "<inbound />",
    ],
)
def test_misuse_is_refused(policy: str, tmp_path: Path) -> None:
    assert check(tmp_path, inbound=policy) == 1


@pytest.mark.parametrize("backend", ["", FORWARD + FORWARD, f"<base />{FORWARD}"])
def test_backend_section_holds_exactly_one_policy(backend: str, tmp_path: Path) -> None:
    assert check(tmp_path, backend=backend) == 1


@pytest.mark.parametrize("held", ["", 'buffer-response="true"'])
def test_answer_that_is_held_back_is_refused(held: str, tmp_path: Path) -> None:
    assert check(tmp_path, backend=f"<forward-request {held} />") == 1


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("<fragment><base /></fragment>", "base"),
        ('<fragment><include-fragment fragment-id="b" /></fragment>', "include-fragment"),
        ("<fragment />", "Expecting an element"),
        ("<policies />", "root is policies, expected fragment"),
    ],
)
def test_fragment_holds_policies_only(fragment: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.fragment.xml").write_text(fragment, encoding="utf-8")
    assert check(tmp_path, inbound='<include-fragment fragment-id="a" />') == 1

    [finding] = check_schema(tmp_path)

    assert finding.file == "a.fragment.xml"
    assert message in finding.message


def test_fragment_that_no_policy_includes_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.fragment.xml").write_text("<fragment />", encoding="utf-8")
    check(tmp_path)

    assert [str(finding) for finding in check_schema(tmp_path)] == [f"a.fragment.xml:1: {UNUSED}"]


@pytest.mark.parametrize("policy", ['<rate-limit calls="2" renewal-period="60" />', "<mock />"])
@pytest.mark.parametrize("section", ["inbound", "backend", "outbound"])
def test_a_policy_that_the_check_cannot_run_says_what_to_do(
    policy: str, section: str, tmp_path: Path
) -> None:
    sections = {section: policy}
    assert check(tmp_path, **sections) == 1
    [finding] = check_schema(tmp_path)
    assert finding.message.endswith(UNKNOWN)


def test_a_known_policy_in_a_wrong_place_is_no_unknown_one(tmp_path: Path) -> None:
    check(tmp_path, outbound=FORWARD)
    [finding] = check_schema(tmp_path)
    assert "forward-request" in finding.message
    assert UNKNOWN not in finding.message


def test_fragment_is_checked_for_every_section_that_includes_it(tmp_path: Path) -> None:
    text = '<fragment>\n<authentication-managed-identity resource="r" />\n</fragment>'
    (tmp_path / "a.fragment.xml").write_text(text, encoding="utf-8")
    include = '<include-fragment fragment-id="a" />'
    assert check(tmp_path, inbound=include) == 0

    assert check(tmp_path, inbound=include, outbound=include) == 1

    [finding] = check_schema(tmp_path)
    assert (finding.file, finding.line) == ("a.fragment.xml", 2)
