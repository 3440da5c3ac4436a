"""Where the shipped configuration lies: in a wheel beside this package, in a checkout at the top."""

from pathlib import Path

from router.errors import SettingsInvalid

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "_config", _PACKAGE.parent / "config")


def config_folder() -> Path:
    """Return the folder of the shipped YAML files; SettingsInvalid if the installation has lost it."""
    for place in _PLACES:
        if (place / "catalog.yaml").is_file():
            return place
    raise SettingsInvalid(("The shipped configuration (catalog.yaml) is missing.",), fix="Install tierwise again.")


def config_file(name: str) -> Path:
    """Return the path of a shipped file, such as `tierwise.yaml`; it may not exist."""
    return config_folder() / name


def shipped_files() -> tuple[Path, ...]:
    """Return every shipped routing YAML (not the catalogue), sorted, the examples last."""
    folder = config_folder()
    files = sorted(path for path in folder.glob("*.yaml") if path.name != "catalog.yaml")
    return (*files, *sorted((folder / "examples").glob("*.yaml")))
