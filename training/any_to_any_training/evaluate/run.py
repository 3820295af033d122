"""Scores a trained run on held-out combinations and writes RUN/evaluation.json; `evaluate.py` is its command."""
import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from .. import settings
from ..data import text_bpe
from ..data.captions import LANGUAGES
from ..data.compose import Atlas
from ..decoder.ids import IdTable
from ..decoder.sample import Choice
from ..decoder.tasks import World
from ..decoder.train import Models, build
from ..pictures import sheet
from ..tokenizer.measure import held_out_scenes, measure
from ..tokenizer.model import ImageTokenizer
from ..tokenizer.restore import load_tokenizer
from .asking import score_code, score_questions
from .drawing import MEASURES, score_drawing
from .judge import Judge, train_judge
from .reading import score_reading
from .score import wilson


def row(name: str, hits: int, n: int, ceiling: int | None = None) -> dict:
    low, high = wilson(hits, n)
    out = {"measure": name, "n": n, "score": round(hits / n, 3), "interval": [round(low, 3), round(high, 3)]}
    if ceiling is not None:
        out |= {"ceiling": round(ceiling / n, 3), "ofCeiling": round(hits / max(ceiling, 1), 3)}
    return out


def table(rows: list[dict]) -> str:
    lines = [f"{'measure':34} {'n':>5} {'score':>6} {'ceiling':>8} {'ratio':>6}  95 % interval"]
    for r in rows:
        low, high = r["interval"]
        lines.append(f"{r['measure']:34} {r['n']:5} {r['score']:6.3f} {r.get('ceiling', ''):>8} {r.get('ofCeiling', ''):>6}  {low:.3f}-{high:.3f}")
    return "\n".join(lines)


@dataclass(frozen=True)
class Effort:
    """`pictures` per text -> image measure and language, `texts` per image -> text measure."""

    pictures: int
    texts: int
    choice: Choice
    seed: int


def load_world(run: Path, train: dict, judging: dict) -> tuple[World, ImageTokenizer, Judge]:
    """`train`: the decoder's settings; `judging`: how much the judge learns, if it has not yet."""
    atlas, tokenizer = Atlas(run / "sprites"), load_tokenizer(run)
    world = World(atlas, IdTable(tokenizer, atlas), text_bpe.load(run / "text.tiktoken"), train["kinds"], train["promptDropout"])
    return world, tokenizer, train_judge(atlas, tokenizer, world.table, run / "judge.pt", **judging)


def load_models(run: Path) -> tuple[Models, dict]:
    """The averaged weights of a run, and its state."""
    state = torch.load(run / "decoder" / "state.pt", weights_only=False, map_location="cpu")
    models = build(state["config"], *state["codes"]).eval()
    models.load_state_dict(state["average"])
    return models, state


def scores(models: Models, world: World, tokenizer: ImageTokenizer, judge: Judge, effort: Effort, sheets: Path | None = None) -> list[dict]:
    """`sheets`: a folder for the pictures that were judged."""
    rows = []
    for language in LANGUAGES:
        for name in MEASURES:
            hits, ceiling, pictures, *_ = score_drawing(name, language, models.decoder, tokenizer, world, judge, effort.pictures, effort.choice, effort.seed)
            rows.append(row(f"text -> image {language}: {name}", hits, effort.pictures, ceiling))
            if sheets is not None:
                sheet([[pictures[i + j] for j in range(6)] for i in range(0, min(24, len(pictures) // 6 * 6), 6)], sheets / f"held-out-{language}-{name}.png")
    for language in LANGUAGES:
        for through in ("embeddings", "ids"):
            for name, (hits, n) in score_reading(models.decoder, models.encoders["image"], world, language, through, effort.texts, effort.seed).items():
                rows.append(row(f"image -> text {language} by {through}: {name}", hits, n))
    for language in LANGUAGES:
        for name, (hits, n) in score_questions(models, world, language, effort.texts, effort.seed).items():
            rows.append(row(f"question {language}: {name}", hits, n))
    for name, (hits, n) in score_code(models, world, effort.texts // 2, effort.seed).items():
        rows.append(row(f"image -> code: {name}", hits, n))
    return rows


def options_of(description: str) -> argparse.ArgumentParser:
    """What every command that scores asks for."""
    arguments = settings.options(description)
    arguments.add_argument("--count", type=int, help="pictures per text -> image measure and language; overrides the config")
    arguments.add_argument("--read", type=int, help="pictures per image -> text measure; overrides the config")
    arguments.add_argument("--guidance", type=float, default=1.5)
    arguments.add_argument("--distilled", action="store_true", help="guidance by the guide, in one row")
    arguments.add_argument("--temperature", type=float, default=0.3)
    arguments.add_argument("--top-k", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=2024)
    arguments.add_argument("--threads", type=int, default=2)
    return arguments


def effort_of(options: argparse.Namespace) -> Effort:
    default, choice = settings.read(options.config)["evaluation"], Choice(options.temperature, options.top_k, options.guidance, options.distilled)
    return Effort(options.count or default["pictures"], options.read or default["texts"], choice, options.seed)


def main() -> None:
    options = options_of(__doc__).parse_args()
    settings.take_threads(options.threads)
    began, effort = time.time(), effort_of(options)
    models, state = load_models(options.run)
    world, tokenizer, judge = load_world(options.run, state["config"]["train"], settings.read(options.config)["evaluation"]["judge"])
    codes = measure(tokenizer, held_out_scenes(world.atlas, 1024, seed=7))
    rows = scores(models, world, tokenizer, judge, effort, options.run)
    result = {"tokenizer": codes, "sampling": vars(effort.choice) | {"seed": options.seed}, "steps": state["step"], "examples": state["counts"],
              "trainingMinutes": round(state["spent"] / 60, 1), "rows": rows}
    (options.run / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"image tokenizer on 1024 held-out scenes: {codes}")
    print(f"decoder: {state['step']} steps, {sum(state['counts'].values())} examples, {state['spent'] / 60:.0f} minutes")
    print(table(rows))
    print(f"evaluated in {time.time() - began:.0f} s")
