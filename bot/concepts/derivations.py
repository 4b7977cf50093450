"""Words that a vocabulary lacks: everyday names, and adjectives that speak of a concept without naming it.

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

#: Names in everyday use that vocabularies lack.
_NAMES: Final = """
abnormalities, congenital: malformation, birth defect, malformed, anomaly
acute kidney injury: acute renal failure, acute renal injury, acute renal dysfunction
akathisia, drug-induced: akathisia
angina pectoris: angina, anginal
anxiety disorders: anxiety
arthritis, rheumatoid: rheumatoid
basal ganglia diseases: extrapyramidal symptom, extrapyramidal sign
blood platelet disorders: platelet disorder
bone marrow diseases: myelosuppression, bone marrow suppression
brain diseases: encephalopathy, brain damage, cerebral damage
calculi: stone
cardiomyopathies: myocardial damage, myocardial injury
cardiovascular diseases: cardiovascular disorder, cardiovascular complication
chemical and drug induced liver injury: hepatotoxicity, hepatotoxic, liver injury, hepatic injury, liver damage
cocaine-related disorders: cocaine abuse, cocaine addiction
cognition disorders: cognitive impairment, cognitive deficit, cognitive dysfunction, cognitive decline
colorectal neoplasms: colorectal cancer, colorectal carcinoma, colorectal tumor, colorectal adenoma
depressive disorder: depression, depressed, depressive
diabetes mellitus: diabetic, diabetes
disorders of excessive somnolence: hypersomnolence, daytime sleepiness
drug hypersensitivity: allergic reaction, drug allergy
drug overdose: overdose, overdosage
drug-related side effects and adverse reactions: toxicity, drug toxicity
dyskinesia, drug-induced: dyskinesia, dyskinetic
gastrointestinal diseases: gastrointestinal toxicity, gastrointestinal disorder
genetic diseases, inborn: genetic disease, genetic disorder, inherited disease, inherited disorder
genetic diseases, inborn: hereditary disease, hereditary disorder, recessive disorder
genetic diseases, inborn: autosomal recessive disease, autosomal recessive disorder
genetic diseases, inborn: autosomal dominant disease, autosomal dominant disorder
genetic diseases, x-linked: x-linked disease, x-linked disorder, x-linked recessive disorder
growth disorders: growth retardation, growth impairment, short stature
hearing disorders: hearing impairment, auditory dysfunction
heart diseases: cardiac dysfunction, cardiac damage, cardiac abnormality
hematologic diseases: blood dyscrasia, hematologic toxicity, cytopenia
hereditary breast and ovarian cancer syndrome: breast and ovarian cancer, breast ovarian cancer
hiv infections: HIV infected, HIV positive, HIV disease
hyperkinesis: hyperactivity, hyperkinetic, hyperlocomotion
hypertension: hypertensive
hypotension: hypotensive
immunologic deficiency syndromes: immunodeficiency, immune deficiency, complement deficiency
kidney diseases: nephropathy, nephrotoxicity, nephrotoxic, renal damage, renal dysfunction
kidney failure, chronic: end stage renal disease, chronic renal failure, end stage kidney disease
liver cirrhosis: cirrhosis, cirrhotic
long qt syndrome: QT prolongation, prolonged QT
lupus erythematosus, systemic: lupus
lymphoma, non-hodgkin: lymphosarcoma
memory disorders: memory impairment, memory deficit, memory loss, amnesic
movement disorders: motor disorder
multiple myeloma: myeloma
muscle rigidity: rigidity
muscular dystrophy, duchenne: duchenne dystrophy, DMD
neoplasms: malignancy
nerve degeneration: neuronal loss, neuronal damage, axonal degeneration, neuronal degeneration
nervous system diseases: neurological disorder, neurological dysfunction
neurofibromatosis 1: neurofibromatosis
neurologic manifestations: neurological deficit, neurologic deficit
neurotoxicity syndromes: neurotoxicity, neurotoxic
obesity: obese
osteochondrodysplasias: chondrodysplasia
phenylketonurias: phenylketonuria, PKU
renal insufficiency: renal failure, renal impairment, kidney failure
respiratory insufficiency: respiratory failure, respiratory depression, respiratory arrest
retinal diseases: retinopathy
seizures: convulsion, convulsive
sexual dysfunction, physiological: sexual dysfunction
spinocerebellar degenerations: spinocerebellar ataxia
tachycardia, supraventricular: atrial tachycardia, supraventricular tachyarrhythmia
thrombosis: thrombus
vascular calcification: arterial calcification
vision disorders: visual loss, visual impairment, loss of vision, blurred vision
von hippel-lindau disease: von hippel-lindau
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


def everyday_names(vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Give names in everyday use of concepts of `vocabulary`, each with the concept's number."""
    yield from _known(vocabulary, _read(_NAMES, ", "), DISEASES)


def spoken_names(vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Give the words that speak of concepts of `vocabulary`, each with the concept's number."""
    yield from _known(vocabulary, _read(_PLACES, " "), BEARERS)
    yield from _known(vocabulary, _read(_DISEASES, " "), DISEASES)
    for number, one in enumerate(vocabulary.descriptors):
        if vocabulary.in_tree(number, DISEASES):
            for name in (one.name, *one.terms):
                yield from ((word, number) for word in adjectives(name))


def _known(
    vocabulary: Vocabulary, table: Iterable[tuple[str, list[str]]], trees: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    """What the table has for names that the vocabulary has in those trees; a look at each is quicker than an index."""
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


def _read(table: str, between: str) -> Iterator[tuple[str, list[str]]]:
    """The name of a concept, and what stands behind it, for each line."""
    for line in table.strip().splitlines():
        name, _, others = line.partition(": ")
        yield name, others.split(between)
