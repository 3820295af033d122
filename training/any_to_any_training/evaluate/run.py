"""Scores a trained run on held-out combinations and writes RUN/evaluation.json; `evaluate.py` is its command."""
import argparse
import json
import time
from pathlib import Path

import torch

from ..data import text_bpe
from ..data.compose import Atlas
from ..decoder.ids import IdTable
from ..decoder.sample import Choice
from ..decoder.tasks import World
from ..decoder.train import build
from ..pictures import sheet
from ..tokenizer.measure import held_out_scenes, measure
from ..tokenizer.restore import load_tokenizer
from .asking import score_code, score_questions
from .drawing import MEASURES, score_drawing
from .judge import train_judge
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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    arguments.add_argument("--count", type=int, default=200, help="pictures per text -> image measure and language")
    arguments.add_argument("--read", type=int, default=400, help="pictures per image -> text measure")
    arguments.add_argument("--guidance", type=float, default=1.5)
    arguments.add_argument("--temperature", type=float, default=0.6)
    arguments.add_argument("--top-k", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=2024)
    arguments.add_argument("--threads", type=int, default=2)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    began = time.time()
    state = torch.load(options.run / "decoder" / "state.pt", weights_only=False)
    models = build(state["config"], *state["codes"]).eval()
    models.load_state_dict(state["average"])
    atlas, tokenizer = Atlas(options.run / "sprites"), load_tokenizer(options.run)
    train = state["config"]["train"]
    world = World(atlas, IdTable(tokenizer, atlas), text_bpe.load(options.run / "text.tiktoken"), train["kinds"], train["promptDropout"])
    judge = train_judge(atlas, tokenizer, world.table, options.run / "judge.pt")
    choice = Choice(options.temperature, options.top_k, options.guidance)
    codes = measure(tokenizer, held_out_scenes(atlas, 1024, seed=7))
    rows = []
    for language in ("en", "ko"):
        for name in MEASURES:
            hits, ceiling, pictures, prompts, right = score_drawing(name, language, models.decoder, tokenizer, world, judge, options.count, choice, options.seed)
            rows.append(row(f"text -> image {language}: {name}", hits, options.count, ceiling))
            sheet([[pictures[i + j] for j in range(6)] for i in range(0, 24, 6)], options.run / f"held-out-{language}-{name}.png")
    for language in ("en", "ko"):
        for through in ("embeddings", "ids"):
            for name, (hits, n) in score_reading(models.decoder, models.encoders["image"], world, language, through, options.read, options.seed).items():
                rows.append(row(f"image -> text {language} by {through}: {name}", hits, n))
    for language in ("en", "ko"):
        for name, (hits, n) in score_questions(models, world, language, options.read, options.seed).items():
            rows.append(row(f"question {language}: {name}", hits, n))
    for name, (hits, n) in score_code(models, world, options.read // 2, options.seed).items():
        rows.append(row(f"image -> code: {name}", hits, n))
    result = {"tokenizer": codes, "sampling": vars(choice) | {"seed": options.seed}, "steps": state["step"], "examples": state["counts"],
              "trainingMinutes": round(state["spent"] / 60, 1), "rows": rows}
    (options.run / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"image tokenizer on 1024 held-out scenes: {codes}")
    print(f"decoder: {state['step']} steps, {sum(state['counts'].values())} examples, {state['spent'] / 60:.0f} minutes")
    print(table(rows))
    print(f"evaluated in {time.time() - began:.0f} s")
