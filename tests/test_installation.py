import sys

import pytest

from cartocell_app.installation import how_to_add, is_frozen


def test_from_source_parts_are_added_with_pip() -> None:
    assert not is_frozen()
    assert how_to_add("train") == "Add it with: pip install 'cartocell[train]'"


@pytest.mark.parametrize("part", ["train", "gpu"])
def test_the_installed_program_has_no_pip_and_names_what_to_take_instead(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert is_frozen()
    assert "download" in how_to_add(part)
    assert "pip install" not in how_to_add(part)
