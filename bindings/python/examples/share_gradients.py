"""Several processes learn one network: each computes the gradients of its own rows, and all apply the average.

    python share_gradients.py [PROCESSES]

The gradients are one flat vector, so any means of exchange will do; here it is a pool of processes. Each applies the same average to the
same weights, and so the copies stay equal.
"""
# %% One worker: a network, a trainer, and the rows of its own
import multiprocessing
import sys
from multiprocessing.connection import Connection

import numpy as np

import liblstm
from liblstm import Input, Sequential, Trainer, layers

ROWS, STEPS, ROUNDS = 64, 20, 60


def batch(worker: int, round: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of this worker: is the sum of the series above zero?"""
    x = np.random.default_rng([worker, round]).standard_normal((ROWS, STEPS, 1)).astype(np.float32)
    return x, (x.sum(1) > 0).astype(np.float32)


def work(worker: int, connection: Connection) -> None:
    """Sends gradients and applies the averages that come back; at last sends the weights."""
    model = Sequential([Input((None, 1)), layers.LSTM(12), layers.Dense(1, "sigmoid")], seed=1)
    trainer = Trainer(model, loss="binary_crossentropy", optimizer=liblstm.optimizers.Adam(0.02))
    for round in range(ROUNDS):
        connection.send(trainer.gradients(*batch(worker, round)))
        trainer.apply_gradients(connection.recv())
    trainer.update_model()
    x, y = batch(10_000, 0)
    right = float(((model.predict(x) > 0.5) == (y > 0.5)).mean())
    connection.send((right, [np.array(weight) for weight in model.weights.values()]))


# %% The exchange
def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    ends = [multiprocessing.Pipe() for _ in range(count)]
    workers = [multiprocessing.Process(target=work, args=(index, theirs)) for index, (_, theirs) in enumerate(ends)]
    for worker in workers:
        worker.start()
    for _ in range(ROUNDS):
        average = np.mean([ours.recv() for ours, _ in ends], axis=0)
        for ours, _ in ends:
            ours.send(average)
    results = [ours.recv() for ours, _ in ends]
    for worker in workers:
        worker.join()
    equal = all(np.array_equal(a, b) for _, weights in results for a, b in zip(weights, results[0][1]))
    words = "equal" if equal else "different"
    print("%d processes: %.0f %% right on new rows; their weights are %s" % (count, 100 * results[0][0], words))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
