"""What can go wrong, named by what cures it.

Belongs here: the exceptions that cross modules. The one question that callers ask of them is
whether trying again can help. Does not belong here: errors that one module raises and catches.
"""

from __future__ import annotations


class MetricAssetsError(Exception):
    """Base of all our errors. Messages begin with the asset key or setting they concern."""

    #: Whether the same attempt, made again a little later, can succeed without anybody's help.
    transient = False


class SettingsError(MetricAssetsError):
    """A setting is missing or cannot be understood."""


class UnknownKeyError(MetricAssetsError):
    """A pair, entity or range was named that the catalog or its grid does not have."""


class SourceError(MetricAssetsError):
    """The source refused or broke off a read; nothing was written."""


class SchemaDriftError(SourceError):
    """The source no longer has the columns or types a scan was written for."""


class RejectedRowsError(MetricAssetsError):
    """Source rows imply events the target cannot hold or must not get; nothing was written."""


class TargetError(MetricAssetsError):
    """The target refused a statement, or its layout does not fit."""


class StageMismatchError(MetricAssetsError):
    """The stage does not hold what was sent to it; the target was not touched."""

    transient = True


class CutoffError(MetricAssetsError):
    """The cutoff was moved, since a range was loaded, in a way that cannot be right."""


class RemovalRefusedError(MetricAssetsError):
    """The plan would remove more of what is present than the removal guard allows."""


class RecordError(MetricAssetsError):
    """What is about to change cannot be written down, so nothing was changed."""


class UndoError(MetricAssetsError):
    """A run cannot be undone as things are: by later runs, or by what others wrote."""


class VerificationError(MetricAssetsError):
    """After the plan was applied the scope still differs from what was staged."""

    transient = True


class BusyError(MetricAssetsError):
    """Another attempt, alive right now, is writing one of the same pairs and ranges."""

    transient = True


class ApartError(MetricAssetsError):
    """Ranges that were to be loaded together have to be loaded one by one."""


class UnavailableError(MetricAssetsError):
    """A store cannot be reached or broke the connection off."""

    transient = True


class UnreachableError(UnavailableError):
    """A store cannot be reached for a reason that time does not cure: a name, a password, TLS."""

    transient = False
