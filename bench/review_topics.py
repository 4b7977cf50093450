"""What the systematic reviews of the benchmarks are about, each as the concept feed of somebody who would follow it."""

from __future__ import annotations

import re

from bench.taggers import Topic

#: By the review's name, small letters and digits alone.
_TOPICS = {
    "aceinhibitors": Topic(
        "ACE inhibitors",
        (
            "angiotensin-converting enzyme inhibitor", "benazepril", "captopril", "cilazapril", "enalapril",
            "fosinopril", "lisinopril", "moexipril", "perindopril", "quinapril", "ramipril", "trandolapril",
        ),
    ),
    "adhd": Topic(
        "Attention deficit hyperactivity disorder",
        (
            "ADHD", "attention-deficit disorder", "hyperkinetic disorder", "methylphenidate", "dexmethylphenidate",
            "amphetamine", "dextroamphetamine", "atomoxetine", "pemoline", "stimulant medication",
        ),
    ),
    "antihistamines": Topic(
        "Antihistamines",
        (
            "H1 antagonist", "histamine antagonist", "cetirizine", "levocetirizine", "loratadine", "desloratadine",
            "fexofenadine", "azelastine", "allergic rhinitis", "urticaria",
        ),
    ),
    "atypicalantipsychotics": Topic(
        "Atypical antipsychotics",
        (
            "atypical neuroleptic", "second-generation antipsychotic", "clozapine", "olanzapine", "risperidone",
            "quetiapine", "ziprasidone", "aripiprazole",
        ),
    ),
    "betablockers": Topic(
        "Beta blockers",
        (
            "beta-adrenergic blocker", "beta-adrenoceptor antagonist", "beta blockade", "acebutolol", "atenolol",
            "betaxolol", "bisoprolol", "carteolol", "carvedilol", "labetalol", "metoprolol", "nadolol", "penbutolol",
            "pindolol", "propranolol", "timolol",
        ),
    ),
    "calciumchannelblockers": Topic(
        "Calcium channel blockers",
        (
            "calcium antagonist", "calcium channel antagonist", "dihydropyridine", "amlodipine", "bepridil",
            "diltiazem", "felodipine", "isradipine", "nicardipine", "nifedipine", "nisoldipine", "verapamil",
        ),
    ),
    "estrogens": Topic(
        "Estrogens in the menopause",
        (
            "hormone replacement therapy", "HRT", "estrogen", "estrogen therapy", "estradiol",
            "conjugated equine estrogens", "esterified estrogens", "estropipate", "menopause", "postmenopausal women",
            "hot flash", "hot flush",
        ),
    ),
    "nsaids": Topic(
        "Nonsteroidal anti-inflammatory drugs",
        (
            "NSAID", "COX-2 inhibitor", "cyclooxygenase-2 inhibitor", "celecoxib", "rofecoxib", "valdecoxib",
            "diclofenac", "etodolac", "ibuprofen", "indomethacin", "ketoprofen", "meloxicam", "nabumetone",
            "naproxen", "piroxicam", "sulindac",
        ),
    ),
    "opiods": Topic(
        "Opioids for chronic pain",
        (
            "opioid analgesic", "long-acting opioid", "opiate", "chronic pain", "cancer pain", "codeine", "fentanyl",
            "hydrocodone", "hydromorphone", "levorphanol", "methadone", "morphine", "oxycodone", "oxymorphone",
        ),
    ),
    "oralhypoglycemics": Topic(
        "Oral hypoglycemics",
        (
            "oral antidiabetic", "sulfonylurea", "type 2 diabetes", "non-insulin-dependent diabetes", "acarbose",
            "chlorpropamide", "glibenclamide", "glimepiride", "glipizide", "glyburide", "metformin", "nateglinide",
            "pioglitazone", "repaglinide", "rosiglitazone", "tolbutamide",
        ),
    ),
    "protonpumpinhibitors": Topic(
        "Proton pump inhibitors",
        (
            "omeprazole", "esomeprazole", "lansoprazole", "pantoprazole", "rabeprazole", "acid suppression",
            "gastroesophageal reflux", "reflux esophagitis", "peptic ulcer", "duodenal ulcer",
        ),
    ),
    "skeletalmusclerelaxants": Topic(
        "Skeletal muscle relaxants",
        (
            "muscle relaxant", "antispastic drug", "spasticity", "muscle spasm", "baclofen", "carisoprodol",
            "chlorzoxazone", "cyclobenzaprine", "dantrolene", "metaxalone", "methocarbamol", "orphenadrine",
            "tizanidine",
        ),
    ),
    "statins": Topic(
        "Statins",
        (
            "HMG-CoA reductase inhibitor", "hydroxymethylglutaryl-CoA reductase inhibitor", "atorvastatin",
            "fluvastatin", "lovastatin", "pravastatin", "rosuvastatin", "simvastatin", "cholesterol lowering",
        ),
    ),
    "triptans": Topic(
        "Triptans for migraine",
        (
            "triptan", "5-HT1B/1D agonist", "serotonin agonist", "migraine", "almotriptan", "eletriptan",
            "frovatriptan", "naratriptan", "rizatriptan", "sumatriptan", "zolmitriptan",
        ),
    ),
    "urinaryincontinence": Topic(
        "Urinary incontinence",
        (
            "overactive bladder", "detrusor instability", "detrusor overactivity", "urge incontinence", "oxybutynin",
            "tolterodine", "flavoxate", "trospium", "darifenacin", "solifenacin",
        ),
    ),
    "appenzellerherzog2020": Topic(
        "Treatment of Wilson disease",
        (
            "Wilson's disease", "hepatolenticular degeneration", "penicillamine", "trientine", "tetrathiomolybdate",
            "zinc",
        ),
    ),
    "bannachbrown2019": Topic(
        "Animal models of depression",
        (
            "animal model", "rat model of depression", "mouse model of depression", "depressive-like behavior",
            "antidepressant-like effect", "forced swim test", "forced swimming test", "tail suspension test",
            "learned helplessness", "chronic mild stress", "chronic unpredictable stress", "social defeat",
            "anhedonia", "sucrose preference", "olfactory bulbectomy", "antidepressant",
        ),
    ),
    "bos2018": Topic(
        "Small vessel disease and dementia",
        (
            "cerebral small vessel disease", "white matter hyperintensities", "white matter lesions", "lacunes",
            "lacunar infarct", "cerebral microbleeds", "brain infarcts", "dementia", "Alzheimer disease",
        ),
    ),
    "kwok2020": Topic(
        "Virus metagenomics in farm animals",
        (
            "viral metagenomics", "virome", "virus discovery", "metagenomic sequencing", "novel virus", "livestock",
            "pigs", "cattle", "poultry", "chickens",
        ),
    ),
    "nagtegaal2019": Topic(
        "Nudging healthcare professionals",
        ("nudge", "choice architecture", "default option", "reminders", "feedback", "guideline adherence", "framing"),
    ),
    "vandeschoot2017": Topic(
        "Trajectories of posttraumatic stress",
        (
            "posttraumatic stress disorder", "PTSD", "PTSD symptoms", "trajectories", "latent growth",
            "growth mixture", "latent class growth", "resilience", "delayed onset",
        ),
    ),
    "wolters2018": Topic(
        "Heart disease and dementia",
        (
            "coronary heart disease", "myocardial infarction", "heart failure", "angina pectoris", "dementia",
            "Alzheimer disease", "cognitive decline",
        ),
    ),
}  # fmt: skip


def topic_of(review: str) -> Topic | None:
    """What a review is about, by the name of its file; None where nobody has said so.

    A name that is made of words says so itself.
    """
    known = _TOPICS.get(re.sub(r"[^a-z0-9]", "", review.lower()))
    if known or re.search(r"\d", review):
        return known
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", review)
    return Topic(" ".join(words)) if words else None
