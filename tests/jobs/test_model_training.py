"""Sets made from lists: what is changed in lists or files arrives, and what is over goes."""

import shutil

import numpy as np
import pytest
import tifffile

from cartocell_app.jobs.model_training import Cyst, make_sets, write_cysts
from cartocell_app.jobs.reporting import reporter
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

SIZE = VoxelSize(0.35, 0.3, 0.3, "test")
COARSE_UM = (0.7, 0.6, 0.6)


def put_labels(path, cells):
    labels = np.zeros((8, 16, 16), np.uint16)
    for number in range(1, cells + 1):
        labels[2:6, 4 * number - 2 : 4 * number + 2, 4:12] = number
    write_labels(path, labels, SIZE)


@pytest.fixture
def cysts(tmp_path):
    """Three cysts; of the last one the voxel size is given by hand, so that it is written anew."""
    for name in "abc":
        write_stack(tmp_path / f"{name}.tif", np.full((8, 16, 16), 9, np.uint8), SIZE)
        put_labels(tmp_path / "labels" / f"{name}.tif", 2)
    readings = {"c": ReadingChoices(voxel_um=SIZE.zyx_um)}
    return {
        name: Cyst(tmp_path / f"{name}.tif", tmp_path / "labels" / f"{name}.tif", readings.get(name, ReadingChoices()))
        for name in "abc"
    }


def made(folder, cysts, voxel_um=None):
    """Set to learn from the cysts, as files to their voxels."""
    write_cysts(folder, "learn", cysts)
    with reporter("none") as report:
        place = make_sets(folder, voxel_um, report, parts=("learn",))["learn"]
    return {path.relative_to(place).as_posix(): tifffile.imread(path) for path in place.glob("[xy]/*")}


@pytest.mark.parametrize("voxel_um", [None, COARSE_UM], ids=["as they are", "coarser"])
@pytest.mark.parametrize("noted", [True, False], ids=["noted", "of before notes were taken"])
def test_a_cyst_that_is_not_listed_any_more_goes(tmp_path, cysts, voxel_um, noted):
    folder = tmp_path / "run"
    assert len(made(folder, cysts, voxel_um)) == 6
    if not noted:
        (folder / "cysts" / "learn" / "files.json").unlink()
    assert set(made(folder, {"a": cysts["a"]}, voxel_um)) == {"x/a.tif", "y/a.tif"}
    assert cysts["b"].raw.exists()
    assert cysts["c"].labels.exists()


@pytest.mark.parametrize("voxel_um", [None, COARSE_UM], ids=["as they are", "coarser"])
def test_labels_and_stacks_that_were_replaced_arrive(tmp_path, cysts, voxel_um):
    folder = tmp_path / "run"
    made(folder, cysts, voxel_um)
    put_labels(cysts["a"].labels, 3)
    write_stack(cysts["c"].raw, np.full((8, 16, 16), 77, np.uint8), SIZE)
    put_labels(tmp_path / "other" / "b.tif", 1)
    cysts["b"] = Cyst(cysts["b"].raw, tmp_path / "other" / "b.tif", cysts["b"].reading)
    after = made(folder, cysts, voxel_um)
    assert [int(after[f"y/{name}.tif"].max()) for name in "abc"] == [3, 1, 2]
    assert after["x/c.tif"].max() == 77


def test_what_is_the_same_stays_and_what_others_put_there_too(tmp_path, cysts):
    folder = tmp_path / "run"
    made(folder, cysts, COARSE_UM)
    shutil.copy(cysts["a"].raw, folder / "cysts" / "learn" / "x" / "by hand.tif")
    paths = [*(folder / "cysts" / "learn").glob("[xy]/*"), *(folder / "low-resolution" / "learn").glob("[xy]/*")]
    before = {path: path.stat().st_mtime_ns for path in paths}
    cysts["a"].raw.unlink()  # on a disk that is not at hand
    cysts["b"].labels.unlink()
    made(folder, cysts)
    assert {path: path.stat().st_mtime_ns for path in paths} == before
