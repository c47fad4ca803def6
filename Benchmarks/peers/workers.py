"""A Python peer as a program that is measured: see worker.h for what it is asked.

Usage: workers.py PEER kind cell model x y inputs units batch steps layers directions threads weights
"""
from __future__ import annotations

import sys
import time

import numpy as np

from job import Job, Peer


def peer_named(name: str, job: Job) -> Peer:
    """Only this peer's packages are loaded."""
    if name in ("onnxruntime", "openvino"):
        import runtimes

        return runtimes.OnnxRuntime(job) if name == "onnxruntime" else runtimes.OpenVino(job)
    import frameworks

    return frameworks.Torch(job) if name == "torch" else frameworks.TensorFlow(job)


def main() -> None:
    peer = peer_named(sys.argv[1], Job(sys.argv[2:]))
    print("ready", flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "check":
            peer.check().astype(np.float32).tofile(rest)
            print("ok", flush=True)
        else:
            start = time.perf_counter()
            peer.run(int(rest))
            print(f"{time.perf_counter() - start:.9f}", flush=True)


if __name__ == "__main__":
    main()
