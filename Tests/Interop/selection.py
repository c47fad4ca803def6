"""A few files that have between them every kind of layer, activation and optimiser, every generation of Keras, and the options that matter."""
import json
import zipfile

import h5py

#: Options of layers that the writers have to translate or to put in another place.
OPTIONS = ("stateful", "go_backwards", "return_state", "time_major", "zero_output_for_mask", "mask_zero", "merge_mode", "padding", "dtype",
           "activation", "recurrent_activation", "reset_after")


def short(files):
    """The part of `files`, of (path, model) pairs, that has all that the whole has: each time the file that adds most, the smallest of equals."""
    left = {path: kinds(path, model) for path, model in files}
    wanted, chosen = set().union(*left.values()) if left else set(), set()
    while wanted:
        best = min(left, key=lambda path: (-len(left[path] & wanted), path.stat().st_size, str(path)))
        wanted -= left.pop(best)
        chosen.add(best)
    return [pair for pair in files if pair[0] in chosen]


def kinds(path, model):
    """What a file stands for."""
    generation = model.writer.split(".")[0]
    found = {("ending", generation, path.suffix)}
    for layer in model.layers:
        for inner in [layer.options] + wrapped(layer.options):
            kind = inner.get("class_name", layer.type) if inner is not layer.options else layer.type
            options = inner.get("config", inner)
            # Keras 1 has words of its own for every layer.
            found.add(("layer", generation if generation == "Keras 1" else "", kind))
            found.update(("option", name, json.dumps(options[name])) for name in OPTIONS
                         if options.get(name) is True or isinstance(options.get(name), str))
    found.add(("optimizer", optimizer_class(path)))
    found.add(("ports", len(model.inputs) > 1, len(model.outputs) > 1))
    return found


def optimizer_class(path):
    """The class of the optimiser that a file names; None if it has none."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            said = json.loads(archive.read("config.json")).get("compile_config")
    else:
        with h5py.File(path, "r") as file:
            said = json.loads(file.attrs.get("training_config", "{}"))
    optimizer = (said or {}).get("optimizer") or (said or {}).get("optimizer_config")
    return optimizer.get("class_name") if isinstance(optimizer, dict) else optimizer


def wrapped(value):
    """The configurations of layers and cells inside an option."""
    found = []
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        if isinstance(one, dict) and "class_name" in one and isinstance(one.get("config"), dict) and "trainable" in one["config"]:
            found.append(one)
        if isinstance(one, (dict, list)):
            found += wrapped(one)
    return found
