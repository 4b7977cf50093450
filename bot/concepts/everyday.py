"""Names that authors use and vocabularies lack: drowsiness, breast cancer; put down here by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.concepts.derivations import DISEASES, known, read
from bot.concepts.vocabulary import Vocabulary

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

#: What catalogues name after the neoplasms of a place, authors name after its cancer.
_TUMORS = re.compile("(.*[a-z]) neoplasms?", re.IGNORECASE)
_KINDS_OF_TUMORS: Final = ("cancer", "tumor", "carcinoma", "malignancy")


def everyday_names(vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Give names in everyday use of concepts of `vocabulary`, each with the concept's number."""
    yield from known(vocabulary, read(_NAMES, ", "), DISEASES)
    for number, one in enumerate(vocabulary.descriptors):
        if vocabulary.in_tree(number, DISEASES):
            for name in (one.name, *one.terms):
                if found := _TUMORS.fullmatch(name):
                    yield from ((f"{found[1]} {kind}", number) for kind in _KINDS_OF_TUMORS)
