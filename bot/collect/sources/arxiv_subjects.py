"""What arXiv's categories are called: `q-bio.NC` is neurons and cognition.

"arXiv Category Taxonomy". Categories without a name here (those of the ACM and of MSC, and new ones) say nothing to a
reader.
"""

from __future__ import annotations

_NAMES = """
cs.AI artificial intelligence|cs.AR hardware architecture|cs.CC computational complexity
cs.CE computational engineering, finance, and science|cs.CG computational geometry|cs.CL computation and language
cs.CR cryptography and security|cs.CV computer vision and pattern recognition|cs.CY computers and society
cs.DB databases|cs.DC distributed, parallel, and cluster computing|cs.DL digital libraries|cs.DM discrete mathematics
cs.DS data structures and algorithms|cs.ET emerging technologies|cs.FL formal languages and automata theory
cs.GR computer graphics|cs.GT computer science and game theory|cs.HC human-computer interaction
cs.IR information retrieval|cs.IT information theory|cs.LG machine learning|cs.LO logic in computer science
cs.MA multiagent systems|cs.MM multimedia|cs.MS mathematical software|cs.NA numerical analysis
cs.NE neural and evolutionary computing|cs.NI networking and internet architecture|cs.OS operating systems
cs.PF computer performance|cs.PL programming languages|cs.RO robotics|cs.SC symbolic computation|cs.SD sound
cs.SE software engineering|cs.SI social and information networks|cs.SY systems and control
econ.EM econometrics|econ.GN economics|econ.TH theoretical economics
eess.AS audio and speech processing|eess.IV image and video processing|eess.SP signal processing
eess.SY systems and control
math.AC commutative algebra|math.AG algebraic geometry|math.AP analysis of PDEs|math.AT algebraic topology
math.CA classical analysis and ODEs|math.CO combinatorics|math.CT category theory|math.CV complex variables
math.DG differential geometry|math.DS dynamical systems|math.FA functional analysis|math.GR group theory
math.GT geometric topology|math.IT information theory|math.KT K-theory and homology|math.LO mathematical logic
math.MG metric geometry|math.MP mathematical physics|math.NA numerical analysis|math.NT number theory
math.OA operator algebras|math.OC optimization and control|math.PR probability|math.QA quantum algebra
math.RA rings and algebras|math.RT representation theory|math.SG symplectic geometry|math.SP spectral theory
math.ST statistics theory
astro-ph astrophysics|astro-ph.CO cosmology and nongalactic astrophysics|astro-ph.EP earth and planetary astrophysics
astro-ph.GA astrophysics of galaxies|astro-ph.HE high energy astrophysical phenomena
astro-ph.IM instrumentation and methods for astrophysics|astro-ph.SR solar and stellar astrophysics
cond-mat condensed matter|cond-mat.dis-nn disordered systems and neural networks
cond-mat.mes-hall mesoscale and nanoscale physics|cond-mat.mtrl-sci materials science|cond-mat.quant-gas quantum gases
cond-mat.soft soft condensed matter|cond-mat.stat-mech statistical mechanics
cond-mat.str-el strongly correlated electrons|cond-mat.supr-con superconductivity
gr-qc general relativity and quantum cosmology|hep-ex high energy physics experiments
hep-lat lattice field theory|hep-ph high energy physics phenomenology|hep-th high energy physics theory
math-ph mathematical physics|nlin.AO adaptation and self-organizing systems|nlin.CD chaotic dynamics
nlin.CG cellular automata and lattice gases|nlin.PS pattern formation and solitons|nlin.SI integrable systems
nucl-ex nuclear experiments|nucl-th nuclear theory|quant-ph quantum physics
physics.acc-ph accelerator physics|physics.ao-ph atmospheric and oceanic physics|physics.app-ph applied physics
physics.atm-clus atomic and molecular clusters|physics.atom-ph atomic physics|physics.bio-ph biological physics
physics.chem-ph chemical physics|physics.class-ph classical physics|physics.comp-ph computational physics
physics.data-an data analysis, statistics and probability|physics.ed-ph physics education
physics.flu-dyn fluid dynamics|physics.geo-ph geophysics|physics.hist-ph history and philosophy of physics
physics.ins-det instrumentation and detectors|physics.med-ph medical physics|physics.optics optics
physics.plasm-ph plasma physics|physics.soc-ph physics and society|physics.space-ph space physics
q-bio quantitative biology|q-bio.BM biomolecules|q-bio.CB cell behavior|q-bio.GN genomics
q-bio.MN molecular networks|q-bio.NC neurons and cognition|q-bio.PE populations and evolution
q-bio.QM quantitative methods in biology|q-bio.SC subcellular processes|q-bio.TO tissues and organs
q-fin.CP computational finance|q-fin.EC economics|q-fin.MF mathematical finance|q-fin.PM portfolio management
q-fin.PR pricing of securities|q-fin.RM risk management|q-fin.ST statistical finance
q-fin.TR trading and market microstructure
stat.AP applied statistics|stat.CO statistical computation|stat.ME statistical methodology|stat.ML machine learning
stat.TH statistics theory
"""
_SUBJECTS = {
    code: name
    for line in _NAMES.strip().splitlines()
    for code, _, name in (entry.partition(" ") for entry in line.split("|"))
}


def subject_of(category: str) -> str:
    """The name of a category in words; empty where it has none."""
    return _SUBJECTS.get(category.strip(), "")
