"""What is read of a sample: its stack, its cells, and the pictures of its segmentation when they are wanted."""

from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from cartocell_app.desktop.viewer.loading import BEFORE_VORONOI, SEEDS, load_view
from cartocell_app.errors import UserError
from cartocell_app.jobs.segmenting import result_paths
from cartocell_app.stacks.voxel_size import VoxelSize


@pytest.fixture
def sample(tmp_path) -> SimpleNamespace:
    """A stack, its cells, and a result folder that holds maps and the cells before Voronoi."""
    labels = np.zeros((4, 6, 8), np.uint16)
    labels[1:3, 1:5, 1:7] = 2
    tifffile.imwrite(tmp_path / "cyst.tif", (labels * 50).astype(np.uint8), photometric="minisblack")
    paths = result_paths(tmp_path / "results", "cyst")
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(paths["cells"], labels, photometric="minisblack")
    tifffile.imwrite(paths["instances"], np.where(labels, 2, 0).astype(np.uint16), photometric="minisblack")
    maps = np.stack([np.full(labels.shape, share, np.float32) for share in (0.1, 0.2, 0.3)], axis=1)
    tifffile.imwrite(paths["maps"], maps, imagej=True, metadata={"axes": "ZCYX"})
    return SimpleNamespace(
        id=1, name="cyst", path=tmp_path / "cyst.tif", missing=False, scene=None, channel=None, time=None,
        voxel_size=VoxelSize(1.0, 0.5, 0.5, "typed by the user"), labels=paths["cells"], results=tmp_path / "results",
    )  # fmt: skip


def test_the_stack_and_its_cells(sample):
    view = load_view(sample)
    assert (view.name, view.shape, view.voxel_um) == ("cyst", (4, 6, 8), (1.0, 0.5, 0.5))
    assert (view.raw.max(), view.labels.max()) == (100, 2)


def test_other_pictures_are_those_that_there_are(sample):
    view = load_view(sample)
    assert list(view.extras) == ["Interior (B)", "Contour (C)", "Tissue (M)", BEFORE_VORONOI]
    assert SEEDS not in view.extras
    assert [float(view.extras[name]().max()) for name in list(view.extras)[:3]] == pytest.approx([0.1, 0.2, 0.3])
    assert view.extras[BEFORE_VORONOI]().max() == 2
    assert BEFORE_VORONOI in view.label_extras


def test_a_sample_that_is_not_segmented_yet(sample):
    sample.labels = sample.results = None
    view = load_view(sample)
    assert view.labels is None
    assert not view.extras


def test_cells_of_another_size_are_refused_in_words(sample):
    tifffile.imwrite(sample.labels, np.ones((4, 6, 9), np.uint16), photometric="minisblack")
    with pytest.raises(UserError, match=r"4 × 6 × 9 voxels, its stack is 4 × 6 × 8"):
        load_view(sample)
