"""The main way: one stack in, touching cells out, on the grid of the input."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, never, silent, stop_if
from cartocell_app.segmentation.another_look import found_width_um, wants_another_look
from cartocell_app.segmentation.cell_width import USUAL_UM, seen_voxel_size
from cartocell_app.segmentation.instances import Instances, instances_from_maps
from cartocell_app.segmentation.model_card import ModelCard
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.settings import SegmentationSettings
from cartocell_app.segmentation.stopwatch import Stopwatch
from cartocell_app.segmentation.views import mean_maps, views_of
from cartocell_app.stacks.resampling import (
    Shape,
    resample_labels,
    resampled_shape,
    resampled_voxel_size,
)
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize

COARSEST_SLICES_UM = 2.5
"""Slices farther apart than this cut most cells of usual width too few times to outline them."""

NEARLY_AS_FINE = 1.5
"""Cells are outlined on the stack's own voxels up to so many times the network's: to bring labels from one grid to
another of almost the same voxel size costs 0.016 of the mean IoU (60 synthetic cysts). Much coarser ones cut a cell too
few times for a watershed."""

MOST_OUTLINED_VOX = 64_000_000
"""Larger stacks are outlined on the network's grid, for memory, and are not looked at again on a larger one."""

MOST_LOOKS = 3
"""At a stack. The third helps where large cells broke into pieces at first sight, so that the second was too close."""


@dataclass(frozen=True)
class Segmentation:
    """Everything that came of one stack.

    Attributes
    ----------
    labels : (Z, Y, X) ndarray of uint16 or uint32
        Cells that touch, on the input's grid; 0 is lumen and outside.
    maps : (3, z, y, x) ndarray of float32
        Probabilities B, C, M on the grid of `outline_shape`, which covers the same volume.
    instances : Instances
        Seeds, foreground, landscape and cells before Voronoi, on the same grid.
    looked_at : (z, y, x) of int
        Size at which the network looked at the stack, in its first view.
    seconds : dict
        Time of each step.
    notes : tuple of str
        What the user should know, a sentence each.
    """

    labels: NDArray[Any]
    maps: NDArray[np.float32]
    instances: Instances
    looked_at: Shape
    seconds: dict[str, float]
    notes: tuple[str, ...]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(np.count_nonzero(np.bincount(self.labels.ravel())[1:]))

    def on_input(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Bring labels from the grid of `instances` to the input's."""
        return resample_labels(labels, self.labels.shape)


def segment_stack(
    stack: Stack,
    network: Network,
    settings: SegmentationSettings,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Segmentation:
    """Segment the cells of one stack.

    Resample to the voxel size that the model works at, normalise as it says, run the network, bring its maps to the
    grid of the outlines, find seeds, flood, share out the tissue, and bring the cells to the input's grid. Where they
    come out much narrower or wider than those that the model knows best, do it again as if they were as wide.

    Parameters
    ----------
    stack : Stack
        With a known voxel size.
    network : Network
        An opened model.
    settings : SegmentationSettings
        A profile or your own.
    progress, cancelled
        See `cartocell_app.progress`.

    Raises
    ------
    UserError
        If the voxel size is unknown (or that of the model, and cells are not as wide as usual), or memory does not
        suffice.
    CancelledError
        If `cancelled` asked for it.
    """
    if stack.voxel_size is None:
        raise UserError(
            " ".join((f"{stack.name}: the voxel size is not known.", *stack.notes)),
            "Give it in µm with --voxel-size Z Y X (the microscope's own file or your colleague knows it).",
        )
    if settings.cell_width_um != "as found":
        return _look(stack, network, settings, settings.cell_width_um, progress, cancelled)
    found = _look(stack, network, settings, None, progress, cancelled)
    if network.card.cell_width_um is None:
        return found
    return _look_again(found, network.card.cell_width_um, stack, network, settings, progress, cancelled)


def _look_again(
    found: Segmentation,
    taken_um: float,
    stack: Stack,
    network: Network,
    settings: SegmentationSettings,
    progress: Progress,
    cancelled: Cancelled,
) -> Segmentation:
    """What was found of cells taken for so wide, or of the looks at their own size where they came out otherwise."""
    assert stack.voxel_size is not None
    seconds, notes = found.seconds, list[str]()
    for _ in range(MOST_LOOKS - 1):
        width_um = found_width_um(found.labels, stack.voxel_size)
        if width_um is None or not wants_another_look(width_um, taken_um):
            break
        views = views_of(network.card, settings.views, stack.shape, stack.voxel_size, width_um)
        words = f"The cells came out about {width_um:.2g} µm wide, "
        if prod(views[0].shape) > max(MOST_OUTLINED_VOX, prod(found.looked_at)):
            notes.append(f"{words}and the stack is too large to look again at their size: crop it for that.")
            break
        notes.append(f"{words}so the network looked again, at their size.")
        found = _look(
            stack, network, settings, width_um, lambda stage, *done: progress(f"{stage} again", *done), cancelled
        )
        seconds = {step: seconds[step] + found.seconds[step] for step in seconds}
        taken_um = width_um
    return replace(found, seconds=seconds, notes=(*found.notes, *notes))


def _look(
    stack: Stack,
    network: Network,
    settings: SegmentationSettings,
    cell_width_um: float | None,
    progress: Progress,
    cancelled: Cancelled,
) -> Segmentation:
    """Segment a stack whose cells are so wide; None takes them as they are."""
    assert stack.voxel_size is not None
    watch = Stopwatch()
    card = network.card
    views = views_of(card, settings.views, stack.shape, stack.voxel_size, cell_width_um)
    seen = seen_voxel_size(stack.voxel_size, cell_width_um, card.cell_width_um or USUAL_UM)
    # Cells that are taken smaller than they are do not need to be outlined more coarsely.
    smaller = min(1.0, seen.z_um / stack.voxel_size.z_um)
    outline_um = None if settings.outline_um is None else settings.outline_um * smaller
    fine = outline_shape(stack.shape, seen, views[0].shape, outline_um)
    maps, noted = mean_maps(stack.data, views, fine, network, watch, progress, cancelled)
    progress("Finding cells", 0, 1)
    with watch.time("cells"):
        fine_um = resampled_voxel_size(stack.shape, seen, fine).zyx_um
        instances = instances_from_maps(maps, fine_um, settings)
    stop_if(cancelled)
    with watch.time("regrid"):
        labels = resample_labels(instances.labels, stack.shape)
    progress("Finding cells", 1, 1)
    notes = (*_notes(stack, seen, card, labels), *noted)
    if settings.cell_width_um == cell_width_um is not None:
        notes = (*notes, f"Taken for cells about {cell_width_um:g} µm wide.")
    return Segmentation(labels, maps, instances, views[0].shape, watch.seconds, notes)


def outline_shape(shape: Shape, voxel_size: VoxelSize, network_shape: Shape, outline_um: float | None) -> Shape:
    """Shape (z, y, x) of the grid on which cells are outlined.

    Probabilities change smoothly from voxel to voxel, and surfaces that lie between the network's voxels are lost if
    cells are outlined on those: on synthetic cysts the mean IoU is 0.02 higher on the stack's own.

    Parameters
    ----------
    shape, voxel_size : tuple of int, VoxelSize
        Of the stack.
    network_shape : tuple of int
        Of the network's grid over the same extent.
    outline_um : float or None
        No axis becomes finer than this, unless the network's is; None is the network's grid. Nor does one become much
        coarser than the network's.
    """
    if outline_um is None:
        return network_shape
    grid = resampled_voxel_size(shape, voxel_size, network_shape)
    own_um = (max(its, outline_um) for its in voxel_size)
    wanted_um = [own if own < NEARLY_AS_FINE * ours else ours for own, ours in zip(own_um, grid, strict=True)]
    fine = resampled_shape(shape, voxel_size, wanted_um)
    return fine if prod(fine) <= MOST_OUTLINED_VOX else network_shape


def _notes(stack: Stack, seen: VoxelSize, card: ModelCard, labels: NDArray[Any]) -> tuple[str, ...]:
    assert stack.voxel_size is not None
    notes = list(stack.notes)
    if card.voxel_size_um is None:
        notes.append(
            f"{card.name} does not say the voxel size that it was trained at, so the stack was taken as it is; cells "
            "of another size in voxels than those it has seen come out badly."
        )
    if seen.z_um > COARSEST_SLICES_UM:
        notes.append(
            f"The slices are {stack.voxel_size.z_um:.3g} µm apart, so most cells are cut only a few times: "
            "look at the result."
        )
    if not labels.any():
        notes.append("No cells were found. Is this the cell outlines channel, and is the voxel size right?")
    return tuple(notes)
