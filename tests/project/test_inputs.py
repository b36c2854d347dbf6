import hashlib

import pytest

from cartocell_app.progress import CancelledError
from cartocell_app.project.values import NewSample


def hashes(project):
    return [sample.content_hash for sample in project.samples()]


def test_hashes_are_made_when_asked_for_and_once(project, lab):
    assert hashes(project) == [None] * 3
    steps = []
    assert project.hash_inputs(lambda *step: steps.append(step)) == 3
    assert hashes(project) == [hashlib.sha256((lab / "raw" / f"{name}.tif").read_bytes()).hexdigest() for name in "abc"]
    assert [step[1:] for step in steps] == [(0, 3), (1, 3), (2, 3)]
    assert project.hash_inputs() == 0
    (lab / "raw" / "b.tif").write_bytes(b"changed since")
    (lab / "raw" / "c.tif").unlink()
    assert project.hash_inputs() == 1
    assert hashes(project)[1] == hashlib.sha256(b"changed since").hexdigest()


def test_a_stack_that_is_a_folder_is_hashed_whole(project, lab):
    zarr = lab / "raw" / "z.ome.zarr"
    (zarr / "0").mkdir(parents=True)
    (zarr / "0" / "0.0.0").write_bytes(b"voxels")
    project.add_samples([NewSample(zarr)])
    project.hash_inputs()
    before = hashes(project)[3]
    (zarr / "0" / "0.0.0").rename(zarr / "0" / "0.0.1")
    (zarr / "new").touch()  # the folder's own time changes
    project.hash_inputs()
    assert before
    assert hashes(project)[3] not in (None, before)


def test_hashing_can_be_stopped(project):
    with pytest.raises(CancelledError):
        project.hash_inputs(cancelled=lambda: True)
    assert hashes(project) == [None] * 3


def test_moved_stacks_are_linked_all_at_once(project, lab):
    heard = []
    project.listen(lambda what, ids: heard.append((what, ids)))
    (lab / "archive").mkdir()
    (lab / "raw").rename(lab / "archive" / "2019")
    assert len(project.missing()) == 3
    assert project.relocate(lab / "archive") == 3
    assert project.missing() == ()
    assert project.sample(1).path == lab / "archive" / "2019" / "a.tif"
    assert heard == [("samples", (1, 2, 3))]


def test_what_is_elsewhere_stays_missing(project, lab, tmp_path):
    (lab / "raw" / "a.tif").unlink()
    (tmp_path / "empty").mkdir()
    assert project.relocate(tmp_path / "empty") == 0
    assert [sample.id for sample in project.missing()] == [1]


def test_a_stack_that_was_renamed_is_known_by_its_content(project, lab):
    project.hash_inputs()
    (lab / "raw" / "a.tif").rename(lab / "raw" / "cyst 1.tif")
    assert project.relocate(lab) == 1
    assert project.sample(1).path.name == "cyst 1.tif"
    assert project.sample(1).name == "a"
    assert project.hash_inputs() == 0
