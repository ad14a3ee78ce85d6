"""The tree of SightScan's errors: the base, and what one part raises for another, or for a person.

One sentence each: what was wrong with its value, what was expected, what to do next. What a stage
raises for itself (a photo that is refused, a host that is not ready) stands with what raises it, and
has the same base.
"""

from dataclasses import dataclass


class SightScanError(Exception):
    """The base of every error class of SightScan; only a caller's mistake is a ValueError."""


class SettingsError(SightScanError):
    """A setting is missing or senseless."""


class WarehouseError(SightScanError):
    """The warehouse cannot be reached, or refused what it was asked."""


class UnsettledStopError(WarehouseError):
    """A machine has stopped, but the warehouse could not be told."""


class UpkeepError(SightScanError):
    """What is old cannot be removed, or a backup cannot be kept or tried."""


@dataclass(frozen=True, slots=True)
class CityChoice:
    """A city that may have been meant, with what tells it from its namesakes."""

    city_id: str
    name: str
    region: str
    country: str
    description: str
    population: int | None


class UnresolvedCity(SightScanError):
    """A name means no city, or not one alone; `choices` may have been meant, and are in the message."""

    def __init__(self, message: str, choices: tuple[CityChoice, ...] = ()) -> None:
        """Keep both."""
        super().__init__(message)
        self.choices = choices


class UnknownCity(UnresolvedCity):
    """No such city in the registry, or none of that name on Wikidata."""


class AmbiguousCity(UnresolvedCity):
    """Several cities bear the name; the message lists them."""


class ServiceError(SightScanError):
    """An outside service answered with an error, with rubbish, or not at all."""


class LastingServiceError(ServiceError):
    """An outside service answered in a way that it would repeat: the same question is of no use."""


class CrawlError(SightScanError):
    """A source gave nothing where it must give something, or cannot be read any more."""


class DecisionError(SightScanError):
    """A person's decision about a city that was asked for cannot be stored as it is."""


class ReviewError(SightScanError):
    """A person's decision about labels cannot be stored as it is."""


class DatasetError(SightScanError):
    """A training set cannot be frozen from what is labelled."""


class InstanceError(SightScanError):
    """A GPU instance cannot be leased, started, reached or stopped."""


class LastingInstanceError(InstanceError):
    """Another try would find the same: a right, a quota or the instance itself is not there."""


class NoCapacity(InstanceError):
    """There is no machine of this kind now, but another one may be had."""


class HostDiskFull(InstanceError):
    """The disk of a GPU host has no room, and will not have until a person deletes something."""


class TrainingError(SightScanError):
    """The trainer failed, or what it left is not a model folder; another try may do better."""


class LastingTrainingError(TrainingError):
    """Another try would find the same: what a training needs is gone, or what it left is senseless."""


class PublicationError(SightScanError):
    """A model cannot be registered, published or rolled back to, for now or for good."""


class LastingPublicationError(PublicationError):
    """Another try would find the same: the model, its files or its photos are not what they must be."""
