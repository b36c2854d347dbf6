"""A project in a zip file and out of it again."""

import errno
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError
from cartocell_app.project.places import DATABASE
from cartocell_app.project.project import LOCK, Project
from cartocell_app.project.values import NewSample


def unpacked(path: Path, folder: Path) -> Project:
    return Project.open(Project.unpack_zip(path, folder))


def test_a_copy_has_everything_in_it_and_knows_where(project, lab, tmp_path, record):
    run = project.new_run("segment", "Segment", [1], lambda folder: ["segment", "-o", str(folder)])
    record(run, "a", state="done", cells=61)
    cells = run.folder / "per_image_instances_voronoi" / "a.tif"
    cells.parent.mkdir()
    cells.write_bytes(b"cells")
    project.take_in_results(run.id)
    outside = tmp_path / "fiji" / "b.tif"
    outside.parent.mkdir()
    outside.write_bytes(b"corrected")
    project.add_labels(2, outside, "imported")
    contents = [sample.path.read_bytes() for sample in project.samples()]
    steps = []
    project.save_zip(tmp_path / "copy.zip", lambda *step: steps.append(step))
    assert steps[-1][1] == steps[-1][2]
    shutil.rmtree(lab)
    shutil.rmtree(outside.parent)

    copy = unpacked(tmp_path / "copy.zip", tmp_path / "elsewhere")
    assert copy.folder == tmp_path / "elsewhere" / "MDCK.cartocell"
    assert copy.name == "MDCK hypoxia"
    assert [sample.path.read_bytes() for sample in copy.samples()] == contents
    assert all(sample.path.is_relative_to(copy.folder) for sample in copy.samples())
    assert copy.sample(1).labels.read_bytes() == b"cells"
    assert copy.sample(2).labels.read_bytes() == b"corrected"
    assert copy.run(run.id).words == ("segment", "-o", str(copy.folder / "runs" / "0001-segment"))
    assert not copy.read_only
    # Taking in again what was taken in before the copy changes nothing.
    copy.update_samples([1], state="accepted")
    assert copy.take_in_results(run.id) == ()
    copy.close()


def test_the_project_itself_is_not_changed_by_being_copied(project, tmp_path):
    before = project.samples()
    project.save_zip(tmp_path / "copy.zip")
    assert project.samples() == before


def test_stacks_can_be_left_out(project, lab, tmp_path):
    project.save_zip(tmp_path / "copy.zip", with_inputs=False)
    with zipfile.ZipFile(tmp_path / "copy.zip") as packed:
        assert not [name for name in packed.namelist() if name.endswith(".tif")]
    copy = unpacked(tmp_path / "copy.zip", tmp_path / "elsewhere")
    # On this computer they are where they were; on another they can be looked for.
    assert [sample.path for sample in copy.samples()] == [lab / "raw" / f"{name}.tif" for name in "abc"]
    copy.close()


def test_missing_stacks_stay_missing(project, lab, tmp_path):
    (lab / "raw" / "b.tif").unlink()
    project.save_zip(tmp_path / "copy.zip")
    copy = unpacked(tmp_path / "copy.zip", tmp_path / "elsewhere")
    assert [sample.missing for sample in copy.samples()] == [False, True, False]
    copy.close()


def test_stacks_of_one_name_and_channels_of_one_file(project, lab, tmp_path):
    (lab / "other").mkdir()
    (lab / "other" / "a.tif").write_bytes(b"another")
    inside = project.folder / "stacks" / "a.tif"
    inside.write_bytes(b"cut out of a field")
    paths = (lab / "other" / "a.tif", inside)
    project.add_samples([*map(NewSample, paths), NewSample(lab / "raw" / "a.tif", channel=1)])
    contents = [sample.path.read_bytes() for sample in project.samples()]
    project.save_zip(tmp_path / "copy.zip")
    copy = unpacked(tmp_path / "copy.zip", tmp_path / "elsewhere")
    assert [sample.path.read_bytes() for sample in copy.samples()] == contents
    copy.close()


def test_what_is_of_no_use_elsewhere_is_left_out(project, tmp_path):
    project.close()
    Project.open(project.folder).close()  # leaves a lock file and a copy of the database
    (project.folder / "stacks" / ".partial-1-a.tif").write_bytes(b"half")
    inside = project.folder / "copy.zip"
    project.save_zip(inside)
    with zipfile.ZipFile(inside) as packed:
        names = packed.namelist()
    assert names == [f"MDCK.cartocell/{DATABASE}", *(f"MDCK.cartocell/stacks/{name}.tif" for name in "abc")]
    assert LOCK not in str(names)


def test_saving_can_be_stopped_and_leaves_the_earlier_copy(project, tmp_path):
    (tmp_path / "copy.zip").write_bytes(b"earlier")
    with pytest.raises(CancelledError):
        project.save_zip(tmp_path / "copy.zip", cancelled=lambda: True)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["copy.zip"]
    assert (tmp_path / "copy.zip").read_bytes() == b"earlier"


def test_a_full_disk_leaves_no_half_copy(project, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cartocell_app.project.packing.pour", full)
    with pytest.raises(UserError, match=r"copy\.zip could not be written"):
        project.save_zip(tmp_path / "copy.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["lab"]


def test_a_second_unpacking_gets_a_folder_of_its_own(project, tmp_path):
    project.save_zip(tmp_path / "copy.zip")
    places = [Project.unpack_zip(tmp_path / "copy.zip", tmp_path / "out").name for _ in range(2)]
    assert places == ["MDCK.cartocell", "MDCK (2).cartocell"]


names = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=20)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(names, st.binary(max_size=200), st.none() | names), max_size=4))
def test_whatever_is_put_in_comes_out(stacks):
    with tempfile.TemporaryDirectory() as folder:
        lab = Path(folder)
        (lab / "raw").mkdir()
        new = []
        for number, (name, content, notes) in enumerate(stacks):
            path = lab / "raw" / f"{number}.tif"
            path.write_bytes(content)
            new.append(NewSample(path, name=name, condition=notes))
        project = Project.create(lab / "p.cartocell")
        added = project.add_samples(new)
        project.save_zip(lab / "p.zip")
        project.close()
        copy = unpacked(lab / "p.zip", lab / "out")
        assert [(one.name, one.condition, one.path.read_bytes()) for one in copy.samples()] == [
            (one.name, one.condition, one.path.read_bytes()) for one in added
        ]
        copy.close()
