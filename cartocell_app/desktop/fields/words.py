"""What is said about boxes and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cartocell_app.stacks.boxes import Box
    from cartocell_app.stacks.voxel_size import VoxelSize

HOW_TO = (
    "Drag a box to move it, its corners to resize it. Double-click where a cyst is missing, or press N; Del removes "
    "the chosen box, arrows move it, Page up and down move it in depth, + and − make it larger and smaller."
)


def box_in_words(box: Box, voxel_size: VoxelSize | None, *, is_cut: bool) -> str:
    """``"3 · 40 × 62 × 58 µm · cut by the frame"``: size as z × y × x."""
    if voxel_size is None:
        size = " × ".join(map(str, box.shape)) + " voxels"
    else:
        size = " × ".join(f"{edge * um:.0f}" for edge, um in zip(box.shape, voxel_size, strict=True)) + " µm"
    state = "cut out" if is_cut else "at the frame" if box.touches_border else ""
    return " · ".join(part for part in (str(box.number), size, state) if part)


def found_in_words(count: int) -> str:
    """What came of looking for cysts."""
    if count == 0:
        return "No cysts were found. Double-click in the picture to draw a box around each by hand."
    return f"{count} cyst{'s were' if count != 1 else ' was'} found. Correct the boxes, then cut them out."
