from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.project.naming import FORBIDDEN, LONGEST, checked_name, file_safe, free_file_name, unused


@given(st.text())
def test_any_text_becomes_a_name_that_a_file_can_have(text):
    safe = file_safe(text)
    assert 0 < len(safe) <= LONGEST
    assert not FORBIDDEN.search(safe)
    assert safe == safe.rstrip(" .")
    assert Path("folder", safe).parent == Path("folder")
    assert safe not in (".", "..")


@given(st.text())
def test_a_safe_name_stays_as_it_is(text):
    assert file_safe(file_safe(text)) == file_safe(text)


@pytest.mark.parametrize(
    ("name", "safe"),
    [("7d.4C.8_2", "7d.4C.8_2"), ("a/b:c", "a_b_c"), ("..", "stack"), (".hidden", "_.hidden"), ("CON", "_CON"),
     ("con.tif", "_con.tif"), ("console", "console"), ("  ", "stack")],
)  # fmt: skip
def test_what_windows_does_not_take_is_replaced(name, safe):
    assert file_safe(name) == safe


def test_a_taken_name_gets_a_number_in_whatever_case():
    assert unused("a", []) == "a"
    assert unused("A", ["a"]) == "A (2)"
    assert unused("a", ["A", "a (2)"]) == "a (3)"
    assert free_file_name("a.ome.tif", ["A.OME.TIF"]) == "a (2).ome.tif"
    assert free_file_name("7d.4C.8_2.tif", []) == "7d.4C.8_2.tif"


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a.", "x" * (LONGEST + 1), "TAKEN"])
def test_a_name_that_cannot_be_given_is_refused(name):
    with pytest.raises(UserError):
        checked_name(name, ["taken"])


def test_spaces_around_a_name_are_left_out():
    assert checked_name(" 7d.4C.8_2 ", ["other"]) == "7d.4C.8_2"
