"""An export as files: texts, scripts, and the private chart copies. The only module here that writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bevel_tui.export import argocd, flux, groundwork, guide, helmfile
from bevel_tui.export.handoffs import script, slug
from bevel_tui.export.holds import by_hand, holds
from bevel_tui.export.work import Work, place, values
from bevel_tui.network.model import Network
from bevel_tui.plan.graph import Plan
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import SecretValue

ENGINES = ("flux", "argocd", "helmfile")
#: stands where nobody said where the folder will be published
REPOSITORY = "https://git.example.com/you/network.git"


@dataclass(frozen=True, slots=True)
class Target:
    """For which engine, where its Git repository is (`repository`, `branch`), and the ClusterSecretStore if there is one."""

    engine: str
    repository: str = REPOSITORY
    branch: str = "main"
    store: str | None = None


def texts(network: Network, plan: Plan, target: Target) -> dict[str, str]:
    """Every file of an export but the charts, by path. Pure."""
    work = Work(network, plan)
    match target.engine:
        case "flux":
            found = flux.files(work, repository=target.repository, branch=target.branch, store=target.store)
        case "argocd":
            found = argocd.files(work, repository=target.repository, branch=target.branch, store=target.store)
        case _:
            found = helmfile.files(work)
    charts = {step.id: f"charts/{place(step)}" for step in work.releases}
    for handoff in work.handoffs:
        found[f"handoffs/{slug(handoff)}.sh"] = script(work, handoff, charts.get(handoff.target_step or ""))
    found["README.md"] = guide.readme(
        work, target.engine, repository=target.repository, branch=target.branch, store=target.store
    )
    return found


def left_to_do(network: Network, plan: Plan, target: Target) -> list[str]:
    """What a person must do before or while the engine works, a sentence each. Pure."""
    work = Work(network, plan)
    found = []
    open_values = sum(1 for step in work.releases for gap in values(step)[1] if not isinstance(gap.value, SecretValue))
    if open_values:
        found.append(f"{open_values} values are to be filled in (FILL-IN), listed in README.md")
    if target.engine != "helmfile" and target.repository == REPOSITORY:
        found.append("--repository was not given: replace the place holder by your Git repository")
    manual = by_hand(work, target.engine, target.store)
    if manual:
        found.append(f"{len(manual)} handoffs are carried by hand, with the scripts in handoffs/")
    keys = groundwork.keys(work)
    if keys:
        found.append(f"{len(keys)} Secrets with keys of nodes are to be made, as README.md says")
    held = holds(work, target.engine, target.store)
    if held:
        found.append(f"{len(held)} releases are held back until you let them go on; README.md says when")
    return found


def write(
    folder: Path, files: Mapping[str, str], charts: Mapping[str, Mapping[str, bytes]], *, force: bool = False
) -> int:
    """Write an export; the number of files. `charts`: content by path in the chart, by folder (``charts/...``).

    Raises BevelError(USAGE) for a folder that holds something, unless `force`, and for what cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()) and not force:
            raise BevelError(
                Code.USAGE, f"{folder} holds something already", remedy="Name another folder, or add --force."
            )
        count = 0
        for path, text in files.items():
            _put(folder / path, text.encode(), executable=path.endswith(".sh"))
            count += 1
        for chart, tree in charts.items():
            for path, content in tree.items():
                _put(folder / chart / path, content)
                count += 1
    except OSError as exc:
        raise BevelError(
            Code.USAGE, f"{folder} cannot be written: {exc.strerror}", remedy="Name another folder."
        ) from None
    return count


def _put(path: Path, content: bytes, *, executable: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if executable:
        path.chmod(0o755)
