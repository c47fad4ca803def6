"""Objects of Keras by their names, for options: `liblstm.optimizers.Adam(1e-3)`, `liblstm.initializers.Orthogonal(gain=2)`.

Each is the JSON that Keras would write; the library says by name what it does not know.
"""
from __future__ import annotations

from typing import Any, Callable, Mapping

from .layer import plain


class Words:
    """The objects of one kind: any attribute is a function that makes one."""

    def __init__(self, kind: str, first: Mapping[str, str], every: str = "") -> None:
        self._kind, self._first, self._every = kind, first, every

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        keys = (self._first.get(name) or self._every).split()

        def make(*values: Any, **options: Any) -> dict[str, Any]:
            if len(values) > len(keys):
                raise TypeError("%s.%s takes %s without a name, not %d options"
                                % (self._kind, name, " and ".join(keys) or "no option", len(values)))
            config = {**dict(zip(keys, values)), **options}
            return {"class_name": name, "config": plain(config, "%s.%s" % (self._kind, name))}

        make.__name__ = name
        return make

    def __repr__(self) -> str:
        return "<liblstm.%s: Keras' objects by name>" % self._kind


initializers = Words("initializers", {"Constant": "value", "RandomUniform": "minval maxval", "RandomNormal": "mean stddev",
                                      "TruncatedNormal": "mean stddev", "Orthogonal": "gain", "Identity": "gain",
                                      "VarianceScaling": "scale mode distribution"})
regularizers = Words("regularizers", {"L1": "l1", "L2": "l2", "L1L2": "l1 l2", "OrthogonalRegularizer": "factor mode"})
constraints = Words("constraints", {"MaxNorm": "max_value axis", "UnitNorm": "axis", "MinMaxNorm": "min_value max_value rate axis"})
optimizers = Words("optimizers", {}, every="learning_rate")
schedules = Words("schedules", {"ExponentialDecay": "initial_learning_rate decay_steps decay_rate",
                                "PiecewiseConstantDecay": "boundaries values",
                                "PolynomialDecay": "initial_learning_rate decay_steps end_learning_rate",
                                "InverseTimeDecay": "initial_learning_rate decay_steps decay_rate",
                                "CosineDecay": "initial_learning_rate decay_steps alpha",
                                "CosineDecayRestarts": "initial_learning_rate first_decay_steps"})
losses = Words("losses", {"Huber": "delta", "Quantile": "quantile"})
metrics = Words("metrics", {})
