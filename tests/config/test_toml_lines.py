"""Every key of a TOML document is found at the line it stands on."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.config.toml_lines import key_lines

DOCUMENT = '''# comment with [brackets] = and "quotes"
plain = 1
"quoted key" = 2
dotted.inner = 3

[table]   # trailing
list = [
  1, # ]
  "]",
]
text = """
fake = 1
[fake]
"""
after = 1
inline = { a = 1, b = { c = 2 } }

[table.sub."x.y"]
key = 'lit # eral'
[[array]]
first = 1
[[array]]
second = 2
'''


def test_keys_are_found_around_comments_strings_and_arrays() -> None:
    assert key_lines(DOCUMENT) == {
        ("plain",): 2,
        ("quoted key",): 3,
        ("dotted",): 4,
        ("dotted", "inner"): 4,
        ("table",): 6,
        ("table", "list"): 7,
        ("table", "text"): 11,
        ("table", "after"): 15,
        ("table", "inline"): 16,
        ("table", "inline", "a"): 16,
        ("table", "inline", "b"): 16,
        ("table", "inline", "b", "c"): 16,
        ("table", "sub"): 18,
        ("table", "sub", "x.y"): 18,
        ("table", "sub", "x.y", "key"): 19,
        ("array",): 20,
        ("array", "first"): 21,
        ("array", "second"): 23,
    }


def test_windows_line_ends_count_as_one_line() -> None:
    assert key_lines("a = 1\r\n[b]\r\nc = '''\r\nx'''\r\nd = 1\r\n") == {
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 3,
        ("b", "d"): 5,
    }


def test_a_document_that_is_not_toml_is_not_searched_for_ever() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        key_lines("a = [\n1")


_NAMES = st.text(alphabet="ab\"'. ]=#\n", min_size=1, max_size=4)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@given(
    st.dictionaries(_NAMES, st.dictionaries(_NAMES, st.text(alphabet="a\"'[]#=", max_size=5), max_size=3), max_size=4)
)
def test_the_lines_point_at_the_keys_whatever_they_are_called(tables: dict[str, dict[str, str]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for table, keys in tables.items():
        lines.append(f"[{_quoted(table)}]")
        expected[(table,)] = len(lines)
        for key, value in keys.items():
            lines += [f"{_quoted(key)} = [", f"  {_quoted(value)}, # ]", "]"]
            expected[(table, key)] = len(lines) - 2
    document = "\n".join(lines)
    assert set(tomllib.loads(document)) == set(tables)
    assert key_lines(document) == expected
