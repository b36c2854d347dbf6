"""`cartocell run`: the tutorial's job, name by name, with training and conversion by a stand-in."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
import typer
from typer.testing import CliRunner

from cartocell_app import commands_biapy
from cartocell_app.errors import UserError
from cartocell_app.jobs import biapy_run
from cartocell_app.jobs.biapy_folders import JobFolders
from cartocell_app.jobs.biapy_models import RunChoices
from cartocell_app.jobs.biapy_run import read_gpus, run_config
from cartocell_app.jobs.child import Ended
from cartocell_app.progress import CancelledError
from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.model_card import read_card, write_card
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack
from tests.jobs.biapy_files import files, published
from training.settings import read_settings_file

NAME = "7d.4C.8_2"

TREE = {
    "config_files/cartocell_inference.yaml",
    f"results/cartocell_1/per_image/{NAME}.tif",
    f"results/cartocell_1/per_image_instances/{NAME}.tif",
    f"results/cartocell_1/per_image_instances_voronoi/{NAME}.tif",
    f"results/cartocell_1/per_image_post_processing/{NAME}.tif",
    f"results/cartocell_1/watershed/{NAME}/seed_map.tif",
    f"results/cartocell_1/watershed/{NAME}/foreground.tif",
    f"results/cartocell_1/watershed/{NAME}/watershed.tif",
    f"results/cartocell_1/overview/{NAME}.png",
    f"results/cartocell_1/records/{NAME}.json",
    "results/cartocell_1/run.json",
    "results/cartocell_1/summary.csv",
    "results/cartocell_1/test_results_metrics.csv",
    "results/cartocell_1/test_results_metrics_before_voronoi.csv",
}
"""All files after an inference with true labels."""


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as table:
        return {row["name"]: row for row in csv.DictReader(table)}


class Child:
    """Stands in for other processes: remembers what was asked and leaves the files that they leave."""

    def __init__(self):
        self.asked = []

    def __call__(self, words, hear):
        self.asked.append(words)
        out = Path(words[words.index("-o") + 1])
        if words[0] == "train":
            job = f"{words[words.index('--name') + 1]}_{words[words.index('--run-id') + 1]}"
            for picture in (f"aug/1_{job}.tif", f"charts/{job}_loss.png", f"charts/model_plot_{job}.png"):
                path = out / "results" / job / picture
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"picture")
            (out / "network.pt").write_bytes(b"weights")
            progress = {"done": 1, "total": 2, "job_done": 1, "job_total": 2, "eta_s": None}
            hear({"event": "progress", "stack": "training", "stage": "Training", **progress})
            hear({"event": "epoch", "message": "Epoch 1 of 2", "loss": 0.5})
        else:
            shutil.copy(CPU_MODEL, out)
        return Ended(0, "")

    def commands(self):
        return [words[0] for words in self.asked]


@pytest.fixture
def child():
    return Child()


@pytest.fixture
def choices(tmp_path):
    return RunChoices(JobFolders(tmp_path / "exp_results", "cartocell"))


@pytest.fixture
def dark_folder(tmp_path):
    """Folder with ``x/7d.4C.8_2.tif``, small and without a cell, and labels of one cell: quickly done."""
    voxel_size = VoxelSize(0.7, 0.6, 0.6, "test")
    write_stack(tmp_path / "x" / f"{NAME}.tif", np.zeros((16, 32, 32), np.uint8), voxel_size)
    labels = np.zeros((16, 32, 32), np.uint16)
    labels[4:9, 8:20, 8:20] = 1
    write_labels(tmp_path / "y" / f"{NAME}.tif", labels, voxel_size)
    return tmp_path


def inference(folder, model=CPU_MODEL, name="cartocell_inference.yaml", **changes):
    """An inference on `folder`'s x and y."""
    standing = {"cartocell_inference.yaml": "model_weights_cartocell.h5"}.get(name, "cartocell_model_latest.pth")
    sets = {"TEST_X": folder / "x", "TEST_Y": folder / "y", f"/home/user/{standing}": model}
    return published(folder, name, **{**sets, **changes})


def training(folder, **changes):
    """A training on `folder`'s x and y, watched with the same."""
    sets = {"TRAIN_X": folder / "x", "TRAIN_Y": folder / "y", "VAL_X": folder / "x", "VAL_Y": folder / "y"}
    return published(folder, "cartocell_training.yaml", **{**sets, **changes})


def test_inference_gives_the_tree_of_the_tutorial(cyst_folder, small_cyst, choices, child, capsys):
    before = files(cyst_folder)
    config = inference(cyst_folder)
    result = run_config(config, choices, child)
    job = choices.folders.folder
    assert files(job) == TREE
    assert {path.name for path in job.iterdir()} == {"config_files", "checkpoints", "results"}
    assert {path.name for path in (job / "results" / "cartocell_1").iterdir() if path.is_dir()} >= {"aug", "charts"}
    assert (job / "config_files" / config.name).read_bytes() == config.read_bytes()
    # Nothing beside the data or the file.
    assert {name for name in files(cyst_folder) if not name.startswith("exp_results/")} == before | {config.name}
    assert child.asked == []
    assert result.results == job / "results" / "cartocell_1"
    cells = tifffile.imread(result.results / "per_image_instances_voronoi" / f"{NAME}.tif")
    assert cells.shape == small_cyst.labels.shape
    assert np.array_equal(cells, tifffile.imread(result.results / "per_image_post_processing" / f"{NAME}.tif"))
    words = capsys.readouterr().err
    assert words.strip().splitlines()[-1].endswith(f"The results are in {result.results}.")
    assert "Scores before Voronoi" in words
    assert "Scores after Voronoi" in words
    assert "SYSTEM.NUM_CPUS" in words


def test_the_numbers_of_the_file_are_used_and_scored(cyst_folder, choices, child):
    contour = "DATA_MW_TH_CONTOUR: 0.45"
    config = inference(cyst_folder, **{"DATA_MW_TH_CONTOUR: 0.2": contour})
    results = run_config(config, choices, child).results
    row = rows(results / "summary.csv")[NAME]
    assert float(row["threshold_seed_contour"]) == pytest.approx(0.45)
    assert float(row["threshold_foreground"]) == pytest.approx(0.25)
    settings = json.loads((results / "run.json").read_text(encoding="utf-8"))["settings"]
    assert settings["landscape"] == "distance voxels"
    scores = rows(results / "test_results_metrics.csv")
    assert scores[NAME]["f1_0.5"] == row["f1_0.5"]
    assert float(scores["POOLED"]["f1_0.5"]) > 0.3


def test_the_second_run_with_the_same_number_goes_on(cyst_folder, choices, child, capsys):
    config = inference(cyst_folder)
    results = run_config(config, choices, child).results
    cells = results / "per_image_instances_voronoi" / f"{NAME}.tif"
    before = cells.stat().st_mtime_ns
    capsys.readouterr()
    run_config(choices.folders.configs / config.name, choices, child)
    assert cells.stat().st_mtime_ns == before
    assert "done before" in capsys.readouterr().err
    assert files(choices.folders.folder) == TREE
    run_config(config, RunChoices(JobFolders(choices.folders.result_dir, "cartocell", 2)), child)
    assert (choices.folders.folder / "results" / "cartocell_2" / "summary.csv").exists()


def test_voronoi_off_scores_the_cells_before_it(dark_folder, choices, child, capsys):
    config = inference(dark_folder, **{"VORONOI_ON_MASK: True": "VORONOI_ON_MASK: False"})
    results = run_config(config, choices, child).results
    words = capsys.readouterr().err
    assert "Voronoi was not asked for" in words
    assert "Scores after Voronoi" not in words
    assert not (results / "test_results_metrics.csv").exists()


def test_without_true_labels_there_are_no_scores(dark_folder, choices, child):
    shutil.rmtree(dark_folder / "y")
    results = run_config(inference(dark_folder, **{"LOAD_GT: True": "LOAD_GT: False"}), choices, child).results
    assert not (results / "test_results_metrics.csv").exists()
    assert "f1_0.5" not in rows(results / "summary.csv")[NAME]


@pytest.mark.parametrize(("ending", "command"), [(".h5", "import-model"), (".pth", "import-model"), (".pt", "export")])
def test_other_models_are_converted_once_for_each_content(dark_folder, choices, child, ending, command):
    model = dark_folder / f"model{ending}"
    model.write_bytes(b"one")
    config = inference(dark_folder, model)
    run_config(config, choices, child)
    assert child.commands() == [command]
    assert child.asked[0][1:4] == [str(model), "-o", str(choices.folders.checkpoints / f"model{ending}.onnx")]
    run_config(config, choices, child)
    assert child.commands() == [command]
    model.write_bytes(b"two")
    run_config(config, choices, child)
    assert child.commands() == [command, command]


def test_maps_of_a_3_7_model_are_read_as_3_7_does(dark_folder, choices, child, capsys):
    model = dark_folder / "model.onnx"
    shutil.copy(CPU_MODEL, model)
    write_card(model, read_card(model).model_copy(update={"profile": "biapy-3.7"}))
    config = inference(dark_folder, model, "cartocell_inference_latest.yaml")
    results = run_config(config, choices, child).results
    settings = json.loads((results / "run.json").read_text(encoding="utf-8"))["settings"]
    assert settings["landscape"] == "interior blurred"
    assert settings["seeds"]["min_vox"] == 6
    assert "BiaPy 3.7" in capsys.readouterr().err


def test_training_is_asked_for_with_the_settings_of_the_file(dark_folder, choices, child, capsys):
    config = training(dark_folder, **{"EPOCHS: 1300": "EPOCHS: 3"})
    run_config(config, choices, child)
    folders = choices.folders
    assert child.commands() == ["train", "export"]
    words = child.asked[0]
    assert words[:4] == ["train", str(dark_folder), "-o", str(folders.training)]  # x and y already: no links
    assert words[words.index("--validation") + 1] == str(dark_folder)
    assert words[words.index("--run-id") + 1] == "1"
    settings = read_settings_file(Path(words[words.index("--settings") + 1]))
    assert (settings.preset, settings.epochs, settings.optimiser) == ("paper", 3, "adam")
    # Pictures and model where the tutorial has them.
    for file in (
        "results/cartocell_1/aug/1_cartocell_1.tif",
        "results/cartocell_1/charts/cartocell_1_loss.png",
        "results/cartocell_1/charts/model_plot_cartocell_1.png",
        "checkpoints/model_weights_cartocell_1.onnx",
    ):
        assert (folders.folder / file).is_file(), file
    assert "no normalisation layers" in capsys.readouterr().err


def test_a_test_after_the_training_takes_its_model_and_so_does_a_later_job(dark_folder, choices, child):
    both = {"TEST_X": dark_folder / "x", "TEST_Y": dark_folder / "y"}
    text = {"TEST:\n    ENABLE: False": "TEST:\n    ENABLE: True"}
    result = run_config(training(dark_folder, **both, **text), choices, child)
    assert (result.results / "summary.csv").exists()
    run = json.loads((result.results / "run.json").read_text(encoding="utf-8"))
    assert run["model"]["file"] == "model_weights_cartocell_1.onnx"
    later = Child()
    run_config(inference(dark_folder, model=""), choices, later)
    assert later.asked == []  # the model of this run, converted before


def test_a_finished_training_is_kept_and_other_settings_need_another_run(dark_folder, choices, child, capsys):
    config = training(dark_folder)
    run_config(config, choices, child)
    run_config(config, choices, child)
    assert child.commands() == ["train", "export"]
    assert "done before and is kept" in capsys.readouterr().err
    changed = training(dark_folder, **{"EPOCHS: 1300": "EPOCHS: 4"})
    with pytest.raises(UserError, match="other settings or other stacks"):
        run_config(changed, choices, child)
    run_config(changed, RunChoices(JobFolders(choices.folders.result_dir, "cartocell", 2)), child)
    shutil.copy(dark_folder / "x" / f"{NAME}.tif", dark_folder / "x" / "one more.tif")
    shutil.copy(dark_folder / "y" / f"{NAME}.tif", dark_folder / "y" / "one more.tif")
    with pytest.raises(UserError, match="other settings or other stacks"):
        run_config(training(dark_folder), choices, child)


def test_a_training_that_was_stopped_goes_on(dark_folder, choices, child):
    config = training(dark_folder)

    with pytest.raises(CancelledError):
        run_config(config, choices, lambda *_: Ended(130, "Stopped."))
    run_config(config, choices, child)
    assert child.commands() == ["train", "export"]
    assert child.asked[0][3] == str(choices.folders.training)


def test_what_a_training_tells_is_passed_on(dark_folder, choices, child, capsys):
    run_config(training(dark_folder), RunChoices(choices.folders, progress="json"), child)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (epoch,) = [event for event in events if event["event"] == "epoch"]
    assert (epoch["message"], epoch["loss"]) == ("Epoch 1 of 2", 0.5)
    (step,) = [event for event in events if event["event"] == "progress"]
    assert (step["stage"], step["job_done"], step["job_total"]) == ("Training", 1, 2)


def test_a_training_that_fails_says_why(dark_folder, choices):
    with pytest.raises(UserError) as error:
        run_config(training(dark_folder), choices, lambda *_: Ended(2, "cartocell: The training diverged."))
    assert str(error.value) == "The training failed. The training diverged."


def test_runs_do_not_share_the_state_of_their_trainings(dark_folder, choices, child):
    run_config(training(dark_folder), choices, child)
    run_config(training(dark_folder), RunChoices(JobFolders(choices.folders.result_dir, "cartocell", 2)), child)
    first, second = (words[words.index("-o") + 1] for words in child.asked if words[0] == "train")
    assert first != second
    assert (choices.folders.folder / "results" / "cartocell_2" / "charts" / "cartocell_2_loss.png").exists()


def test_without_symbolic_links_pictures_are_linked_afterwards(dark_folder, choices, child, monkeypatch):
    def refuse(self, *_, **__):
        raise OSError("no privilege")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    run_config(training(dark_folder), choices, child)
    assert (choices.folders.results / "charts" / "cartocell_1_loss.png").read_bytes() == b"picture"


def test_true_labels_of_other_names_are_found_by_order(dark_folder, choices, child, capsys):
    (dark_folder / "y" / f"{NAME}.tif").rename(dark_folder / "y" / "truth.tif")
    results = run_config(inference(dark_folder), choices, child).results
    assert NAME in rows(results / "test_results_metrics.csv")
    assert "alphabetical order" in capsys.readouterr().err


def test_all_missing_folders_are_named_before_anything_starts(tmp_path, choices, child):
    path = published(tmp_path, "cartocell_training.yaml")
    with pytest.raises(UserError) as error:
        run_config(path, choices, child)
    for key in ("DATA.TRAIN.PATH", "DATA.TRAIN.GT_PATH", "DATA.VAL.PATH", "DATA.VAL.GT_PATH"):
        assert key in error.value.title
    assert "DATA.TEST" not in error.value.title
    assert path.name in error.value.title
    assert not choices.folders.result_dir.exists()


def test_missing_and_strange_models(dark_folder, choices, child):
    with pytest.raises(UserError, match=r"CHECKPOINT_FILE is .*no such file"):
        run_config(inference(dark_folder, dark_folder / "gone.h5"), choices, child)
    with pytest.raises(UserError, match="no model that CartoCell reads"):
        run_config(inference(dark_folder, dark_folder / "x" / f"{NAME}.tif"), choices, child)
    with pytest.raises(UserError, match="names no model"):
        run_config(inference(dark_folder, model=""), choices, child)
    assert not choices.folders.result_dir.exists()


def test_gpus(monkeypatch):
    assert read_gpus(None) == ()
    assert read_gpus("0") == (0,)
    assert read_gpus("0, 1") == (0, 1)
    for text in ("cpu", "0,", "-1", "0,0"):
        with pytest.raises(UserError, match="--gpu"):
            read_gpus(text)
    monkeypatch.setattr(biapy_run, "nvidia_gpus", lambda: ["one card"])
    assert read_gpus("0") == (0,)
    with pytest.raises(UserError, match="no graphics card 1"):
        read_gpus("0,1")


@pytest.mark.parametrize(("cards", "device", "devices"), [(0, "cpu", "1"), (2, "cuda", "2")])
def test_gpus_that_are_there_train_and_others_are_mentioned_once(
    dark_folder, choices, child, monkeypatch, capsys, cards, device, devices
):
    monkeypatch.setattr(biapy_run, "nvidia_gpus", lambda: ["card"] * cards)
    run_config(training(dark_folder), RunChoices(choices.folders, gpus=(0, 1)), child)
    words = child.asked[0]
    assert words[words.index("--device") + 1] == device
    assert words[words.index("--devices") + 1] == devices
    assert capsys.readouterr().err.count("no NVIDIA graphics card") == (cards == 0)


def test_the_voxel_size_goes_to_training_and_test(tmp_path, small_cyst, child):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
    tifffile.imwrite(tmp_path / "x" / "plain.tif", small_cyst.raw)
    write_labels(tmp_path / "y" / "plain.tif", small_cyst.labels, None)
    both = {"TEST_X": tmp_path / "x", "TEST_Y": tmp_path / "y", "TEST:\n    ENABLE: False": "TEST:\n    ENABLE: True"}
    folders = JobFolders(tmp_path / "out", "job")
    config = training(tmp_path, **both)
    assert run_config(config, RunChoices(folders), child).failed == ("plain",)
    folders = JobFolders(tmp_path / "out", "job", 2)
    voxel_um = tuple(small_cyst.voxel_size)
    assert run_config(config, RunChoices(folders, voxel_um=voxel_um), child).failed == ()
    words = [words for words in child.asked if words[0] == "train"][-1]
    place = words.index("--voxel-size")
    assert tuple(map(float, words[place + 1 : place + 4])) == voxel_um


def command(*words):
    app = typer.Typer()
    commands_biapy.register(app)
    return CliRunner().invoke(app, list(map(str, words)))


def test_the_command_takes_biapy_s_own_options(dark_folder, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    config = inference(dark_folder, **{"LOAD_GT: True": "LOAD_GT: False"})
    out = dark_folder / "exp_results"
    answer = command(
        "--config", config, "--result_dir", out, "--name", "cartocell", "--run_id", 3, "--gpu", 0, "--progress", "json"
    )
    assert answer.exit_code == 0, answer.output
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    assert events[-1]["message"].endswith(f"{out / 'cartocell' / 'results' / 'cartocell_3'}.")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    assert (out / "cartocell" / "results" / "cartocell_3" / "per_image" / f"{NAME}.tif").exists()


def test_the_command_says_by_its_code_that_a_stack_failed(dark_folder):
    (dark_folder / "x" / "broken.tif").write_bytes(b"II*\0")
    config = inference(dark_folder, **{"LOAD_GT: True": "LOAD_GT: False"})
    answer = command("-cfg", config, "-rdir", dark_folder / "out", "-name", "n", "-rid", 1, "--progress", "none")
    assert answer.exit_code == 1
    assert (dark_folder / "out" / "n" / "results" / "n_1" / "per_image" / f"{NAME}.tif").exists()
