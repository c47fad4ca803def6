"""New models from Keras' JSON: the weights are drawn by the layers' initializers."""
from __future__ import annotations

import ctypes
import json
import operator
from collections.abc import Mapping
from typing import Any

from ._c import FromJsonOptions
from ._errors import ArgumentError
from ._handle import Handle, create
from ._library import new
from .source import Source


def new_network(text: Any, seed: Any) -> tuple[Handle, Source]:
    """A new model of the library from Keras' JSON, as text or as a dict."""
    if isinstance(text, Mapping):
        text = json.dumps(text)
    if not isinstance(text, (str, bytes)):
        raise ArgumentError("expected JSON as text or as a dict, not %r" % type(text).__name__)
    content = text.encode() if isinstance(text, str) else text
    options = new(FromJsonOptions)
    try:
        options.seed = operator.index(seed) & 0xFFFF_FFFF_FFFF_FFFF
    except TypeError as reason:
        raise ArgumentError("seed is %r; expected a whole number" % (seed,)) from reason
    handle = create("lstm_model_from_json", "lstm_model_free", content, len(content), ctypes.byref(options))
    return handle, Source(content=content, seed=options.seed)
