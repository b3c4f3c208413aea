"""Figures of rows of jobs that are no single collective: bars of what each row is made of, and lines."""

from sims.show.figures.job_rows.figure import JOB_FIGURES, MOST_BARS, figure_of_jobs

__all__ = ["JOB_FIGURES", "MOST_BARS", "figure_of_jobs"]
