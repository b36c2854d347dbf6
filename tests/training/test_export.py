"""Model files say nothing of the computer that made them."""

from cartocell_app.resources import CPU_MODEL
from training.export import write_onnx
from training.resunet import ResUNet


def test_an_exported_model_names_no_file_of_this_computer(tmp_path):
    path = tmp_path / "small.onnx"
    write_onnx(ResUNet((2, 4), (2,)), path)
    assert b".py" not in path.read_bytes()


def test_nor_does_the_model_in_the_box():
    assert b".py" not in CPU_MODEL.read_bytes()
