"""A fault of each kind, seeded into a copy of the deployed files, is found at its file and line."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from apim_policies.check import Check, check_policies, read_named_values
from apim_policies.harness.plan import read_policies
from apim_policies.lint import FRAGMENT_BYTES_MAX, misplaced
from tests.apim_policies.conftest import FOLDER

BICEP = FOLDER.parent / "bicep"
LOADS_VALUES = "var values = loadJsonContent('../apim_policies/named_values.json')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """`old` stands once in `file`; with `new` in its place, the finding names that line."""

    file: str
    old: str
    new: str
    message: str
    below: int = 0
    """Lines of `new` above the fault."""


CAPTURE_CALL = "chargeback-capture-call.fragment.xml"
CAPTURE_ANSWER = "chargeback-capture-answer.fragment.xml"
SEEDS = {
    "unknown member": Seed(
        file=CAPTURE_CALL,
        old="call = Regex.Match(context.Request.OriginalUrl.Path,\n",
        new="call = Regex.Match(context.Request.OriginalUrl.Route,\n",
        message="`Route'",
    ),
    "forbidden type": Seed(
        file=CAPTURE_CALL,
        old='DateTime.UtcNow.ToString("o")',
        new='DateTime.UtcNow.ToString("o") + System.Environment.MachineName',
        message="System.Environment.MachineName is not among the types",
    ),
    "forbidden type in a lambda": Seed(
        file=CAPTURE_CALL,
        old='DateTime.UtcNow.ToString("o")',
        new='new[] { "a" }.Select(a => System.IO.File.ReadAllText(a)).First()',
        message="System.IO.File.ReadAllText is not among the types",
    ),
    "forbidden type in a closure": Seed(
        file=CAPTURE_CALL,
        old="value='@(DateTime.UtcNow.ToString(\"o\"))'",
        new="""value='@{ var path = "a";
          return new[] { "a" }.Select(a => System.IO.File.ReadAllText(a + path)).First(); }'""",
        message="System.IO.File.ReadAllText is not among the types",
        below=1,
    ),
    "forbidden member of an allowed type": Seed(
        file=CAPTURE_CALL,
        old='DateTime.UtcNow.ToString("o")',
        new='DateTime.UtcNow.ToLocalTime().ToString("o")',
        message="System.DateTime.ToLocalTime is not among the types",
    ),
    "forbidden type in a catch": Seed(
        file="chargeback-usage-event.fragment.xml",
        old='} catch { return ""; }',
        new='} catch (System.IO.IOException) { return "x"; } catch { return ""; }',
        message="System.IO.IOException is not among the types",
    ),
    "forbidden type between angle brackets of a type": Seed(
        file=CAPTURE_CALL,
        old='DateTime.UtcNow.ToString("o")',
        new="new List&lt;System.IO.FileInfo>().Count.ToString()",
        message="System.IO.FileInfo is not among the types",
    ),
    "forbidden type between angle brackets of a method": Seed(
        file=CAPTURE_CALL,
        old='DateTime.UtcNow.ToString("o")',
        new="Enumerable.Empty&lt;System.IO.FileInfo[]>().Count().ToString()",
        message="System.IO.FileInfo is not among the types",
    ),
    "forbidden type on a later line": Seed(
        file=CAPTURE_CALL,
        old='if (!call.Success) { return "-"; }',
        new="if (!call.Success) { return System.Environment.MachineName; }",
        message="System.Environment.MachineName is not among the types",
    ),
    "string for bool": Seed(
        file="chargeback-authenticate.fragment.xml",
        old="@(context.Subscription == null)",
        new="@(context.Subscription.Id)",
        message="Cannot implicitly convert type `string' to `bool'",
    ),
    "missing quote": Seed(
        file="chargeback-capture-caller.fragment.xml",
        old='context.Product?.Id ?? "-")',
        new='context.Product?.Id ?? "-)',
        message="CS1010",
    ),
    "missing return": Seed(
        file="chargeback-usage-event.fragment.xml",
        old='} catch { return ""; }',
        new="} catch { }",
        message="not all code paths return a value",
    ),
    "newer C# than the gateway's": Seed(
        file="chargeback-capture-caller.fragment.xml",
        old='@(context.Product?.Id ?? "-")',
        new='@{ var product = context.Product?.Id; product ??= "-"; return product; }',
        message="CS",
    ),
    "read-only context": Seed(
        file=CAPTURE_ANSWER,
        old="@((int)context.Elapsed.TotalMilliseconds)",
        new="@(context.Response.StatusCode = 200)",
        message="CS",
    ),
    "wrong section": Seed(
        file="chargeback-usage-event.fragment.xml",
        old="<message>llm.call.v1</message>",
        new="<message>llm.call.v1</message><llm-emit-token-metric />",
        message="llm-emit-token-metric",
    ),
    "bad attribute": Seed(
        file="chargeback-forward.fragment.xml",
        old='buffer-response="false"',
        new='bufer-response="false"',
        message="bufer-response",
    ),
    "missing attribute": Seed(
        file="chargeback-backend-identity.fragment.xml",
        old='set-query-parameter name="subscription-key"',
        new="set-query-parameter",
        message="set-query-parameter",
    ),
    "missing attribute of one among many": Seed(
        file=CAPTURE_ANSWER,
        old='set-variable name="chargeback-duration-ms"',
        new="set-variable",
        message="set-variable",
    ),
    "answer held back": Seed(
        file="chargeback-forward.fragment.xml",
        old=' buffer-response="false"',
        new="",
        message="forward-request",
    ),
    "a sixth dimension": Seed(
        file="chargeback-token-metric.fragment.xml",
        old='<dimension name="Product ID" />',
        new='<dimension name="Product ID" />' + 2 * '<dimension name="User ID" />',
        message="llm-emit-token-metric",
    ),
    "expression where none is allowed": Seed(
        file="chargeback-usage-event.fragment.xml",
        old='logger-id="llm-usage"',
        new='logger-id="@(context.Api.Id)"',
        message="log-to-eventhub",
    ),
    "not well-formed": Seed(
        file="chargeback-forward.fragment.xml",
        old="</fragment>",
        new="</fragmant>",
        message="Opening and ending tag mismatch",
    ),
    "unknown named value": Seed(
        file="chargeback-token-limit.fragment.xml",
        old='"{{chargeback-token-limit}}"',
        new='"{{chargeback-token-limits}}"',
        message="named value chargeback-token-limits is not among",
    ),
    "unknown fragment": Seed(
        file="llm_api.policy.xml",
        old='fragment-id="chargeback-forward"',
        new='fragment-id="chargeback-fourward"',
        message="fragment chargeback-fourward has no file",
    ),
    "line comment in an attribute": Seed(
        file=CAPTURE_CALL,
        old="if (!call.Success)",
        new="// no model call\n          if (!call.Success)",
        message="// comment",
    ),
    "line comment in an attribute of one line": Seed(
        file="chargeback-capture-caller.fragment.xml",
        old='@(context.Product?.Id ?? "-")',
        new='@(context.Product?.Id ?? "-" // the product )',
        message="// comment",
    ),
    "if without braces": Seed(
        file=CAPTURE_CALL,
        old='if (!call.Success) { return "-"; }',
        new='if (!call.Success) return "-";',
        message="if without braces",
    ),
    "else without braces": Seed(
        file=CAPTURE_CALL,
        old='if (!call.Success) { return "-"; }',
        new='if (call.Success) { }\n          else return "-";',
        message="else without braces",
        below=1,
    ),
    "loop without braces": Seed(
        file="chargeback-usage-event.fragment.xml",
        old='usageEvent["specversion"] = "1.0";',
        new='foreach (var x in "(a") usageEvent["specversion"] = "1.0";',
        message="foreach without braces",
    ),
    "answer stored after it was captured": Seed(
        file="llm_api.policy.xml",
        old="    <base />\n  </outbound>",
        new='    <llm-semantic-cache-store duration="60" />\n  </outbound>',
        message="a cached answer leaves no event",
    ),
    "call forwarded without a mark": Seed(
        file="chargeback-forward.fragment.xml",
        old='      <set-variable name="chargeback-forwarded" value="@(true)" />\n',
        new='      <set-variable name="forwarded" value="@(true)" />\n',
        message="its answers may cost nothing",
        below=1,
    ),
    "body read on a stream": Seed(
        file=CAPTURE_ANSWER,
        old='(bool)context.Variables["chargeback-streamed"]\n                  || (string)',
        new="type == null\n                  || (string)",
        message="the body of a streamed response is read here",
    ),
}
# Found where the expression starts, not on the line that was changed.
AT_EXPRESSION = {"missing return", "line comment in an attribute", "body read on a stream"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "apim_policies"))


def outcomes(folder: Path) -> list[Check]:
    return list(check_policies(folder, BICEP))


@pytest.mark.parametrize("kind", SEEDS)
def test_seeded_fault_is_found_at_its_file_and_line(kind: str, folder: Path, mono: None) -> None:
    seed = SEEDS[kind]
    path = folder / seed.file
    text = path.read_text(encoding="utf-8")
    assert text.count(seed.old) == 1
    path.write_text(text.replace(seed.old, seed.new), encoding="utf-8")

    last = outcomes(folder)[-1]

    changed = text.count("\n", 0, text.index(seed.old)) + 1 + seed.below
    found = [finding for finding in last.findings if seed.message in finding.message]
    assert found, last.findings
    assert {finding.file for finding in found} == {seed.file}
    lines = {finding.line for finding in found}
    if kind in AT_EXPRESSION:
        start = text.rindex("@{", 0, text.index(seed.old) + 1)
        assert lines == {text.count("\n", 0, start) + 1}
    else:
        assert changed in lines


def test_deployed_files_pass_every_check(mono: None) -> None:
    assert [check.findings for check in outcomes(FOLDER)] == [(), (), (), (), ()]


def test_name_that_bicep_does_not_deploy_is_found(tmp_path: Path) -> None:
    bicep = tmp_path / "bicep"
    bicep.mkdir()
    names = ["llm-usage", *(path.stem.split(".")[0] for path in fragments())]
    deploying = [f"var url = 'https://x' // {names[-1]}", f"/* {names[-1]} */", LOADS_VALUES]
    deploying += [f"name: '{name}'" for name in names[:-1]]
    (bicep / "main.bicep").write_text("\n".join(deploying), encoding="utf-8")

    [_, names_check, *_] = list(check_policies(FOLDER, bicep))

    [finding] = names_check.findings
    assert finding.file == "llm_api.policy.xml"
    assert f"include-fragment {names[-1]} is not in" in finding.message


def test_named_value_is_deployed_by_its_name_or_with_the_whole_file(tmp_path: Path) -> None:
    names = ["llm-usage", *(path.stem.split(".")[0] for path in fragments())]
    names += ["chargeback-authentication", "chargeback-tenant-id", "chargeback-audience"]
    names += ["chargeback-stream-usage", "chargeback-stream-usage-except"]
    names += ["chargeback-token-limit", "chargeback-token-limit-messages"]
    names += ["chargeback-model-audience", "chargeback-gateway-cache"]
    code = "\n".join(f"name: '{name}'" for name in names)
    main = tmp_path / "main.bicep"
    found = []
    for last in ("// named_values.json", LOADS_VALUES, "name: 'chargeback-tokens-per-minute'"):
        main.write_text(f"{code}\n{last}", encoding="utf-8")
        [_, names_check, *_] = list(check_policies(FOLDER, tmp_path))
        found.append([finding.message for finding in names_check.findings])

    assert found == [[f"named value chargeback-tokens-per-minute is not in {tmp_path}/"], [], []]


def test_named_value_that_no_policy_uses_is_found(folder: Path) -> None:
    path = folder / "named_values.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{", '{"chargeback-old": "1",', 1), encoding="utf-8")

    found = [str(finding) for check in outcomes(folder) for finding in check.findings]

    assert found == ["named_values.json:0: no policy uses chargeback-old"]


def test_fragment_that_the_gateway_would_not_store_is_found(folder: Path) -> None:
    path = folder / CAPTURE_CALL
    text = path.read_text(encoding="utf-8")
    room = FRAGMENT_BYTES_MAX - path.stat().st_size
    for more, found in ((0, []), (1, [f"{CAPTURE_CALL}:0: the fragment has 32769 bytes"])):
        path.write_text(text + " " * (room + more), encoding="utf-8")
        rules = list(check_policies(folder, BICEP))[2]
        assert [str(each).partition(",")[0] for each in rules.findings] == found


def fragments() -> list[Path]:
    return sorted(FOLDER.glob("*.fragment.xml"))


FORWARD = '<forward-request timeout="240" buffer-response="false" />'
MARK = '<set-variable name="chargeback-forwarded" value="@(true)" />'
IF = '<choose><when condition="@(true)">{}</when></choose>'


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (MARK + IF.format(IF.format(FORWARD)), False),
        (IF.format(MARK) + IF.format(FORWARD), True),
        (IF.format(FORWARD) + MARK + FORWARD, True),
    ],
)
def test_a_mark_counts_for_what_is_after_and_below_it(
    steps: str, found: bool, folder: Path
) -> None:
    path = folder / "chargeback-forward.fragment.xml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(MARK, "").replace(FORWARD, steps), encoding="utf-8")
    policies = read_policies(folder, read_named_values(folder))
    assert [each.file for each in misplaced(policies)] == ([path.name] if found else [])
