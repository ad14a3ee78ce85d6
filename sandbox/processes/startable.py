"""What is started and stopped: by its two methods, or by a `with` around its use."""

from abc import ABC, abstractmethod
from typing import Self


class Startable(ABC):
    """A context manager: entering it starts, leaving it stops."""

    @abstractmethod
    def start(self) -> object:
        """Return when it is ready."""

    @abstractmethod
    def stop(self) -> None:
        """Return when nothing of it is left, even of half a start; a second call does nothing."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
