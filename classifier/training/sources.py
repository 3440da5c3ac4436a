"""The data sets that training and evaluation read: where each comes from, its licence, its checksum, how it is read.

Files are read from a data folder; one that is missing or differs from its checksum is named with what to do.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_DATA_DIR = Path("../shared/data")
OWN_DIR = Path(__file__).resolve().parents[2] / "annotated"
"""The rows that are written beside the code, JSON Lines files; they are part of the project and need no checksum."""

INSTRUCTIONS = OWN_DIR / "instructions.txt"
"""Instructions of no consequence, one a line."""


class DataMissing(Exception):
    """A data file that is not there or is not the expected one; `fix` is the next thing to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(f"{message}. {fix}")
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One gzipped JSON Lines file below the data folder.

    `origin` is its public address or, for rows written for this project, where they belong; `label` says how a row
    becomes a label.
    """

    name: str
    path: str
    origin: str
    licence: str
    sha256: str
    label: str

    def rows(self, data_dir: Path) -> list[dict[str, Any]]:
        """Return the rows; DataMissing when the file is not there or its checksum differs."""
        path = data_dir / self.path
        fix = f"Get it from {self.origin} ({self.licence}) into '{data_dir}', or name the folder with --data-dir"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataMissing(f"The data file '{path}' cannot be read ({error.strerror})", fix) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise DataMissing(f"The data file '{path}' is not the expected version (SHA-256 differs)", fix)
        return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def own_files() -> list[Path]:
    """Return the files of own rows in order of their names; DataMissing when there is none."""
    found = sorted(OWN_DIR.glob("*.jsonl"))
    if not found:
        raise DataMissing(f"There are no annotated rows in '{OWN_DIR}'", "Train in a checkout of the project")
    return found


def instructions() -> list[str]:
    """Return instructions of no consequence, as most clients send some; DataMissing when there are none."""
    try:
        return INSTRUCTIONS.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise DataMissing(f"There is no file '{INSTRUCTIONS}'", "Train in a checkout of the project") from None


def own_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of one file of own rows."""
    return [json.loads(line) for line in path.read_bytes().splitlines() if line]


WRITTEN = Source(
    name="written",
    path="annotated/written.jsonl.gz",
    origin="the project's own data",
    licence="CC0-1.0",
    sha256="e97e74c88796e18b065f14559b5d6c692cf1d0d6978624024ee08f50866f7df4",
    label="tier, ambiguity and domain under the annotation rubric",
)
PUBLIC = Source(
    name="public",
    path="annotated/public.jsonl.gz",
    origin="the project's own labels of the public prompts below",
    licence="as each prompt's source",
    sha256="776a54c36a369c42a154650974c1962f31becb7d90b5367a4aff30c95ec80686",
    label="tier, ambiguity and domain under the annotation rubric",
)
SESSIONS = Source(
    name="sessions",
    path="annotated/sessions.jsonl.gz",
    origin="the project's own data",
    licence="CC0-1.0",
    sha256="1d7380a81ac3f97d176a6dae1694723e55d26cd808b98d277ac913be15dce603",
    label="each model call labelled under the annotation rubric",
)
SYNTH_NEEDS_INFO = Source(
    name="synth_needs_info",
    path="train/synth_needs_info/synth_needs_info.jsonl.gz",
    origin="https://github.com/yizhongw/self-instruct",
    licence="Apache-2.0",
    sha256="a5ea02c464a6425d7598777c638df4edc791ec3e49d96122c53f49ba59e93265",
    label="a task without the input it needs is missing information",
)
MIP = Source(
    name="mip",
    path="train/mip/mip.jsonl.gz",
    origin="https://github.com/tianyi-lab/MiP-Overthinking",
    licence="MIT",
    sha256="5e696d0d6726129e10fbbf42bd7730ab1a229445c630d458c46f8ec5469a1092",
    label="a question with a premise removed is missing information",
)
UMWP = Source(
    name="umwp",
    path="train/umwp/umwp.jsonl.gz",
    origin="https://github.com/Yuki-Asuuna/UMWP",
    licence="code Apache-2.0, data CC-BY-SA-4.0",
    sha256="250450403375c9db48725bd50a4b72d922544e49e3127d09e676db0713a1ebf3",
    label="a question marked unanswerable is missing information",
)
MMLU_PRO = Source(
    name="mmlu_pro",
    path="train/mmlu_pro/mmlu_pro.jsonl.gz",
    origin="https://github.com/TIGER-AI-Lab/MMLU-Pro",
    licence="Apache-2.0 repo; MMLU-Pro data set MIT",
    sha256="2822576463192372294526cd41a633285ace9f9c3d2c68017f03fd2bdb902e68",
    label="none; says which of its items are items of a classical benchmark",
)
ZEROEVAL_MATH_L5 = Source(
    name="zeroeval_math_l5",
    path="train/zeroeval_math_l5/zeroeval_math_l5.jsonl.gz",
    origin="https://github.com/WildEval/ZeroEval",
    licence="Apache-2.0 repo; data: GSM8K MIT / MATH MIT / CRUXEval MIT",
    sha256="83b4e666585bd34e8a2c7dfc57f3a02e72e56c8f0c1bc02122388e95e81293aa",
    label="none; says which of its items are items of a classical benchmark",
)
ROUTELLM_MMLU = Source(
    name="routellm_mmlu",
    path="classical/routellm_mmlu/routellm_mmlu.jsonl.gz",
    origin="https://github.com/lm-sys/RouteLLM",
    licence="Apache-2.0 repo; MMLU MIT, GSM8K MIT, MT-Bench Apache-2.0",
    sha256="d3723a465190adfddb449f8e7a1e6ac959935290ef15184d8faa5a95b433daa1",
    label="results of a weak and a strong model; read by the evaluation only",
)
ROUTELLM_GSM8K = Source(
    name="routellm_gsm8k",
    path="classical/routellm_gsm8k/routellm_gsm8k.jsonl.gz",
    origin="https://github.com/lm-sys/RouteLLM",
    licence="Apache-2.0 repo; MMLU MIT, GSM8K MIT, MT-Bench Apache-2.0",
    sha256="283a6cc5368917c87e4a3cc0e44ba9e51bb628c1d36cf371d42e12e57c3ba81b",
    label="results of a weak and a strong model; read by the evaluation only",
)
ROUTELLM_MTBENCH = Source(
    name="routellm_mtbench",
    path="classical/routellm_mtbench/routellm_mtbench.jsonl.gz",
    origin="https://github.com/lm-sys/RouteLLM",
    licence="Apache-2.0 repo; MMLU MIT, GSM8K MIT, MT-Bench Apache-2.0",
    sha256="5991af191e40655f53e26d31a04216258b3a7054ddd61c04bff6183337a0151c",
    label="results of a weak and a strong model; read by the evaluation only",
)

FLAGGED = (SYNTH_NEEDS_INFO, MIP, UMWP)
"""Missing information as others define it: the evaluation's test of transfer. Training on them lowers the scores."""

ANNOTATED = (WRITTEN, PUBLIC, SESSIONS)
CLASSICAL = (ROUTELLM_MMLU, ROUTELLM_GSM8K, ROUTELLM_MTBENCH)
OVERLAPPING = (MMLU_PRO, MIP, UMWP, ZEROEVAL_MATH_L5)
