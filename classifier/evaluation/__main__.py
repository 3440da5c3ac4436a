"""`python -m classifier.evaluation`: measure the training recipe and the artifact, and write its card."""

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from classifier.artifact import MANIFEST
from classifier.assess import DEFAULT_FOLDER
from classifier.evaluation.figures import STEPS, evaluate
from classifier.evaluation.report import card
from classifier.training.sources import DEFAULT_DATA_DIR, DataMissing


def main() -> int:
    """Evaluate and return the exit code: 0, or 2 when data is missing."""
    parser = argparse.ArgumentParser(prog="python -m classifier.evaluation", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=DEFAULT_DATA_DIR, help="default: %(default)s")
    parser.add_argument("--artifact", type=Path, default=DEFAULT_FOLDER, help="folder of the artifact")
    options = parser.parse_args()
    manifest = json.loads((options.artifact / MANIFEST).read_text(encoding="utf-8"))
    with tqdm(total=len(STEPS), desc="evaluation", unit="step") as bar:

        def step(name: str) -> None:
            bar.set_postfix_str(name)
            bar.update()

        try:
            figures = evaluate(options.data_dir, options.artifact, seed=manifest["seed"], step=step)
        except DataMissing as error:
            sys.stderr.write(f"{error}\n")
            return 2
    path = options.artifact / "CARD.md"
    path.write_text(card(figures, manifest), encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
