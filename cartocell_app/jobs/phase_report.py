"""The report of a phase, or of all: one HTML file with pictures, counts, settings, scores and versions in it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cartocell_app.citation import CITATION
from cartocell_app.errors import UserError
from cartocell_app.jobs import report_cysts, report_models
from cartocell_app.jobs import report_html as html
from cartocell_app.jobs.records import provenance
from cartocell_app.progress import Cancelled, Progress, never, silent, stop_if
from cartocell_app.project.phases import facts_of, resolve_phase
from cartocell_app.project.project import Project
from cartocell_app.project.reportable import CYSTS_OF, MODEL_OF, why_no_report
from cartocell_app.project.sample_project import SYNTHETIC
from cartocell_app.project.values import PHASES, Sample
from cartocell_app.stacks.files import whole_file


def write_report(
    project: Project, path: Path, number: int = 0, progress: Progress = silent, cancelled: Cancelled = never
) -> Path:
    """Write what was done in a phase, and what came of it, into one HTML file that needs no other.

    Parameters
    ----------
    project : Project
        Is only read.
    path : Path
        The file; whole or absent, an older one is replaced.
    number : int
        Of the phase; 0 is all that have something to report.
    progress, cancelled
        Told how far it is, in phases; asked whether to stop.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UserError
        If there is nothing to report, or the disk refuses.
    CancelledError
        If asked to stop.
    """
    facts = facts_of(project)
    reason = why_no_report(facts, number)
    if reason:
        raise UserError(reason, "Each phase says on its page what it needs.")
    wanted = [one for one in PHASES if number in (0, one) and not why_no_report(facts, one)]
    parts = _head(project, number)
    for done, one in enumerate(wanted):
        progress(f"Phase {one}", done, len(wanted))
        phase = resolve_phase(facts, one)
        parts += [html.heading(f"Phase {one}: {phase.title}", 2), html.paragraph(f"State: {phase.state}.", "muted")]
        parts.append(html.bullets((*phase.has, *phase.missing)))
        parts += _parts_of(project, one, cancelled)
    parts += [html.heading("How to cite", 2), html.paragraph(CITATION)]
    stop_if(cancelled)
    with whole_file(path) as partial:
        partial.write_text(html.page(_title(project, number), parts, _footer()), encoding="utf-8")
    progress("Report", len(wanted), len(wanted))
    return path


def _parts_of(project: Project, number: int, cancelled: Cancelled) -> list[str]:
    if number in MODEL_OF:
        parts = report_models.model_parts(project, project.models()[MODEL_OF[number]])
        return parts + (report_models.comparison_parts(project) if number == 4 else [])
    cysts = [sample for sample in project.samples() if sample.role == CYSTS_OF[number]]
    return _cyst_parts(project, cysts, cancelled)


def _cyst_parts(project: Project, cysts: list[Sample], cancelled: Cancelled) -> list[str]:
    segmented = [cyst for cyst in cysts if cyst.labels is not None]
    good = [cyst for cyst in segmented if cyst.state != "rejected"]
    sections: list[tuple[str, Callable[[], str]]] = [
        ("Cysts by day and condition", lambda: report_cysts.counts(cysts)),
        ("Where their cells come from", lambda: html.bullets(report_cysts.labels_in_words(project, segmented))),
        ("Segmented with", lambda: report_cysts.segmentation_facts(segmented)),
        ("Measured (means over cysts that were not rejected)", lambda: report_cysts.measured_table(good, cancelled)),
        ("Some of them: middle slice, cells outlined", lambda: report_cysts.pictures(segmented, cancelled)),
        ("All of them", lambda: report_cysts.cyst_table(cysts)),
    ]
    parts = []
    for title, make in sections:
        made = make()
        parts += [html.heading(title, 3), made] if made else []
    return parts


def _title(project: Project, number: int) -> str:
    return f"{project.name}: report" + (f" of phase {number}" if number else "")


def _head(project: Project, number: int) -> list[str]:
    synthetic = sum(sample.notes.startswith(SYNTHETIC) for sample in project.samples())
    note = ""
    if synthetic:
        note = html.paragraph(
            f"{synthetic} of the {len(project.samples())} stacks of this project are synthetic: drawn by a program, "
            "not imaged. Numbers about them say nothing about biology.",
            "note",
        )
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return [
        html.heading(_title(project, number), 1),
        html.paragraph(f"Made by CartoCell on {when} from {project.folder.name}.", "muted"),
        note,
    ]


def _footer() -> str:
    made = provenance()
    programs = ", ".join(f"{name} {version}" for name, version in made["program"].items())
    return f"{programs}. {made['machine']}."
