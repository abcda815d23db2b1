"""Why live events are judged as a row says: sentences that several rows share.

Belongs here: reasons that hold for more than one pair. Does not belong here: a reason of one pair,
which stands in its row.
"""

from __future__ import annotations

ONE_EVENT_A_ROW = (
    "A row is announced by +1 when it is made and by -1 when it goes, under the row's own user."
)
SWITCHED_IN_PLACE = (
    "A row is switched between kinds in place and keeps its time; each switch is -1 of one kind and"
    " +1 of the other, which judging by user sets off."
)
GROWS_IN_PLACE = (
    "A row's amount changes in place and keeps its time; each change is a live event of the"
    " difference, which judging by user takes off again."
)
ONE_ROW_A_GIVER = (
    "A giver has one row whatever is given again, so only the first gift is an event of the count."
)
ONE_EVENT_A_ROW_OF_A_USER = (
    "Counts users once, but the platform writes an event a row: its events mean something else, and"
    " the counter is made equal to the source whatever they say."
)
EVERY_DOWNLOAD = (
    "Counts each downloader once, but the live feed counts every download and leaves out whoever is"
    " not logged in: its events mean something else."
)
NEWEST_VERSION_ONLY = (
    "Counted on every version of the model, but live events name the newest published version only:"
    " they mean something else."
)
NO_USER = (
    "The source names no user, and the platform drops events without one or names the earner: only"
    " the entity is a key that both share."
)
WHOLE_DAYS = (
    "A row is a user's whole day; live events of complete days add up to it, by the same user."
)
USER_MAY_GO = (
    "A row is an event of +1 and goes with -1; where its account was deleted the row names user 0"
    " and the event another, which cancels within the entity."
)
FAN_OUT = (
    "Rows of the model count on each of its versions; no live event is known to count otherwise, so"
    " that one that does is reported."
)
DATED_BY_PUBLICATION = (
    "A use counts once its post is published and is dated by that; a live event is expected then."
)
