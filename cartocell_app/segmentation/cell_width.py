"""Cells much narrower or wider than those of cysts: looked at larger or smaller, as the network knows them."""

from dataclasses import replace
from typing import Final

from cartocell_app.stacks.voxel_size import LARGEST_UM, SMALLEST_UM, VoxelSize

USUAL_UM: Final = 11.0
"""Width of a ball with the volume of an ordinary cell of a cyst, 700 µm³; what the models in the box know best."""

NARROWEST_UM: Final = 2.0
WIDEST_UM: Final = 60.0
"""What can be asked for. A narrower cell is hardly wider than what a light microscope resolves."""


def seen_voxel_size(voxel_size: VoxelSize, cell_width_um: float | None, usual_um: float = USUAL_UM) -> VoxelSize:
    """Voxel size at which cells `cell_width_um` wide would be `usual_um` wide; as it is if None.

    Lengths that no voxel has (`stacks.voxel_size`) are cut to the nearest that one can have.
    """
    if cell_width_um is None:
        return voxel_size
    larger = usual_um / cell_width_um
    z_um, y_um, x_um = (min(max(length_um * larger, SMALLEST_UM), LARGEST_UM) for length_um in voxel_size)
    return replace(voxel_size, z_um=z_um, y_um=y_um, x_um=x_um)
