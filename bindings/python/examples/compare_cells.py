"""Why LSTM: three cells read the same texts, and only some of them remember how they began.

    python compare_cells.py [PICTURE.png]

A text begins with "i am from italy", goes on with other words, and asks at its end for one that the beginning alone decides. A plain
recurrent network, a GRU and an LSTM of the same size learn the same texts in the same order. Then the LSTM's gates are drawn: a unit whose
forget gate stays bright carries the country along. Takes half a minute. Open it in an editor that knows `# %%` cells to go step by step.
"""
# %% The texts: a country, so many other words, and the word that the country decides
import sys

import numpy as np

import liblstm
from liblstm import Input, Sequential, layers

COUNTRIES = ["italy", "france", "japan", "greece"]
FOODS = ["italian", "french", "japanese", "greek"]
OTHERS = "the baker saw a boat on sunday and my cousin sold his old map of that quiet river".split()
WORDS = ["i", "am", "from", "so", "love", "food", *COUNTRIES, *OTHERS]
BETWEEN = 80
LESSONS = 500
random = np.random.default_rng(1)


def texts(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of words [count, steps], and which food is asked for [count]."""
    country = random.integers(len(COUNTRIES), size=count)
    between = random.choice([WORDS.index(word) for word in OTHERS], size=(count, BETWEEN))
    beginning = np.tile([WORDS.index(word) for word in ("i", "am", "from")], (count, 1))
    end = np.tile([WORDS.index(word) for word in ("so", "i", "love")], (count, 1))
    named = np.array([WORDS.index(word) for word in COUNTRIES])[country]
    return np.concatenate([beginning, named[:, None], between, end], axis=1).astype(np.int32), country


# %% The gates' start: what is kept lasts as long as the texts (Tallec and Ollivier 2018). Otherwise nothing of the beginning is left at the
# end, and so nothing tells the network that it matters. A plain network has no gates to start with.
UNITS = 24
LAST = float(np.log(BETWEEN))


def begin(model: liblstm.Model) -> None:
    """Opens the gates that keep and closes those that let in, both by their biases."""
    if "lstm/bias" in model.weights:
        bias = np.array(model.weights["lstm/bias"])
        bias[:UNITS], bias[UNITS:2 * UNITS] = -LAST, LAST  # input gate, forget gate
        model.weights["lstm/bias"] = bias
    if "gru/bias" in model.weights:
        bias = np.array(model.weights["gru/bias"])
        bias[0, :UNITS] = LAST  # the update gate keeps, and what it does not keep is let in
        model.weights["gru/bias"] = bias


# %% The same lesson for each cell
test_x, test_y = texts(500)
models = {}
for cell in (layers.SimpleRNN, layers.GRU, layers.LSTM):
    random = np.random.default_rng(2)
    model = Sequential([Input((None,), dtype="int32"), layers.Embedding(len(WORDS), 12), cell(UNITS), layers.Dense(len(FOODS), "softmax")],
                       seed=3)
    begin(model)
    trainer = model.trainer(loss="sparse_categorical_crossentropy", optimizer=liblstm.optimizers.Adam(0.01, global_clipnorm=1.0), seed=4)
    trainer.fit(epochs=1, batches=lambda epoch: (texts(32) for _ in range(LESSONS)), verbose=False)
    right = float((model.predict(test_x).argmax(1) == test_y).mean())
    models[cell.__name__] = model
    print("%-10s %3.0f %% of 500 new texts end in the right word, %d words after the country" % (cell.__name__, 100 * right, BETWEEN + 3))

# %% What the LSTM's gates do meanwhile
model = models["LSTM"]
trace = model.trace(test_x[:1])
forget = trace.forget[0]  # [steps, units]: how much of the old state stays
kept = forget[4:-3].prod(0)
print("the unit that keeps most has %.0f %% of its state left after %d other words" % (100 * kept.max(), BETWEEN))
if len(sys.argv) > 1:
    busiest = np.argsort(-kept)[:12]
    trace.plot(sys.argv[1], units=[int(unit) for unit in busiest], title="LSTM: “%s …”" % " ".join(WORDS[n] for n in test_x[0, :5]))
    print("the picture is", sys.argv[1])
