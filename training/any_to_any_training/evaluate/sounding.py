"""What the model says, hears and draws of what it hears, on held-out items, beside ceilings and two-step routes.

    python -m any_to_any_training.evaluate.sounding --config configs/small.json --run run
English speech is judged by pocketsphinx with a grammar of all descriptions, Korean by the warmed-up sound encoder's own
speller (trained on true speech only); pictures by the same judge as in `run`. A ceiling is the judge's score of the
true clip through the codec, or of the true picture."""
import json
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F

from .. import settings
from ..data.compose import compose
from ..data.concepts import CONCEPTS
from ..data.scene import BIG, Scene
from ..decoder.sample import GREEDY, Choice, draw_images, line
from ..decoder.layout import image_ids
from ..decoder.sound_tasks import CONCEPT_AT, sound_words
from ..decoder.tasks import World
from ..decoder.train import Models
from ..pictures import to_uint8
from ..sound.clips import Clips, scene_of
from ..sound.recognise import Recogniser, spelt
from ..sound.train import load_codec, save_wav
from ..sound.warm_encoder import load_speller, spell, stack, word_errors
from .prompts import Prompt
from .run import load_models, load_world, row, table
from .score import picture_is_right

MEASURE = {"single": "colour", "pair": "relation", "count": "count"}


class Speller:
    """The CTC speller of the warmed-up encoder, as a judge for both languages and for sounds."""

    def __init__(self, run: Path, encoding):
        (self.encoder, self.head), self.encoding = load_speller(run), encoding

    @torch.no_grad()
    def hear(self, clips: list[np.ndarray]) -> list[str]:
        out = []
        for clip in clips:
            x = self.encoder(stack([clip]))
            out.append(self.encoding.decode(spell(self.head(F.rms_norm(x, x.shape[-1:])))[0]))
        return out


class Speaker:
    """Answers one prompt at a time: lengths differ, so nothing is batched."""

    def __init__(self, models: Models, world: World, codec, tokenizer, choice: Choice, seed: int):
        self.models, self.world, self.codec, self.tokenizer, self.choice = models, world, codec, tokenizer, choice
        self.generator = torch.Generator().manual_seed(seed)

    def begin(self) -> Prompt:
        return Prompt.begin(self.models, 1)

    def write(self, prompt: Prompt) -> str:
        return self.world.encoding.decode(line(self.models.decoder, *prompt.ask(1), 1, 40, GREEDY)[0])

    def say(self, prompt: Prompt) -> np.ndarray:
        ids = line(self.models.decoder, *prompt.ask(3), 3, 180, self.choice, self.generator)[0] or [0]
        return self.codec.decode(torch.tensor(ids)[None, None])[0].numpy()

    def draw(self, prompt: Prompt) -> np.ndarray:
        prefix, layout = prompt.ask(2)
        unasked = self.begin().words([[]]).ask(2)
        choice = Choice(0.6, 100, 1.5)
        with torch.no_grad():
            grid = draw_images(self.models.decoder, [prefix, unasked[0]], [(*some, image_ids(*self.world.table.grid)) for some in (layout, unasked[1])], choice, self.generator)
            return to_uint8(self.tokenizer.decode(grid).numpy())[0]


def main() -> None:
    arguments = settings.options(__doc__)
    arguments.add_argument("--count", type=int, help="items per measure; overrides the config")
    arguments.add_argument("--temperature", type=float, default=0.4)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--only", nargs="*", default=[], help="measures whose name contains one of these")
    options = arguments.parse_args()
    settings.take_threads(options.threads)
    run, effort = options.run, settings.read(options.config)["evaluation"]
    count = options.count or effort["sounds"]
    models, state = load_models(run)
    models.requires_grad_(False)
    world, tokenizer, judge = load_world(run, state["config"]["train"], effort["judge"])
    atlas, codec = world.atlas, load_codec(run)
    clips, recogniser, speller = Clips(run / "sound"), Recogniser(), Speller(run, world.encoding)
    speaker = Speaker(models, world, codec, tokenizer, Choice(options.temperature, 50, 1), seed=5)
    rows: list[dict] = []

    def wanted(name: str) -> bool:
        return not options.only or any(part in name for part in options.only)

    def report(name: str, hits: int, n: int, ceiling: int | None = None, **extra) -> None:
        rows.append(row(name, hits, n, ceiling) | extra)
        print(json.dumps(rows[-1]), flush=True)

    def understood(language: str, heard: list[np.ndarray], said: list[str]) -> tuple[int, float]:
        words = recogniser.hear(heard) if language == "en" else speller.hear(heard)
        errors = [word_errors(h, spelt(s) if language == "en" else s) for h, s in zip(words, said)]
        return sum(e == 0 for e, _ in errors), sum(e for e, _ in errors) / sum(n for _, n in errors)

    def speech(split: str, language: str) -> list[dict]:
        own = [e for e in clips.select(kind="speech", split=split, language=language) if recogniser.covers(e) and len(e["text"].split()) > (3 if language == "en" else 1)]
        return Random(3).sample(own, min(count, len(own)))

    for language in ("en", "ko"):
        entries = speech("unseen", language)
        said = [e["text"] for e in entries]
        true = [codec.decode(torch.from_numpy(clips.ids(e).astype(np.int64))[None, None])[0].numpy() for e in entries]
        ceiling, floor = understood(language, true, said)
        if wanted("text -> speech"):
            spoken = [speaker.say(speaker.begin().words([world.words(words)])) for words in said]
            hits, errors = understood(language, spoken, said)
            report(f"text -> speech {language}", hits, len(said), ceiling, errors=round(errors, 3), ceilingErrors=round(floor, 3))
            save_wav(run / f"spoken-{language}.wav", np.concatenate([np.pad(clip, (0, 6400)) for clip in spoken[:8]]))
        if wanted("image -> speech"):
            pictures = [compose(scene_of(e), atlas) for e in entries]
            asked = [world.words("이게 뭐야?")] if language == "ko" else None
            start = [speaker.begin().pictures(p[None]) for p in pictures]
            start = [p.words(asked) if asked else p for p in start]
            hits, errors = understood(language, [speaker.say(p) for p in start], said)
            first = [speaker.begin().words(asked).pictures(p[None]) if asked else speaker.begin().pictures(p[None]) for p in pictures]
            captions = [speaker.write(p) for p in first]
            steps, step_errors = understood(language, [speaker.say(speaker.begin().words([world.words(c)])) for c in captions], said)
            report(f"image -> speech {language}", hits, len(said), ceiling, errors=round(errors, 3), twoSteps=steps, twoStepErrors=round(step_errors, 3))
        for split in ("unseen", "voice"):
            entries = speech(split, language)
            said = [e["text"] for e in entries]
            begun = [speaker.begin().heard(stack([clips.samples(e)])) for e in entries]
            written = [speaker.write(p) for p in begun]
            if wanted("speech -> text"):
                errors = [word_errors(w, s) for w, s in zip(written, said)]
                report(f"speech -> text {language} {split}", sum(e == 0 for e, _ in errors), len(said), errors=round(sum(e for e, _ in errors) / sum(n for _, n in errors), 3), example=[said[0], written[0]])
            if wanted("speech -> image"):
                scenes = [scene_of(e) for e in entries]
                right = lambda pictures: sum(picture_is_right(judge.look(p), s, MEASURE[s.kind]) for p, s in zip(pictures, scenes))  # noqa: E731
                report(f"speech -> image {language} {split}", right([speaker.draw(p) for p in begun]), len(said), right([compose(s, atlas) for s in scenes]),
                       twoSteps=right([speaker.draw(speaker.begin().words([world.words(w)])) for w in written]))
            if wanted("speech -> speech") and split == "voice":
                heard = [speaker.say(p.words([world.words("a woman's voice")])) for p in begun]
                hits, errors = understood(language, heard, said)
                report(f"speech -> speech {language}", hits, len(said), ceiling, errors=round(errors, 3))
    sounds = clips.select(kind="sound", split="unseen")
    truth = [CONCEPT_AT[e["sound"]] for e in sounds]
    listened = speaker.begin
    if wanted("sound"):
        ceiling = sum(h == sound_words(t, "en") for h, t in zip(speller.hear([codec.decode(torch.from_numpy(clips.ids(e).astype(np.int64))[None, None])[0].numpy() for e in sounds]), truth))
        begun = [listened().heard(stack([clips.samples(e)])) for e in sounds]
        report("sound -> text", sum(speaker.write(p) == sound_words(t, "en") for p, t in zip(begun, truth)), len(sounds))
        report("sound -> image", sum(picture_is_right(judge.look(speaker.draw(p)), Scene("single", (t,), "noto", "white"), "single") for p, t in zip(begun, truth)), len(sounds))
        played = [speaker.say(listened().words([world.words(sound_words(t, "en"))])) for t in truth]
        report("text -> sound", sum(h == sound_words(t, "en") for h, t in zip(speller.hear(played), truth)), len(sounds), ceiling)
        seen = [compose(Scene("single", (t,), "noto", "white", size=BIG), atlas) for t in truth]
        played = [speaker.say(listened().pictures(p[None]).words([world.words("what does it sound like?")])) for p in seen]
        report("image -> sound", sum(h == sound_words(t, "en") for h, t in zip(speller.hear(played), truth)), len(sounds), ceiling)
    (run / "sound-evaluation.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
