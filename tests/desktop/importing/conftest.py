"""A folder as labs have them, and an open project with a queue that runs ``cartocell`` itself."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_stack

VOXEL = VoxelSize(0.7, 0.62, 0.62, "ImageJ tag")
SHAPE = (6, 20, 24)


def two_channels(path: Path) -> Path:
    """Write a stack with the channels DAPI and Bcat."""
    data = np.random.default_rng(0).integers(0, 200, (SHAPE[0], 2, *SHAPE[1:]), np.uint8)
    metadata = {
        "axes": "ZCYX",
        "Channel": {"Name": ["DAPI", "Bcat"]},
        "PhysicalSizeX": 0.62,
        "PhysicalSizeY": 0.62,
        "PhysicalSizeZ": 0.7,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, photometric="minisblack", metadata=metadata, ome=True)
    return path


def one_channel(path: Path, voxel_size: VoxelSize | None = VOXEL) -> Path:
    """Write a stack of one channel."""
    write_stack(path, np.random.default_rng(1).integers(0, 200, SHAPE, np.uint8), voxel_size)
    return path


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Folder with four good stacks, one of them without voxel size, and two bad files."""
    folder = tmp_path / "lab ü"
    one_channel(folder / "7d.4C.8_2.tif")
    one_channel(folder / "Cyst 4d filt.tif", None)
    two_channels(folder / "control_10d.1B_1.ome.tif")
    two_channels(folder / "control_10d.1B_2.ome.tif")
    (folder / "broken.tif").write_bytes(b"II*\0garbage")
    tifffile.imwrite(folder / "plane.tif", np.zeros(SHAPE[1:], np.uint8))
    return folder
