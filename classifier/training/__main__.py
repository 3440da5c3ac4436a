"""`python -m classifier.training`: read the data, fit, and write the artifact that is shipped."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from classifier.assess import DEFAULT_FOLDER
from classifier.training.run import train
from classifier.training.sources import DEFAULT_DATA_DIR, DataMissing


def main() -> int:
    """Train and return the exit code: 0, or 2 when data is missing."""
    parser = argparse.ArgumentParser(prog="python -m classifier.training", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=DEFAULT_DATA_DIR, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=7, help="of the folds and samples; default: %(default)s")
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER, help="folder of the artifact")
    options = parser.parse_args()
    with tqdm(total=4, desc="training", unit="step") as bar:

        def step(name: str) -> None:
            bar.set_postfix_str(name)
            bar.update()

        try:
            identity = train(options.data_dir, options.out, seed=options.seed, step=step)
        except DataMissing as error:
            sys.stderr.write(f"{error}\n")
            return 2
    sys.stdout.write(f"artifact {identity} in {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
