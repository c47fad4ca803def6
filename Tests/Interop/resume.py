"""Training that changes hands: Keras begins and liblstm goes on, and the other way round; and what activity regularizers add to the loss.

Usage: resume.py [WORD …]. Runs in the environment that `make test-interop` makes. For each optimizer and each generation of Keras: two steps
here, the model saved, three steps there and three here; the weights must agree. Prints a table and exits with 1 if anything differs.
"""
import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np

import liblstm

#: Float32 both: five updates of a few hundredths each, rounded in another order.
LIMIT = 2e-6

OPTIMIZERS = {
    "SGD": lambda k: k.optimizers.SGD(0.05), "SGD momentum": lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
    "RMSprop": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True), "Adam": lambda k: k.optimizers.Adam(0.01, amsgrad=True),
    "Adam schedule": lambda k: k.optimizers.Adam(k.optimizers.schedules.ExponentialDecay(0.02, 3, 0.5)),
    "AdamW": lambda k: k.optimizers.AdamW(0.01, weight_decay=0.02, global_clipnorm=0.5), "Adamax": lambda k: k.optimizers.Adamax(0.01),
    "Nadam": lambda k: k.optimizers.Nadam(0.01), "Adagrad": lambda k: k.optimizers.Adagrad(0.03), "Adadelta": lambda k: k.optimizers.Adadelta(0.5),
    "Lion": lambda k: k.optimizers.Lion(0.003), "Adam average": lambda k: k.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.7),
    "Adam averages written back": lambda k: k.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2),
    "Adam gathered": lambda k: k.optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "Adam gathered averaged": lambda k: k.optimizers.Adam(0.01, gradient_accumulation_steps=2, use_ema=True, ema_momentum=0.5),
}


def network(k):
    k.utils.set_random_seed(3)
    return k.Sequential([k.layers.Input((4, 2)), k.layers.Bidirectional(k.layers.LSTM(3)), k.layers.BatchNormalization(), k.layers.Dense(2)])


def weights(model):
    found = model.get_weights() if hasattr(model, "get_weights") else [np.asarray(value) for value in model.weights.values()]
    return found


def difference(ours, theirs):
    """The largest difference of weights, matched by their shapes in the order of a file."""
    return max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs))


def ordered(model, k, folder):
    """The weights of a model of ours in Keras' order: by saving and loading."""
    path = os.path.join(folder, "order.h5" if k.__name__ == "tf_keras" else "order.keras")
    model.save(path, "keras2-h5" if k.__name__ == "tf_keras" else "keras", training=False)
    return k.models.load_model(path, compile=False).get_weights()


def steps(trainer, x, y, count):
    for _ in range(count):
        trainer.train_batch(x, y)
    trainer.update_model()


def changes_hands(k, make, ending, folder):
    """Differences after Keras → liblstm; of the state that Keras finds in our file and in its own; and after three steps with each of these."""
    random = np.random.RandomState(1)
    x, y = random.randn(6, 4, 2).astype("f4"), random.randn(6, 2).astype("f4")
    theirs = network(k)
    theirs.compile(optimizer=make(k), loss="mean_squared_error", run_eagerly=True)
    for _ in range(2):
        theirs.train_on_batch(x, y)
    path = os.path.join(folder, "there" + ending)
    theirs.save(path)
    ours = liblstm.load(path)
    again = liblstm.load(path)
    steps(liblstm.Trainer(ours), x, y, 3)
    # Our file after no step must be as good as Keras' own.
    liblstm.Trainer(again).update_model()
    back = os.path.join(folder, "back" + ending)
    again.save(back, "keras2-h5" if k.__name__ == "tf_keras" else "keras" if ending == ".keras" else "keras3-h5")
    # Keras does not always go on from its own file as if it had not stopped: Keras 2 forgets a factor of Nadam, Keras 3 opens its .h5 files but
    # cannot train what it opened ("Unknown variable"). So ours is held against its own.
    models = [k.models.load_model(back), k.models.load_model(path)]
    # Keras 2 keeps a momentum for SGD without one, and never reads it.
    unused = getattr(theirs.optimizer, "momentum", 1) == 0
    state = 0.0 if unused else difference(*[[np.asarray(value) for value in model.optimizer.variables] for model in models])
    for _ in range(3):
        theirs.train_on_batch(x, y)
    found = [difference(ordered(ours, k, folder), theirs.get_weights()), state]
    if k.__name__ == "tf_keras" or ending == ".keras":
        for model in models:
            model.run_eagerly = True
            for _ in range(3):
                model.train_on_batch(x, y)
        found.append(difference(models[0].get_weights(), models[1].get_weights()))
    return found


def activity(k, make, folder):
    """Differences of loss (in training and in use) and of weights after a step of SGD."""
    random = np.random.RandomState(2)
    x, y = random.randn(5, 4, 2).astype("f4"), None
    k.utils.set_random_seed(5)
    model = make(k)
    y = random.randn(*model(x).shape).astype("f4")
    model.compile(optimizer=k.optimizers.SGD(0.1), loss="mse", run_eagerly=True)
    path = os.path.join(folder, "activity.h5")
    model.save(path)
    ours = liblstm.load(path)
    trainer = liblstm.Trainer(ours, loss="mse", optimizer={"class_name": "SGD", "config": {"learning_rate": 0.1}})
    used = abs(trainer.evaluate(x, y)["loss"] - np.ravel(model.evaluate(x, y, verbose=0))[0])
    trained = abs(trainer.train_batch(x, y)["loss"] - np.ravel(model.train_on_batch(x, y))[0])
    trainer.update_model()
    return max(used, trained), difference(ordered(ours, k, folder), model.get_weights())


def _chain(*layers):
    return lambda k: k.Sequential([k.layers.Input((4, 2)), *[layer(k) for layer in layers]])


def _states(k):
    inputs = k.layers.Input((4, 2))
    return k.Model(inputs, k.layers.Dense(2)(k.layers.LSTM(3, return_state=True, activity_regularizer="l2")(inputs)[1]))


def _shared(k):
    inputs, shared = k.layers.Input((4, 2)), k.layers.Dense(2, activity_regularizer="l2")
    return k.Model(inputs, shared(shared(inputs)))


REGULARIZED = {
    "Dense": _chain(lambda k: k.layers.Dense(3, activation="relu", activity_regularizer=k.regularizers.L1L2(0.02, 0.03))),
    "LSTM": _chain(lambda k: k.layers.LSTM(3, return_sequences=True, activity_regularizer="l2")),
    "GRU": _chain(lambda k: k.layers.GRU(3, activity_regularizer="l1")),
    "LSTM states": _states, "shared": _shared,
    "Bidirectional": _chain(lambda k: k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True, activity_regularizer="l2"), merge_mode="sum")),
    "TimeDistributed": _chain(lambda k: k.layers.TimeDistributed(k.layers.Dense(3, activity_regularizer="l2"))),
    "Conv1D": _chain(lambda k: k.layers.Conv1D(3, 2, activation="tanh", activity_regularizer="l2")),
    "ActivityRegularization": _chain(lambda k: k.layers.Dense(3), lambda k: k.layers.ActivityRegularization(l1=0.01, l2=0.05)),
    "model in a model": lambda k: k.Sequential([k.layers.Input((4, 2)), k.Sequential([k.layers.Dense(3, activity_regularizer="l2")])]),
}


def main(words):
    import keras
    import tf_keras
    failed = 0
    rows = [(name, k, ending, lambda k, folder, make=make, ending=ending: changes_hands(k, make, ending, folder))
            for name, make in OPTIMIZERS.items() for k, ending in ((tf_keras, ".h5"), (keras, ".h5"), (keras, ".keras"))
            if k is keras or "gathered" not in name]
    rows += [("activity " + name, k, ".h5", lambda k, folder, make=make: activity(k, make, folder))
             for name, make in REGULARIZED.items() for k in (tf_keras, keras)]
    for name, k, ending, run in rows:
        title = "%-26s %-9s %-6s" % (name, "Keras 2" if k is tf_keras else "Keras 3", ending)
        if words and not any(word in title for word in words):
            continue
        k.backend.clear_session()
        try:
            with tempfile.TemporaryDirectory() as folder:
                found = run(k, folder)
            good = max(found) <= LIMIT
            print("%s %s  %s" % (title, "  ".join("%.1e" % one for one in found), "" if good else "DIFFERS"))
        except Exception as error:  # a row that fails is a finding, not the end of the table
            good = False
            print("%s FAILS  %s: %s" % (title, type(error).__name__, str(error).splitlines()[0][:150]))
        sys.stdout.flush()
        failed += not good
    print("%d of %d differ" % (failed, len(rows)) if failed else "all agree")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
