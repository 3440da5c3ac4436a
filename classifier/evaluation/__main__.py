"""`python -m classifier.evaluation`: measure the training recipe and the artifact, write its card and the plots."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from classifier.artifact import ArtifactInvalid, load
from classifier.assess import DEFAULT_FOLDER
from classifier.evaluation.figures import FULL, QUICK, evaluate
from classifier.evaluation.plots import draw
from classifier.evaluation.report import card
from classifier.features import fingerprint
from classifier.training.sources import DEFAULT_DATA_DIR, DataMissing

PLOTS = Path("docs/plots")


def main() -> int:
    """Evaluate and return the exit code: 0, or 2 when data is missing or the artifact does not fit."""
    options = _options()
    with tqdm(desc="evaluation", unit="step") as bar:

        def plan(steps: int) -> None:
            bar.reset(total=steps)

        def watch(name: str) -> None:
            bar.set_postfix_str(name)
            bar.update()

        try:
            artifact = load(options.artifact, fingerprint=fingerprint())
            depth, seed = QUICK if options.quick else FULL, artifact.facts["seed"]
            figures = evaluate(options.data_dir, options.artifact, seed=seed, depth=depth, plan=plan, watch=watch)
        except DataMissing as error:
            return _failed(str(error))
        except ArtifactInvalid as error:
            return _failed(f"{error.message}: {error.fix}")
    path = options.card or options.artifact / "CARD.md"
    path.write_text(card(figures, artifact.facts), encoding="utf-8")
    draw(figures, options.plots or PLOTS)
    sys.stdout.write(f"wrote {path} and {options.plots or PLOTS}\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m classifier.evaluation", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=DEFAULT_DATA_DIR, help="default: %(default)s")
    parser.add_argument("--artifact", type=Path, default=DEFAULT_FOLDER, help="folder of the artifact")
    parser.add_argument("--card", type=Path, help="file of the card; default: CARD.md beside the artifact")
    parser.add_argument("--plots", type=Path, help=f"folder of the plots; default: {PLOTS}")
    parser.add_argument("--quick", action="store_true", help="a part of the rows only: a trial, not a measurement")
    options = parser.parse_args()
    if options.quick and None in (options.card, options.plots):
        parser.error("--quick measures too little to be shipped; name other places with --card and --plots")
    return options


def _failed(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
