"""Results of rows -> the tables of docs/ablations.md. Only rows that were run are in them."""
from dataclasses import asdict, dataclass

import numpy as np

from .rows import BOOKS, CODEBOOKS, DECODERS, REROLLS, Row

HEAD = """# What each part of the recipe is worth

Made by `python -m any_to_any_training.ablate` in [`training/`](../training/README.md); the table has the rows that were run and no others.

Every row is the shipped recipe made small, with one thing changed and trained from scratch for the same number of steps, so
these are figures of the beginning of training, and of a small model: a part that does not help here may help later. An
interval is a 95 % bootstrap interval over held-out examples, of the mean over seeds; differences are paired by example and
seed. It does not say how much another seed would change: that is what the single seeds are there for.
"""


@dataclass(frozen=True)
class Result:
    row: str
    seed: int
    steps: int  # 0: nothing was trained
    seconds: float  # of the processor, to train
    values: dict[str, list[float]]  # by measure, one an example
    facts: dict[str, float]  # by name, of the whole
    run: str = "run"  # name of its folder

    def to_json(self) -> dict:
        return asdict(self)


def bootstrap(values: np.ndarray, rounds: int = 4000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean of [examples]."""
    chosen = np.random.default_rng(seed).integers(len(values), size=(rounds, len(values)))
    return tuple(np.quantile(values[chosen].mean(1), [0.025, 0.975]).tolist())


def mean_over_seeds(results: list[Result], measure: str) -> np.ndarray:
    return np.mean([result.values[measure] for result in results], 0)


def number(values: np.ndarray, digits: int, signed: bool = False) -> str:
    """number([1, 1], 2) = "1.00 (1.00 to 1.00)" """
    low, high = bootstrap(values)
    shown = [f"{value:{'+' if signed else ''}.{digits}f}" for value in (values.mean(), low, high)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def against(results: list[Result], base: list[Result], measure: str, digits: int) -> str:
    """The difference from the base, over the seeds that both were run with."""
    seeds = {result.seed for result in results} & {result.seed for result in base}
    if not seeds or results[0].row == base[0].row:
        return ""
    own, other = ([result for result in some if result.seed in seeds] for some in (results, base))
    return number(mean_over_seeds(own, measure) - mean_over_seeds(other, measure), digits, signed=True)


@dataclass(frozen=True)
class Table:
    title: str
    words: str
    rows: dict[str, Row]  # the first one is what the others are compared with
    measure: str
    digits: int
    facts: dict[str, str]  # name -> how it is written


TABLES = (
    Table("Drawing", "Cross-entropy of image ids after a prompt, nats an id, on held-out combinations; lower is better.", DECODERS, "draw", 3, {"parameters": ",.0f"}),
    Table("Reading", "Cross-entropy of the words of a description after a picture, nats an id, on held-out combinations; lower is better.", DECODERS, "read", 4, {}),
    Table("Codebooks", "PSNR of held-out pictures through a small image tokenizer, dB; higher is better.", CODEBOOKS, "psnr", 2, {"used": ".1%"}),
    Table("Sound", "Distance of log-mel bands (natural logarithm) between held-out clips and what the sound codec makes of them; lower is better."
          " The codec is the run's own: nothing was trained for these rows.", BOOKS, "mel", 3, {"bits a second": ".0f"}),
    Table("Rerolling", "Share of held-out English prompts (colour, two objects, count, style) drawn right as the judge sees it; higher is better."
          " These rows begin with the run's trained weights, not from scratch.", REROLLS, "judged", 3, {"kept": ".0%"}),
)


def section(table: Table, found: dict[str, list[Result]]) -> str:
    rows = {name: found[name] for name in table.rows if name in found}
    if not rows:
        return ""
    base, trained = rows.get(next(iter(table.rows))), any(results[0].steps for results in rows.values())
    cells = [["row", "what", *table.facts, "mean", *(["against the first row"] if base else []), *(["single seeds", "CPU s a seed"] if trained else [])]]
    for name, results in rows.items():
        row = [f"`{name}`", table.rows[name].what, *(format(results[0].facts[fact], form) for fact, form in table.facts.items())]
        row.append(number(mean_over_seeds(results, table.measure), table.digits))
        row += [against(results, base, table.measure, table.digits)] if base else []
        if trained:
            row += [", ".join(f"{np.mean(result.values[table.measure]):.{table.digits}f}" for result in results), f"{np.mean([result.seconds for result in results]):.0f}"]
        cells.append(row)
    head, *others = ["| " + " | ".join(row) + " |" for row in cells]
    ruled = "\n".join([head, "| " + " | ".join(["---"] * len(cells[0])) + " |", *others])
    return f"\n## {table.title}\n\n{table.words}\n\n{ruled}\n"


def commands(found: dict[str, list[Result]]) -> str:
    """Rows that were run alike share a line."""
    alike: dict[tuple[str, int, int], list[str]] = {}
    for name, results in found.items():
        alike.setdefault((results[0].run, results[0].steps, len(results)), []).append(name)
    said = [f"python -m any_to_any_training.ablate --run {run} --rows {','.join(names)}" + (f" --steps {steps} --seeds {seeds}" if steps else "")
            for (run, steps, seeds), names in alike.items()]
    return "\n```sh\n" + "\n".join(said) + "\n```\n"


def document(found: dict[str, list[Result]]) -> str:
    return HEAD + commands(found) + "".join(section(table, found) for table in TABLES)
