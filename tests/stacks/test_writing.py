"""What is written, read back by tifffile, zarr and plain arithmetic on the tags, and by our own reader."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.stacks import writing
from cartocell_app.stacks.reading import describe, read, read_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_maps, write_ome_zarr, write_stack

VOXEL = VoxelSize(0.7, 0.6151658, 0.3, "test")
NAME = "Cyst 4d filt 2po Pha,Bcat,DAPI 02.08.19 40x POC 3 Z6.tif"
RNG = np.random.default_rng(1)
LABELS = np.kron(RNG.integers(0, 90, (5, 4, 6)), np.ones((1, 5, 5), int)).astype(np.int64)
MAPS = RNG.random((3, 5, 20, 30), np.float32)


def with_label(number: int) -> np.ndarray:
    labels = LABELS.copy()
    labels[2, :3, :3] = number
    return labels


def scale_in_fiji(path: Path) -> tuple[str, float | None, float, float]:
    """Unit and voxel size (z, y, x) as ImageJ takes them: description and resolution tags of the first page."""
    with tifffile.TiffFile(path) as file:
        described = file.imagej_metadata
        tags = file.pages.first.tags
        assert described is not None
        assert tags["ResolutionUnit"].value == 1  # none: the unit is the description's
        y, x = (tags[name].value for name in ("YResolution", "XResolution"))
        assert max(*x, *y) < 2**31  # old versions read them as signed
        return described["unit"], described.get("spacing"), y[1] / y[0], x[1] / x[0]


def pages(path: Path) -> list[tifffile.TiffPage]:
    with tifffile.TiffFile(path) as file:
        return [page.aspage() for page in file.pages]


def is_compressed(path: Path) -> bool:
    """Every plane is one deflated strip without a predictor, which ImageJ of any age opens by itself."""
    return all(
        page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE and page.predictor == 1 and len(page.dataoffsets) == 1
        for page in pages(path)
    )


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (LABELS, np.uint16),
        (LABELS.astype(np.uint8), np.uint16),
        (LABELS > 0, np.uint16),
        (LABELS * 728, np.uint16),
        (with_label(65_535), np.uint16),
        (with_label(65_536), np.uint32),
        (with_label(2**32 - 1), np.uint32),
        (np.asfortranarray(LABELS.astype(">i4")), np.uint16),
        (LABELS[::-1, ::2, 1:], np.uint16),
        (LABELS[:1], np.uint16),
        (LABELS[:, :, :3], np.uint16),  # not RGB
        (LABELS[:3, :4, :1], np.uint16),
        (np.zeros((4, 5, 6), np.uint16), np.uint16),
    ],
)
def test_labels_keep_their_numbers_and_scale(tmp_path: Path, data: np.ndarray, dtype: type):
    path = tmp_path / NAME
    write_labels(path, data, VOXEL)
    stored = tifffile.imread(path)
    assert stored.dtype == dtype
    np.testing.assert_array_equal(stored.reshape(data.shape), data)
    unit, *lengths_um = scale_in_fiji(path)
    assert unit == "um"
    assert lengths_um == pytest.approx(VOXEL.zyx_um, rel=1e-9)
    assert is_compressed(path)
    assert len(pages(path)) == len(data)


@pytest.mark.parametrize("factor", [1, 1000])
def test_labels_through_our_reader(tmp_path: Path, factor: int):
    write_labels(tmp_path / "a.tif", LABELS * factor, VOXEL)
    labels, voxel_size = read_labels(tmp_path / "a.tif")
    np.testing.assert_array_equal(labels, LABELS * factor)
    assert voxel_size is not None
    assert voxel_size.zyx_um == pytest.approx(VOXEL.zyx_um, rel=1e-9)


def test_fiji_shows_all_labels(tmp_path: Path):
    empty_first = np.concatenate([np.zeros_like(LABELS[:1]), LABELS])
    write_labels(tmp_path / "a.tif", empty_first, None)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.imagej_metadata is not None
        assert (file.imagej_metadata["min"], file.imagej_metadata["max"]) == (0, LABELS.max())


@pytest.mark.parametrize("wrong", [LABELS.astype(np.float32), with_label(-1), LABELS.astype(np.uint64) << 32])
def test_what_is_no_label_is_not_written(tmp_path: Path, wrong: np.ndarray):
    with pytest.raises(ValueError, match="label"):
        write_labels(tmp_path / "a.tif", wrong, VOXEL)
    assert not list(tmp_path.iterdir())


@settings(max_examples=30, deadline=None)
@given(
    data=npst.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32]),
        npst.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6),
    ),
    lengths_um=st.tuples(*[st.floats(0.01, 50)] * 3),
)
def test_any_stack_keeps_its_voxels_type_and_scale(
    tmp_path_factory: pytest.TempPathFactory, data: np.ndarray, lengths_um: tuple[float, float, float]
):
    path = tmp_path_factory.mktemp("stack") / "a.tif"
    write_stack(path, data, VoxelSize(*lengths_um, source="test"))
    stored = tifffile.imread(path)
    assert stored.dtype == data.dtype
    np.testing.assert_array_equal(stored.reshape(data.shape), data)
    assert scale_in_fiji(path)[1:] == pytest.approx(lengths_um, rel=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_stack_through_our_reader(tmp_path: Path, dtype: type):
    data = RNG.integers(0, 200, (6, 30, 40)).astype(dtype)
    write_stack(tmp_path / NAME, data, VOXEL)
    stack = read(tmp_path / NAME)
    np.testing.assert_array_equal(stack.data, data)
    assert stack.data.dtype == dtype
    assert stack.name == NAME.removesuffix(".tif")
    assert stack.voxel_size is not None
    assert stack.voxel_size.zyx_um == pytest.approx(VOXEL.zyx_um, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.int16, np.uint32, np.bool_])
def test_a_stack_of_another_type_is_not_written(tmp_path: Path, dtype: type):
    with pytest.raises(ValueError, match=np.dtype(dtype).name):
        write_stack(tmp_path / "a.tif", np.zeros((3, 4, 5), dtype), VOXEL)


def test_maps_become_named_channels(tmp_path: Path):
    path = tmp_path / "maps.tif"
    write_maps(path, MAPS, VOXEL)
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        assert (series.axes, series.shape, series.dtype) == ("ZCYX", (5, 3, 20, 30), np.float32)
        described: dict[str, Any] = file.imagej_metadata or {}
    assert (described["channels"], described["slices"]) == (3, 5)
    assert described["Labels"][:4] == ["B", "C", "M", "B"]
    assert described["Ranges"] == (0, 1, 0, 1, 0, 1)
    np.testing.assert_array_equal(np.moveaxis(tifffile.imread(path), 1, 0), MAPS)
    assert scale_in_fiji(path)[1:] == pytest.approx(VOXEL.zyx_um, rel=1e-9)
    assert is_compressed(path)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_maps_through_our_reader(tmp_path: Path, channel: int):
    write_maps(tmp_path / "maps.tif", MAPS, VOXEL)
    stack = read(tmp_path / "maps.tif", channel=channel)
    np.testing.assert_array_equal(stack.data, MAPS[channel])


def test_maps_need_a_name_each(tmp_path: Path):
    with pytest.raises(ValueError, match="3 maps have 2 names"):
        write_maps(tmp_path / "maps.tif", MAPS, VOXEL, channels=("B", "C"))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_labels(path, LABELS, None),
        lambda path: write_labels(path, LABELS * 1000, None),
        lambda path: write_stack(path, LABELS.astype(np.uint8), None),
        lambda path: write_maps(path, MAPS, None),
    ],
)
def test_an_unknown_voxel_size_stays_unknown(tmp_path: Path, write: Callable[[Path], None]):
    path = tmp_path / "a.tif"
    write(path)
    assert scale_in_fiji(path) == ("pixel", None, 1, 1)
    assert read(path, channel=0).voxel_size is None


@pytest.mark.parametrize(
    "write",
    [
        lambda path, size: write_labels(path, LABELS, size),
        lambda path, size: write_stack(path, LABELS.astype(np.uint8), size),
        lambda path, size: write_maps(path, MAPS, size),
        lambda path, size: write_ome_zarr(path, LABELS, size),
    ],
)
@pytest.mark.parametrize("largest_plain", [0, writing.LARGEST_PLAIN_TIFF_BYTES])
def test_a_voxel_of_1_um_is_believed_in_our_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, VoxelSize], None], largest_plain: int
):
    monkeypatch.setattr(writing, "LARGEST_PLAIN_TIFF_BYTES", largest_plain)
    path = tmp_path / ("a.ome.zarr" if "zarr" in write.__code__.co_names[0] else "a.tif")
    write(path, VoxelSize(1, 1, 1, "given by you"))
    voxel_size = describe(path).scenes[0].voxel_size
    assert voxel_size is not None
    assert voxel_size.zyx_um == (1, 1, 1)


def test_beyond_4_gib_as_ome_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "LARGEST_PLAIN_TIFF_BYTES", MAPS.nbytes - 1)
    path = tmp_path / "maps.tif"
    write_maps(path, MAPS, VOXEL)
    assert path.read_bytes()[:4] == b"II\x2b\x00"
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        assert (series.kind, series.axes, series.shape) == ("ome", "ZCYX", (5, 3, 20, 30))
        pixels = ET.fromstring(file.ome_metadata or "").find(".//{*}Pixels")
    assert pixels is not None
    sizes = [(float(pixels.attrib[f"PhysicalSize{axis}"]), pixels.attrib[f"PhysicalSize{axis}Unit"]) for axis in "ZYX"]
    assert sizes == [(length_um, "µm") for length_um in VOXEL]
    assert [channel.attrib["Name"] for channel in pixels.findall("{*}Channel")] == ["B", "C", "M"]
    assert is_compressed(path)
    np.testing.assert_array_equal(np.moveaxis(tifffile.imread(path), 1, 0), MAPS)
    stack = read(path, channel="C")
    np.testing.assert_array_equal(stack.data, MAPS[1])
    assert stack.voxel_size is not None
    assert stack.voxel_size.zyx_um == VOXEL.zyx_um


def test_large_labels_as_ome_bigtiff_without_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "LARGEST_PLAIN_TIFF_BYTES", 1000)
    write_labels(tmp_path / "a.tif", LABELS * 1000, None)
    labels, voxel_size = read_labels(tmp_path / "a.tif")
    np.testing.assert_array_equal(labels, LABELS * 1000)
    assert voxel_size is None


def test_labels_are_small(tmp_path: Path):
    z, y, x = np.indices((40, 130, 130))
    labels = ((z // 13) * 100 + (y // 17) * 10 + x // 19 + 1).astype(np.uint16)
    write_labels(tmp_path / "a.tif", labels, VOXEL)
    assert (tmp_path / "a.tif").stat().st_size < labels.nbytes / 15


def test_a_full_disk_leaves_the_older_file(small_disk: Path):
    noise = RNG.integers(0, 2**16, (20, 200, 200)).astype(np.uint16)
    path = small_disk / "a.tif"
    write_stack(path, noise[:1], VOXEL)
    with pytest.raises(UserError, match=r"a\.tif could not be written\. The disk is full"):
        write_stack(path, noise, VOXEL)
    assert [file.name for file in small_disk.iterdir()] == ["a.tif"]
    assert tifffile.imread(path).shape == (200, 200)


# --- OME-Zarr -------------------------------------------------------------------------------------------------------


def multiscale_of(path: Path) -> dict[str, Any]:
    return json.loads((path / ".zattrs").read_text())["multiscales"][0]


@pytest.mark.parametrize("factor", [1, 1000])
def test_ome_zarr_holds_labels_and_scale(tmp_path: Path, factor: int):
    path = tmp_path / "7d.4C.8_2.ome.zarr"
    write_ome_zarr(path, LABELS * factor, VOXEL)
    stored = zarr.open_array(path / "0", mode="r")
    assert stored.dtype == (np.uint16 if factor == 1 else np.uint32)
    np.testing.assert_array_equal(stored[:], LABELS * factor)
    multiscale = multiscale_of(path)
    assert (multiscale["version"], multiscale["name"]) == ("0.4", "7d.4C.8_2")
    assert [(axis["name"], axis["type"], axis["unit"]) for axis in multiscale["axes"]] == [
        (axis, "space", "micrometer") for axis in "zyx"
    ]
    assert multiscale["datasets"] == [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": list(VOXEL)}]}
    ]
    # version 0.4 asks for chunks in nested folders
    assert json.loads((path / "0" / ".zarray").read_text())["dimension_separator"] == "/"
    labels, voxel_size = read_labels(path)
    np.testing.assert_array_equal(labels, LABELS * factor)
    assert voxel_size is not None
    assert voxel_size.zyx_um == VOXEL.zyx_um


def test_ome_zarr_without_voxel_size_has_no_unit(tmp_path: Path):
    path = tmp_path / "a.ome.zarr"
    write_ome_zarr(path, LABELS.astype(np.uint8), None, kind="raw")
    assert all("unit" not in axis for axis in multiscale_of(path)["axes"])
    stack = read(path)
    np.testing.assert_array_equal(stack.data, LABELS)
    assert stack.data.dtype == np.uint8
    assert stack.voxel_size is None


@pytest.mark.parametrize("kind", ["raw", "labels"])
def test_ome_zarr_pyramid_covers_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    monkeypatch.setattr(writing, "PYRAMID_VOX", 8)
    path = tmp_path / "a.ome.zarr"
    data = np.kron(np.arange(1, 5).reshape(1, 2, 2), np.ones((6, 10, 15), int)).astype(np.uint16) * 10
    write_ome_zarr(path, data, VOXEL, kind=kind)
    multiscale = multiscale_of(path)
    levels = [zarr.open_array(path / dataset["path"], mode="r")[:] for dataset in multiscale["datasets"]]
    assert [level.shape for level in levels] == [(6, 20, 30), (6, 10, 15), (6, 5, 8)]
    for level, dataset in zip(levels, multiscale["datasets"], strict=True):
        scale = np.array(dataset["coordinateTransformations"][0]["scale"])
        shift = np.zeros(3)
        if len(dataset["coordinateTransformations"]) > 1:
            shift = np.array(dataset["coordinateTransformations"][1]["translation"])
        # the outer corners stay where they are
        np.testing.assert_allclose(shift - scale / 2, -np.array(VOXEL.zyx_um) / 2)
        np.testing.assert_allclose(scale * level.shape, np.array(VOXEL.zyx_um) * data.shape)
        assert level.dtype == np.uint16
        assert [level[0, 0, 0], level[0, 0, -1], level[0, -1, 0], level[0, -1, -1]] == [10, 20, 30, 40]
    assert (set(np.unique(levels[-1])) == {10, 20, 30, 40}) == (kind == "labels")


def test_ome_zarr_replaces_an_older_folder_whole(tmp_path: Path):
    path = tmp_path / "a.ome.zarr"
    write_ome_zarr(path, np.ones((40, 3, 3), np.uint8), VOXEL)
    write_ome_zarr(path, np.full((2, 3, 3), 7, np.uint8), None)
    np.testing.assert_array_equal(read_labels(path)[0], np.full((2, 3, 3), 7))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.ome.zarr"]
    assert len(list((path / "0").rglob("0"))) == 3  # folders and file of the one chunk


def test_ome_zarr_on_a_full_disk_leaves_the_older_folder(small_disk: Path):
    path = small_disk / "a.ome.zarr"
    write_ome_zarr(path, LABELS, VOXEL)
    noise = RNG.integers(0, 2**16, (20, 200, 200)).astype(np.uint16)
    with pytest.raises(UserError, match="full"):
        write_ome_zarr(path, noise, VOXEL, kind="raw")
    np.testing.assert_array_equal(read_labels(path)[0], LABELS)
    assert [file.name for file in small_disk.iterdir()] == ["a.ome.zarr"]


def test_ome_zarr_keeps_the_older_folder_if_the_new_one_cannot_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.ome.zarr"
    write_ome_zarr(path, LABELS, VOXEL)
    rename = Path.rename

    def refusing(source: Path, target: Path) -> Path:
        if target == path and "older" not in source.name:
            raise PermissionError(13, "Permission denied")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(UserError, match="permissions"):
        write_ome_zarr(path, LABELS * 2, VOXEL)
    np.testing.assert_array_equal(read_labels(path)[0], LABELS)
    assert [file.name for file in tmp_path.iterdir()] == ["a.ome.zarr"]
