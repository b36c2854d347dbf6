"""Data sets in two folders of any name, and names of jobs."""

import pytest

from cartocell_app.errors import UserError
from cartocell_app.jobs.biapy_config import Folders
from cartocell_app.jobs.biapy_folders import JobFolders, data_set
from cartocell_app.stacks.writing import write_labels, write_stack
from tests.jobs.biapy_files import files


def _two_folders(folder, cyst, labels):
    for name in ("a.1", "b.2"):
        write_stack(folder / "raw images" / f"{name}.tif", cyst.raw, cyst.voxel_size)
    for name in labels:
        write_labels(folder / "label images" / f"{name}.tif", cyst.labels, cyst.voxel_size)
    return Folders("DATA.TRAIN", folder / "raw images", folder / "label images")


def test_two_folders_of_any_name_become_one_set_by_links(tmp_path, small_cyst):
    folders = _two_folders(tmp_path, small_cyst, ["b.2", "a.1"])
    said = []
    linked = data_set(folders, tmp_path / "data", said.append)
    assert files(linked) == {"x/a.1.tif", "x/b.2.tif", "y/a.1.tif", "y/b.2.tif"}
    assert said == []
    assert (linked / "x" / "a.1.tif").samefile(tmp_path / "raw images" / "a.1.tif")
    # A stack that is gone from the folders goes from the set, and from nowhere else.
    (tmp_path / "raw images" / "b.2.tif").unlink()
    (tmp_path / "label images" / "b.2.tif").unlink()
    assert files(data_set(folders, tmp_path / "data", said.append)) == {"x/a.1.tif", "y/a.1.tif"}


def test_names_that_do_not_fit_pair_by_order_and_say_so(tmp_path, small_cyst):
    folders = _two_folders(tmp_path, small_cyst, ["mask 1", "mask 2"])
    said = []
    linked = data_set(folders, tmp_path / "data", said.append)
    assert (linked / "y" / "b.2.tif").samefile(tmp_path / "label images" / "mask 2.tif")
    assert len(said) == 1
    assert "alphabetical order" in said[0]


@pytest.mark.parametrize("labels", [["a.1", "c.3"], ["mask 1"], ["a.1", "b.2", "c.3"]])
def test_sets_that_do_not_pair_are_refused(tmp_path, small_cyst, labels):
    folders = _two_folders(tmp_path, small_cyst, labels)
    with pytest.raises(UserError, match="do not pair"):
        data_set(folders, tmp_path / "data", print)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", "..\\up", "C:"])
def test_a_job_s_name_cannot_lead_elsewhere(tmp_path, name):
    with pytest.raises(UserError, match="name of a job"):
        JobFolders(tmp_path, name)
