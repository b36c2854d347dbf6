"""Looking at one stack in several ways, and the mean of what is seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, stop_if
from cartocell_app.segmentation.cell_width import USUAL_UM, seen_voxel_size
from cartocell_app.segmentation.model_card import ModelCard
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.normalisation import Normalisation, normalise
from cartocell_app.segmentation.settings import Views
from cartocell_app.segmentation.stopwatch import Stopwatch
from cartocell_app.stacks.resampling import Shape, resample_maps, resample_raw, resampled_shape
from cartocell_app.stacks.voxel_size import VoxelSize

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """One way for the network to look at a stack.

    Parameters
    ----------
    shape : (z, y, x) of int
        Size that the stack is brought to.
    is_turned : bool
        Whether it is turned over along all three axes.
    """

    shape: Shape
    is_turned: bool = False

    def picture(self, data: NDArray[Any], normalisation: Normalisation) -> FloatArray:
        """What the network sees of a stack (Z, Y, X): its size, its brightness, turned or not."""
        return self._turn(normalise(resample_raw(data, self.shape), normalisation))

    def upright(self, maps: FloatArray) -> FloatArray:
        """Maps (3, z, y, x) of this view, the right way round."""
        return self._turn(maps)

    def _turn(self, array: FloatArray) -> FloatArray:
        return np.ascontiguousarray(np.flip(array, (-3, -2, -1))) if self.is_turned else array


def views_of(
    card: ModelCard, views: Views, shape: Shape, voxel_size: VoxelSize, cell_width_um: float | None
) -> tuple[View, ...]:
    """How the network is to look at a stack: once, or twice.

    The second view is of the stack turned over and, if the model says so, of finer voxels: on those cells are outlined
    more closely but now and then a cell is seen where there is none, which the first view does not share.

    Parameters
    ----------
    card : ModelCard
        Of the model.
    views : 1, 2 or "as the model says"
        As often.
    shape, voxel_size : (z, y, x) of int, VoxelSize
        Of the stack.
    cell_width_um : float or None
        How wide its cells are, for a stack that is to be seen larger or smaller; None as they are.

    Raises
    ------
    UserError
        If a width is given and nobody knows at which voxel size the model works.
    """
    if card.voxel_size_um is None and cell_width_um is not None:
        raise UserError(
            f"{card.name} does not say the voxel size that it was trained at, so it cannot be told how wide cells are.",
            "Leave out --cell-width, or choose another model.",
        )
    seen = seen_voxel_size(voxel_size, cell_width_um, card.cell_width_um or USUAL_UM)
    sizes_um = _sizes_um(card, views)
    return tuple(
        View(shape if size_um is None else resampled_shape(shape, seen, size_um), is_turned=number > 0)
        for number, size_um in enumerate(sizes_um)
    )


def _sizes_um(card: ModelCard, views: Views) -> tuple[tuple[float, float, float] | None, ...]:
    """Voxel size (z, y, x; µm) of each view; None is the stack's own."""
    twice = card.second_view_um is not None if views == "as the model says" else views == 2
    return (card.voxel_size_um, card.second_view_um or card.voxel_size_um) if twice else (card.voxel_size_um,)


def mean_maps(
    data: NDArray[Any],
    views: Sequence[View],
    shape: Shape,
    network: Network,
    watch: Stopwatch,
    progress: Progress,
    cancelled: Cancelled,
) -> tuple[FloatArray, list[str]]:
    """Mean of what the network says in each view of a stack.

    Parameters
    ----------
    data : (Z, Y, X) ndarray
        The stack.
    views : sequence of View
        How to look at it.
    shape : (z, y, x) of int
        To which all maps are brought.
    network : Network
        An opened model.
    watch : Stopwatch
        Gets the seconds of "prepare" and "network", and of what is brought to `shape` those of "cells".
    progress, cancelled
        See `cartocell_app.progress`.

    Returns
    -------
    maps : (3, z, y, x) ndarray of float32
        Probabilities B, C, M.
    notes : list of str
        What the network noted, each sentence once.

    Raises
    ------
    UserError
        If memory does not suffice.
    CancelledError
        If `cancelled` asked for it.
    """
    mean: FloatArray | None = None
    notes: dict[str, None] = {}
    done, total = 0, sum(prod(view.shape) for view in views)

    def report(stage: str, its_done: float, its_total: float) -> None:
        progress(stage, done + its_done / its_total * prod(view.shape), total)

    progress("Preparing", 0, 1)
    for view in views:
        maps = _look(data, view, shape, network, watch, report, cancelled)
        mean = maps if mean is None else np.add(mean, maps, out=mean)
        notes |= dict.fromkeys(network.notes)
        done += prod(view.shape)
    assert mean is not None
    if len(views) > 1:
        mean /= len(views)
    return mean, list(notes)


def _look(
    data: NDArray[Any],
    view: View,
    shape: Shape,
    network: Network,
    watch: Stopwatch,
    progress: Progress,
    cancelled: Cancelled,
) -> FloatArray:
    """Maps of one view."""
    with watch.time("prepare"):
        picture = view.picture(data, network.card.normalisation)
    stop_if(cancelled)
    with watch.time("network"):
        maps = network.predict(picture, progress, cancelled)
    del picture
    stop_if(cancelled)
    with watch.time("cells"):
        maps = view.upright(maps)
        return maps if view.shape == shape else resample_maps(maps, shape)
