"""What the wheel needs beyond charity/: dependencies, compiled catalogues, and the bundle.

Rule: a wheel runs without the repository. Templates, static files and migrations go under
charity/_bundle, where `charity.config.bundle_dir` finds them; .mo files are compiled here, never
committed. The dependencies are those of requirements/run.in, so they are written once.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

BUNDLED = ("templates", "static", "migrations")


class Dependencies(MetadataHookInterface):
    """Takes the project's dependencies from requirements/run.in."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `dependencies` to the lines of run.in without comments."""
        lines = (Path(self.root) / "requirements" / "run.in").read_text("utf-8").splitlines()
        bare = (line.partition("#")[0].strip() for line in lines)
        metadata["dependencies"] = [line for line in bare if line]


class Bundle(BuildHookInterface[Any]):
    """Adds the bundle and the catalogues to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the catalogues and name every file that git ignores or that lies outside."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        subprocess.run([sys.executable, "bin/catalogues.py", "compile"], cwd=root, check=True)
        include: dict[str, str] = build_data["force_include"]
        for catalogue in sorted((root / "charity" / "translations").rglob("*.mo")):
            include[str(catalogue)] = catalogue.relative_to(root).as_posix()
        for folder in BUNDLED:
            for file in sorted((root / folder).rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    include[str(file)] = f"charity/_bundle/{file.relative_to(root).as_posix()}"
