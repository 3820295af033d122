"""Phones of a text, as espeak-ng writes them in IPA: dense labels, so that the ear learns sounds before words."""
import subprocess
import unicodedata


def phones(texts: list[str], language: str) -> list[list[str]]:
    """One list per text; marks of length join their phone, stress and word ends are left out."""
    voice = {"en": "en-us", "ko": "ko"}[language]
    lines: list[str] = []
    for at in range(0, len(texts), 500):
        given = "".join(f"{text.replace(',', '')}.\n\n" for text in texts[at : at + 500])  # a paragraph each: one line of output
        said = subprocess.run(["espeak-ng", "-q", "--ipa", "-v", voice, "--stdin"], input=given, capture_output=True, text=True, check=True).stdout
        part = [line.strip() for line in said.splitlines() if line.strip()]
        if len(part) != len(texts[at : at + 500]):
            raise ValueError(f"espeak-ng gave {len(part)} lines for {len(texts[at : at + 500])} texts")
        lines += part
    return [[symbol for symbol in unicodedata.normalize("NFD", line) if unicodedata.category(symbol) in ("Ll", "Lo", "Lm") and symbol not in "ˈˌː"] for line in lines]
