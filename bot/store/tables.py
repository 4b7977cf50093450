"""The tables of bot.models as Core sees them: `paper.c.title`, for reading and writing plain values in batches."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

# Importing them is what makes the tables known to the metadata.
from bot.models import (  # noqa: F401
    alarms,
    api_tokens,
    bounces,
    deliveries,
    feeds,
    hosts,
    instance,
    letters,
    paces,
    papers,
    receivers,
    rosters,
    runs,
    signups,
    subscribers,
    suppressions,
    tags,
    vocabulary,
    votes,
)

METADATA: MetaData = SQLModel.metadata

concept_feed = METADATA.tables["concept_feed"]
source_query = METADATA.tables["source_query"]
feed_entry = METADATA.tables["feed_entry"]
paper = METADATA.tables["paper"]
paper_identifier = METADATA.tables["paper_identifier"]
sighting = METADATA.tables["sighting"]
paper_change = METADATA.tables["paper_change"]
paper_merge = METADATA.tables["paper_merge"]
paper_tags = METADATA.tables["paper_tags"]
paper_notice = METADATA.tables["paper_notice"]
withdrawn_record = METADATA.tables["withdrawn_record"]
subscriber = METADATA.tables["subscriber"]
subscription = METADATA.tables["subscription"]
evidence = METADATA.tables["evidence"]
roster_import = METADATA.tables["roster_import"]
roster_change = METADATA.tables["roster_change"]
sign_up = METADATA.tables["sign_up"]
letter = METADATA.tables["letter"]
tally = METADATA.tables["tally"]
erased = METADATA.tables["erased"]
shown = METADATA.tables["shown"]
vote = METADATA.tables["vote"]
run = METADATA.tables["run"]
account = METADATA.tables["account"]
delivery = METADATA.tables["delivery"]
suppression = METADATA.tables["suppression"]
bounce = METADATA.tables["bounce"]
this_instance = METADATA.tables["instance"]
alarm = METADATA.tables["alarm"]
api_token = METADATA.tables["api_token"]
pace = METADATA.tables["pace"]
receiver = METADATA.tables["receiver"]
host_line = METADATA.tables["host_line"]
vocabulary_concept = METADATA.tables["vocabulary_concept"]
vocabulary_state = METADATA.tables["vocabulary_state"]
