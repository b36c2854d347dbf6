"""The models that were trained in a project."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from cartocell_app.project.naming import file_safe
from cartocell_app.project.places import found, kept, present
from cartocell_app.project.rows import model_of
from cartocell_app.project.runs import Runs
from cartocell_app.project.schema import ModelRow, ProjectRow
from cartocell_app.project.store import now
from cartocell_app.project.values import TrainedModel
from cartocell_app.stacks.files import whole_file


class Models(Runs):
    """A project that also holds models; the parameters are those of `Store`."""

    def models(self) -> Mapping[str, TrainedModel]:
        """The latest model of each name whose file is there."""
        with self._reading() as session:
            rows = session.scalars(select(ModelRow).order_by(ModelRow.id))
            models = {row.name: model_of(row, self.folder) for row in rows}
        there = present(model.path for model in models.values())
        return {name: model for name, model in models.items() if model.path in there}

    def add_model(
        self, name: str, path: Path, trained_on: Mapping[int, str], run_id: int | None = None
    ) -> TrainedModel:
        """Take a trained model into ``models/``; an earlier one of that name is replaced.

        Parameters
        ----------
        name : str
            ``"M1"`` or ``"M2"`` for those of phases 2 and 4.
        path : Path
            Its ONNX file, which is copied.
        trained_on : mapping of int to str
            The `label_marks` of the samples that it learnt from, as they were when its training began.
        run_id : int, optional
            The training.

        Raises
        ------
        UserError
            If the file cannot be copied.
        """
        place = self.folder / "models" / f"{file_safe(name)}.onnx"
        with self._changing("project", ()) as session:
            with whole_file(place) as partial:
                shutil.copyfile(path, partial)
            row = ModelRow(name=name, path=kept(place, self.folder), made=now(), run_id=run_id)
            row.trained_on = {str(sample): mark for sample, mark in trained_on.items()}
            session.add(row)
            session.flush()
            return model_of(row, self.folder)

    def model_in_use(self) -> Path | None:
        """File of the model that cells are found with unless told otherwise; None is the one in the box.

        A model whose file is gone is not used any more.
        """
        with self._reading() as session:
            text = session.scalars(select(ProjectRow)).one().model
        path = found(text, self.folder) if text else None
        return path if path is not None and path.is_file() else None

    def use_model(self, path: Path | None) -> None:
        """Find cells with the model in `path` from now on unless told otherwise; None is the one in the box."""
        with self._changing("project", ()) as session:
            session.scalars(select(ProjectRow)).one().model = "" if path is None else kept(path, self.folder)
