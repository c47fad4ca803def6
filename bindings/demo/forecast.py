#!/usr/bin/env python3
"""A Keras-trained LSTM forecasts the yearly sunspot number from Python, and shows what its gates do meanwhile.

    forecast.py [PICTURE.png] [--folder FOLDER] [--all]

The twin of forecast.c: the same network, the same series, the same table, the same exit status (0 all is well, 1 a number
differs from Keras' or the stream's bits from the whole sequence's). Besides, it draws the series, the forecast and the gates.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

import liblstm

FIRST_HELD_OUT = 1921  # the network was fitted on the years before; see keras.json
CLASSIC_END = 1955     # the end of the test range of the time-series literature
SEASON = 11            # years in a solar cycle, more or less
TOLERANCE = 1e-4       # of Keras' forecast, or sunspots where that is below 1; forecast.c says why so much


def to_network(sunspots):
    """The transform that train.py used."""
    return (np.sqrt(sunspots) / 10).astype(np.float32)


def from_network(output):
    return np.square(10 * np.maximum(np.asarray(output, np.float64), 0))


def read_table(path):
    """A CSV file's columns by name; an empty field is NaN."""
    with open(path, newline="") as file:
        heading, *rows = csv.reader(file)
    return dict(zip(heading, np.array([[float(field or "nan") for field in row] for row in rows]).T))


def forecast(model, series):
    """What the network says after each value of `series`: step by step, and whether the whole sequence gives the same bits."""
    x = to_network(series)
    stream = model.stream()
    stepped = np.array([stream.step(x[t : t + 1])[0] for t in range(len(x))], np.float32)
    whole = np.asarray(model.predict(x.reshape(1, -1, 1)), np.float32).reshape(-1)
    return stepped, int(np.sum(stepped.view(np.int32) == whole.view(np.int32)))


def draw(path, years, truth, ours, trace, errors):
    """The picture: the series and its forecast above, and beneath it the gates and the cell of the busiest units."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ink, soft, warm, cool, sky, deep = "#1f2933", "#7b8794", "#d1495b", "#f3f0e8", "#c3d3e3", "#4a6b8a"
    plt.rcParams.update({
        "font.family": "DejaVu Sans", "font.size": 10, "text.color": ink, "axes.labelcolor": ink, "axes.edgecolor": soft,
        "xtick.color": ink, "ytick.color": ink, "axes.linewidth": 0.7,
    })

    figure = plt.figure(figsize=(14, 12), dpi=110, facecolor="white")
    grid = figure.add_gridspec(
        5, 2, height_ratios=[3.1, 1, 1, 1, 1], width_ratios=[1, 0.011], hspace=0.33, wspace=0.025,
        left=0.065, right=0.945, top=0.895, bottom=0.045,
    )

    held = years >= FIRST_HELD_OUT
    ceiling = 1.22 * truth.max()
    top = figure.add_subplot(grid[0, 0])
    top.axvspan(years[0] - 0.5, FIRST_HELD_OUT - 0.5, color=cool, linewidth=0)
    top.fill_between(years, truth, color=sky, linewidth=0, label="observed")
    top.plot(years, truth, color=deep, linewidth=1.0)
    top.plot(
        years[held], ours[:-1][held], color=warm, linewidth=1.3, marker="o", markersize=3.4, markeredgewidth=0,
        label="forecast from the years before",
    )
    top.axvline(FIRST_HELD_OUT - 0.5, color=warm, linewidth=0.9, linestyle=(0, (3, 2)))
    top.set_ylim(0, ceiling)
    top.set_ylabel("sunspot number of the year")
    top.text(years[0] + 2, 0.945 * ceiling, f"Fitted on {years[0]}–{FIRST_HELD_OUT - 1}", color=soft, va="center", weight="bold")
    top.text(FIRST_HELD_OUT + 2, 0.945 * ceiling, f"Held out: {FIRST_HELD_OUT}–{years[-1]}", color=warm, va="center", weight="bold")
    top.legend(loc="upper left", bbox_to_anchor=(0.0, 0.92), frameon=False, handlelength=1.6, borderpad=0.3)
    for side in ("top", "right"):
        top.spines[side].set_visible(False)

    left = 0.065
    figure.text(left, 0.966, "An LSTM forecasts the sunspots, and what its gates do meanwhile", fontsize=19, weight="bold", va="center")
    figure.text(
        left, 0.932,
        f"Trained by Keras, run by liblstm.  RMS error {FIRST_HELD_OUT}–{years[-1]}:  network {errors['liblstm']:.1f},  linear AR(9) "
        f"{errors['linear, AR(9)']:.1f},  last year's value {errors['last value']:.1f},  value 11 years before "
        f"{errors['last season (11 years)']:.1f}",
        fontsize=11, color=soft, va="center",
    )

    # Step t reads years[t], so its gates are drawn over that year.
    shown = busiest_units(trace)
    panels = [
        ("forget", "Forget gate", "how much of its cell a unit keeps", "viridis"),
        ("input", "Input gate", "how much of the new it lets in", "viridis"),
        ("output_gate", "Output gate", "how much of its cell it shows", "viridis"),
        ("cell", "Cell state", "what it remembers", "RdBu_r"),
    ]
    axis = top
    for row, (name, title, meaning, colours) in enumerate(panels, start=1):
        axis = figure.add_subplot(grid[row, 0], sharex=top)
        values = np.asarray(trace[name])[0][:, shown].T
        if name == "cell":
            high = np.quantile(np.abs(values), 0.99)
            low = -high
        else:
            low, high = np.quantile(values[:, SEASON:], [0.01, 0.99])
        image = axis.imshow(
            values, aspect="auto", interpolation="nearest", cmap=colours, vmin=low, vmax=high,
            extent=(years[0] - 0.5, years[-1] + 0.5, len(shown) - 0.5, -0.5),
        )
        for between in range(1, len(shown)):
            axis.axhline(between - 0.5, color="white", linewidth=1.2)
        axis.axvline(FIRST_HELD_OUT - 0.5, color="white", linewidth=1.4)
        axis.axvline(FIRST_HELD_OUT - 0.5, color=warm, linewidth=0.9, linestyle=(0, (3, 2)))
        axis.set_yticks(range(len(shown)), [str(unit) for unit in shown], fontsize=8)
        axis.set_ylabel("unit")
        axis.tick_params(length=0, axis="y")
        axis.set_title(title, loc="left", fontsize=11, weight="bold", pad=4)
        axis.set_title(meaning, loc="right", fontsize=9.5, color=soft, pad=4)
        bar = figure.colorbar(image, cax=figure.add_subplot(grid[row, 1]))
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=2, labelsize=8.5)
        bar.ax.yaxis.set_major_locator(plt.MaxNLocator(4))
        for spine in axis.spines.values():
            spine.set_visible(False)
    for panel in figure.axes:
        if panel.get_shared_x_axes().joined(panel, top):
            panel.tick_params(labelbottom=panel is axis)
    top.tick_params(labelbottom=True)
    top.set_xlim(years[0] - 0.5, years[-1] + 0.5)
    top.set_xticks(range(1700, int(years[-1]) + 1, 20))

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def busiest_units(trace, count=6):
    """The units whose gates and cells vary most, ordered by when in the solar cycle their cells peak."""
    varied = 0
    for name in ("forget", "input", "output_gate", "cell"):
        spread = np.asarray(trace[name], np.float64)[0][SEASON:].std(axis=0)  # the first years only wake the state up
        varied = varied + spread / spread.max()
    units = np.argsort(-varied, kind="stable")[:count]
    cell = np.asarray(trace["cell"], np.float64)[0][SEASON:, units]
    wave = np.exp(-2j * np.pi * np.arange(len(cell)) / SEASON)
    return units[np.argsort(np.angle(wave @ (cell - cell.mean(axis=0))), kind="stable")]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("picture", nargs="?", type=Path, default=Path("build/demo/sunspots.png"), help="the PNG to write")
    arguments.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent, help="where the network and data are")
    arguments.add_argument("--all", action="store_true", help="print every held-out year, not the last cycle only")
    given = arguments.parse_args()

    table = read_table(given.folder / "sunspots.csv")
    recorded = read_table(given.folder / "keras_forecast.csv")
    years, truth = table["year"].astype(int), table["sunspots"]
    model = liblstm.load(str(given.folder / "sunspots.h5"))
    output, same = forecast(model, truth)

    # Entry t of a forecast was made from the years before years[t]; the last one is for the year after the data.
    nothing = [np.nan]
    ours = np.concatenate([nothing, from_network(output)])
    keras = np.concatenate([nothing, recorded["keras"]])
    forecasts = {
        "liblstm": ours,
        "Keras, as recorded": keras,
        "linear, AR(9)": np.concatenate([nothing, recorded["ar9"]]),
        "last value": np.concatenate([nothing, truth]),
        "last season (11 years)": np.concatenate([nothing * SEASON, truth])[: len(ours)],
    }

    def rmse(values, last):
        part = (years >= FIRST_HELD_OUT) & (years <= last)
        return float(np.sqrt(np.mean(np.square(values[:-1][part] - truth[part]))))

    difference = np.abs(ours - keras)[1:]
    part = difference / np.maximum(1, keras[1:])
    worst = int(np.argmax(difference))
    agrees = bool(np.all(part <= TOLERANCE))

    print(f"Yearly sunspot numbers, each year forecast from the years before it. liblstm {liblstm.__version__}\n")
    print("  year     truth   liblstm     Keras   last value")
    for t in range(len(years)):
        if years[t] >= (FIRST_HELD_OUT if given.all else years[-1] - SEASON):
            print(f"  {years[t]} {truth[t]:9.1f} {ours[t]:9.4f} {keras[t]:9.4f} {truth[t - 1]:12.1f}")
    print(f"  {years[-1] + 1}         ? {ours[-1]:9.4f} {keras[-1]:9.4f} {truth[-1]:12.1f}\n")

    print(
        f"  root mean square error   {FIRST_HELD_OUT}-{years[-1]}   {FIRST_HELD_OUT}-{CLASSIC_END}"
        "   (held out: fitted on the years before)"
    )
    for name, values in forecasts.items():
        print(f"  {name:24} {rmse(values, years[-1]):9.2f} {rmse(values, CLASSIC_END):11.2f}")
    print(
        f"\n  largest difference from Keras: {difference[worst]:.2g} sunspots, in {years[0] + 1 + worst}; {part.max():.2g} of the"
        f" forecast (at most {TOLERANCE:.0e} allowed): {'agrees' if agrees else 'DOES NOT AGREE'}"
    )
    print(f"  year by year against all at once: the same bits in {same} of {len(years)} years")

    trace = model.trace(to_network(truth).reshape(1, -1, 1), layer="lstm")
    draw(given.picture, years, truth, ours, trace, {name: rmse(values, years[-1]) for name, values in forecasts.items()})
    print(f"  picture: {given.picture}")
    return 0 if agrees and same == len(years) else 1


if __name__ == "__main__":
    sys.exit(main())
