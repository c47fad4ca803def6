"""The command line: python -m liblstm inspect | predict | compare | trace | check | convert."""
from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Optional, Sequence

import numpy as np

from . import ArgumentError, FileError, LSTMError, Model, __version__, check_file, load
from .convert import convert
from .description import TensorInfo
from .files import read_inputs, write_outputs
from .sessions import WEIGHTS


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs one command and returns its exit status: 0, 1 after an error, 2 for a wrong command line."""
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
        sys.stdout.flush()
        return status
    except LSTMError as error:
        print("liblstm: %s" % error, file=sys.stderr)
    except KeyboardInterrupt:
        print("liblstm: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `inspect FILE | head`: nobody reads on; keep Python from complaining about it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m liblstm", description="Runs and inspects recurrent networks that Keras wrote.")
    parser.add_argument("--version", action="version", version="liblstm for Python " + __version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    inspect = commands.add_parser("inspect", help="what a file is: who wrote it, layers, shapes, what is assumed")
    inspect.add_argument("file", metavar="FILE")
    inspect.add_argument("--weights", action="store_true", help="list the weights too")
    inspect.set_defaults(run=_inspect)

    predict = commands.add_parser("predict", help="run a model on the arrays of a file",
                                  description="Datasets: input or input_0, input_1, … in; output or output_0, output_1, … out. Files: "
                                              "HDF5, .npy, .npz or .csv by their endings.")
    predict.add_argument("file", metavar="FILE")
    predict.add_argument("input", metavar="INPUT.h5")
    predict.add_argument("output", metavar="OUTPUT.h5")
    predict.add_argument("--precision", choices=["float32", "float64"], default="float32")
    predict.add_argument("--batch-size", type=int, metavar="N", help="rows at a time")
    predict.add_argument("--threads", type=int, default=1, metavar="N")
    predict.add_argument("--weights", choices=list(WEIGHTS), help="how weights are kept: bf16, int8 and w8a8 are quicker and less exact")
    predict.set_defaults(run=_predict)

    compare = commands.add_parser("compare", help="what weights of few bytes cost in accuracy on the arrays of a file")
    compare.add_argument("file", metavar="FILE")
    compare.add_argument("input", metavar="INPUT.h5")
    compare.set_defaults(run=_compare)

    trace = commands.add_parser("trace", help="draw what the gates of a layer do")
    trace.add_argument("file", metavar="FILE")
    trace.add_argument("input", metavar="INPUT.h5")
    trace.add_argument("picture", metavar="PICTURE.png")
    trace.add_argument("--layer", metavar="NAME", help="which recurrent layer; the first if not given")
    trace.add_argument("--row", type=int, default=0, metavar="N", help="which sequence of the batch")
    trace.add_argument("--units", type=int, metavar="N", help="only the first N units")
    trace.set_defaults(run=_trace)

    check = commands.add_parser("check", help="what in a file is understood; exit status 1 if it would not load")
    check.add_argument("file", metavar="FILE")
    check.set_defaults(run=_check)
    convert = commands.add_parser("convert", help="make a file that liblstm loads from one of torch.save or ONNX",
                                  description="Reads .pt and .pth without PyTorch, running nothing of them, and .onnx with onnx. "
                                              "Writes .safetensors or .h5.")
    convert.add_argument("file", metavar="IN")
    convert.add_argument("target", metavar="OUT")
    convert.add_argument("--architecture", metavar="FILE.json", help="how the modules of a state_dict are connected (docs/formats.md)")
    convert.set_defaults(run=_convert)
    return parser


def _inspect(chosen: argparse.Namespace) -> int:
    report = check_file(chosen.file)
    print(str(report).rstrip("\n"))
    if report.loads:
        model = load(chosen.file)
        print()
        for word, tensors in (("Input ", model.inputs), ("Output", model.outputs)):
            for info in tensors:
                print("%s      %s" % (word, _tensor(info)))
        if model.stateful:
            print("State       kept from one predict to the next")
        print("Stream      %s" % ("yes" if model.can_stream else "no, it needs the whole sequence"))
        if chosen.weights:
            print()
            _list_weights(model)
    return 0


def _list_weights(model: Model) -> None:
    width = max([len(name) for name in model.weights] + [6])
    print("%-*s  %-16s %-8s %12s %12s %12s" % (width, "weight", "shape", "type", "min", "mean", "max"))
    for name, values in model.weights.items():
        numbers = (values.min(), values.mean(dtype=np.float64), values.max()) if values.size else ()
        print("%-*s  %-16s %-8s %s" % (width, name, list(values.shape), values.dtype, " ".join("%12.6g" % n for n in numbers)))


def _predict(chosen: argparse.Namespace) -> int:
    model = load(chosen.file)
    found = model.predict(_inputs(model, chosen.input), precision=chosen.precision, batch_size=chosen.batch_size,
                          threads=chosen.threads, weights=chosen.weights)
    write_outputs(chosen.output, found if isinstance(found, list) else [found])
    return 0


def _compare(chosen: argparse.Namespace) -> int:
    model = load(chosen.file)
    print(model.compare_precision(_inputs(model, chosen.input)))
    return 0


def _trace(chosen: argparse.Namespace) -> int:
    model = load(chosen.file)
    trace = model.trace(_inputs(model, chosen.input), layer=chosen.layer)
    trace.plot(chosen.picture, row=chosen.row, units=chosen.units)
    return 0


def _check(chosen: argparse.Namespace) -> int:
    report = check_file(chosen.file)
    print(str(report).rstrip("\n"))
    return 0 if report.loads else 1


def _convert(chosen: argparse.Namespace) -> int:
    architecture = None
    if chosen.architecture:
        try:
            with open(chosen.architecture, encoding="utf-8") as file:
                architecture = file.read()
        except (OSError, UnicodeDecodeError) as reason:
            raise FileError("%s cannot be read: %s" % (chosen.architecture, reason)) from reason
    print(convert(chosen.file, chosen.target, architecture).summary().rstrip("\n"))
    return 0


def _inputs(model: Model, path: str) -> Any:
    """The arrays of a file as predict and trace take them."""
    found = read_inputs(path, model.inputs)
    if len(found) != len(model.inputs):
        raise ArgumentError("%s has %d inputs; the model has %d" % (path, len(found), len(model.inputs)))
    return found if len(found) > 1 else found[0]


def _tensor(info: TensorInfo) -> str:
    return "%s [%s] %s" % (info.name, ", ".join("?" if n is None else str(n) for n in info.shape), info.dtype)


if __name__ == "__main__":
    sys.exit(main())
