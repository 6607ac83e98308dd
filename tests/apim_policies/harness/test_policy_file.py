"""Reading policy files: what compiler errors need to point at the right line."""

from pathlib import Path

import pytest

from apim_policies.errors import InvalidPolicies
from apim_policies.harness.expressions import csharp, find_expressions
from apim_policies.harness.policy_file import Element, named_values_used, read_policy

POLICY = """<!-- {{in-a-comment}}
-->
<fragment>
  <set-variable name="a" value='@{
      var x = "1 &lt; 2 &amp;&amp; {{named}}";
      return x; }' />
  <log-to-eventhub logger-id="l">
    @(context.RequestId.ToString())
  </log-to-eventhub>
</fragment>
"""


def read(folder: Path, text: str = POLICY, **named_values: str) -> Element:
    path = folder / "a.fragment.xml"
    path.write_text(text, encoding="utf-8")
    return read_policy(path, named_values)


def test_attribute_keeps_its_newlines_and_its_line(tmp_path: Path) -> None:
    [variable, _] = read(tmp_path, named="v").children

    value = variable.attributes["value"]
    assert value.line == 4
    assert value.value == '@{\n      var x = "1 < 2 && v";\n      return x; }'
    assert variable.attributes["name"].value == "a"


def test_generated_source_points_to_the_expressions_own_lines(tmp_path: Path) -> None:
    expressions, findings = find_expressions([read(tmp_path, named="v")])

    assert findings == []
    assert [expression.returns for expression in expressions] == ["object", "string"]
    source = csharp(expressions)
    assert '#line 4 "a.fragment.xml"\npublic static object E0(IContext context) {' in source
    assert '#line 8 "a.fragment.xml"\npublic static string E1(IContext context) {' in source


def test_unknown_named_value_is_found_but_not_in_a_comment(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicies) as raised:
        read(tmp_path)

    assert str(raised.value) == "a.fragment.xml:4: named value named is not among []"
    assert named_values_used(tmp_path / "a.fragment.xml") == {"named": 5}


def test_expression_must_be_the_whole_value(tmp_path: Path) -> None:
    text = "<fragment>\n<set-body>Bearer @(1)</set-body>\n<set-body>@(1) x</set-body>\n</fragment>"

    _, findings = find_expressions([read(tmp_path, text)])

    assert [str(finding) for finding in findings] == [
        "a.fragment.xml:2: an expression must be the whole value",
        "a.fragment.xml:3: the expression starts with @( and does not end with )",
    ]
