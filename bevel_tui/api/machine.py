"""This machine and its contexts, before anything is planned."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractContextManager, aclosing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bevel_tui.records.machine import Answer
    from bevel_tui.records.survey import SurveyRow


async def doctor(*, kubeconfig: str | None = None, charts: str | None = None, online: bool = True) -> list[Answer]:
    """Whether this machine can deploy: versions, Helm, kubeconfig, terminal, folders, resolvers, chart source.

    No cluster is asked. `online` False asks neither resolvers nor chart repositories. Raises nothing.
    """
    from bevel_tui.survey.machine import examine

    return await examine(kubeconfig=kubeconfig, charts=charts, online=online)


def contexts(kubeconfig: str | None = None) -> tuple[SurveyRow, ...]:
    """The contexts of the merged kubeconfig files, in their order, nothing asked yet. No cluster is touched.

    Raises BevelError(kubeconfig-unreadable).
    """
    from bevel_tui.kube.contexts import read
    from bevel_tui.survey.look import waiting

    return waiting(read(kubeconfig))


async def look(kubeconfig: str | None = None, names: Iterable[str] | None = None) -> AsyncGenerator[SurveyRow, None]:
    """What is there: every context (or those named) asked at once, a row each time more is known of one.

    Nothing is changed. A context that cannot be used is a row with its cause. Raises BevelError(kubeconfig-unreadable).
    """
    from bevel_tui.kube.contexts import read
    from bevel_tui.survey.look import look as run

    async with aclosing(run(read(kubeconfig), None if names is None else tuple(names))) as rows:
        async for row in rows:
            yield row


async def log_in(context: str, kubeconfig: str | None = None) -> None:
    """Let a context's credential plugin use the terminal, so that a person can log in; kept for this process.

    Raises BevelError(access-denied) when it fails, and for a context or kubeconfig that is not there.
    """
    from bevel_tui.kube.contexts import read
    from bevel_tui.kube.credentials import log_in as ask

    await ask(read(kubeconfig), context)


def terminal_taken() -> AbstractContextManager[None]:
    """While a full-screen program has the terminal, no credential plugin gets it (but through `log_in`)."""
    from bevel_tui.kube.plugins import terminal_taken as taken

    return taken()
