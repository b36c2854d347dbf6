import errno
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cartocell_app.errors import UserError
from cartocell_app.stacks.files import (
    PARTIAL_PREFIX,
    DiskError,
    check_writable,
    disk_troubles,
    partial_place,
    remove_partial_files,
    whole_file,
)
from cartocell_app.stacks.writing import write_ome_zarr


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_once_it_is_complete(tmp_path: Path):
    path = tmp_path / "new" / "folder" / "7d.4C.8_2.tif"
    with whole_file(path) as partial:
        partial.write_bytes(b"cells")
        assert not path.exists()
        assert (partial.parent, partial.suffix) == (path.parent, path.suffix)
    assert path.read_bytes() == b"cells"
    assert files_in(path.parent) == [path.name]


def test_an_older_file_is_replaced(tmp_path: Path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"old")
    with whole_file(path) as partial:
        partial.write_bytes(b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_what_breaks_off_leaves_the_older_file(tmp_path: Path, error: BaseException):
    path = tmp_path / "a.tif"
    path.write_bytes(b"old")

    def break_off() -> None:
        with whole_file(path) as partial:
            partial.write_bytes(b"half")
            raise error

    with pytest.raises(type(error)):
        break_off()
    assert path.read_bytes() == b"old"
    assert files_in(tmp_path) == ["a.tif"]


def test_a_disk_that_is_full_at_the_last_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "a.tif"
    with pytest.raises(DiskError) as caught, whole_file(path) as partial:
        partial.write_bytes(b"cells")
    assert str(path) in caught.value.title
    assert "full" in caught.value.body
    assert files_in(tmp_path) == []


def test_a_disk_that_is_really_full(small_disk: Path):
    path = small_disk / "a.tif"
    path.write_bytes(b"old")
    with pytest.raises(DiskError, match="full"), whole_file(path) as partial:
        partial.write_bytes(bytes(2**20))
    assert path.read_bytes() == b"old"
    assert files_in(small_disk) == ["a.tif"]


def test_a_disk_that_is_really_read_only(read_only_disk: Path):
    with pytest.raises(DiskError, match="read-only"), whole_file(read_only_disk / "a.tif") as partial:
        partial.write_bytes(b"cells")
    with pytest.raises(DiskError, match="read-only"):
        check_writable(read_only_disk)
    with pytest.raises(DiskError, match="read-only"):
        check_writable(read_only_disk / "results")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_file_larger_than_allowed_leaves_nothing(tmp_path: Path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "a.tif"
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises((OSError, DiskError)), whole_file(path) as partial:
            partial.write_bytes(bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_in(tmp_path) == []


def test_a_name_that_is_too_long(tmp_path: Path):
    with pytest.raises(DiskError, match="shorter"), whole_file(tmp_path / ("a" * 300 + ".tif")) as partial:
        partial.write_bytes(b"cells")


def test_a_path_that_leads_through_a_file(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("no folder")
    with pytest.raises(DiskError, match="is a file, not a folder"):
        check_writable(tmp_path / "notes.txt" / "results" / "today")
    with pytest.raises(DiskError, match="is a file"):
        check_writable(tmp_path / "notes.txt")


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permissions"),
        (errno.EPERM, "permissions"),
    ],
)
def test_refusals_in_the_users_words(tmp_path: Path, number: int, word: str):
    with pytest.raises(UserError, match=word) as caught, disk_troubles(tmp_path):
        raise OSError(number, os.strerror(number))
    assert isinstance(caught.value.__cause__, OSError)


def test_other_errors_are_bugs_and_pass_through(tmp_path: Path):
    with pytest.raises(OSError, match="Bad file descriptor"), disk_troubles(tmp_path):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path: Path):
    check_writable(tmp_path / "results" / "today")
    check_writable(tmp_path / "results" / "today")
    assert files_in(tmp_path / "results" / "today") == []


def test_only_what_killed_programs_left_is_removed(tmp_path: Path):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    folder = tmp_path / "deep"
    (folder / f"{PARTIAL_PREFIX}{killed.pid}-a.ome.zarr" / "0").mkdir(parents=True)
    (folder / f"{PARTIAL_PREFIX}{killed.pid}-b.tif").write_bytes(b"half")
    kept = [f"{PARTIAL_PREFIX}{os.getpid()}-c.tif", f"{PARTIAL_PREFIX}of-the-work.txt", "d.tif"]
    for name in kept:
        (folder / name).write_bytes(b"whole")
    remove_partial_files(tmp_path)
    assert files_in(folder) == sorted(kept)


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path: Path):
    path = tmp_path / "a.csv"
    with whole_file(path) as first, whole_file(path) as second:
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert path.read_bytes() == b"first"
    assert files_in(tmp_path) == ["a.csv"]


def test_what_a_killed_program_of_this_computer_was_writing_is_removed(tmp_path: Path):
    writing = f"""if True:
        import os
        from pathlib import Path
        from cartocell_app.stacks.files import whole_file
        with whole_file(Path({str(tmp_path / "a.tif")!r})) as partial:
            partial.write_bytes(b"half")
            os._exit(1)
    """
    subprocess.run([sys.executable, "-c", writing], check=False)
    (left,) = files_in(tmp_path)
    assert left.startswith(PARTIAL_PREFIX)
    with whole_file(tmp_path / "b.tif") as partial:
        partial.write_bytes(b"whole")
        remove_partial_files(tmp_path)
    assert files_in(tmp_path) == ["b.tif"]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As on another computer, in a process of a number that this one does not have; here again once undone."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setattr(platform, "node", lambda: "another-computer.example.org")
    monkeypatch.setattr(os, "getpid", lambda: ended.pid)
    return monkeypatch


def age(path: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def test_what_another_computer_is_writing_is_left_to_it(tmp_path: Path, elsewhere: pytest.MonkeyPatch):
    with whole_file(tmp_path / "a.tif") as partial:
        partial.write_bytes(b"cells")
        elsewhere.undo()
        age(partial, 0.9)
        remove_partial_files(tmp_path)
    assert files_in(tmp_path) == ["a.tif"]


def test_what_another_computer_has_left_for_a_day_is_removed(tmp_path: Path, elsewhere: pytest.MonkeyPatch):
    def abandon() -> None:
        with whole_file(tmp_path / "a.tif") as partial:
            partial.write_bytes(b"half")
            elsewhere.undo()
            age(partial, 1.1)
            remove_partial_files(tmp_path)

    with pytest.raises(UserError, match="could not be written"):
        abandon()
    assert files_in(tmp_path) == []


def test_a_folder_is_as_old_as_the_newest_in_it(tmp_path: Path, elsewhere: pytest.MonkeyPatch):
    folder = partial_place(tmp_path / "a.ome.zarr")
    elsewhere.undo()
    chunk = folder / "0" / "0"
    chunk.parent.mkdir(parents=True)
    chunk.write_bytes(b"chunk")
    for old in (chunk.parent, folder):
        age(old, 3)
    remove_partial_files(tmp_path)
    assert chunk.exists()
    age(chunk, 2)
    remove_partial_files(tmp_path)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ESTALE])
def test_a_file_that_vanishes_while_it_is_written(tmp_path: Path, number: int):
    path = tmp_path / "a.tif"
    with pytest.raises(UserError, match="deleted its unfinished file") as caught, whole_file(path) as partial:
        raise OSError(number, os.strerror(number), str(partial))
    assert not isinstance(caught.value, DiskError)
    assert str(path) in caught.value.title


def test_another_file_that_is_missing_is_no_trouble_of_the_disk(tmp_path: Path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a.tif") as partial:
        shutil.copyfile(tmp_path / "b.tif", partial)


@pytest.mark.parametrize("name", ["ä" * 120 + ".tif", "a" * 251 + ".tif"])
def test_the_longest_names_that_a_disk_takes(tmp_path: Path, name: str):
    with whole_file(tmp_path / name) as partial:
        assert partial.suffix == ".tif"
        partial.write_bytes(b"cells")
    assert files_in(tmp_path) == [name]


def test_names_of_partial_files_are_valid_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(platform, "node", lambda: 'Lab: "Zoë" <2>|*?' + "x" * 300)
    with whole_file(tmp_path / "a.tif") as partial:
        partial.write_bytes(b"cells")
    assert partial.name.isascii()
    assert not set(partial.name) & set('<>:"/\\|?*')
    assert len(partial.name) < 60


def test_what_cannot_be_deleted_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    left = tmp_path / f"{PARTIAL_PREFIX}{killed.pid}-a.tif"
    left.write_bytes(b"half")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "unlink", refuse)
    remove_partial_files(tmp_path)
    assert left.exists()


def test_the_longest_name_of_a_folder(tmp_path: Path):
    path = tmp_path / ("a" * 246 + ".ome.zarr")
    for label in (1, 2):
        write_ome_zarr(path, np.full((2, 3, 4), label), None)
    assert files_in(tmp_path) == [path.name]
