from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedeploy.document import Findings, Node, did_you_mean, read_all, read_one
from codedeploy.errors import ManifestInvalid


def problems_of(text: str) -> tuple[str, ...]:
    findings = Findings("notes.yml")
    with pytest.raises(ManifestInvalid) as refused:
        findings.settle(read_all(text, findings))
    return refused.value.problems


def read(text: str) -> Node:
    findings = Findings("notes.yml")
    return findings.settle(read_one(text, findings))


REFUSED = {
    "empty": ("", "line 1: the document is empty"),
    "comments only": ("# nothing\n", "line 1: the document is empty"),
    "null": ("---\n...\n", "line 1: the document is empty"),
    "alias": ("a: &x 1\nb: *x", "line 2: b: the alias *x is not accepted"),
    "alias as key": ("a: &x 1\n*x : 2", "line 2: a key must be plain text"),
    "duplicate": ("a: 1\nb: 2\na: 3", "line 3: a: the key stands here and on line 1"),
    "CloudFormation tag": ("a:\n  b: !Ref c", "line 2: a.b: the tag !Ref is not accepted"),
    "Python tag": ("!!python/object:os.system x", "line 1: the tag !!python/object:os.system"),
    "set tag": ("a: !!set {b}", "line 1: a: the tag !!set is not accepted"),
    "tab": ("a:\n\tb: 1", "line 2: the line is indented with a tab; YAML wants spaces"),
    "braces of a template": ("a: {{ name }}", "line 1: a: a key must be plain text; quote"),
    "unclosed quote": ("a: 'b", "line 1: not readable as YAML"),
    "two colons": ("x: 1\na: b: c", "line 2: not readable as YAML: mapping values"),
    "control character": ("a: \x00", "not readable as YAML"),
    "half a surrogate pair": ('a: "\\ud83d"', "line 1: a: '\\ud83d' is no readable value"),
    "half a surrogate pair as key": ('"\\ud83d": 1', "line 1: a key must be plain text"),
    "not a number": ("a: .nan", "line 1: a: '.nan' is no readable value"),
    "number without digits": ("a: 0x_", "line 1: a: '0x_' is no readable value"),
    "endless number": ("a: " + "9" * 5000, "is no readable value"),
    "no boolean": ("a: !!bool maybe", "line 1: a: 'maybe' is no readable value"),
    "very deep": ("[" * 5000, "nested over 50 deep"),
    "very long": ("a" * 1_000_001, "longer than 1000000 characters"),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.values(), ids=REFUSED)
def test_refuses(text: str, expected: str) -> None:
    (problem,) = problems_of(text)

    assert expected in problem


def test_reports_all_problems_in_the_order_of_the_text() -> None:
    problems = problems_of("b: !Sub x\na: *y\nb: 1")

    assert [problem.partition(":")[0] for problem in problems] == ["line 1", "line 2", "line 3"]


def test_one_document_may_not_be_two() -> None:
    with pytest.raises(ManifestInvalid, match="line 3: expected one document, found 2"):
        read("a: 1\n---\nb: 2")


def test_empty_documents_between_others_do_not_count() -> None:
    assert read("---\n---\na: 1\n---\n").without_nulls() == {"a": 1}


READ = {
    "date stays text": ("2024-02-30", "2024-02-30"),
    "JSON with tabs": ('{\n\t"a": [1, 2.5, true, null]\n}', {"a": [1, 2.5, True, None]}),
    "surrogate pair": ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
    "windows line ends": ("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
    "byte order mark": ("\ufeffa: b", {"a": "b"}),
    "number as key": ("8080: open", {"8080": "open"}),
    "nulls of maps": ("a:\nb: {c: ~}", {"b": {}}),
}


@pytest.mark.parametrize(("text", "expected"), READ.values(), ids=READ)
def test_reads(text: str, expected: object) -> None:
    assert read(text).without_nulls() == expected


def test_a_scalar_keeps_its_spelling() -> None:
    node = read("0755")

    assert (node.value, node.written) == (0o755, "0755")


def test_an_entry_stands_on_the_line_of_its_key() -> None:
    node = read("files:\n  - source: a\n    destination:\n\n      /b\n")

    found = node.nearest(("files", 0, "destination"))

    assert (found.line, found.key_path()) == (3, "files[0].destination")


def test_the_nearest_value_to_a_missing_one_is_where_it_should_be() -> None:
    node = read("a:\n  b: [1]\n")

    assert node.nearest(("a", "b", 7, "c")).path == ("a", "b")


def test_long_text_is_shortened_in_messages() -> None:
    assert len(read("x" * 500).described) < 80


@given(st.text(max_size=200) | st.text(alphabet="ab:-&*![]{}'\"#\n\t 01.", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    findings = Findings("notes.yml")
    documents: tuple[Node, ...] = ()

    with suppress(ManifestInvalid):
        documents = read_all(text, findings)

    assert bool(documents) or findings.has_problems


@pytest.mark.parametrize(
    ("word", "expected"),
    [("BeforInstall", "; did you mean BeforeInstall?"), ("install", ""), ("zebra", "")],
)
def test_suggests_what_was_probably_meant(word: str, expected: str) -> None:
    assert did_you_mean(word, ["BeforeInstall", "ApplicationStart"]) == expected
