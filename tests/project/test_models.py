import pytest

from cartocell_app.errors import UserError
from cartocell_app.project.project import Project


def test_a_trained_model_is_kept_with_what_it_learnt_from(project, tmp_path):
    network = tmp_path / "network.onnx"
    network.write_bytes(b"weights")
    run = project.new_run("train", "Train M1", [1, 2], lambda _: ["train"], phase=2)
    model = project.add_model("M1", network, {1: "mark 1", 2: "mark 2"}, run.id)
    assert model.path == project.folder / "models" / "M1.onnx"
    assert model.path.read_bytes() == b"weights"
    assert project.models() == {"M1": model}
    assert (model.trained_on, model.run_id) == ({1: "mark 1", 2: "mark 2"}, run.id)


def test_a_model_that_is_trained_again_replaces_the_first(project, tmp_path):
    network = tmp_path / "network.onnx"
    for weights in (b"first", b"second"):
        network.write_bytes(weights)
        model = project.add_model("M1", network, {1: weights.decode()})
    assert project.models() == {"M1": model}
    assert model.path.read_bytes() == b"second"


def test_a_model_whose_file_was_deleted_is_not_there(project, tmp_path):
    (tmp_path / "network.onnx").write_bytes(b"weights")
    project.add_model("M1", tmp_path / "network.onnx", {}).path.unlink()
    assert project.models() == {}


def test_a_model_that_cannot_be_read_is_not_added(project, tmp_path):
    with pytest.raises((UserError, OSError)):
        project.add_model("M1", tmp_path / "nowhere.onnx", {})
    assert project.models() == {}


def test_the_model_in_use_is_kept_moves_with_the_project_and_is_forgotten_with_its_file(project, tmp_path):
    (tmp_path / "network.onnx").write_bytes(b"weights")
    model = project.add_model("M2", tmp_path / "network.onnx", {})
    assert project.model_in_use() is None
    project.use_model(model.path)
    project.close()
    moved = project.folder.rename(tmp_path / "elsewhere.cartocell")
    again = Project.open(moved)
    assert again.model_in_use() == moved / "models" / "M2.onnx"
    again.use_model(None)
    assert again.model_in_use() is None
    again.use_model(moved / "models" / "M2.onnx")
    (moved / "models" / "M2.onnx").unlink()
    assert again.model_in_use() is None
    again.close()
