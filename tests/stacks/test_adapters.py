"""CZI, OME-Zarr and HDF5 files written here: what is read from them, and what is said about odd ones."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.stacks.reading import describe, read, read_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_ome_zarr

STEPS_UM = st.floats(0.01, 50.0)

property_of_files = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def volume(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(1, 200, shape).astype(dtype)


def said_of(call: Callable[..., Any], path: Path, **choices: object) -> str:
    """What the user reads when `path` cannot be read."""
    with pytest.raises(UserError) as refused:
        call(path, **choices)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# CZI -------------------------------------------------------------------------------------------------------------


def create_czi(path: Path) -> Any:
    return pytest.importorskip("pylibCZIrw.czi", reason="there is no CZI reader for this computer").create_czi(
        str(path), exist_ok=True
    )


def write_czi(
    path: Path, data: np.ndarray, scenes: int = 1, skip: tuple[int, int] | None = None, **scales: float
) -> None:
    """Write (t, c, z, y, x) data, shifted by 1000 pixels from scene to scene; `skip` leaves out one (t, z)."""
    times, channels, slices = data.shape[:3]
    with create_czi(path) as file:
        for scene in range(scenes):
            for t, c, z in np.ndindex(times, channels, slices):
                if (t, z) != skip:
                    plane = {"T": t, "C": c, "Z": z}
                    file.write(data[t, c, z] + scene, plane=plane, scene=scene, location=(1000 * scene, 0))
        names = {channel: f"dye {channel}" for channel in range(channels)}
        file.write_metadata("stack", channel_names=names, **scales)


@property_of_files
@given(
    sizes=st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(2, 4), st.integers(2, 9), st.integers(2, 9)),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    steps_um=st.tuples(STEPS_UM, STEPS_UM, STEPS_UM),
)
def test_czi_comes_back(tmp_path, sizes, dtype, steps_um) -> None:
    written = volume(*sizes, dtype=dtype)
    z_um, y_um, x_um = steps_um
    path = tmp_path / "stack.czi"
    write_czi(path, written, scale_x=x_um * 1e-6, scale_y=y_um * 1e-6, scale_z=z_um * 1e-6)
    stack = read(path, time=sizes[0] - 1, channel=sizes[1] - 1)
    assert np.array_equal(stack.data, written[-1, -1])
    assert stack.data.dtype == dtype
    assert stack.channel == f"dye {sizes[1] - 1}"
    if steps_um == (1.0, 1.0, 1.0):
        assert stack.voxel_size is None
    else:
        assert stack.voxel_size is not None
        assert stack.voxel_size.zyx_um == pytest.approx(steps_um, rel=1e-4)


def test_czi_scenes_are_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "two.czi"
    write_czi(path, volume(1, 1, 3, 8, 9), scenes=2)
    assert [scene.shape for scene in describe(path).scenes] == [(3, 8, 9), (3, 8, 9)]
    assert np.array_equal(read(path, scene=1).data, volume(3, 8, 9) + 1)


def test_czi_recording_that_was_stopped_is_not_filled_with_zeros(tmp_path: Path) -> None:
    path = tmp_path / "stopped.czi"
    write_czi(path, volume(2, 1, 3, 8, 9), skip=(1, 2))
    assert np.array_equal(read(path, time=0).data, volume(2, 1, 3, 8, 9)[0, 0])
    assert said_of(read, path, time=1).startswith("stopped.czi lacks 1 of the 3 slices.")


def test_czi_colour_stack_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "colour.czi"
    with create_czi(path) as file:
        for z in range(3):
            file.write(volume(8, 9, 3), plane={"Z": z})
    assert "is a colour (RGB) picture" in said_of(read, path)


# OME-Zarr --------------------------------------------------------------------------------------------------------


def write_zarr(path: Path, data: np.ndarray, axes: list[Any] | None, scale: list[float] | None, version: str) -> None:
    """Write one multiscale picture by hand, in the words of the given version of the format."""
    new = version == "0.5"
    group = zarr.open_group(path, mode="w", zarr_format=3 if new else 2)
    array = group.create_array("full", shape=data.shape, dtype=data.dtype, chunks=data.shape)
    array[...] = data
    level: dict[str, Any] = {"path": "full"}
    if scale is not None:
        level["coordinateTransformations"] = [{"type": "scale", "scale": scale}]
    multiscale: dict[str, Any] = {"version": version, "datasets": [level]}
    if axes is not None:
        multiscale["axes"] = axes
    group.attrs.update(
        {"ome": {"version": version, "multiscales": [multiscale]}} if new else {"multiscales": [multiscale]}
    )


def space(unit: str | None = "micrometer") -> list[dict[str, str]]:
    return [{"name": axis, "type": "space"} | ({"unit": unit} if unit else {}) for axis in "zyx"]


@property_of_files
@given(
    size=st.tuples(*[st.integers(2, 9)] * 3),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    steps_um=st.tuples(STEPS_UM, STEPS_UM, STEPS_UM),
)
def test_ome_zarr_of_this_program_comes_back(tmp_path, size, dtype, steps_um) -> None:
    written = volume(*size, dtype=dtype)
    path = tmp_path / "cyst.ome.zarr"
    write_ome_zarr(path, written, VoxelSize(*steps_um, source="given by you"), kind="raw")
    stack = read(path)
    assert stack.name == "cyst"
    assert np.array_equal(stack.data, written)
    assert stack.data.dtype == dtype
    assert (stack.voxel_size is None) == (steps_um == (1.0, 1.0, 1.0))
    if stack.voxel_size is not None:
        assert stack.voxel_size.zyx_um == pytest.approx(steps_um)


def test_ome_zarr_labels_come_back(tmp_path: Path) -> None:
    write_ome_zarr(tmp_path / "a.zarr", volume(4, 5, 6, dtype="uint16"), None)
    labels, voxel_size = read_labels(tmp_path / "a.zarr")
    assert np.array_equal(labels, volume(4, 5, 6))
    assert voxel_size is None


@pytest.mark.parametrize(
    ("version", "axes", "scale", "voxel_um"),
    [
        ("0.5", [{"name": "c", "type": "channel"}, *space()], [1, 0.5, 0.25, 0.2], (0.5, 0.25, 0.2)),
        ("0.4", [{"name": "c", "type": "channel"}, *space("nanometer")], [1, 500, 250, 200], (0.5, 0.25, 0.2)),
        ("0.4", [{"name": "c", "type": "channel"}, *space(None)], [1, 0.5, 0.25, 0.2], None),
        ("0.4", [{"name": "c", "type": "channel"}, *space()], [1, 0, 0.25, 0.2], None),
        ("0.3", ["c", "z", "y", "x"], None, None),
    ],
)
def test_versions_of_ome_zarr_are_understood(tmp_path: Path, version, axes, scale, voxel_um) -> None:
    write_zarr(tmp_path / "a.ome.zarr", volume(2, 4, 5, 6), axes, scale, version)
    stack = read(tmp_path / "a.ome.zarr", channel=1)
    assert np.array_equal(stack.data, volume(2, 4, 5, 6)[1])
    if voxel_um is None:
        assert stack.voxel_size is None
        assert len(stack.notes) == 1
    else:
        assert stack.voxel_size is not None
        assert stack.voxel_size.zyx_um == pytest.approx(voxel_um)


def test_first_versions_of_ome_zarr_have_five_axes(tmp_path: Path) -> None:
    write_zarr(tmp_path / "a.zarr", volume(2, 3, 4, 5, 6), None, None, "0.1")
    assert np.array_equal(read(tmp_path / "a.zarr", time=1, channel=2).data, volume(2, 3, 4, 5, 6)[1, 2])


def test_scales_of_level_and_picture_are_multiplied(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    write_zarr(path, volume(4, 5, 6), space(), [1.0, 1.0, 1.0], "0.4")
    words = json.loads((path / ".zattrs").read_text())
    words["multiscales"][0]["coordinateTransformations"] = [{"type": "scale", "scale": [0.7, 0.3, 0.3]}]
    (path / ".zattrs").write_text(json.dumps(words))
    found = read(path).voxel_size
    assert found is not None
    assert found.zyx_um == pytest.approx((0.7, 0.3, 0.3))


def test_zarr_array_without_metadata_is_taken_as_slices(tmp_path: Path) -> None:
    array = zarr.open_array(tmp_path / "a.zarr", mode="w", shape=(4, 5, 6), dtype="uint8")
    array[...] = volume(4, 5, 6)
    stack = read(tmp_path / "a.zarr")
    assert np.array_equal(stack.data, volume(4, 5, 6))
    assert "were taken as slices" in stack.notes[0]


def test_zarr_folders_that_are_no_stack_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.zarr").mkdir()
    assert "empty.zarr is damaged or incomplete" in said_of(read, tmp_path / "empty.zarr")
    zarr.open_group(tmp_path / "group.zarr", mode="w")
    assert "without a picture" in said_of(read, tmp_path / "group.zarr")
    (tmp_path / "file.zarr").write_bytes(b"PK\x03\x04")
    assert "file.zarr is a file, but OME-Zarr stacks are folders" in said_of(read, tmp_path / "file.zarr")


def test_zarr_without_its_voxels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    write_zarr(path, volume(4, 5, 6), space(), [0.7, 0.3, 0.3], "0.4")
    for chunk in (path / "full").iterdir():
        if chunk.name != ".zarray":
            shutil.rmtree(chunk) if chunk.is_dir() else chunk.unlink()
    assert "holds a description but no pixel data" in said_of(read, path)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("missing", [1, 100, 5000])
def test_damaged_zarr_chunk_is_refused(tmp_path: Path, version: str, missing: int) -> None:
    path = tmp_path / "a.zarr"
    write_zarr(path, volume(4, 50, 60), space(), [0.7, 0.3, 0.3], version)
    largest = max((file for file in (path / "full").rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-missing])
    assert "a.zarr is damaged or incomplete" in said_of(read, path)


def test_real_zarr_with_a_chunk_cut_is_refused(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.ome.zarr"
    shutil.copytree(
        shared_data / "formats" / "omezarr" / "xyz_8bit__mitotic_plate_calibrated.ome.zarr",
        path,
        copy_function=shutil.copyfile,
    )
    chunk = path / "0" / "0" / "0" / "0" / "3" / "1" / "1"
    chunk.write_bytes(chunk.read_bytes()[:-100])
    assert "a.ome.zarr is damaged or incomplete" in said_of(read, path)


# HDF5 ------------------------------------------------------------------------------------------------------------


def test_plantseg_file_is_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", data=volume(4, 5, 6), compression="gzip").attrs["element_size_um"] = (0.5, 0.25, 0.2)
    stack = read(tmp_path / "a.h5")
    assert np.array_equal(stack.data, volume(4, 5, 6))
    assert stack.voxel_size == VoxelSize(0.5, 0.25, 0.2, "element_size_um")
    assert stack.name == "a"


@pytest.mark.parametrize("size", [(1.0, 1.0, 1.0), (0.0, 0.2, 0.2), (np.nan, 0.2, 0.2), (0.2, 0.2), (-1.0, 0.2, 0.2)])
def test_impossible_element_size_is_none(tmp_path: Path, size) -> None:
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.create_dataset("raw", data=volume(4, 5, 6)).attrs["element_size_um"] = size
    stack = read(tmp_path / "a.hdf5")
    assert stack.voxel_size is None
    assert "voxel size" in stack.notes[-1] or "1 × 1 × 1" in stack.notes[-1]


def test_datasets_are_scenes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = volume(4, 5, 6)
        file["segmentation/label"] = volume(4, 5, 6, dtype="uint16")
        file["numbers"] = np.arange(3)
        file["words"] = "a sentence"
    assert "0 = raw (4 × 5 × 6), 1 = segmentation/label (4 × 5 × 6)" in said_of(read, tmp_path / "a.h5")
    assert read(tmp_path / "a.h5", scene="RAW").name == "a raw"
    assert read(tmp_path / "a.h5", scene="segmentation/label").data.dtype == np.uint16


def test_labels_beside_other_datasets_are_found_by_their_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = volume(4, 5, 6)
        file.create_dataset("volumes/label", data=volume(4, 5, 6, dtype="uint16")).attrs["element_size_um"] = (
            1,
            0.5,
            0.5,
        )
    labels, voxel_size = read_labels(tmp_path / "a.h5")
    assert np.array_equal(labels, volume(4, 5, 6, dtype="uint16"))
    assert voxel_size is not None
    assert voxel_size.zyx_um == (1, 0.5, 0.5)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["label"] = volume(4, 5, 6, dtype="uint16")
    with pytest.raises(UserError, match="Save the labels alone, or call them labels"):
        read_labels(tmp_path / "a.h5")


def test_ilastik_axes_are_used(tmp_path: Path) -> None:
    tags = json.dumps({"axes": [{"key": key, "typeFlags": 2, "resolution": 0} for key in "tzyxc"]})
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("exported_data", data=volume(2, 4, 5, 6, 3)).attrs["axistags"] = tags
    assert "holds 2 time points and 3 channels" in said_of(read, tmp_path / "a.h5")
    assert np.array_equal(read(tmp_path / "a.h5", time=1, channel=2).data, volume(2, 4, 5, 6, 3)[1, ..., 2])


def test_axis_labels_of_hdf5_are_used(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset("raw", data=volume(6, 4, 5))
        for place, axis in enumerate("xzy"):
            dataset.dims[place].label = axis
    assert np.array_equal(read(tmp_path / "a.h5").data, volume(6, 4, 5).transpose(1, 2, 0))


@pytest.mark.parametrize(("shape", "words"), [((2, 4, 5, 6), "(2 × 4)"), ((4, 5, 6, 3), "as if channels came last")])
def test_four_axes_without_names_are_not_guessed(tmp_path: Path, shape, words) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = volume(*shape)
    assert words in said_of(read, tmp_path / "a.h5")


def test_hdf5_files_that_hold_no_stack_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "table.h5", "w") as file:
        file["numbers"] = np.arange(3)
    assert said_of(read, tmp_path / "table.h5").startswith("table.h5 holds no stack.")
    with h5py.File(tmp_path / "flat.h5", "w") as file:
        file["raw"] = volume(50, 60)
    assert said_of(read, tmp_path / "flat.h5").startswith("flat.h5 is 2D.")
    with h5py.File(tmp_path / "cut.h5", "w") as file:
        file["raw"] = volume(40, 50, 60)
    content = (tmp_path / "cut.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(content[: len(content) // 2])
    assert "cut.h5 is damaged or incomplete" in said_of(read, tmp_path / "cut.h5")
