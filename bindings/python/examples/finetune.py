"""Opens a network that Keras trained, adapts it to newer numbers, and saves it for Keras again.

    python finetune.py MODEL.h5 SUNSPOTS.csv OUTPUT.keras

With the files of bindings/demo: the network knows the sunspots of 1700 to 1920. It is adapted to 1921 to 1975 and tried on the years
since, beside what it said before. Takes a few seconds.
"""
# %% The network and the series
import sys

import numpy as np

import liblstm

model_path, csv_path, output_path = sys.argv[1:4]
model = liblstm.load(model_path)
print(model.summary())
years, sunspots = np.genfromtxt(csv_path, delimiter=",", skip_header=1, usecols=(0, 1), unpack=True)
series = (np.sqrt(sunspots) / 10).astype(np.float32)  # as the network was taught
x, y = series[None, :-1, None], series[None, 1:, None]
asked = years[1:]


def error(first: int) -> float:
    """Root of the mean squared error, in sunspots, from the year `first` on."""
    forecast = np.square(10 * np.maximum(model.predict(x), 0))[0, :, 0]
    return float(np.sqrt(np.mean(np.square(forecast - sunspots[1:])[asked >= first])))


# %% Only the years 1921 to 1975 are taught; the years before give the network its state. The best epoch by 1965 to 1975 is kept.
before = error(1976)
taught, watched = ((asked >= 1921) & (asked < 1965))[None], ((asked >= 1965) & (asked <= 1975))[None]
history = model.fit(x, y, sample_weight=taught.astype(np.float32), validation_data=(x, y, watched.astype(np.float32)), loss="mse",
                    optimizer=liblstm.optimizers.Adam(3e-4), epochs=60, batch_size=1, monitor="val_loss", patience=15, restore_best=True,
                    verbose=False)
print("1976 and later: error %.2f sunspots before, %.2f after %d epochs" % (before, error(1976), len(history.epoch)))

# %% Keras opens this file
model.save(output_path)
again = liblstm.load(output_path)
assert np.array_equal(again.predict(x), model.predict(x))
print(output_path, "gives the same bits")
