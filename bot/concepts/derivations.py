"""Words that a vocabulary lacks: everyday names, and adjectives that speak of a concept without naming it.

`hepatic` speaks of the liver and `leukemic` of leukemia; such words count for less than a name. The tables are of
common medical English, put down here by hand; the endings are those of Greek and Latin nouns and their adjectives.
"""

from __future__ import annotations

import re
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
angina pectoris, variant: variant angina
anodontia: hypodontia
anxiety disorders: anxiety
arrhythmias, cardiac: dysrhythmia, rhythm disturbance
arthritis, rheumatoid: rheumatoid
basal ganglia diseases: extrapyramidal symptom, extrapyramidal sign
bipolar disorder: manic, manic episode, bipolar mania
blood coagulation disorders: coagulopathy, clotting disorder, bleeding disorder
blood platelet disorders: platelet disorder
bone marrow diseases: myelosuppression, bone marrow suppression, bone marrow hypoplasia, bone marrow toxicity
brain diseases: encephalopathy, brain damage, cerebral damage, brain abnormality, brain disease, brain dysfunction
breast neoplasms: breast and ovarian cancer, breast ovarian cancer, familial breast cancer, hereditary breast cancer
calculi: stone
cardiomegaly: cardiac hypertrophy, myocardial hypertrophy
cardiomyopathies: myocardial damage, myocardial injury
cardiovascular diseases: cardiovascular disorder, cardiovascular complication, cardiovascular toxicity
cardiovascular diseases: cardiovascular event
central nervous system diseases: CNS disorder
chemical and drug induced liver injury: hepatotoxicity, hepatotoxic, liver injury, hepatic injury, liver damage
cocaine-related disorders: cocaine abuse, cocaine addiction
cognition disorders: cognitive impairment, cognitive deficit, cognitive dysfunction, cognitive decline
cognition disorders: impaired cognition, cognitive deterioration
colonic polyps: colorectal polyp
colorectal neoplasms: colorectal cancer, colorectal carcinoma, colorectal tumor, colorectal adenoma
coronary vasospasm: coronary spasm
depressive disorder: depression, depressed, depressive
depressive disorder, major: major depression, major depressive episode
developmental disabilities: developmental delay, developmental disorder
diabetes mellitus: diabetic, diabetes
disorders of excessive somnolence: hypersomnolence, daytime sleepiness
disorders of sex development: pseudohermaphroditism, intersex
drug hypersensitivity: allergic reaction, drug allergy
drug overdose: overdose, overdosage
drug-related side effects and adverse reactions: toxicity, drug toxicity
dyskinesia, drug-induced: dyskinesia, dyskinetic
edema: swelling
epilepsy, tonic-clonic: tonic-clonic seizure, grand mal seizure
eye diseases: ocular toxicity, eye abnormality, ocular disease, ocular disorder
fatty liver: steatosis, hepatic steatosis
feeding and eating disorders: eating disorder
fractures, bone: fracture
gastrointestinal diseases: gastrointestinal toxicity, gastrointestinal disorder, gastrointestinal disturbance
gastrointestinal diseases: gastrointestinal complication, gastrointestinal side effect
genetic diseases, inborn: genetic disease, genetic disorder, inherited disease, inherited disorder, hereditary disease
genetic diseases, inborn: hereditary disorder, recessive disorder, autosomal recessive disease
genetic diseases, inborn: autosomal recessive disorder, autosomal dominant disease, autosomal dominant disorder
genetic diseases, inborn: genetic defect, genetic abnormality, genetic syndrome, inherited condition
genetic diseases, inborn: recessive syndrome
genetic diseases, x-linked: x-linked disease, x-linked disorder, x-linked recessive disorder
growth disorders: growth retardation, growth impairment, short stature
hearing disorders: hearing impairment, auditory dysfunction, hearing defect
heart diseases: cardiac dysfunction, cardiac damage, cardiac abnormality, cardiac disease, cardiac toxicity
heart diseases: cardiac injury, cardiac disorder, cardiac complication
hematologic diseases: blood dyscrasia, hematologic toxicity, cytopenia, hematologic abnormality
hematologic diseases: hematological abnormality, hematologic disorder, blood disorder
hereditary breast and ovarian cancer syndrome: breast and ovarian cancer, breast ovarian cancer
hereditary breast and ovarian cancer syndrome: familial breast cancer, hereditary breast cancer
hiv infections: HIV infected, HIV positive, HIV disease
hyperkinesis: hyperactivity, hyperkinetic, hyperlocomotion
hypertension: hypertensive
hypokinesia: akinesia, bradykinesia, akinetic, bradykinetic
hypotension: hypotensive
hypoxia: hypoxemia
immune system diseases: immune defect, immune disorder, immune dysfunction
immunologic deficiency syndromes: immunodeficiency, immune deficiency, complement deficiency
infarction, middle cerebral artery: MCA infarction
kidney diseases: nephropathy, nephrotoxicity, nephrotoxic, renal damage, renal dysfunction, renal disease
kidney diseases: renal toxicity, renal injury, renal disorder, kidney damage, kidney injury, renal lesion
kidney diseases: kidney dysfunction, impaired renal function, renal abnormality
kidney failure, chronic: end stage renal disease, chronic renal failure, end stage kidney disease
learning disabilities: learning impairment, learning deficit
leukodystrophy, metachromatic: metachromatic leukodystrophy
liver cirrhosis: cirrhosis, cirrhotic
liver diseases: hepatic dysfunction, liver dysfunction, hepatic disease, hepatic disorder, hepatic toxicity
liver diseases: liver toxicity
liver failure, acute: fulminant hepatic failure, fulminant liver failure
long qt syndrome: QT prolongation, prolonged QT
lupus erythematosus, systemic: lupus
lymphoma, non-hodgkin: lymphosarcoma
lysosomal storage diseases: lysosomal storage disorder, storage disorder
memory disorders: memory impairment, memory deficit, memory loss, amnesic, impaired memory, memory deficiency
mental disorders: psychiatric disorder, psychiatric illness, psychiatric disease, psychiatric symptom, mental illness
metabolic diseases: metabolic disorder
metabolism, inborn errors: enzyme deficiency, enzymopathy, inherited metabolic disorder, inborn error of metabolism
mitochondrial diseases: mitochondrial disorder, mitochondrial dysfunction
movement disorders: motor disorder, motor dysfunction, motor disability, motor impairment
multiple myeloma: myeloma
muscle rigidity: rigidity
muscle spasticity: spasticity
muscle weakness: weakness
muscular atrophy: muscle wasting, muscle atrophy
muscular diseases: myopathic, muscle disease, muscle disorder, muscle damage
muscular dystrophy, duchenne: duchenne dystrophy, DMD
neoplasms: cancer, malignancy, malignant tumor, malignant disease
neoplastic syndromes, hereditary: hereditary cancer, inherited cancer, familial cancer, cancer syndrome
nerve degeneration: neuronal loss, neuronal damage, axonal degeneration, neuronal degeneration
nervous system diseases: neurological disorder, neurological dysfunction, neuropathy, neurological complication
nervous system diseases: neurologic disorder, neurological disease, neurologic disease, neurological impairment
nervous system diseases: neurologic impairment, neurological abnormality, neurological symptom
neurodegenerative diseases: neurodegeneration, neurodegenerative disorder
neurofibromatosis 1: neurofibromatosis
neurologic manifestations: neurological deficit, neurologic deficit
neurotoxicity syndromes: neurotoxicity, neurotoxic
obesity: obese
osteochondrodysplasias: chondrodysplasia
ovarian neoplasms: breast and ovarian cancer, breast ovarian cancer
paresis: hemiparesis
parkinsonian disorders: parkinsonian, parkinsonian symptom
peripheral nervous system diseases: peripheral neurotoxicity, peripheral nerve damage
phenylketonurias: phenylketonuria, PKU
pneumonia: pneumonitis
psychomotor agitation: agitation
renal insufficiency: renal failure, renal impairment, kidney failure
respiratory insufficiency: respiratory failure, respiratory depression, respiratory arrest
retinal diseases: retinopathy, retinal disease, retinal disorder, retinal toxicity
seizures: convulsion, convulsive
sexual dysfunction, physiological: sexual dysfunction
skin diseases: skin lesion, skin eruption, skin disorder, skin reaction
sleep initiation and maintenance disorders: insomnia
sleep wake disorders: sleep disturbance
spinocerebellar degenerations: spinocerebellar ataxia, cerebellar degeneration, inherited ataxia, hereditary ataxia
spinocerebellar degenerations: spinocerebellar degeneration
stereotypic movement disorder: stereotypy
stroke: apoplexy
substance-related disorders: drug abuse, substance abuse, drug addiction, drug dependence
syncope: syncopal attack, syncopal episode
tachycardia: tachyarrhythmia
tachycardia, supraventricular: atrial tachycardia, supraventricular tachyarrhythmia
thrombosis: thrombus
urinary bladder diseases: bladder toxicity, bladder dysfunction
vascular calcification: arterial calcification
vascular diseases: vascular disease, vasculopathy, microangiopathy
vision disorders: visual loss, visual impairment, loss of vision, blurred vision, visual deficit, visual disturbance
vision disorders: visual defect
von hippel-lindau disease: von hippel-lindau
wounds and injuries: trauma
xerostomia: dry mouth
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
#: What catalogues name after the neoplasms of a place, authors name after its cancer.
_TUMORS = re.compile("(.*[a-z]) neoplasms?", re.IGNORECASE)
_KINDS_OF_TUMORS: Final = ("cancer", "tumor", "carcinoma", "malignancy")


def everyday_names(vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Give names in everyday use of concepts of `vocabulary`, each with the concept's number."""
    yield from _known(vocabulary, _read(_NAMES, ", "), DISEASES)
    for number, one in enumerate(vocabulary.descriptors):
        if vocabulary.in_tree(number, DISEASES):
            for name in (one.name, *one.terms):
                if found := _TUMORS.fullmatch(name):
                    yield from ((f"{found[1]} {kind}", number) for kind in _KINDS_OF_TUMORS)


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
