"""What `lback init` asks, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import command, place
from lback.errors import LbackError, UsageError

INSTALL_HOOKS = "Install the git hooks, which tell you of forks after a pull?"
HOOKS_OPTION = "`--hooks` or `--no-hooks`"


def project_exists(configuration: str) -> UsageError:
    """Say that models are named where a project begins."""
    return UsageError(
        f"{configuration} is an Alembic project already, and --models is for a new one.",
        "Leave `--models` out; its env.py says where the models are.",
    )


def projects_below(names: Sequence[str], words: Sequence[Sequence[str]]) -> UsageError:
    """Say that an environment would be started above others."""
    each = [command(f"lback {place(those)} init") for those in words]
    return UsageError(
        f"There are Alembic projects below: {', '.join(names)}.",
        f"To adopt one: {', '.join(each)}. To start another here: `lback init --new`.",
    )


def unconfigured(folders: Sequence[str]) -> UsageError:
    """Say that there are several folders of migrations that no file configures."""
    return UsageError(
        f"There are migrations that no file configures: {', '.join(folders)}.",
        f"{command('lback --script-location', folders[0], then='heads')} reads one; to adopt it, "
        "write an alembic.ini with its `script_location`.",
    )


def no_repository(folder: object) -> LbackError:
    """Say that there is no git to put hooks into."""
    return LbackError(
        f"{folder} is not in a git repository, so there is nowhere to put hooks.",
        "Run `git init` first, or leave `--hooks` out.",
    )


def models_as_folder(text: str) -> UsageError:
    """Say how the models are named, and how a folder of this name would be meant."""
    return UsageError(
        f"{text} names models, and `init` takes a folder.",
        f"{command('lback init --models', text)} starts the project here; "
        f"{command('lback init', f'./{text}')} makes a folder of that name.",
    )


def odd_models(models: str) -> UsageError:
    """Say what names the declarative base."""
    return UsageError(
        f"--models {models} is not of the form package.module:Base.",
        "For example `--models shop.models:Base`.",
    )


def not_written(place: object, reason: str | None) -> LbackError:
    """Say which file of a new project could not be written."""
    return LbackError(
        f"{place} cannot be written: {reason}.",
        "Check the folder's owner and free space, then run `lback init` again.",
    )
