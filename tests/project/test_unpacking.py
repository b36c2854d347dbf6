"""Zip files that somebody sent: none writes anywhere but into its own folder."""

import stat
import zipfile
from pathlib import Path

import pytest

from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError
from cartocell_app.project.places import DATABASE
from cartocell_app.project.project import Project


@pytest.fixture
def packed(project, tmp_path: Path) -> Path:
    """The project as a zip file."""
    project.save_zip(tmp_path / "copy.zip")
    return tmp_path / "copy.zip"


def everything_below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize(
    "entry",
    [
        "../outside.txt", "MDCK.cartocell/../../outside.txt", "/outside.txt", "C:/outside.txt", "C:outside.txt",
        "MDCK.cartocell\\..\\..\\outside.txt", "MDCK.cartocell/stacks/a:stream", "MDCK.cartocell/a\x1b.tif", "",
    ],
)  # fmt: skip
def test_an_entry_that_leads_out_of_its_folder_is_refused(packed, tmp_path, entry):
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(zipfile.ZipInfo(entry), b"harm")
    before = everything_below(tmp_path)
    with pytest.raises(UserError, match="was not unpacked"):
        Project.unpack_zip(packed, tmp_path / "deep" / "folder")
    assert everything_below(tmp_path) == before


def test_a_link_is_refused(packed, tmp_path):
    link = zipfile.ZipInfo("MDCK.cartocell/stacks/link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(UserError, match="points elsewhere"):
        Project.unpack_zip(packed, tmp_path)


def test_two_files_of_one_name_are_refused(packed, tmp_path):
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("MDCK.cartocell/STACKS/A.TIF", b"other")
    with pytest.raises(UserError, match="two files of one name"):
        Project.unpack_zip(packed, tmp_path)


def test_what_lies_beside_the_project_is_left_out(packed, tmp_path):
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("__MACOSX/MDCK.cartocell/._a.tif", b"of the Mac's")
        archive.writestr("readme.txt", b"hello")
    place = Project.unpack_zip(packed, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["MDCK.cartocell"]
    assert not list(place.rglob("._a.tif"))


def test_a_project_that_was_packed_by_hand_without_its_folder(project, tmp_path):
    project.close()
    with zipfile.ZipFile(tmp_path / "from Anna.zip", "w") as archive:
        archive.write(project.folder / DATABASE, DATABASE)
    place = Project.unpack_zip(tmp_path / "from Anna.zip", tmp_path / "out")
    assert place.name == "from Anna.cartocell"
    Project.open(place).close()


def test_a_zip_without_a_project(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", b"")
    with pytest.raises(UserError, match="no CartoCell project"):
        Project.unpack_zip(tmp_path / "photos.zip", tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a zip at all", None])
def test_a_broken_zip(packed, tmp_path, content):
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(UserError, match="damaged or no zip"):
        Project.unpack_zip(packed, tmp_path / "out")


def test_a_zip_whose_content_changed_leaves_nothing(packed, tmp_path):
    content = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as archive:
        offset = archive.getinfo("MDCK.cartocell/stacks/c.tif").header_offset
    content[offset + 60 : offset + 70] = bytes(10)
    packed.write_bytes(bytes(content))
    with pytest.raises(UserError, match="damaged"):
        Project.unpack_zip(packed, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_zip_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="no file"):
        Project.unpack_zip(tmp_path / "gone.zip", tmp_path)


def test_more_than_the_disk_has_free_is_not_begun(packed, tmp_path, monkeypatch):
    monkeypatch.setattr("cartocell_app.project.unpacking.shutil.disk_usage", lambda _: type("Usage", (), {"free": 100}))
    with pytest.raises(UserError, match="has not free"):
        Project.unpack_zip(packed, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_unpacking_can_be_stopped_and_leaves_nothing(packed, tmp_path):
    with pytest.raises(CancelledError):
        Project.unpack_zip(packed, tmp_path / "out", cancelled=lambda: True)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_is_no_zip_file(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        Project.unpack_zip(tmp_path, tmp_path / "new")
