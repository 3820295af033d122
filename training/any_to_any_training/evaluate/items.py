"""Writes what `npm run matrix` needs: held-out items, and the two judges as ONNX files, so that it runs without Python.

    python -m any_to_any_training.evaluate.items --run run --to ../bench/matrix/items
Needs RUN/sprites, RUN/tokenizer, RUN/sound, RUN/text.tiktoken, RUN/sound-encoder.pt; RUN/judge.pt is trained if absent.
    items.json        scenes, words, and where their pictures and clips lie
    pictures.png      64 x 64 pictures, ten to a row
    clips.wav.gz      16 kHz, whole numbers of 16 bits of which the lowest four are zero, clip after clip
    picture-judge.onnx, speech-judge.onnx, and the golden values of their ports in golden.json"""
import argparse
import base64
import gzip
import json
import wave
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL import Image

from ..data import text_bpe
from ..data.captions import LANGUAGES, QUESTIONS, canonical, edit, prompt
from ..data.compose import Atlas, compose
from ..data.concepts import COLOUR_NAMES, COLOURS, CONCEPTS
from ..data.scene import BIG, SIDE, Scene
from ..data.splits import held_out
from ..decoder.ids import IdTable
from ..decoder.sound_tasks import CONCEPT_AT, SOUND_QUESTIONS, sound_words
from ..pictures import to_uint8
from ..sound.clips import Clips, scene_of
from ..sound.recognise import Recogniser
from ..sound.voices import RATE
from ..tokenizer.restore import load_tokenizer
from .drawing import scenes_of
from .judge import train_judge
from .judge_files import write_picture_judge, write_speech_judge
from .parts import background, crop, foreground, parts
from .timbre import timbre

MEASURES = ("single", "colour", "two", "relation", "count")
COLUMNS = 10  # pictures in a row of the sheet
SPEECH = {("en", "unseen"): 16, ("en", "voice"): 8, ("ko", "unseen"): 8, ("ko", "voice"): 4}
LEAST_WORDS = {"en": 4, "ko": 2}  # of a spoken sentence


class Sheet:
    def __init__(self):
        self.pictures: list[np.ndarray] = []

    def add(self, picture: np.ndarray) -> int:
        self.pictures.append(picture)
        return len(self.pictures) - 1

    def save(self, path: Path) -> None:
        rows = -(-len(self.pictures) // COLUMNS)
        canvas = np.full((rows * SIDE, COLUMNS * SIDE, 3), 255, np.uint8)
        for i, picture in enumerate(self.pictures):
            y, x = (SIDE * n for n in divmod(i, COLUMNS))
            canvas[y : y + SIDE, x : x + SIDE] = picture
        Image.fromarray(canvas).save(path, optimize=True)


class Reel:
    """Clips one after another; the lowest four bits are dropped, which halves the packed file (noise at -79 dB)."""

    def __init__(self):
        self.clips: list[np.ndarray] = []

    def add(self, samples: np.ndarray) -> dict:
        start = sum(map(len, self.clips))
        self.clips.append(np.clip(np.rint(samples * 2048), -2048, 2047).astype("<i2") * 16)
        return {"start": start, "length": len(samples)}

    def save(self, path: Path) -> None:
        wav = BytesIO()
        with wave.open(wav, "wb") as file:
            file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
            file.writeframes(np.concatenate(self.clips).tobytes())
        path.write_bytes(gzip.compress(wav.getvalue(), 9, mtime=0))


def facts(scene: Scene) -> dict:
    return {key: value for key, value in asdict(scene).items() if key in ("kind", "objects", "style", "colour", "count", "vertical")}


def recoloured(scene: Scene, random: Random) -> Scene:
    """The same objects on another background, a combination that training may have shown."""
    while held_out(target := replace(scene, colour=random.choice(COLOUR_NAMES))) or target.colour == scene.colour:
        pass
    return target


def picture_items(atlas: Atlas, sheet: Sheet, count: int, seed: int) -> list[dict]:
    out = []
    for measure in MEASURES:
        random = Random(seed)
        for scene in scenes_of(measure, count, seed):
            words = {language: prompt(scene, language, random, styled=False) for language in LANGUAGES}
            item = {"measure": measure, "scene": facts(scene), "picture": sheet.add(compose(scene, atlas)), "prompt": words,
                    "canonical": {language: canonical(scene, language) for language in LANGUAGES}}
            if measure == "colour":  # a single object: what is to stay, and the colour that is to come, are both certain
                target = recoloured(scene, random)
                item["edit"] = {"words": {language: edit(target, "colour", language, random) for language in LANGUAGES},
                                "scene": facts(target), "picture": sheet.add(compose(target, atlas))}
            out.append(item)
    return out


def speech_items(atlas: Atlas, sheet: Sheet, reel: Reel, clips: Clips, recogniser: Recogniser) -> list[dict]:
    """Sentences about held-out combinations, of words that the outside recogniser has; none comes twice in a language."""
    out, said = [], set()
    for (language, split), count in SPEECH.items():
        fitting = [e for e in clips.select(kind="speech", split=split, language=language)
                   if held_out(scene_of(e)) and recogniser.covers(e) and len(e["text"].split()) >= LEAST_WORDS[language]]
        chosen = []
        for entry in Random(3).sample(fitting, len(fitting)):
            if len(chosen) < count and entry["text"] not in said:
                said.add(entry["text"]), chosen.append(entry)
        for entry in chosen:
            scene = scene_of(entry)
            out.append({"language": language, "voice": entry["voice"], "knownVoice": split == "unseen", "text": entry["text"], "scene": facts(scene),
                        "picture": sheet.add(compose(scene, atlas)), "clip": reel.add(clips.samples(entry))})
    return out


def sound_items(atlas: Atlas, sheet: Sheet, reel: Reel, clips: Clips, count: int) -> list[dict]:
    """One unseen variant of each of `count` sounds."""
    entries = {entry["sound"]: entry for entry in clips.select(kind="sound", split="unseen")}
    chosen = Random(3).sample(sorted(entries), min(count, len(entries)))
    out = []
    for name in chosen:
        concept = CONCEPT_AT[name]
        scene = Scene("single", (concept,), "noto", "white", size=BIG)
        out.append({"scene": facts(scene), "words": {language: sound_words(concept, language) for language in LANGUAGES},
                    "picture": sheet.add(compose(scene, atlas)), "clip": reel.add(clips.samples(entries[name]))})
    return out


def sentences(encoding, kept: list[int], clips: Clips, speech: list[dict], count: int = 100) -> dict[str, list[dict]]:
    """What the speech judge chooses from: the items and other held-out sentences of their language."""
    lists = {language: [item["text"] for item in speech if item["language"] == language] for language in LANGUAGES}
    for name, own in lists.items():
        others = [e["text"] for e in clips.select(kind="speech", split="unseen", language=name) if len(e["text"].split()) >= LEAST_WORDS[name]]
        own += [text for text in dict.fromkeys(others) if text not in own and set(encoding.encode(text)) <= set(kept)][: max(0, count - len(own))]
    place = {i: at for at, i in enumerate(kept)}
    return {name: [{"text": text, "classes": [place[i] for i in encoding.encode(text)]} for text in own] for name, own in lists.items()}


def timbres(clips: Clips) -> list[dict]:
    """The mean of the training clips of every sound."""
    entries = clips.select(kind="sound", split="train")
    out = []
    for name in sorted({e["sound"] for e in entries}):
        mean = np.mean([timbre(clips.samples(e)) for e in entries if e["sound"] == name], 0)
        out.append({"text": sound_words(CONCEPT_AT[name], "en"), "at": [round(float(v), 2) for v in mean]})
    return out


def golden(sheet: Sheet, coded: np.ndarray, judge) -> list[dict]:
    """What the judge sees in some pictures of the sheet, the last ones blurred by the image tokenizer."""
    out = []
    for i, picture in enumerate(coded):
        at = sheet.add(picture)
        boxes = parts(foreground(picture))
        seen = judge.look(picture)
        out.append({"picture": at, "background": background(picture), "boxes": [[int(v) for v in (b.x0, b.y0, b.x1, b.y1)] for b in boxes],
                    "crops": [int(crop(picture, b).astype(np.int64).sum()) for b in boxes], "pixels": crop(picture, boxes[0])[::5, ::5].reshape(-1).tolist(),
                    "objects": list(seen.objects), "styles": list(seen.styles)})
    return out


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    arguments.add_argument("--to", type=Path, default=Path("../bench/matrix/items"))
    arguments.add_argument("--count", type=int, default=20, help="pictures per measure")
    arguments.add_argument("--seed", type=int, default=2024)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    run, to = options.run, options.to
    to.mkdir(parents=True, exist_ok=True)
    atlas, clips, recogniser, encoding = Atlas(run / "sprites"), Clips(run / "sound"), Recogniser(), text_bpe.load(run / "text.tiktoken")
    if atlas.scale != 1:
        raise SystemExit("The matrix has pictures of 64 px, these sprites are for larger ones.")
    sheet, reel = Sheet(), Reel()
    pictures = picture_items(atlas, sheet, options.count, options.seed)
    speech = speech_items(atlas, sheet, reel, clips, recogniser)
    sounds = sound_items(atlas, sheet, reel, clips, 10)
    tokenizer = load_tokenizer(run)
    table = IdTable(tokenizer, atlas) if not (run / "judge.pt").exists() else None
    judge = train_judge(atlas, tokenizer, table, run / "judge.pt")
    some = [sheet.pictures[i] for i in (0, 25, 26, 61, 62, 81, 101, 105)]
    blurred = to_uint8(tokenizer.decode(tokenizer.encode(torch.from_numpy(np.stack(some).astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2))).detach().numpy())
    seen = golden(sheet, blurred, judge)
    write_picture_judge(judge.model, to / "picture-judge.onnx")
    kept, heard = write_speech_judge(run, clips, encoding, to / "speech-judge.onnx", [clip.astype(np.float32) / 32768 for clip in reel.clips])
    sheet.save(to / "pictures.png")
    reel.save(to / "clips.wav.gz")
    names = [{"en": c.en, "plural": c.plural, "ko": c.ko} for c in CONCEPTS]
    everything = {"seed": options.seed, "columns": COLUMNS, "side": SIDE, "names": names, "colours": COLOURS, "pictures": pictures, "speech": speech, "sounds": sounds,
                  "questions": {"picture": {language: QUESTIONS[language][0] for language in LANGUAGES}, "sound": dict(zip(LANGUAGES, SOUND_QUESTIONS))},
                  "grammar": recogniser.grammar, "sentences": sentences(encoding, kept, clips, speech),
                  "timbres": timbres(clips), "spelling": [base64.b64encode(encoding.decode_single_token_bytes(i)).decode() for i in kept]}
    (to / "items.json").write_text(json.dumps(everything, ensure_ascii=False, separators=(",", ":")) + "\n")
    (to / "golden.json").write_text(json.dumps({"pictures": seen, "heard": heard, "timbre": [round(float(v), 4) for v in timbre(reel.clips[-1] / 32768)]}, ensure_ascii=False, separators=(",", ":")) + "\n")
    print({path.name: path.stat().st_size for path in sorted(to.iterdir())}, "all", sum(path.stat().st_size for path in to.iterdir()))


if __name__ == "__main__":
    main()
