"""Next-word prediction with a long way between cause and effect: "I am from Italy … I love Italian food".

A text names a country, tells of other things for `distance` words, which may name other people's countries, and ends in a sentence of
which one word is decided by the first country alone. The corpus is generated, with other words between in each text.
"""
from __future__ import annotations

import numpy as np

COUNTRIES = {
    "Italy": "Italian", "France": "French", "Spain": "Spanish", "Germany": "German", "Greece": "Greek", "Japan": "Japanese",
    "China": "Chinese", "India": "Indian", "Mexico": "Mexican", "Turkey": "Turkish", "Sweden": "Swedish", "Poland": "Polish",
}
_SUBJECTS = "the teacher|my neighbour|a friend|the old man|our doctor|the baker|my cousin|a student|the captain|her sister".split("|")
_VERBS = "saw|visited|painted|liked|forgot|described|bought|remembered|sold|found".split("|")
_OBJECTS = ("a small boat|the red house|an old map|the long road|a good book|the market|a quiet garden|the station|a bright lamp|"
            "the river").split("|")
_TIMES = "yesterday|in the morning|last winter|after work|on sunday|every evening|once|before lunch|at night|in spring".split("|")
_QUESTIONS = ("so i love {} food .", "at home we speak {} .", "my favourite songs are {} .")


def _filler(random: np.random.Generator) -> list[str]:
    """A sentence that says nothing of the speaker's country; one in six names somebody else's."""
    pick = lambda words: words[random.integers(len(words))]  # noqa: E731
    if random.integers(6) == 0:
        return ("%s came from %s ." % (pick(_SUBJECTS), pick(list(COUNTRIES)))).split()
    return ("%s %s %s %s ." % (pick(_SUBJECTS), pick(_VERBS), pick(_OBJECTS), pick(_TIMES))).split()


def text(random: np.random.Generator, distance: int) -> tuple[list[str], int]:
    """A text, and the place of the word that the country decides; `distance` words stand between the country's sentence and that word's."""
    country = list(COUNTRIES)[random.integers(len(COUNTRIES))]
    between: list[str] = []
    while len(between) < distance:
        between += _filler(random)
    between = between[-distance:] if distance else []
    ending = _QUESTIONS[random.integers(len(_QUESTIONS))].format(COUNTRIES[country]).split()
    words = ["i", "am", "from", country, ".", *between, *ending]
    return words, len(words) - len(ending) + ending.index(COUNTRIES[country])


def vocabulary() -> list[str]:
    """All words, sorted; place 0 is left for padding."""
    words = {"i", "am", "from", "came", ".", *COUNTRIES, *COUNTRIES.values()}
    for phrase in [*_SUBJECTS, *_VERBS, *_OBJECTS, *_TIMES, *(question.replace("{}", "") for question in _QUESTIONS)]:
        words.update(phrase.split())
    return ["", *sorted(words)]


def corpus(seed: int, count: int, distance: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens [count, steps], the tokens that follow them [count, steps], and the place of the decided word in the latter [count].

    Rows shorter than the longest end in token 0.
    """
    random = np.random.default_rng(seed)
    number = {word: place for place, word in enumerate(vocabulary())}
    texts = [text(random, distance) for _ in range(count)]
    steps = max(len(words) for words, _ in texts) - 1
    x, y = np.zeros((count, steps), np.int32), np.zeros((count, steps), np.int32)
    for row, (words, _) in enumerate(texts):
        tokens = [number[word] for word in words]
        x[row, :len(tokens) - 1], y[row, :len(tokens) - 1] = tokens[:-1], tokens[1:]
    return x, y, np.array([place - 1 for _, place in texts], np.int64)
