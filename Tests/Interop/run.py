"""Converts every fixture to every format, opens the result in the real framework, and compares the predictions with ours.

Usage: run.py [--short] [--only TEXT] [--format NAME]. Needs tensorflow-cpu, tf_keras (Keras 2's code), keras (3) and torch; `make
test-interop` makes an environment with them. Prints a table and exits with 1 if any file was not opened or computed something else.
"""
import argparse
import collections
import logging
import os
import sys
import tempfile
import time
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# That a model was not compiled, that arguments have newer names: hundreds of lines between those that matter.
warnings.simplefilter("ignore")
for chatty in ("tensorflow", "absl"):
    logging.getLogger(chatty).setLevel(logging.ERROR)

import numpy as np

from fixtures import inputs_of, model_files, optimizer_of
from selection import short
import liblstm

#: Each reader with the formats that it is given.
READERS = [("Keras 2", "keras-h5"), ("Keras 3", "keras-h5"), ("Keras 2", "keras2-h5"), ("Keras 3", "keras3-h5"), ("Keras 3", "keras"),
           ("Keras 2", "keras2-weights"), ("Keras 3", "keras3-weights"), ("PyTorch", "torch-h5"), ("PyTorch", "safetensors")]
ENDINGS = {"keras": ".keras", "keras3-weights": ".weights.h5", "safetensors": ".safetensors"}


class Refused(Exception):
    """The format cannot express the model, and said so."""


class Skipped(Exception):
    """The reader has no way to run the model by itself."""


def saved(model, folder, form, training=True):
    path = os.path.join(folder, "model" + ENDINGS.get(form, ".h5"))
    try:
        model.save(path, form, training=training)
    except liblstm.UnsupportedError as error:
        raise Refused(str(error)) from error
    return path


def opened(model, folder, reader, form, networks):
    """The model in the framework that reads the file. `networks`: what each framework made of the model before."""
    if reader == "PyTorch":
        import torch_reader
        return torch_reader.network(model, saved(model, folder, form), Skipped)
    import keras
    import tf_keras
    framework, whole = (tf_keras, "keras2-h5") if reader == "Keras 2" else (keras, "keras")
    path = saved(model, folder, form)
    if not form.endswith("weights"):
        networks.pop(reader, None)
        framework.backend.clear_session()
        network = framework.models.load_model(path)
        if not model.stateful:  # its state would be that after the first run
            networks[reader] = network
        return network
    # Any model of the architecture will do to load weights into: the one before, its weights spoilt.
    try:
        network = networks.get(reader) or framework.models.load_model(saved(model, folder, whole, training=False), compile=False)
    except Refused as reason:
        raise Skipped(str(reason)) from reason
    network.set_weights([np.full_like(weight, 0.5) for weight in network.get_weights()])
    network.load_weights(path)
    return network


def computed(network, model, inputs):
    if model.stateful and hasattr(network, "reset_states"):
        network.reset_states()
    given = inputs if len(inputs) > 1 else inputs[0]
    found = network(given)
    return [np.asarray(one) for one in (found if isinstance(found, (list, tuple)) else [found])]


def compare_optimizers(optimizer, state):
    """The framework's optimiser goes on where the one that was saved stopped. Scalars (step, learning rate) differ in number."""
    held = [np.asarray(one) for one in (optimizer.variables() if callable(optimizer.variables) else optimizer.variables)]
    found, expected = [a for a in held if a.ndim], [a for a in state if a.ndim]
    if not found and getattr(optimizer, "momentum", None) == 0:
        return  # SGD without momentum: Keras 2 keeps moments that it never uses, Keras 3 none
    if len(found) != len(expected) or not all(np.array_equal(a, b) for a, b in zip(found, expected)):
        raise AssertionError("the optimiser's state differs: %d arrays; expected %d" % (len(found), len(expected)))
    if int(held[0]) != int(state[0]):
        raise AssertionError("the optimiser is at step %d; expected %d" % (int(held[0]), int(state[0])))


def judge(reader, form, model, tolerance, inputs, ours, state, networks):
    """The largest difference of the framework's numbers from ours, and what is allowed."""
    with tempfile.TemporaryDirectory() as folder:
        network = opened(model, folder, reader, form, networks)
        theirs = computed(network, model, inputs)
        # Keras 3 never takes the state from an HDF5 file, its own included: it builds the optimiser for no variables, and warns.
        if state and (reader, form) in (("Keras 2", "keras2-h5"), ("Keras 3", "keras")):
            compare_optimizers(network.optimizer, state)
    if [a.shape for a in theirs] != [a.shape for a in ours]:
        raise AssertionError("shapes %s; expected %s" % ([a.shape for a in theirs], [a.shape for a in ours]))
    # Both are in single precision, each as far from the truth as the fixture allows, relative to numbers larger than 1.
    gaps = [np.abs(a.astype(np.float64) - b) / np.maximum(1, np.abs(b)) for a, b in zip(theirs, ours)]
    if not all(np.array_equal(np.isnan(a.astype(np.float64)), np.isnan(b)) for a, b in zip(theirs, ours)):
        raise AssertionError("NaN at other places")
    return max(float(np.nanmax(gap, initial=0)) for gap in gaps), 2 * tolerance


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="files whose path contains it")
    parser.add_argument("--format", metavar="NAME", help="this format alone")
    parser.add_argument("--short", action="store_true", help="the fewest files that have every kind of layer, instead of all")
    parser.add_argument("--verbose", action="store_true", help="say what is refused and skipped, and why")
    chosen = parser.parse_args()
    counts = collections.defaultdict(collections.Counter)
    worst = collections.defaultdict(float)
    faults = []
    start = time.monotonic()
    models, known = [], {}
    for path, tolerance, expected in model_files(chosen.only):
        try:
            models.append((path, liblstm.load(str(path))))
            known[path] = tolerance, expected
        except liblstm.UnsupportedError:
            counts["-", "not loaded here"]["files"] += 1
    for path, model in short(models) if chosen.short else models:
        tolerance, expected = known[path]
        networks = {}
        inputs, state = inputs_of(expected), optimizer_of(path)
        if model.stateful:
            model.reset_states()
        ours = model.predict(inputs if len(inputs) > 1 else inputs[0])
        ours = ours if isinstance(ours, list) else [ours]
        for reader, form in READERS:
            if chosen.format not in (None, form):
                continue
            counts[reader, form]["files"] += 1
            try:
                difference, allowed = judge(reader, form, model, tolerance, inputs, ours, state, networks)
            except Refused as reason:
                counts[reader, form]["refused"] += 1
                if chosen.verbose:
                    print("refused: %s as %s: %s" % (path.name, form, reason), flush=True)
                continue
            except Skipped as reason:
                counts[reader, form]["not run"] += 1
                if chosen.verbose:
                    print("not run: %s as %s in %s: %s" % (path.name, form, reader, reason), flush=True)
                continue
            except Exception as error:  # whatever a framework raises is a fault of the file
                faults.append("%s as %s in %s: %s: %s" % (path.name, form, reader, type(error).__name__, str(error)[-600:]))
                print("FAULT", faults[-1], flush=True)
                counts[reader, form]["faults"] += 1
                continue
            if difference <= allowed:
                counts[reader, form]["agree"] += 1
                worst[reader, form] = max(worst[reader, form], difference)
            else:
                faults.append("%s as %s in %s: differs by %.2g; %.2g is allowed" % (path.name, form, reader, difference, allowed))
                print("FAULT", faults[-1], flush=True)
                counts[reader, form]["faults"] += 1
    print("%-8s %-16s %6s %6s %8s %8s %7s %10s" % ("reader", "format", "files", "agree", "refused", "not run", "faults", "largest"))
    for key in READERS + [("-", "not loaded here")]:
        if key in counts:
            row = counts[key]
            print("%-8s %-16s %6d %6d %8d %8d %7d %10.2g" % (key + (row["files"], row["agree"], row["refused"], row["not run"], row["faults"],
                                                                    worst[key])))
    print("%d faults in %.0f seconds" % (len(faults), time.monotonic() - start))
    return 1 if faults or not any(row["agree"] for row in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
