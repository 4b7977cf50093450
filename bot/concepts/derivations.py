"""Words that speak of a concept without naming it: adjectives that a vocabulary lacks.

`hepatic` speaks of the liver and `leukemic` of leukemia; such words count for less than a name. The tables are of
common medical English, put down here by hand; the endings are those of Greek and Latin nouns and their adjectives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from bot.concepts.vocabulary import Vocabulary

#: Trees of MeSH that hold diseases, mental ones among them.
DISEASES: Final = ("C", "F03")
#: And those that hold what a disease befalls or comes from: parts of the body, and organisms.
BEARERS: Final = ("A", "B")

#: Organs and places of the body, and bearers of disease, each with its adjectives. American spelling, singular.
_PLACES: Final = """
liver: hepatic hepatocellular
kidney: renal nephritic
heart: cardiac myocardial
lung: pulmonary bronchogenic
stomach: gastric
brain: cerebral intracranial
breast: mammary
skin: cutaneous dermal
bone: osseous skeletal bony
bone marrow: marrow
colon: colonic
rectum: rectal
intestines: intestinal enteric
esophagus: esophageal
pancreas: pancreatic
spleen: splenic
ovary: ovarian
testis: testicular
uterus: uterine
endometrium: endometrial
cervix uteri: cervical
prostate: prostatic
urinary bladder: bladder vesical
thyroid gland: thyroid
adrenal glands: adrenal adrenocortical
pituitary gland: pituitary hypophyseal
muscles: muscular
joints: articular joint
eye: ocular ophthalmic
retina: retinal
cornea: corneal
ear: otic aural
nose: nasal
mouth: oral buccal
pharynx: pharyngeal
larynx: laryngeal
trachea: tracheal
bronchi: bronchial
pleura: pleural
peritoneum: peritoneal
bile ducts: biliary
biliary tract: biliary
gallbladder: cholecystic
arteries: arterial
veins: venous
blood vessels: vascular
aorta: aortic
coronary vessels: coronary
lymph nodes: nodal
lymphatic system: lymphatic
spinal cord: spinal
spine: spinal vertebral
nervous system: neural neurologic neurological
tooth: dental
gingiva: gingival
tongue: lingual
jaw: mandibular maxillary
vagina: vaginal
vulva: vulvar
penis: penile
ureter: ureteral
urethra: urethral
palatine tonsil: tonsillar
duodenum: duodenal
jejunum: jejunal
ileum: ileal
anal canal: anal
abdomen: abdominal
thorax: thoracic chest
neck: cervical
skull: cranial
eyelids: palpebral
orbit: orbital
mediastinum: mediastinal
placenta: placental
fetus: fetal
bacteria: bacterial
viruses: viral
fungi: fungal mycotic
parasites: parasitic
urogenital system: genitourinary
digestive system: digestive alimentary
gastrointestinal tract: gastrointestinal
"""

#: Diseases whose adjectives no ending tells.
_DISEASES: Final = """
neoplasm metastasis: metastatic metastasis
neoplasms: malignant oncology tumorigenic antitumor anticancer
leukemia: antileukemic
hypertension: antihypertensive
intellectual disability: retarded retardation
mental disorders: psychiatric
deafness: deaf
infections: infected
alcoholism: alcoholic
substance-related disorders: addict
abnormalities, drug-induced: teratogenic
cell transformation, neoplastic: oncogenic
"""

#: How the end of a noun changes to that of its adjective.
_ENDINGS: Final = (
    ("stasis", "static"),
    ("osis", "otic"),
    ("itis", "itic"),
    ("emia", "emic"),
    ("plasia", "plastic"),
    ("plasm", "plastic"),
    ("trophy", "trophic"),
    ("pathy", "pathic"),
    ("tension", "tensive"),
    ("ism", "ic"),
    ("phrenia", "phrenic"),
    ("uria", "uric"),
    ("penia", "penic"),
    ("algia", "algic"),
    ("plegia", "plegic"),
    ("rrhage", "rrhagic"),
    ("asthma", "asthmatic"),
    ("trauma", "traumatic"),
    ("edema", "edematous"),
    ("noma", "nomatous"),
    ("coma", "comatous"),
    ("lepsy", "leptic"),
    ("lergy", "lergic"),
    ("ysis", "ytic"),
    ("jaundice", "jaundiced"),
    ("infection", "infected"),
    ("psia", "ptic"),
    ("sepsis", "septic"),
    ("xia", "xic"),
    ("phobia", "phobic"),
    ("cancer", "cancerous"),
    ("ulcer", "ulcerated"),
    ("ulcer", "ulcerative"),
    ("ulosis", "ulous"),
    ("syphilis", "syphilitic"),
)
_SHORTEST = 5


def spoken_names(vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Give the words that speak of concepts of `vocabulary`, each with the concept's number."""
    yield from known(vocabulary, read(_PLACES, " "), BEARERS)
    yield from known(vocabulary, read(_DISEASES, " "), DISEASES)
    for number, one in enumerate(vocabulary.descriptors):
        if vocabulary.in_tree(number, DISEASES):
            for name in (one.name, *one.terms):
                yield from ((word, number) for word in adjectives(name))


def known(
    vocabulary: Vocabulary, table: Iterable[tuple[str, list[str]]], trees: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    """Give what the table has for names that the vocabulary has in those trees."""
    wanted: dict[str, list[str]] = {}
    for name, others in table:
        wanted.setdefault(name, []).extend(others)
    for number, one in enumerate(vocabulary.descriptors):
        for name in (one.name, *one.terms):
            found = wanted.get(name.lower())
            if found and vocabulary.in_tree(number, trees):
                yield from ((other, number) for other in found)


def adjectives(name: str) -> Iterator[str]:
    """Give the adjectives of a name of one word, as its ending tells; none of other names."""
    if not name.isalpha() or len(name) < _SHORTEST or name.isupper():
        return
    noun = name.lower()
    if noun.endswith("s") and not noun.endswith(("sis", "tis", "us", "es")):
        noun = noun[:-1]
    for ending, adjective in _ENDINGS:
        if noun.endswith(ending):
            yield noun[: -len(ending)] + adjective


def read(table: str, between: str) -> Iterator[tuple[str, list[str]]]:
    """Give the name of a concept, and what stands behind it, for each line of a table."""
    for line in table.strip().splitlines():
        name, _, others = line.partition(": ")
        yield name, others.split(between)
