"""A small vocabulary in the shape of MeSH, made up: places of the body, organisms, diseases and a few others."""

from __future__ import annotations

from bot.concepts.vocabulary import Vocabulary
from bot.models.vocabulary import Descriptor

VOCABULARY = Vocabulary(
    Descriptor(f"X{number:04}", name, terms, trees)
    for number, (name, terms, trees) in enumerate(
        (
            ("Larynx", (), ("A04.329",)),
            ("Liver", (), ("A03.620",)),
            ("Animals", ("Animal",), ("B01.050",)),
            ("Borrelia", (), ("B03.440",)),
            ("Neoplasms", ("Cancer", "Tumors"), ("C04",)),
            ("Carcinoma", ("Carcinomas",), ("C04.557.470",)),
            ("Laryngeal Neoplasms", ("Neoplasms, Laryngeal", "Cancer of Larynx"), ("C04.588.443", "C09.400")),
            ("Liver Diseases", (), ("C06.552",)),
            ("Fibrosis", (), ("C23.550.355",)),
            ("Infections", ("Infection",), ("C01",)),
            ("Borrelia Infections", (), ("C01.150.252.170",)),
            ("Fatigue", (), ("C23.888.369",)),
            ("Fatigue Syndrome, Chronic", ("Myalgic Encephalomyelitis", "CFS"), ("C10.228.440",)),
            ("Cystic Fibrosis", ("CF",), ("C08.381.187",)),
            ("Anemia", (), ("C15.378.071",)),
            ("Anemia, Aplastic", (), ("C15.378.071.085",)),
            ("Coronavirus Spike", ("SARS-CoV",), ("D12.776",)),
            ("Stimulator of Interferon Genes", ("STING",), ("D12.644",)),
        )
    )
)


def number(name: str) -> int:
    """The number of the concept of that name."""
    found = VOCABULARY.number_of(name)
    assert found is not None, name
    return found
