import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cartocell_app.errors import UserError
from cartocell_app.stacks.files import (
    PARTIAL_PREFIX,
    DiskError,
    check_writable,
    disk_troubles,
    remove_partial_files,
    whole_file,
)


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
