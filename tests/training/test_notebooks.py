"""The two notebooks run from top to bottom, without a window, on a set that takes seconds."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "training" / "notebooks"

EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}).execute()
nbformat.write(notebook, sys.argv[3])
"""


def executed(name: str, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in `folder`, in processes of its own."""
    result = folder / "done.ipynb"
    ended = subprocess.run(
        [sys.executable, "-c", EXECUTE, NOTEBOOKS / name, folder, result],
        env=os.environ | {"CARTOCELL_TINY": "1", "CARTOCELL_WORK": str(folder / "work"), "MPLBACKEND": "inline"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return nbformat.read(result, as_version=4)


def pictures(notebook: nbformat.NotebookNode) -> int:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def said(notebook: nbformat.NotebookNode) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.slow
def test_training_runs_and_leaves_the_tree_of_the_tutorial(tmp_path):
    notebook = executed("cartocell_training.ipynb", tmp_path)
    run = tmp_path / "work" / "cartocell"
    for place in (
        "config_files",
        "checkpoints/best.ckpt",
        "results/cartocell_1/charts/cartocell_1_loss.png",
        "network.pt",
    ):
        assert (run / place).exists(), place
    assert list((run / "results" / "cartocell_1" / "aug").glob("*.tif"))
    assert (tmp_path / "work" / "m1.onnx").exists()
    assert "F1" in said(notebook)
    assert pictures(notebook) == 7


@pytest.mark.slow
def test_inference_runs_and_finds_the_cells(tmp_path):
    notebook = executed("cartocell_inference.ipynb", tmp_path)
    for folder in ("per_image", "per_image_instances", "per_image_instances_voronoi", "overview"):
        assert len(list((tmp_path / "work" / "cells" / folder).iterdir())) == 1, folder
    assert (tmp_path / "work" / "measurements" / "cells.csv").exists()
    scores = pd.read_csv(tmp_path / "work" / "scores_per_image_instances_voronoi.csv")
    assert scores["f1_0.5"].min() > 0.8
    assert "IoU 0.5" in said(notebook)
    assert pictures(notebook) == 2


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
