from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.project import places
from cartocell_app.project.places import DATABASE, FEW, Glances, found, kept, present, project_around, same_place, whole

parts = st.lists(st.sampled_from(["a", "b", "raw data", "µm"]), max_size=4)


@given(parts, parts)
def test_what_is_kept_is_found(folder_parts, file_parts):
    folder, path = whole(Path("/", *folder_parts)), whole(Path("/", *file_parts))
    assert found(kept(path, folder), folder) == path


def test_what_lies_in_or_beside_the_project_moves_with_it():
    before, after = whole(Path("/lab/p.cartocell")), whole(Path("/disk/lab/p.cartocell"))
    for path, moved in (
        ("/lab/p.cartocell/stacks/a.tif", "/disk/lab/p.cartocell/stacks/a.tif"),
        ("/lab/raw/a.tif", "/disk/lab/raw/a.tif"),
        ("/elsewhere/a.tif", "/elsewhere/a.tif"),
    ):
        assert found(kept(Path(path), before), after) == whole(Path(moved))


@pytest.mark.parametrize("count", [1, FEW, FEW + 5])
def test_which_files_are_there(tmp_path, count):
    there = [tmp_path / f"{number}.tif" for number in range(count)]
    for path in there:
        path.touch()
    gone = [tmp_path / f"gone{number}.tif" for number in range(count)] + [tmp_path / "no folder" / "a.tif"]
    assert present(there + gone) == frozenset(there)
    assert present([]) == frozenset()


def test_files_are_asked_for_once_in_a_while_however_often_a_window_asks(tmp_path, monkeypatch):
    clock = [100.0]
    asked = []

    def slow(paths):
        paths = list(paths)
        asked.append(len(paths))
        clock[0] += 0.5
        return present(paths)

    monkeypatch.setattr(places, "monotonic", lambda: clock[0])
    monkeypatch.setattr(places, "present", slow)
    (tmp_path / "a.tif").touch()
    both = [tmp_path / "a.tif", tmp_path / "b.tif"]
    glances = Glances()
    for _ in range(10):
        assert glances.present(both) == {both[0]}
    (tmp_path / "c.tif").touch()
    assert glances.present([*both, tmp_path / "c.tif"]) == {both[0], tmp_path / "c.tif"}  # what is new is asked for
    assert asked == [2, 1]
    (tmp_path / "a.tif").rename(both[1])
    clock[0] += 4
    assert glances.present(both) == {both[0]}  # it took half a second, so it holds for five
    clock[0] += 1
    assert glances.present(both) == {both[1]}
    glances.forget()
    assert glances.present(both) == {both[1]}
    assert asked == [2, 1, 2, 2]


def test_a_file_is_itself_by_a_link(tmp_path):
    (tmp_path / "a.tif").touch()
    try:
        (tmp_path / "link.tif").symlink_to(tmp_path / "a.tif")
    except OSError:
        pytest.skip("this system makes no links for everybody")
    assert same_place(tmp_path / "link.tif") == same_place(tmp_path / "a.tif")


def test_the_project_around_a_file(tmp_path):
    (tmp_path / DATABASE).touch()
    assert project_around(tmp_path / "runs" / "0001-segment" / "stacks.csv") == tmp_path
    assert project_around(tmp_path) is None
