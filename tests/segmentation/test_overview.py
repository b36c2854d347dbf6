"""The overview picture, looked at by a program: places, proportions, colours, scale bar."""

import errno
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cartocell_app.segmentation.overview import write_overview
from cartocell_app.stacks.files import DiskError
from cartocell_app.stacks.voxel_size import VoxelSize


def picture_of(tmp_path, raw, labels, voxel_um=None, title="7d.4C.8_2", scores=None):
    path = tmp_path / "overview" / "a, b.c.png"
    write_overview(path, raw, labels, voxel_um and VoxelSize(*voxel_um, source="given by you"), title, scores)
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def boxes(mask):
    """Top, left, height and width of each large piece of `mask`, from top to bottom and left to right."""
    pieces = [
        [(side.start, side.stop - side.start) for side in box] for box in ndimage.find_objects(ndimage.label(mask)[0])
    ]
    return sorted((y, x, height, width) for (y, height), (x, width) in pieces if height > 20 and width > 20)


def coloured(picture):
    return picture.max(axis=-1) - picture.min(axis=-1) > 40


def white(picture):
    return (picture > 200).all(axis=-1)


@pytest.fixture
def blank():
    return np.zeros((10, 20, 40), np.uint8)


def test_panes_have_true_proportions_and_line_up(tmp_path, blank):
    # 60 µm × 20 µm × 40 µm in z, y, x: YZ is 60 wide and 20 high, XZ 40 wide and 60 high.
    picture = picture_of(tmp_path, blank, np.ones_like(blank), (6, 1, 1))
    xy, yz, xz = boxes(coloured(picture))
    assert xy[:1] == yz[:1]
    assert xy[1] == xz[1]
    assert min(xy[1], yz[1]) > picture.shape[1] / 2  # cells are on the right
    px_per_um = xy[3] / 40
    for box, height_um, width_um in ((xy, 20, 40), (yz, 20, 60), (xz, 60, 40)):
        assert box[2:] == pytest.approx((height_um * px_per_um, width_um * px_per_um), abs=2)


def test_an_unknown_voxel_size_means_cubes_and_no_scale_bar(tmp_path, blank):
    with_bar = picture_of(tmp_path, blank, np.ones_like(blank), (1, 1, 1.001))
    without = picture_of(tmp_path, blank, np.ones_like(blank))
    assert [box[2:] for box in boxes(coloured(without))] == [
        pytest.approx(box[2:], abs=2) for box in boxes(coloured(with_bar))
    ]
    assert white(with_bar[-50:]).any()
    assert not white(without[-50:]).any()


def test_the_scale_bar_is_a_round_length(tmp_path, blank):
    picture = picture_of(tmp_path, blank, np.ones_like(blank), (2, 0.7, 0.7))
    px_per_um = boxes(coloured(picture))[0][3] / (40 * 0.7)
    footer = white(picture[-60:])
    bar_px = max(ndimage.label(row)[0].tolist().count(1) for row in footer)
    assert bar_px / px_per_um == pytest.approx(5, abs=2 / px_per_um)


def test_raw_on_the_left_and_the_same_cells_on_the_right(tmp_path):
    labels = np.zeros((20, 20, 20), np.uint16)
    labels[5:15, 5:15, 5:10], labels[5:15, 5:15, 10:15] = 7, 60000
    raw = (labels > 0) * 200.0
    picture = picture_of(tmp_path, raw.astype(np.float32), labels, (1, 1, 1.001))
    half = picture.shape[1] // 2
    left, right = boxes(white(picture[:, :half])), boxes(coloured(picture[:, half:]))
    assert len(left) == 3
    # In XY and XZ the two cells are told apart by a dark line, in YZ only one of them is cut.
    assert len(right) == 5
    assert not coloured(picture[:, :half]).any()
    # The edge of the raw picture is smooth: two voxels wide, at 18 pixels each.
    assert right[0][0] == pytest.approx(left[0][0], abs=9)
    assert right[0][3] + right[1][3] == pytest.approx(left[0][3], abs=18)


def test_the_slices_go_through_the_tissue(tmp_path):
    labels = np.zeros((60, 200, 300), np.uint8)
    labels[40:58, 10:60, 240:290] = 1
    picture = picture_of(tmp_path, labels, labels, (1, 1, 1.001))
    assert len(boxes(coloured(picture))) == 3


def test_neighbours_have_colours_of_their_own(tmp_path):
    labels = np.arange(1, 17, dtype=np.uint16).reshape(1, 4, 4).repeat(10, 0).repeat(10, 1).repeat(10, 2)
    picture = picture_of(tmp_path, labels * 0, labels, (1, 1, 1.001))
    (top, left, height, _), *_ = boxes(coloured(picture))
    step = np.arange(4) * (height + 1) + height // 2
    colours = picture[np.ix_(top + step, left + step)]
    for axis in (0, 1):
        assert (np.abs(np.diff(colours, axis=axis)).sum(axis=-1) > 30).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 50, 2000), (600, 4, 6), (2, 900, 7)])
@pytest.mark.parametrize("value", [0, 3])
def test_any_shape_flat_or_empty(tmp_path, shape, value):
    stack = np.full(shape, value, np.uint16)
    picture = picture_of(tmp_path, stack, stack, (1, 0.3, 0.3), scores="F1 0.985 at IoU 0.5")
    assert picture.shape[0] < 1000
    assert 900 < picture.shape[1] < 1700
    assert coloured(picture).any() == (value > 0)


@pytest.mark.parametrize(
    "title", ["", "x" * 300, "Cyst 4d filt 2po Pha,Bcat,DAPI 02.08.19 40x POC 3 Z6", "é µ 细胞\n\udc80"]
)
def test_any_title(tmp_path, blank, title):
    usual = picture_of(tmp_path, blank, blank, (1, 1, 1.001))
    picture = picture_of(tmp_path, blank, blank, (1, 1, 1.001), title=title)
    assert picture.shape == usual.shape
    margin = picture[:, -20:]
    assert (margin == margin[0, 0]).all()  # nothing runs out of the picture


def test_the_same_stack_gives_the_same_file(tmp_path, small_cyst):
    for name in "ab":
        write_overview(tmp_path / f"{name}.png", small_cyst.raw, small_cyst.labels, small_cyst.voxel_size, "cyst")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_full_disk_leaves_nothing(tmp_path, blank, monkeypatch):
    def save(self, path, **_):
        path.write_bytes(b"half a picture")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(DiskError, match="disk is full"):
        picture_of(tmp_path, blank, blank)
    assert list((tmp_path / "overview").iterdir()) == []


def test_a_large_field_costs_no_copy(tmp_path):
    labels = np.zeros((100, 1024, 1024), np.uint16)
    labels[10:20, 100:900, 200:700] = 1
    tracemalloc.start()
    try:
        picture_of(tmp_path, labels, labels, (1, 0.2, 0.2))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < labels.nbytes / 3
