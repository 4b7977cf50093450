"""How well papers are told to be about concepts by their text: precision, recall, F1, average precision, nDCG@10.

On the data sets below the folder of `--records`: papers with experts' headings and with authors' keywords (derived
qrels), mentions of diseases (BC5CDR, NCBI disease corpus), reviews (Cohen 2006, screening). Made up without a folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import concepts_catalogue, concepts_judged, concepts_named, concepts_reviewed, made_labelled
from bench.labelled import Records
from bench.measure import Asked, Case
from bench.taggers import tagger
from bot.errors import BotError


def run(asked: Asked) -> Iterator[Case]:
    """The measures on every data set that is there.

    Raises:
        BotError: where a folder has no vocabulary or none of the data sets, or a file cannot be read.
    """
    folders = tuple(path for path in asked.records if path.is_dir())
    with tempfile.TemporaryDirectory(prefix="bot-bench-") as made:
        if not folders:
            asked.tell("concepts: no folder in --records: on papers that are made up, which say nothing of real ones")
            made_labelled.write(Path(made))
            folders = (Path(made),)
        records = Records(folders)
        vocabulary = records.vocabulary()
        if not records.files("labelled/*/*"):
            where = ", ".join(map(str, folders))
            raise BotError(f"records: {where}: no data sets in labelled/; name the folder that has labelled/")
        asked.tell(f"concepts: {len(vocabulary):,} concepts")
        ours = tagger(vocabulary)
        yield from concepts_judged.cases(records, vocabulary, ours, asked.tell)
        for name in ("bc5cdr", "ncbi_disease"):
            if corpus := records.annotated(name):
                yield from concepts_named.cases(corpus, vocabulary, ours, asked.tell)
        for name in ("cohen2006", "screening"):
            yield from concepts_reviewed.cases(name, records.reviews(name), asked.tell)
        yield from concepts_catalogue.cases(records, vocabulary, asked.tell)
