"""Reading TIFFs of all kinds, choosing in them, and what is said about files that are no stacks."""

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.stacks.reading import STACK_ENDINGS, describe, is_stack_path, read, read_labels, stem
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_maps, write_stack

NAMES_OF_THE_DATA_SET = [
    "Cyst 4d filt 2po Pha,Bcat,DAPI 02.08.19 40x POC 3 Z6",
    "cyst 7d filt 3po pha bcat dapi 15.07.19 40x z4.5 4a",
    "10d.1B.26.2",
    "control_7d.3HX3.1HX1.C.9.3",
    "7d.4C.8_2",
    "Épithélium n° 5 (β-caténine)",
]

STEPS_UM = st.floats(0.01, 50.0)

property_of_files = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def volume(*shape: int, dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    numbers = np.random.default_rng(seed).integers(0, 200, shape)
    return numbers.astype(dtype)


def write_tiff(path: Path, data: np.ndarray, **options: object) -> Path:
    """Write with tifffile, which would take three slices for a colour picture."""
    tifffile.imwrite(path, data, **{"photometric": "minisblack", **options})
    return path


def said_of(path: Path, **choices: object) -> str:
    """What the user reads when `path` cannot be read."""
    with pytest.raises(UserError) as refused:
        read(path, **choices)
    said = str(refused.value)
    assert "\n" not in said
    assert "Traceback" not in said
    return said


def write_imagej(path: Path, data: np.ndarray, resolution: tuple[float, float] = (1.0, 1.0), **words: object) -> Path:
    return write_tiff(path, data, imagej=True, resolution=resolution, metadata={"axes": "ZYX", **words})


# Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES_OF_THE_DATA_SET)
@pytest.mark.parametrize("ending", [*STACK_ENDINGS, ".ome.tif", ".ome.tiff", ".ome.zarr", ".TIF", ".Ome.Tiff"])
def test_stem_is_the_name_without_its_ending(name: str, ending: str) -> None:
    assert stem(Path("some.folder") / f"{name}{ending}") == name
    assert is_stack_path(Path("some.folder") / f"{name}{ending}")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.ims", "a.dv", "a.csv", "a", "tif", "._a.tif", ".a.czi"])
def test_other_names_are_no_stacks(name: str) -> None:
    assert not is_stack_path(Path(name))


def test_a_folder_is_a_stack_only_where_the_format_says_so(tmp_path: Path) -> None:
    (tmp_path / "results.tif").mkdir()
    (tmp_path / "cyst.ome.zarr").mkdir()
    (tmp_path / "cyst.zarr").write_bytes(b"x")
    found = [path.name for path in sorted(tmp_path.iterdir()) if is_stack_path(path)]
    assert found == ["cyst.ome.zarr"]


@pytest.mark.parametrize("name", NAMES_OF_THE_DATA_SET)
def test_names_of_the_data_set_are_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "Müller, Ana – cistos.2019"
    folder.mkdir()
    stack = read(write_imagej(folder / f"{name}.tif", volume(3, 5, 7)))
    assert stack.name == name
    assert stack.origin == folder / f"{name}.tif"
    assert stack.channel is None


# What is read is what was written --------------------------------------------------------------------------------


@property_of_files
@given(
    t=st.integers(1, 3),
    z=st.integers(2, 5),
    c=st.integers(1, 3),
    y=st.integers(2, 9),
    x=st.integers(2, 9),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    steps_um=st.tuples(STEPS_UM, STEPS_UM, STEPS_UM),
    unit=st.sampled_from(["um", "micron", "\\u00B5m", "microns"]),
    compression=st.sampled_from([None, "zlib", "lzw"]),
    byteorder=st.sampled_from(["<", ">"]),
)
def test_imagej_stack_comes_back(tmp_path, t, z, c, y, x, dtype, steps_um, unit, compression, byteorder) -> None:
    written = volume(t, z, c, y, x, dtype=dtype)
    path = tmp_path / "stack.tif"
    z_um, y_um, x_um = steps_um
    write_tiff(
        path,
        written,
        imagej=True,
        byteorder=byteorder,
        compression=compression,
        resolution=(1 / x_um, 1 / y_um),
        metadata={"axes": "TZCYX", "spacing": z_um, "unit": unit},
    )
    stack = read(path, time=t - 1, channel=c - 1)
    assert np.array_equal(stack.data, written[t - 1, :, c - 1])
    assert stack.data.dtype == dtype
    assert stack.data.dtype.isnative
    if steps_um == (1.0, 1.0, 1.0):
        assert stack.voxel_size is None
    else:
        assert stack.voxel_size is not None
        assert stack.voxel_size.zyx_um == pytest.approx(steps_um, rel=1e-4)
        assert stack.voxel_size.source == "ImageJ tag"


OME_UNITS = {"µm": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "pm": 1e-6, "m": 1e6, "inch": 25400.0}


@property_of_files
@given(
    order=st.permutations("TCZ"),
    steps_um=st.tuples(STEPS_UM, STEPS_UM, STEPS_UM),
    units=st.tuples(*[st.sampled_from(list(OME_UNITS))] * 3),
    names=st.lists(st.sampled_from(["DAPI", "Phalloidin", "β-catenin", "488"]), min_size=2, max_size=2, unique=True),
)
def test_ome_tiff_comes_back(tmp_path, order, steps_um, units, names) -> None:
    axes = "".join(order) + "YX"
    sizes = {"T": 2, "C": 2, "Z": 3, "Y": 6, "X": 5}
    written = volume(*(sizes[axis] for axis in axes), dtype="uint16")
    metadata: dict[str, object] = {"axes": axes, "Channel": {"Name": names}}
    for axis, length_um, unit in zip("ZYX", steps_um, units, strict=True):
        metadata |= {f"PhysicalSize{axis}": length_um / OME_UNITS[unit], f"PhysicalSize{axis}Unit": unit}
    path = tmp_path / "stack.ome.tif"
    write_tiff(path, written, metadata=metadata)
    stack = read(path, time=1, channel=names[1].upper())
    index = tuple(1 if axis in "TC" else slice(None) for axis in axes)
    assert np.array_equal(stack.data, written[index])
    assert stack.channel == names[1]
    assert stack.name == "stack"
    assert stack.voxel_size is None or stack.voxel_size.source == "OME metadata"
    if stack.voxel_size is None:
        assert steps_um == (1.0, 1.0, 1.0)
    else:
        assert stack.voxel_size.zyx_um == pytest.approx(steps_um, rel=1e-6)


@property_of_files
@given(
    labels=st.sampled_from(["uint8", "uint16", "uint32", "int32", "float32", "bool"]),
    size=st.tuples(*[st.integers(2, 8)] * 3),
    most=st.sampled_from([1, 255, 65535, 65536, 2**24]),
)
def test_labels_come_back_as_whole_numbers(tmp_path, labels, size, most) -> None:
    largest = most if labels in ("float32", "bool") else min(most, np.iinfo(labels).max)
    written = np.random.default_rng(1).integers(0, largest + 1, size)
    written.flat[-1] = largest
    written = written.astype(labels)
    path = tmp_path / "labels.tif"
    write_tiff(path, written, metadata={"axes": "ZYX"})
    found, voxel_size = read_labels(path)
    assert np.array_equal(found, written)
    assert found.dtype == (np.uint16 if written.max() < 2**16 else np.uint32)
    assert voxel_size is None


def test_what_this_program_writes_it_reads(tmp_path: Path) -> None:
    size = VoxelSize(0.7, 0.615, 0.3, "given by you")
    many = np.arange(2 * 200 * 200).reshape(2, 200, 200)
    write_labels(tmp_path / "labels.tif", many, size)
    write_stack(tmp_path / "raw.tif", volume(4, 5, 6), size)
    write_maps(tmp_path / "maps.tif", volume(3, 4, 5, 6) / np.float32(200), size)
    labels, labels_size = read_labels(tmp_path / "labels.tif")
    raw, contour = read(tmp_path / "raw.tif"), read(tmp_path / "maps.tif", channel="c")
    assert np.array_equal(labels, many)
    assert labels.dtype == np.uint32
    assert np.array_equal(raw.data, volume(4, 5, 6))
    assert np.allclose(contour.data, volume(3, 4, 5, 6)[1] / 200)
    assert contour.channel == "C"
    for found in (labels_size, raw.voxel_size, contour.voxel_size):
        assert found is not None
        assert found.zyx_um == pytest.approx(size.zyx_um, rel=1e-6)


def test_only_the_chosen_channel_is_held_in_memory(tmp_path: Path) -> None:
    one = 32 * 256 * 256
    for compression in (None, "zlib"):
        path = tmp_path / f"{compression}.tif"
        write_tiff(path, volume(32, 6, 256, 256), imagej=True, compression=compression, metadata={"axes": "ZCYX"})
        tracemalloc.start()
        read(path, channel=3)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2.5 * one


# Axes ------------------------------------------------------------------------------------------------------------


def test_a_single_axis_without_a_name_is_z_and_that_is_said(tmp_path: Path) -> None:
    write_tiff(tmp_path / "plain.tif", volume(9, 6, 5), metadata=None)
    write_tiff(tmp_path / "shaped.tif", volume(9, 6, 5))
    for name in ("plain.tif", "shaped.tif"):
        stack = read(tmp_path / name)
        assert np.array_equal(stack.data, volume(9, 6, 5))
        assert "Its 9 pictures are not named in the file; they were taken as slices" in " ".join(stack.notes)


def test_several_axes_without_names_are_not_guessed(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", volume(9, 2, 6, 5))
    said = said_of(tmp_path / "a.tif", channel=0)
    assert "does not say which of its axes (9 × 2) are slices, channels or time points" in said


def test_axes_are_put_in_order_by_their_names(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", volume(5, 60, 7), metadata={"axes": "XYZ"})
    assert np.array_equal(read(tmp_path / "a.tif").data, volume(5, 60, 7).transpose(2, 1, 0))


def test_samples_that_are_no_colours_are_channels(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", volume(4, 2, 6, 5), planarconfig="separate", metadata={"axes": "ZSYX"})
    assert describe(tmp_path / "a.tif").scenes[0].sizes == {"t": 1, "c": 2, "z": 4, "y": 6, "x": 5}
    assert np.array_equal(read(tmp_path / "a.tif", channel=1).data, volume(4, 2, 6, 5)[:, 1])


def test_a_stack_of_colour_pictures_is_refused(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", volume(4, 6, 5, 3), photometric="rgb")
    assert said_of(tmp_path / "a.tif").startswith("a.tif is a colour (RGB) picture.")


def test_pages_of_different_sizes_are_scenes(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(volume(4, 6, 5), photometric="minisblack", metadata={"axes": "ZYX"})
        tif.write(volume(3, 8, 9), photometric="minisblack", metadata={"axes": "ZYX"})
    assert "holds 2 scenes" in said_of(tmp_path / "a.tif")
    stack = read(tmp_path / "a.tif", scene=1)
    assert stack.data.shape == (3, 8, 9)
    assert stack.name == "a scene 1"


@pytest.mark.parametrize(("axes", "words"), [("TYX", "40 time points"), ("CYX", "40 channels")])
def test_slices_that_were_called_something_else_are_pointed_out(tmp_path: Path, axes: str, words: str) -> None:
    said = said_of(write_imagej(tmp_path / "7d.4C.8_2.tif", volume(40, 6, 5), axes=axes))
    assert said.startswith("7d.4C.8_2.tif is 2D. CartoCell needs a stack with several slices.")
    assert words in said


# Voxel sizes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "resolution", "voxel_um"),
    [
        ({"unit": "um", "spacing": 0.5}, (5.0, 4.0), (0.5, 0.25, 0.2)),
        ({"unit": "nm", "spacing": 500}, (0.005, 0.004), (0.5, 0.25, 0.2)),
        ({"unit": "mm", "spacing": 0.0005}, (5000.0, 4000.0), (0.5, 0.25, 0.2)),
        ({"unit": "cm", "spacing": 5e-5}, (50000.0, 40000.0), (0.5, 0.25, 0.2)),
        ({"unit": "inch", "spacing": 2e-5}, (127000.0, 101600.0), (0.508, 0.25, 0.2)),
        ({"unit": "um", "yunit": "nm", "zunit": "pm", "spacing": 5e5}, (5.0, 0.004), (0.5, 0.25, 0.2)),
        ({"unit": "um", "zunit": "nm", "spacing": 500}, (5.0, 4.0), (0.5, 0.25, 0.2)),
        ({"unit": "um", "spacing": 2.0}, (1.0, 1.0), (2.0, 1.0, 1.0)),
    ],
)
def test_imagej_units_are_converted(tmp_path: Path, words, resolution, voxel_um) -> None:
    found = read(write_imagej(tmp_path / "a.tif", volume(3, 5, 7), resolution, **words)).voxel_size
    assert found is not None
    assert found.zyx_um == pytest.approx(voxel_um, rel=1e-4)


@pytest.mark.parametrize(
    ("words", "resolution", "note"),
    [
        ({}, (1.0, 1.0), "states no voxel size."),
        ({"unit": "pixel", "spacing": 1.0}, (1.0, 1.0), "states no voxel size."),
        ({"unit": "", "spacing": 0.5}, (5.0, 4.0), "only numbers without a unit (z 0.5, y 0.25, x 0.2)"),
        ({"unit": "um", "spacing": 1.0}, (1.0, 1.0), "claims 1 × 1 × 1 µm"),
        ({"unit": "um"}, (5.0, 4.0), "how far apart the slices are, only y 0.25 µm, x 0.2 µm"),
        ({"unit": "um", "spacing": 0}, (5.0, 4.0), "cannot be right along z (z 0 µm"),
        ({"unit": "um", "spacing": -0.5}, (5.0, 4.0), "cannot be right along z (z -0.5 µm"),
        ({"unit": "um", "spacing": "NaN"}, (5.0, 4.0), "cannot be right along z (z not a number"),
        ({"unit": "mm", "spacing": 7}, (5.0, 4.0), "cannot be right along z (z 7000 µm"),
    ],
)
def test_placeholders_are_no_voxel_size(tmp_path: Path, words, resolution, note) -> None:
    stack = read(write_imagej(tmp_path / "a.tif", volume(3, 5, 7), resolution, **words))
    assert stack.voxel_size is None
    assert note in " ".join(stack.notes)


@pytest.mark.parametrize(
    ("resolution", "unit", "note"),
    [
        ((50000.0, 40000.0), "CENTIMETER", "how far apart the slices are, only y 0.25 µm, x 0.2 µm"),
        ((72.0, 72.0), "INCH", "states no voxel size"),
        ((300.0, 300.0), "INCH", "states no voxel size"),
        ((118.0, 118.0), "CENTIMETER", "states no voxel size"),
        ((1.0, 1.0), "NONE", "states no voxel size"),
    ],
)
def test_plain_tags_tell_at_most_x_and_y(tmp_path: Path, resolution, unit, note) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, volume(3, 5, 7), resolution=resolution, resolutionunit=unit, metadata=None)
    stack = read(path)
    assert stack.voxel_size is None
    assert note in " ".join(stack.notes)


def test_scale_that_tifffile_wrote_without_imagej_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    words = {"axes": "ZYX", "unit": "um", "spacing": 0.5}
    write_tiff(path, volume(3, 5, 7), resolution=(5.0, 4.0), metadata=words)
    found = read(path).voxel_size
    assert found is not None
    assert found.zyx_um == pytest.approx((0.5, 0.25, 0.2))
    assert found.source == "tifffile metadata"


@pytest.mark.parametrize(
    "lengths",
    [
        {"X": 0.2, "Y": 0.2},
        {"X": 0.2, "Y": 0.2, "Z": 0.0},
        {"X": 0.2, "Y": 0.2, "Z": -1.0},
        {"X": 1.0, "Y": 1.0, "Z": 1.0},
        {"X": 0.2, "Y": 0.2, "Z": 1.0, "ZUnit": "reference frame"},
        {"X": 0.2, "Y": 0.2, "Z": 1.0, "XUnit": "pixel"},
    ],
)
def test_ome_placeholders_are_no_voxel_size(tmp_path: Path, lengths) -> None:
    path = tmp_path / "a.ome.tif"
    metadata = {"axes": "ZYX"} | {f"PhysicalSize{axis}": length for axis, length in lengths.items()}
    write_tiff(path, volume(3, 5, 7), metadata=metadata)
    stack = read(path)
    assert stack.voxel_size is None
    assert len(stack.notes) == 1


def test_voxel_size_that_is_given_wins(tmp_path: Path) -> None:
    path = write_imagej(tmp_path / "a.tif", volume(3, 5, 7), (5.0, 5.0), unit="um", spacing=0.5)
    given_size = VoxelSize(0.7, 0.3, 0.3, source="given by you")
    stack = read(path, voxel_size=given_size)
    assert stack.voxel_size == given_size
    assert "The file says 0.5 × 0.2 × 0.2 µm" in stack.notes[0]
    assert read(path, voxel_size=VoxelSize(0.5, 0.2, 0.2, source="given by you")).notes == ()


# Choosing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ome(tmp_path: Path) -> Path:
    path = tmp_path / "7d.4C.8_2.ome.tif"
    metadata = {"axes": "TCZYX", "Channel": {"Name": ["DAPI", "Phalloidin", "488"]}}
    write_tiff(path, volume(2, 3, 4, 5, 6), metadata=metadata)
    return path


def test_missing_choices_are_asked_for_together(ome: Path) -> None:
    assert said_of(ome) == (
        "7d.4C.8_2.ome.tif holds 2 time points and 3 channels. Choose a time point with --time: 0 to 1. "
        "Choose the cell outlines channel with --channel: 0 = DAPI, 1 = Phalloidin, 2 = 488."
    )
    assert said_of(ome, channel=1).startswith("7d.4C.8_2.ome.tif holds 2 time points.")
    assert said_of(ome, time=1).startswith("7d.4C.8_2.ome.tif holds 3 channels.")


@pytest.mark.parametrize(("channel", "place"), [(0, 0), ("phalloidin", 1), (" DAPI ", 0), (2, 2), ("488", 2), (488, 2)])
def test_channels_go_by_number_or_name(ome: Path, channel, place) -> None:
    stack = read(ome, time=1, channel=channel)
    assert np.array_equal(stack.data, volume(2, 3, 4, 5, 6)[1, place])
    assert stack.channel == ("DAPI", "Phalloidin", "488")[place]


@pytest.mark.parametrize("channel", [3, -1, "nuclei", "", "dap"])
def test_wrong_channel_lists_what_there_is(ome: Path, channel) -> None:
    said = said_of(ome, time=0, channel=channel)
    assert said.startswith(f"7d.4C.8_2.ome.tif has no channel {channel}.")
    assert "0 = DAPI, 1 = Phalloidin, 2 = 488" in said


@pytest.mark.parametrize("time", [2, -1])
def test_wrong_time_lists_what_there_is(ome: Path, time) -> None:
    assert f"has no time point {time}. It has 2, counted from 0" in said_of(ome, time=time, channel=0)


def test_wrong_scene_lists_what_there_is(ome: Path) -> None:
    assert "has no scene 1. Choose one with --scene" in said_of(ome, scene=1, time=0, channel=0)


def test_channels_of_the_same_name_go_by_number(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    write_tiff(path, volume(2, 4, 5, 6), metadata={"axes": "CZYX", "Channel": {"Name": ["Ch", "ch"]}})
    assert "several channels called Ch" in said_of(path, channel="Ch")
    assert np.array_equal(read(path, channel=1).data, volume(2, 4, 5, 6)[1])


# Voxels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint32", "int64", "uint64", "float16", "float64"])
def test_other_numbers_become_float32(tmp_path: Path, dtype: str) -> None:
    written = (volume(3, 5, 7) - (0 if dtype[0] == "u" else 100) * np.int64(1)).astype(dtype)
    write_tiff(tmp_path / "a.tif", written, metadata={"axes": "ZYX"})
    data = read(tmp_path / "a.tif").data
    assert data.dtype == np.float32
    assert np.array_equal(data, written)


def test_masks_become_bytes(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", volume(3, 5, 8) > 100, metadata={"axes": "ZYX"})
    data = read(tmp_path / "a.tif").data
    assert data.dtype == np.uint8
    assert np.array_equal(data, volume(3, 5, 8) > 100)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e300])
def test_voxels_that_are_no_numbers_are_refused(tmp_path: Path, odd: float) -> None:
    written = volume(3, 5, 7, dtype="float64")
    written[1, 2, 3] = odd
    write_tiff(tmp_path / "a.tif", written, metadata={"axes": "ZYX"})
    assert "voxels that are not a number or infinite" in said_of(tmp_path / "a.tif")


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", volume(3, 5, 7, dtype="complex64"), metadata={"axes": "ZYX"})
    assert "complex64 numbers, which are no intensities" in said_of(tmp_path / "a.tif")
    with pytest.raises(UserError, match="no file of labels"):
        read_labels(tmp_path / "a.tif")


def test_odd_but_usable_voxels_are_noted(tmp_path: Path) -> None:
    dark = write_imagej(tmp_path / "dark.tif", np.zeros((3, 5, 7), np.uint8))
    offset = write_imagej(tmp_path / "offset.tif", volume(3, 5, 7, dtype="uint16") + np.uint16(32768))
    assert "All voxels have the same value, 0." in read(dark).notes
    assert "the file adds 32768 to all values" in " ".join(read(offset).notes)
    assert read(offset).data.min() >= 32768


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (np.full((3, 5, 7), 0.5, np.float32), "numbers with a fraction"),
        (np.full((3, 5, 7), np.nan, np.float32), "numbers with a fraction"),
        (np.full((3, 5, 7), np.inf, np.float32), "numbers with a fraction"),
        (np.full((3, 5, 7), -1, np.int16), "negative numbers"),
        (np.full((3, 5, 7), -1, np.float32), "negative numbers"),
        (np.ones((5, 7), np.uint16), "is 2D"),
    ],
)
def test_what_is_no_labels_is_refused(tmp_path: Path, written: np.ndarray, words: str) -> None:
    write_tiff(tmp_path / "a.tif", written, metadata={"axes": "ZYX"[-written.ndim :]})
    with pytest.raises(UserError, match=words):
        read_labels(tmp_path / "a.tif")


# Files that are none ---------------------------------------------------------------------------------------------

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"


@pytest.mark.parametrize("ending", [ending for ending in STACK_ENDINGS if ending != ".zarr"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty: it has 0 bytes."),
        (b"Dear colleague,\nhere is the stack.\n", "it holds text."),
        (LFS_POINTER, "a pointer to a file that was never downloaded"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "a PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(64), "a JPEG picture"),
        (bytes(64), "a file of zeros"),
        (bytes(range(128, 250)), "file: it holds"),
    ],
)
def test_files_of_another_kind_are_named(tmp_path: Path, ending: str, content: bytes, words: str) -> None:
    path = tmp_path / f"7d.4C.8_2{ending}"
    path.write_bytes(content)
    said = said_of(path)
    assert said.startswith(f"7d.4C.8_2{ending} is")
    assert words in said


def test_archive_called_czi_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.czi", "w") as archive:
        archive.writestr("a.txt", "text")
    assert "is not a CZI file: it holds a ZIP archive." in said_of(tmp_path / "a.czi")


@pytest.mark.parametrize(
    ("start", "kind", "ending"),
    [
        (b"II*\0", "TIFF", ".tif"),
        (b"ZISRAWFILE", "CZI", ".czi"),
        (b"\x70\0\0\0\x01\0\0\0\x2a", "LIF", ".lif"),
        (b"\xda\xce\xbe\x0a", "ND2", ".nd2"),
        (b"\x89HDF\r\n\x1a\n", "HDF5", ".h5"),
    ],
)
def test_stack_with_the_ending_of_another_format_is_to_be_renamed(tmp_path, start, kind, ending) -> None:
    other = ".nd2" if ending != ".nd2" else ".czi"
    (tmp_path / f"a{other}").write_bytes(start + bytes(64))
    said = said_of(tmp_path / f"a{other}")
    assert f"but is a {kind} file. Rename it so that it ends in {ending}." in said


@pytest.mark.parametrize(
    "start",
    [
        b"II*\0",
        b"MM\0*",
        b"II+\0",
        b"ZISRAWFILE",
        b"\x70\0\0\0\x01\0\0\0\x2a",
        b"\xda\xce\xbe\x0a",
        b"\x89HDF\r\n\x1a\n",
    ],
)
def test_a_start_and_nothing_more_is_damaged(tmp_path: Path, start: bytes) -> None:
    endings = {b"I": ".tif", b"M": ".tif", b"Z": ".czi", b"\x70": ".lif", b"\xda": ".nd2", b"\x89": ".h5"}
    path = tmp_path / f"a{endings[start[:1]]}"
    for length in (0, 3, 1000):
        path.write_bytes(start + bytes(length))
        assert any(words in said_of(path) for words in ("is damaged or incomplete", "holds no picture"))


@pytest.mark.parametrize("name", ["a.png", "a.ims", "a.oib", "a.jpg", "cyst"])
def test_unknown_format_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    said = said_of(tmp_path / name)
    assert said.startswith(f"{name} is of a format that CartoCell does not read. It reads .tif, .tiff, .czi,")
    assert "save it as TIFF" in said


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder.tif").mkdir()
    assert said_of(tmp_path / "absent.tif").startswith(f"There is no file {tmp_path / 'absent.tif'}.")
    assert "folder.tif is a folder, not a TIFF file." in said_of(tmp_path / "folder.tif")
    with pytest.raises(UserError, match="There is no file"):
        describe(tmp_path / "absent.czi")
    with pytest.raises(UserError, match="There is no file"):
        read_labels(tmp_path / "absent.tif")


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("imagej", [True, False])
def test_any_truncated_tiff_is_refused_or_whole(tmp_path: Path, compression, imagej) -> None:
    written = volume(6, 40, 50, dtype="uint16")
    path = tmp_path / "a.tif"
    write_tiff(path, written, imagej=imagej, compression=compression, metadata={"axes": "ZYX"})
    content = path.read_bytes()
    for length in np.linspace(8, len(content) - 1, 60).astype(int):
        path.write_bytes(content[:length])
        assert said_of_unless_whole(path, written).startswith("a.tif ")


def said_of_unless_whole(path: Path, whole: np.ndarray) -> str:
    try:
        data = read(path).data
    except UserError as refused:
        return str(refused)
    assert np.array_equal(data, whole)
    return "a.tif is whole"


def test_slices_in_a_file_that_is_missing_are_not_made_up(tmp_path: Path) -> None:
    planes = "".join(
        f'<TiffData FirstZ="{z}" IFD="{z % 2}" PlaneCount="1">'
        f'<UUID FileName="{name}.ome.tif">urn:uuid:{name}</UUID></TiffData>'
        for z, name in enumerate(("one", "one", "two", "two"))
    )
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:one">'
        '<Image ID="Image:0" Name="cyst"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="5" SizeY="6" '
        f'SizeZ="4" SizeC="1" SizeT="1">{planes}</Pixels></Image></OME>'
    )
    write_tiff(tmp_path / "one.ome.tif", volume(2, 6, 5), description=xml, metadata=None)
    assert "one.ome.tif lacks 2 of the 4 slices." in said_of(tmp_path / "one.ome.tif")
    write_tiff(tmp_path / "two.ome.tif", volume(2, 6, 5, seed=1), metadata=None)
    both = np.concatenate([volume(2, 6, 5), volume(2, 6, 5, seed=1)])
    assert np.array_equal(read(tmp_path / "one.ome.tif").data, both)
