"""Where a model came from, so that it can be pickled and copied: the file's bytes are read again only then."""
from __future__ import annotations

import os
from typing import Any, Optional

from ._errors import FileError, StateError


class Source:
    """A model file on disk or in memory, or the JSON and seed that a new model was made from."""

    def __init__(self, path: Optional[bytes] = None, content: Optional[bytes] = None, infer: bool = False,
                 seed: Optional[int] = None) -> None:
        self.seed = seed
        self._path = os.path.abspath(path) if path is not None else None
        self._content = content
        self.infer = infer
        self._mark = self._file_mark()

    def content(self) -> bytes:
        """The bytes that the model was loaded from."""
        if self._content is not None:
            return self._content
        if self._path is None or self._mark is None or self._file_mark() != self._mark:
            raise StateError("%s is gone or was changed since the model was loaded from it, so the model cannot be copied or pickled; "
                             "load it from bytes if its file may change" % self)
        try:
            with open(self._path, "rb") as file:
                return file.read()
        except OSError as reason:
            raise FileError("%s cannot be read: %s" % (self, reason.strerror)) from reason

    def __str__(self) -> str:
        return "memory" if self._path is None else os.fsdecode(self._path)

    def _file_mark(self) -> Optional[tuple[Any, ...]]:
        """What changes when the file does."""
        if self._path is None:
            return None
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
