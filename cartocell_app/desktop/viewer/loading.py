"""Reading what is to be shown of a sample; runs off the window's thread and touches nothing of it."""

from functools import partial
from typing import TYPE_CHECKING

from cartocell_app.desktop.viewer.view import Array, VolumeView
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.project.values import Sample

BEFORE_VORONOI = "Cells before Voronoi"
SEEDS = "Seeds"
MAPS = {"B": "Interior (B)", "C": "Contour (C)", "M": "Tissue (M)"}
FOREGROUND = "Foreground"


def load_view(sample: "Sample") -> VolumeView:
    """Read a sample's raw stack and its cells.

    The maps, seeds and other pictures of its segmentation are only read when they are first wanted.

    Raises
    ------
    UserError
        If the raw stack cannot be read, or its labels are of another size.
    """
    from cartocell_app.stacks.reading import read, read_labels

    stack = read(
        sample.path, scene=sample.scene, time=sample.time, channel=sample.channel, voxel_size=sample.voxel_size
    )
    labels = None
    if sample.labels is not None and sample.labels.exists():
        labels = read_labels(sample.labels)[0]
        if labels.shape != stack.shape:
            raise UserError(
                f"The cells of {sample.name} are {_size(labels.shape)} voxels, its stack is {_size(stack.shape)}.",
                "They belong to different stacks. Segment it again, or choose other labels.",
            )
    extras, label_extras = _extras(sample)
    return VolumeView(
        name=sample.name,
        raw=stack.data,
        labels=labels,
        voxel_um=None if stack.voxel_size is None else stack.voxel_size.zyx_um,
        extras=extras,
        label_extras=label_extras,
    )


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _extras(sample: "Sample") -> tuple[dict[str, "partial[Array]"], frozenset[str]]:
    from cartocell_app.jobs.segmenting import result_paths

    if sample.results is None or sample.labels is None:
        return {}, frozenset()
    paths = result_paths(sample.results, sample.labels.name.removesuffix(".tif"))
    extras: dict[str, partial[Array]] = {}
    if paths["maps"].exists():
        extras |= {words: partial(_map, paths["maps"], place) for place, words in enumerate(MAPS.values())}
    for words, key in ((SEEDS, "seeds"), (FOREGROUND, "foreground"), (BEFORE_VORONOI, "instances")):
        if paths[key].exists():
            extras[words] = partial(_labels, paths[key])
    return extras, frozenset({SEEDS, BEFORE_VORONOI})


def _map(path: "Path", channel: int) -> Array:
    from cartocell_app.stacks.reading import read

    return read(path, channel=channel).data


def _labels(path: "Path") -> Array:
    from cartocell_app.stacks.reading import read_labels

    return read_labels(path)[0]
