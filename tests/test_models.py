"""Which model a word means."""

import pytest

from cartocell_app import models
from cartocell_app.errors import UserError
from cartocell_app.models import find_model
from cartocell_app.resources import CPU_MODEL, GPU_MODEL, MODELS
from tests.segmentation.pretended_computer import COREML, CPU, CUDA, GPU, Computer


@pytest.fixture
def computer(monkeypatch):
    return Computer(monkeypatch)


def test_the_box_holds_a_model_for_each_kind_of_computer():
    assert {path.name for path in MODELS.glob("*.onnx")} == {CPU_MODEL.name, GPU_MODEL.name, "m2-fp16.onnx"}
    assert all(path.with_suffix(".md").exists() for path in (CPU_MODEL, GPU_MODEL))
    assert all(path.stat().st_size < 8e6 for path in MODELS.glob("*.onnx"))


def test_auto_is_the_small_network_without_a_graphics_card(computer):
    assert find_model("auto") == CPU_MODEL
    assert not computer.started


@pytest.mark.parametrize(("system", "gpus", "provider"), [("Linux", GPU, CUDA), ("Darwin", [], COREML)])
def test_auto_is_the_published_width_on_a_graphics_card_that_works(computer, system, gpus, provider):
    computer.has(system, gpus, [CPU, provider])
    computer.delay_s[provider] = 0.001
    assert find_model("auto") == GPU_MODEL
    computer.error[provider] = 0.5
    assert find_model("auto") == CPU_MODEL


def test_auto_heeds_the_device_that_was_asked_for(computer):
    computer.has("Linux", GPU, [CPU, CUDA])
    assert find_model("auto", "cpu") == CPU_MODEL
    assert not computer.started
    assert find_model("auto", "cuda") == GPU_MODEL


def test_a_lean_installation_has_only_the_small_one(computer, monkeypatch, tmp_path):
    computer.has("Linux", GPU, [CPU, CUDA])
    monkeypatch.setattr(models, "GPU_MODEL", tmp_path / "m2.onnx")
    assert find_model("auto") == CPU_MODEL


def test_models_by_name_and_by_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m2").mkdir()  # of a training
    assert find_model("m2") == GPU_MODEL
    (tmp_path / "mine.onnx").touch()
    assert find_model(str(tmp_path / "mine.onnx")) == tmp_path / "mine.onnx"
    with pytest.raises(UserError, match="no model m3") as error:
        find_model("m3")
    assert "auto, m2, m2-fast" in str(error.value)
