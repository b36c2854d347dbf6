import typing

import pytest
from pydantic import BaseModel, ValidationError

from cartocell_app.segmentation import settings as settings_module
from cartocell_app.segmentation.settings import (
    PROFILES,
    EightBitThreshold,
    FixedThreshold,
    NearestCell,
    OtsuThreshold,
    PeakSeeds,
    PublishedVoronoi,
    SegmentationSettings,
    ThresholdSeeds,
)

MODELS = [
    thing
    for name, thing in vars(settings_module).items()
    if isinstance(thing, type) and issubclass(thing, BaseModel) and not name.startswith(("_", "Base"))
]


def test_the_profiles_of_the_specification():
    assert list(PROFILES) == ["default", "paper-2022", "biapy-cartocell", "biapy-3.5", "biapy-3.7"]
    paper, cartocell, biapy = (PROFILES[name] for name in ("paper-2022", "biapy-cartocell", "biapy-3.5"))
    assert paper.seeds == ThresholdSeeds(
        interior=EightBitThreshold(value=0.2), contour=EightBitThreshold(value=0.2), min_vox=5
    )
    assert paper.foreground == EightBitThreshold(value=0.25)
    assert paper.landscape == "interior 8-bit"
    assert cartocell.seeds == ThresholdSeeds(
        interior=FixedThreshold(value=0.2), contour=FixedThreshold(value=0.2), min_vox=5
    )
    assert cartocell.foreground == FixedThreshold(value=0.25)
    assert cartocell.landscape == "distance voxels"
    assert biapy.seeds == ThresholdSeeds(interior=OtsuThreshold(), contour=OtsuThreshold(), min_vox=5)
    assert biapy.foreground == OtsuThreshold(factor=0.5)
    assert biapy.landscape == "interior"
    for published in (paper, cartocell, biapy):
        assert published.tissue == OtsuThreshold()
        assert published.voronoi == PublishedVoronoi(closing_vox=5)
    newest = PROFILES["biapy-3.7"]
    assert newest.seeds == ThresholdSeeds(interior=OtsuThreshold(), contour=OtsuThreshold(), min_vox=6)
    assert newest.landscape == "interior blurred"
    assert newest.voronoi == PublishedVoronoi(closing_vox=0, fill_holes=True)


def test_the_default_profile_is_the_defaults():
    assert PROFILES["default"] == SegmentationSettings()
    assert isinstance(SegmentationSettings().seeds, PeakSeeds)
    assert isinstance(SegmentationSettings().voronoi, NearestCell)


@pytest.mark.parametrize("name", PROFILES)
def test_survives_being_written_and_read(name):
    written = PROFILES[name].model_dump(mode="json")
    assert SegmentationSettings.model_validate(written) == PROFILES[name]
    assert SegmentationSettings.model_validate_json(PROFILES[name].model_dump_json()) == PROFILES[name]


def test_part_of_the_settings_may_be_left_out():
    read = SegmentationSettings.model_validate({"seeds": {"kind": "h-maxima", "depth": 0.1}})
    assert read == SegmentationSettings(seeds=PeakSeeds(depth=0.1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": {}},
        {"seeds": {"kind": "h-maxima", "depht": 0.1}},
        {"seeds": {"kind": "thresholds"}},  # the published seeds have no defaults of their own
        {"seeds": {"kind": "magic"}},
        {"seeds": {"kind": "h-maxima", "depth": 0}},
        {"tissue": {"kind": "fixed", "value": 1.5}},
        {"landscape": "plain"},
        {"voronoi": {"kind": "nearest cell", "pinhole_um3": -1}},
        {"voronoi": {"kind": "nearest cell", "closing_vox": 5}},
        {"tissue": {"kind": "fixed", "value": float("nan")}},
    ],
)
def test_refuses_what_makes_no_sense(wrong):
    with pytest.raises(ValidationError):
        SegmentationSettings.model_validate(wrong)


def test_cannot_be_changed():
    with pytest.raises(ValidationError):
        SegmentationSettings().landscape = "interior"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_everything_is_described(model):
    assert model.__doc__
    for name, field in model.model_fields.items():
        assert field.description, name


def test_numbers_carry_their_unit():
    for model in MODELS:
        for name, field in model.model_fields.items():
            length_or_volume = "(µm" in str(field.description) or "µm)" in str(field.description)
            assert length_or_volume == name.endswith(("_um", "_um3")), name
            assert typing.get_origin(field.annotation) is not dict
