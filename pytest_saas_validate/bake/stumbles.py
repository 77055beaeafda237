"""Where cookiecutter stumbled, in one sentence that names the file and the line."""

from __future__ import annotations

from typing import Any


def words_of(problem: BaseException, folder: str, hook: str) -> str:
    """What went wrong and where; `folder` is the project's inside the template, `hook` the last that ran."""
    kind = type(problem).__name__
    inner = getattr(problem, "error", None)
    if inner is None:
        said = str(problem) or _meaning(problem)
        return f"{kind}: {said}{_place(problem, folder, hook)}"
    # Cookiecutter's own words go on with every answer that there is.
    return f"{kind}: {getattr(problem, 'message', '')}: {inner}{_place(inner, folder, hook)}"


def _meaning(problem: BaseException) -> str:
    """What its class says of itself: some of cookiecutter's have no words of their own."""
    return " ".join((type(problem).__doc__ or "").split())


def _place(problem: BaseException, folder: str, hook: str) -> str:
    """The file and line of the template; empty when its engine does not tell."""
    found: Any = None
    trace = problem.__traceback__
    while trace is not None:
        if "__jinja_exception__" in trace.tb_frame.f_globals:  # a frame that it made of a template's line
            found = trace
        trace = trace.tb_next
    if found is None:
        return ""
    name = found.tb_frame.f_code.co_filename
    if name == "<template>":  # text that was no file: a name, or a hook
        return f" (hooks/{hook}:{found.tb_lineno})" if hook else ""
    return f" ({folder}/{name.removeprefix('./')}:{found.tb_lineno})"
