"""What may be chosen about turning probability maps into cells: one source for desktop, command line and YAML."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from cartocell_app.segmentation.cell_width import NARROWEST_UM, WIDEST_UM


class _Settings(BaseModel):
    """Values that stay as they were made, and that refuse names they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FixedThreshold(_Settings):
    """A probability chosen beforehand: the same for every stack."""

    kind: Literal["fixed"] = Field("fixed", description="The same probability for every stack.")
    value: float = Field(ge=0, le=1, description="A voxel must be strictly above it (below, for the contour).")


class OtsuThreshold(_Settings):
    """A threshold that every map sets for itself, so that it depends on what else the stack shows."""

    kind: Literal["otsu"] = Field("otsu", description="From the histogram of the whole map (256 bins), after Otsu.")
    factor: float = Field(1.0, gt=0, description="Otsu's threshold is multiplied by this.")


class EightBitThreshold(_Settings):
    """The threshold of the paper's own run: maps spread to 0…255 against a whole number."""

    kind: Literal["8-bit"] = Field("8-bit", description="255 × probability against the whole part of 255 × value.")
    value: float = Field(ge=0, le=1, description="A voxel must be strictly above it (below, for the contour).")


Threshold = Annotated[FixedThreshold | OtsuThreshold | EightBitThreshold, Field(discriminator="kind")]


class PeakSeeds(_Settings):
    """A seed at every hilltop that stands out, where cells are hills; forgiving of a half-trained network.

    A voxel is the higher the surer the network is that it lies in the interior and not on a contour, and the
    deeper it lies in what surely is interior.
    """

    kind: Literal["h-maxima"] = Field("h-maxima", description="Hilltops that stand out of interior and thickness.")
    smoothing_um: float = Field(
        1.0, ge=0, description="Blur of the hills (standard deviation, µm). More joins cells, less splits them."
    )
    thickness_weight: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Share of the height that is thickness; the rest is interior × (1 − contour). With 0, only the "
        "network's probabilities count.",
    )
    depth: float = Field(
        0.07,
        gt=0,
        le=1,
        description="How far one must descend from a hilltop, on the way to a higher one, for it to be a cell. "
        "More joins cells, less splits them.",
    )
    floor: float = Field(
        0.2, gt=0, le=1, description="Height below which there are no hills: no seeds in the background."
    )
    min_um3: float = Field(20.0, ge=0, description="Hills with less volume above the floor are noise (µm³).")


class ThresholdSeeds(_Settings):
    """The published seeds: connected pieces of interior without contour."""

    kind: Literal["thresholds"] = Field("thresholds", description="Connected pieces of interior without contour.")
    interior: Threshold = Field(description="On map B: seeds are above it.")
    contour: Threshold = Field(description="On map C: seeds are below it.")
    min_vox: int = Field(5, ge=0, description="Pieces with fewer voxels are left out.")


class NearestCell(_Settings):
    """Tissue goes to the cells that it hangs together with, up to the contour between them or to the nearest, in µm."""

    kind: Literal["nearest cell"] = Field("nearest cell", description="To cells that it hangs together with.")
    meet: Literal["at the contour", "halfway"] = Field(
        "at the contour",
        description="Where neighbours touch: where the network sees most contour and least interior between them, or "
        "halfway between their surfaces, in µm (plain 3D Voronoi).",
    )
    closing_um: float = Field(
        0.0,
        ge=0,
        description="Gaps in the tissue, lumen too, up to twice this wide are bridged (µm), but none to the faces of "
        "the stack.",
    )
    pinhole_um3: float = Field(
        20.0, ge=0, description="Closed holes in the tissue up to this volume are filled (µm³); larger ones are lumen."
    )
    min_cell_um3: float = Field(
        30.0, ge=0, description="Cells that end up smaller are given to their neighbours (µm³)."
    )
    least_certainty: float = Field(
        0.86,
        ge=0,
        le=1,
        description="Cells whose mean probability of tissue is less than this share of the middle cell's are lumen or "
        "surroundings and are left out; 0 keeps all.",
    )


class PublishedVoronoi(_Settings):
    """The published rule: tissue goes to the nearest cell wherever that is, in voxels whatever their shape."""

    kind: Literal["published"] = Field("published", description="To the nearest voxel of a cell, counted in voxels.")
    closing_vox: int = Field(
        5,
        ge=0,
        description="Gaps in the tissue, lumen too, up to twice this wide are bridged, and gaps to the faces of the "
        "stack up to once this wide (voxels).",
    )
    fill_holes: bool = Field(False, description="Closed holes in the tissue are filled, the lumen too.")


Landscape = Literal[
    "interior without contour", "interior", "interior blurred", "interior 8-bit", "distance µm", "distance voxels"
]


Views = Literal["as the model says", 1, 2]


class SegmentationSettings(_Settings):
    """How probability maps become cells; the defaults are what we recommend."""

    seeds: Annotated[PeakSeeds | ThresholdSeeds, Field(discriminator="kind")] = Field(
        PeakSeeds(), description="How cells are found: a seed is a cell."
    )
    foreground: Threshold = Field(
        FixedThreshold(value=0.4),
        description="On map B: where seeds may grow before the rest of the tissue is shared out.",
    )
    landscape: Landscape = Field(
        "interior without contour",
        description="What the watershed floods: cells meet where there is least interior, or where the foreground is "
        "thinnest (distance to its surface).",
    )
    tissue: Threshold = Field(FixedThreshold(value=0.5), description="On map M: where there are cells at all.")
    voronoi: Annotated[NearestCell | PublishedVoronoi, Field(discriminator="kind")] = Field(
        NearestCell(), description="How the tissue is shared out, so that neighbouring cells touch."
    )
    open_by: Annotated[float, Field(gt=0, le=2)] | None = Field(
        0.9,
        description="Neighbours without a membrane between them are pieces of one cell and are joined: where interior "
        "minus contour, on average over their face, is so much higher than over the middle face. Without it, none are.",
    )
    outline_um: float | None = Field(
        0.5,
        gt=0,
        description="Cells are outlined on the stack's own voxels where these are finer than the network's, but on "
        "none finer than this (µm). Without it, on the network's.",
    )
    cell_width_um: Annotated[float, Field(ge=NARROWEST_UM, le=WIDEST_UM)] | Literal["as found"] | None = Field(
        "as found",
        description="About how wide the cells are (µm), if that is far from what the model knows: the stack is then "
        "taken larger or smaller, and all other lengths with it. As found: the network looks again where cells "
        "come out so. Without it, the stack is taken as it is.",
    )
    views: Views = Field(
        "as the model says",
        description="How often the network looks at the stack. Twice: also turned over along all axes and, if the "
        "model says so, on finer voxels; the mean counts. Cells are outlined more closely, and it takes twice the time "
        "or more.",
    )


PROFILES: Final[dict[str, SegmentationSettings]] = {
    "default": SegmentationSettings(),
    "paper-2022": SegmentationSettings(
        seeds=ThresholdSeeds(interior=EightBitThreshold(value=0.2), contour=EightBitThreshold(value=0.2)),
        foreground=EightBitThreshold(value=0.25),
        landscape="interior 8-bit",
        tissue=OtsuThreshold(),
        voronoi=PublishedVoronoi(),
        open_by=None,
        outline_um=None,
        cell_width_um=None,
        views=1,
    ),
    "biapy-cartocell": SegmentationSettings(
        seeds=ThresholdSeeds(interior=FixedThreshold(value=0.2), contour=FixedThreshold(value=0.2)),
        foreground=FixedThreshold(value=0.25),
        landscape="distance voxels",
        tissue=OtsuThreshold(),
        voronoi=PublishedVoronoi(),
        open_by=None,
        outline_um=None,
        cell_width_um=None,
        views=1,
    ),
    "biapy-3.5": SegmentationSettings(
        seeds=ThresholdSeeds(interior=OtsuThreshold(), contour=OtsuThreshold()),
        foreground=OtsuThreshold(factor=0.5),
        landscape="interior",
        tissue=OtsuThreshold(),
        voronoi=PublishedVoronoi(),
        open_by=None,
        outline_um=None,
        cell_width_um=None,
        views=1,
    ),
    "biapy-3.7": SegmentationSettings(
        seeds=ThresholdSeeds(interior=OtsuThreshold(), contour=OtsuThreshold(), min_vox=6),
        foreground=OtsuThreshold(factor=0.5),
        landscape="interior blurred",
        tissue=OtsuThreshold(),
        voronoi=PublishedVoronoi(closing_vox=0, fill_holes=True),
        open_by=None,
        outline_um=None,
        cell_width_um=None,
        views=1,
    ),
}
"""Ready-made settings by name: ours, and those of the published software by version (specification §6, §7, §11)."""
