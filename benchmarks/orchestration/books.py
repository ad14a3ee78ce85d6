"""What was paid for, as the stand-ins of Vision and EC2 counted it, and as the warehouse has it."""

from dataclasses import dataclass, fields
from typing import Self

from tests.dags.small_cloud import SmallCloud

SESSIONS = """
select
    count(*),
    coalesce(sum(extract(epoch from stopped_at - running_at)), 0)::float
from core.instance_session
"""


@dataclass(frozen=True, slots=True)
class Books:
    """Counts of the stand-ins, each with what the warehouse has of it."""

    images: int  # that Vision was sent
    calls: int  # that were paid for, one for each image
    starts: int  # of instances, by EC2
    sessions: int
    on_seconds: float  # from launch to stop, by EC2
    session_seconds: float
    models: int

    def __sub__(self, before: Self) -> Self:
        """Return what came since."""
        return type(self)(
            *(getattr(self, each.name) - getattr(before, each.name) for each in fields(self))
        )

    @property
    def images_apart(self) -> int:
        """Return how many images the two differ by."""
        return abs(self.images - self.calls)

    @property
    def starts_apart(self) -> int:
        """Return how many starts the two differ by."""
        return abs(self.starts - self.sessions)

    @property
    def seconds_apart(self) -> float:
        """Return how many seconds the two differ by, for each start."""
        return abs(self.on_seconds - self.session_seconds) / max(self.starts, 1)


def read_books(cloud: SmallCloud) -> Books:
    """Read both sides as they are now."""
    on = cloud.seconds_on()
    with cloud.connect() as connection:
        sessions, seconds = connection.execute(SESSIONS).fetchone()
    return Books(
        images=cloud.control.counts().get("vision", {}).get("images", 0),
        calls=cloud.one("select count(*) from core.paid_call"),
        starts=len(on),
        sessions=sessions,
        on_seconds=sum(on),
        session_seconds=seconds,
        models=cloud.one("select count(*) from core.model"),
    )
