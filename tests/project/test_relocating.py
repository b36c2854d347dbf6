from pathlib import Path

import pytest

from cartocell_app.progress import CancelledError, never, silent
from cartocell_app.project.hashing import hash_of
from cartocell_app.project.relocating import Lost, find_lost


def stack(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def lost(path: str, content: bytes, digest: str | None = None) -> Lost:
    return Lost(1, Path(path), len(content), digest)


def find(one: Lost, folder: Path) -> Path | None:
    return find_lost([one], folder, silent, never).get(1)


def test_by_name_and_size_in_folders_below(tmp_path):
    there = stack(tmp_path / "2019" / "July" / "a.tif", b"four")
    stack(tmp_path / "2020" / "a.tif", b"other size")
    assert find(lost("/old/a.tif", b"four"), tmp_path) == there


def test_another_file_of_that_name_is_not_taken(tmp_path):
    stack(tmp_path / "a.tif", b"other size")
    assert find(lost("/old/a.tif", b"four"), tmp_path) is None


def test_of_several_the_one_with_the_content(tmp_path):
    there = stack(tmp_path / "two" / "a.tif", b"four")
    stack(tmp_path / "one" / "a.tif", b"five")
    assert find(lost("/old/a.tif", b"four", hash_of(there)), tmp_path) == there


def test_of_several_the_one_in_folders_of_the_same_names(tmp_path):
    there = stack(tmp_path / "7d" / "4C" / "a.tif", b"four")
    stack(tmp_path / "10d" / "4C" / "a.tif", b"five")
    assert find(lost("/old/7d/4C/a.tif", b"four"), tmp_path) == there


def test_where_several_could_be_it_none_is_guessed(tmp_path):
    stack(tmp_path / "one" / "a.tif", b"four")
    stack(tmp_path / "two" / "a.tif", b"five")
    assert find(lost("/old/a.tif", b"four"), tmp_path) is None


def test_a_folder_that_is_a_stack_is_found_by_its_name(tmp_path):
    (tmp_path / "new" / "z.ome.zarr" / "0").mkdir(parents=True)
    (tmp_path / "new" / "z.ome.zarr" / "zarr.json").touch()
    assert find(Lost(1, Path("/old/z.ome.zarr"), None, None), tmp_path) == tmp_path / "new" / "z.ome.zarr"


def test_looking_can_be_stopped(tmp_path):
    stack(tmp_path / "a.tif", b"four")
    with pytest.raises(CancelledError):
        find_lost([lost("/old/a.tif", b"four")], tmp_path, silent, lambda: True)
