"""The other sub-commands as their users call them."""

import csv
import json
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import tifffile

from cartocell_app.jobs import records
from cartocell_app.models import find_model
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.reading import read
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_help_names_every_command(cartocell):
    answer = cartocell("--help")
    assert answer.code == 0
    for command in ("segment", "evaluate", "synthesize", "crop", "train", "export", "demo", "doctor"):
        assert command in answer.out
        assert cartocell(command, "--help").code == 0


def test_an_unknown_command_is_the_users_mistake(cartocell):
    assert cartocell("segmnet").code == 2


def test_version(cartocell):
    assert cartocell("--version").out.startswith("cartocell 0.")


def test_with_the_onnx_runtime_for_cards_alone_doctor_names_that(cartocell, monkeypatch):
    def version(package):
        if package in ("onnxruntime", "onnxruntime-directml"):
            raise PackageNotFoundError(package)
        return "1.31.1" if package == "onnxruntime-gpu" else "7.8.9"

    monkeypatch.setattr(records, "version", version)
    answer = cartocell("doctor")
    assert answer.code == 0
    assert "scikit-image 7.8.9, onnxruntime-gpu 1.31.1, tifffile 7.8.9" in answer.out


def test_doctor_says_what_works_in_words(cartocell):
    answer = cartocell("doctor")
    assert answer.code == 0
    assert "CPU" in answer.out
    assert "works" in answer.out
    assert "GB free" in answer.out
    assert "Error" not in answer.out


def test_demo_scores_the_sample(tmp_path, cartocell):
    answer = cartocell("demo", "-o", tmp_path / "demo", "--progress", "none")
    assert answer.code == 0, answer.err
    assert "F1" in answer.out
    picture = answer.out.partition("Picture:")[2].split("\n")[0].strip()
    assert tmp_path.joinpath(picture).stat().st_size > 10_000
    (row,) = table(tmp_path / "demo" / "summary.csv")
    assert float(row["f1_0.5"]) >= 0.95
    assert float(row["f1_0.75"]) >= 0.9


def test_synthesize_is_exact_repeatable_and_calibrated(tmp_path, cartocell):
    for folder in ("one", "two"):
        answer = cartocell("synthesize", "-o", tmp_path / folder, "--preset", "4d,clump", "--count", 2, "--seed", 5)
        assert answer.code == 0, answer.err
    names = ["synthetic_4d_0005.tif", "synthetic_clump_0006.tif"]
    for name in names:
        for kind in ("x", "y", "lumen"):
            one, two = (tmp_path / folder / kind / name for folder in ("one", "two"))
            assert np.array_equal(tifffile.imread(one), tifffile.imread(two))
        assert read(tmp_path / "one" / "x" / name).voxel_size.zyx_um == pytest.approx(
            (0.7, 0.6151658, 0.6151658), rel=1e-4
        )
    assert [row["name"] + ".tif" for row in table(tmp_path / "one" / "cysts.csv")] == names
    assert tifffile.imread(tmp_path / "one" / "lumen" / names[0]).any()
    assert not tifffile.imread(tmp_path / "one" / "lumen" / names[1]).any()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("--preset", "12d"), "no preset '12d'"), (("--cysts", 3), "needs a size")],
)
def test_synthesize_refuses_what_it_cannot_draw(tmp_path, cartocell, words, sentence):
    answer = cartocell("synthesize", "-o", tmp_path / "out", *words)
    assert answer.code == 2
    assert sentence in answer.err


def test_evaluate_folders(tmp_path, cartocell, small_cyst):
    merged = np.where(small_cyst.labels == 2, 1, small_cyst.labels)
    for name, labels in (("a", small_cyst.labels), ("b", merged)):
        write_labels(tmp_path / "truth" / f"{name}.tif", small_cyst.labels, small_cyst.voxel_size)
        write_labels(tmp_path / "found" / f"{name}.tif", labels, small_cyst.voxel_size)
    write_labels(tmp_path / "truth" / "lonely.tif", small_cyst.labels, small_cyst.voxel_size)
    answer = cartocell(
        "evaluate", tmp_path / "truth", tmp_path / "found", "-o", tmp_path / "t.csv", "--scores", tmp_path / "s.json"
    )
    assert answer.code == 1
    assert "lonely" in answer.out
    rows = {row["name"]: row for row in table(tmp_path / "t.csv")}
    assert float(rows["a"]["f1_0.75"]) == 1
    assert float(rows["b"]["fn_0.5"]) >= 1
    cells = small_cyst.labels.max()
    assert float(rows["POOLED"]["n_true"]) == 2 * cells
    assert json.loads((tmp_path / "s.json").read_text())["n_true"] == 2 * cells


def test_evaluate_takes_the_results_of_segment(tmp_path, cartocell, small_cyst):
    for folder in (tmp_path / "truth", tmp_path / "results" / "per_image_instances_voronoi"):
        write_labels(folder / "a.tif", small_cyst.labels, small_cyst.voxel_size)
    answer = cartocell("evaluate", tmp_path / "truth", tmp_path / "results")
    assert answer.code == 0, answer.err
    assert "1.000" in answer.out


def test_evaluate_one_pair_and_refuses_different_sizes(tmp_path, cartocell, small_cyst):
    write_labels(tmp_path / "truth.tif", small_cyst.labels, small_cyst.voxel_size)
    write_labels(tmp_path / "small.tif", small_cyst.labels[1:], small_cyst.voxel_size)
    assert "1.000" in cartocell("evaluate", tmp_path / "truth.tif", tmp_path / "truth.tif").out
    answer = cartocell("evaluate", tmp_path / "truth.tif", tmp_path / "small.tif")
    assert answer.code == 2
    assert "small.tif" in answer.err
    assert "same grid" in answer.err


def test_crop_then_segment(tmp_path, cartocell):
    field = tmp_path / "field"
    made = cartocell("synthesize", "-o", field, "--preset", "4d", "--cysts", 3, "--shape", 80, 260, 260, "--seed", 1)
    assert made.code == 0, made.err
    answer = cartocell("crop", field / "x", "-o", tmp_path / "cysts", "--progress", "none")
    assert answer.code == 0, answer.err
    crops = table(tmp_path / "cysts" / "crops.csv")
    assert len(crops) == 3
    truth = tifffile.imread(next((field / "y").iterdir()))
    for row in crops:
        box = tuple(slice(int(row[f"start_{axis}_vox"]), int(row[f"stop_{axis}_vox"])) for axis in "zyx")
        cyst = read(tmp_path / "cysts" / f"{row['name']}.tif")
        assert cyst.shape == truth[box].shape
        assert cyst.voxel_size.x_um == pytest.approx(0.6151658, rel=1e-4)
        # The box holds nearly all of the cells that it holds most of.
        inside = np.bincount(truth[box].ravel(), minlength=truth.max() + 1)[1:]
        whole = np.bincount(truth.ravel())[1:]
        mine = inside > whole / 2
        assert inside[mine].sum() >= 0.97 * whole[mine].sum()


def test_crop_goes_on_after_a_bad_field(tmp_path, cartocell):
    write_stack(tmp_path / "x" / "flat.tif", np.zeros((8, 30, 30), np.uint8), VoxelSize(1.4, 0.7, 0.7, "test"))
    (tmp_path / "x" / "bad.tif").write_bytes(b"II*\0 nothing")
    answer = cartocell("crop", tmp_path / "x", "-o", tmp_path / "out", "--progress", "auto")
    assert answer.code == 1
    assert "bad.tif" in answer.err
    assert "flat: 0 cysts" in answer.err


@pytest.mark.slow
def test_train_export_segment(tmp_path, cartocell, cyst_folder):
    pytest.importorskip("torch", reason="training is not installed")
    run = tmp_path / "run"
    words = ("--steps", 2, "--examples", 1, "--feature-maps", "4,8", "--z-pool", "2", "--patch", 32, 32, 32)
    answer = cartocell("train", "-o", run, *words, "--progress", "none")
    assert answer.code == 0, answer.err
    model = tmp_path / "mine.onnx"
    exported = cartocell("export", run / "network.pt", "-o", model, "--name", "mine")
    assert exported.code == 0, exported.err
    answer = cartocell("segment", cyst_folder / "x", "-o", tmp_path / "out", "--model", model, "--progress", "none")
    assert answer.code == 0, answer.err
    assert table(tmp_path / "out" / "summary.csv")[0]["model"] == "mine 1"
    finer = tmp_path / "finer.onnx"
    exported = cartocell("export", run / "network.pt", "-o", finer, "--voxel-size", 0.6, 0.5, 0.5)
    assert exported.code == 0, exported.err
    assert read_card(finer).voxel_size_um == (0.6, 0.5, 0.5)
    assert read_card(finer).training.endswith("Trained at 0.7 × 0.7 × 0.7 µm, works at 0.6 × 0.5 × 0.5 µm.")
    refused = cartocell("export", run / "network.pt", "-o", finer, "--voxel-size", 0, 0.5, 0.5)
    assert refused.code == 2
    assert read_card(finer).voxel_size_um == (0.6, 0.5, 0.5)


def test_export_of_something_else(tmp_path, cartocell):
    pytest.importorskip("torch", reason="training is not installed")
    (tmp_path / "network.pt").write_bytes(b"nothing")
    answer = cartocell("export", tmp_path / "network.pt", "-o", tmp_path / "m.onnx")
    assert answer.code == 2
    assert "no trained network" in answer.err
    assert not (tmp_path / "m.onnx").exists()


def test_a_model_packed_for_the_zoo_comes_back_the_same(tmp_path, cartocell):
    pytest.importorskip("torch", reason="training is not installed")
    package, model = tmp_path / "m2-fast.zip", tmp_path / "again.onnx"
    answer = cartocell("export-model-zoo", find_model("auto"), "-o", package)
    assert answer.code == 0, answer.err
    answer = cartocell("import-model", package, "-o", model)
    assert answer.code == 0, answer.err
    ours, again = read_card(find_model("auto")), read_card(model)
    assert again.normalisation == ours.normalisation
    assert again.channels == ours.channels


def test_import_of_something_else(tmp_path, cartocell):
    pytest.importorskip("torch", reason="training is not installed")
    (tmp_path / "weights.h5").write_bytes(b"nothing")
    answer = cartocell("import-model", tmp_path / "weights.h5", "-o", tmp_path / "m.onnx")
    assert answer.code == 2
    assert "not a model that CartoCell knows" in answer.err
    assert not (tmp_path / "m.onnx").exists()
