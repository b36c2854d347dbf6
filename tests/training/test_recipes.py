"""The recipes of the models in the box are those that the models themselves tell of."""

from pathlib import Path

import pytest

from cartocell_app.resources import CPU_MODEL, GPU_MODEL
from cartocell_app.segmentation.model_card import read_card
from training.settings import read_settings_file

RECIPES = Path(__file__).parents[2] / "training" / "recipes"


@pytest.mark.parametrize(
    ("recipe", "model"),
    [
        ("m2", GPU_MODEL),
        ("m2-all", GPU_MODEL),
        ("m2-fast", CPU_MODEL),
        ("m2-fast-finer", CPU_MODEL),
        ("m2-fast-tissues", CPU_MODEL),
        ("m2-fast-all", CPU_MODEL),
    ],
)
def test_a_model_was_trained_as_its_recipe_says(recipe, model):
    settings, card = read_settings_file(RECIPES / f"{recipe}.json"), read_card(model)
    assert f"{settings.epochs} rounds of {settings.steps_per_epoch} steps of {settings.batch} patches" in card.training
    assert f"learning rate {settings.learning_rate:g}, {settings.schedule}; seed {settings.seed}" in card.training
    assert f"ResU-Net {'/'.join(map(str, settings.feature_maps))}." in card.training
    assert settings.normalisation == card.normalisation


@pytest.mark.parametrize(("recipe", "model"), [("m2-all", GPU_MODEL), ("m2-fast-all", CPU_MODEL)])
def test_the_last_recipe_is_at_the_voxel_size_that_the_model_works_at(recipe, model):
    assert read_settings_file(RECIPES / f"{recipe}.json").voxel_um == read_card(model).voxel_size_um
