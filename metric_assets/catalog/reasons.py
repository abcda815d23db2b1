"""Why live events are judged as a row says: sentences that several rows share.

Belongs here: reasons that hold for more than one pair. Does not belong here: a reason of one pair,
which stands in its row.
"""

from __future__ import annotations

ONE_EVENT_A_ROW = (
    "A row is announced by +1 when it is made and by -1 when it goes, under the row's own user."
)
SWITCHED_IN_PLACE = (
    "A row is switched between kinds in place and keeps its time; each switch is -1 of one kind"
    " and +1 of the other, which judging by user sets off."
)
GROWS_IN_PLACE = (
    "A row's amount changes in place and keeps its time; each change is a live event of the"
    " difference, which judging by user takes off again."
)
ONE_ROW_A_GIVER = (
    "A giver has one row whatever is given again, so only the first gift is an event of the count."
)
ONE_EVENT_A_ROW_OF_A_USER = (
    "Counts users once, but the platform writes an event a row: its events mean something else,"
    " and the counter is made equal to the source whatever they say."
)
EVERY_DOWNLOAD = (
    "Counts each downloader once, but the live feed counts every download and leaves out"
    " whoever is not logged in: its events mean something else."
)
NEWEST_VERSION_ONLY = (
    "Counted on every version of the model, but live events name the newest published version"
    " only: they mean something else."
)
NO_USER = (
    "The source names no user and the platform drops events without one, so that an event, if"
    " there is one, names somebody: only the entity is a key that both share."
)
WHOLE_DAYS = (
    "A row is a user's whole day; live events of complete days add up to it, by the same user."
)
USER_MAY_GO = (
    "A row is an event of +1 and goes with -1; where its account was deleted the row names user"
    " 0 and its event another, which cancels within the entity, and a -1 without a user is"
    " dropped, which is told as drift."
)
FAN_OUT = (
    "Rows of the model count on each of its versions, by the row's own user; a live event that"
    " counts otherwise is told as drift."
)
DATED_BY_PUBLICATION = (
    "A use bears no date of its own: it counts once its post is published and is dated by that,"
    " and a live event dated otherwise is set off within its key."
)
EXCLUDED_LATER = (
    " A review that is excluded, or found in breach of the terms, goes without an event, which"
    " is told."
)
NOT_ALL_REVIEWS = (
    "Leaves out the owner's own reviews and excluded ones, which the platform's events count:"
    " they mean something else, and the counter is made equal to the source whatever they say."
)
WITHOUT_REPLIES = (
    "Counts comments directly in the thread, but the platform's event engine counts replies as"
    " well: its events mean something else, and the counter is made equal to the source whatever"
    " they say."
)
ONE_EVENT_A_BOOKMARK = (
    "A bookmark is announced by +1 and taken back by -1, both by the collection's owner; old"
    " likes, moved into bookmarks without an adding user, go without an event, which is told."
)
ONE_EVENT_A_REACTION_OF_AN_IMAGE = (
    "A reaction to an image is +1, and -1 when it is taken back, by the reacting user; an image"
    " that is moved or deleted takes its reactions along without events, which is told."
)
ONE_ROW_A_GIVER_AND_DONATION = (
    "A giver has one row whatever is given again, and a donation to a version is a row of its"
    " own, so only first gifts and donations are events of the count."
)
TIPS_GROW_DONATIONS_DO_NOT = (
    "A tip's amount grows in place and keeps its time, a donation is a row of its own; each is"
    " a live event of what was given, and judging by user takes off what the row holds already."
)
UNWRITTEN = (
    " No code of the platform is known to write this name; until something does, a load finds no"
    " live stream."
)
