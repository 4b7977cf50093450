"""Made-up citations in the shape of PubMed's files: half of them as in its daily updates, half as in its baseline.

Authors, journals, affiliations and findings are put together from syllables and words by a generator with a seed, so
that every machine measures the same; nothing in them is anybody's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

SEED = 20261125
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet SYSTEM '
    '"http://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)
END = "</PubmedArticleSet>\n"

_WORDS = (
    "cells patients expression signalling response treatment cohort receptor outcome baseline pathway mice tissue "
    "risk model protein significant increased reduced observed clinical measured randomised inhibition activity "
    "between after during among with without under over the of in and for was were that this these a an higher lower"
).split()
_LABELS = ("BACKGROUND", "OBJECTIVE", "METHODS", "RESULTS", "CONCLUSIONS")
_CITIES = ("Norwick", "Sankt Elmen", "Port Arlen", "Quillota Nueva", "Ōmihara", "Łęgowo", "Brønsted", "São Vito")
_KINDS = ("Journal Article", "Review", "Research Support, Non-U.S. Gov't", "Randomized Controlled Trial")
_MATH = (
    '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:msubsup><mml:mi>T</mml:mi><mml:mn>2</mml:mn>'
    "<mml:mo>*</mml:mo></mml:msubsup></mml:math>"
)


class _Maker:
    """Makes citations one after the other; what is long is drawn from pools, so that making is quick."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        draw = self.random
        syllables = [a + b for a in ("k", "l", "m", "n", "r", "s", "t", "v", "br", "zh") for b in ("a", "e", "i", "ou")]
        self.names = ["".join(draw.choices(syllables, k=draw.randint(2, 4))).title() for _ in range(4000)]
        self.names += [name + "é" for name in self.names[:300]] + [name + "-Østby" for name in self.names[300:400]]
        self.sentences = [self._sentence() for _ in range(1500)]
        self.headings = [f"{self._words(1, 3).title()}, {name}" for name in self.names[:1500]]
        self.journals = [f"Journal of {self._words(2, 5)}" for _ in range(400)]
        self.affiliations = [
            f"Department of {self._words(1, 3).title()}, {name} University, {draw.choice(_CITIES)}, Exampleland. "
            f"{name.lower()}@example.org."
            for name in self.names[:1200]
        ]

    def _words(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=self.random.randint(least, most)))

    def _sentence(self) -> str:
        draw = self.random
        text = self._words(14, 34).capitalize()
        extra = draw.random()
        if extra < 0.1:
            return f"{text} (p\u2009&lt;\u20090.0{draw.randint(1, 5)})."
        if extra < 0.15:
            return f"{text} in <i>{draw.choice(self.names)} {draw.choice(self.names).lower()}</i>."
        if extra < 0.2:
            return f"{text} at 10<sup>{draw.randint(2, 9)}</sup> CFU/mL and \u03b2\u2011blockade, 37\u00b0C."
        return f"{text} ({draw.randint(10, 99)}.{draw.randint(0, 9)}%)."

    def _text(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(self.sentences, k=self.random.randint(least, most)))

    def _day(self, name: str, attributes: str = "", pad: str = "      ") -> str:
        draw = self.random
        return (
            f"{pad}<{name}{attributes}>\n{pad}  <Year>{draw.randint(2015, 2025)}</Year>\n"
            f"{pad}  <Month>{draw.randint(1, 12):02d}</Month>\n{pad}  <Day>{draw.randint(1, 28):02d}</Day>\n"
            + (f"{pad}  <Hour>6</Hour>\n{pad}  <Minute>0</Minute>\n" if name == "PubMedPubDate" else "")
            + f"{pad}</{name}>\n"
        )

    def _author(self, *, placed: bool) -> str:
        draw = self.random
        if draw.random() < 0.01:
            return (
                '          <Author ValidYN="Y">\n            <CollectiveName>'
                f"{draw.choice(self.names)} Study Group</CollectiveName>\n          </Author>\n"
            )
        given = draw.choice(self.names)
        text = (
            f'          <Author ValidYN="Y">\n            <LastName>{draw.choice(self.names)}</LastName>\n'
            f"            <ForeName>{given} {given[1].upper()}</ForeName>\n"
            f"            <Initials>{given[0]}{given[1].upper()}</Initials>\n"
        )
        if placed:
            if draw.random() < 0.25:
                text += '            <Identifier Source="ORCID">0000-0000-0000-0000</Identifier>\n'
            for place in draw.sample(self.affiliations, 1 if draw.random() < 0.8 else 2):
                text += (
                    "            <AffiliationInfo>\n              <Affiliation>"
                    f"{place}</Affiliation>\n            </AffiliationInfo>\n"
                )
        return text + "          </Author>\n"

    def _journal(self, number: int) -> str:
        draw = self.random
        title = draw.choice(self.journals)
        dated = (
            f"<MedlineDate>{draw.randint(1970, 2025)} Nov-Dec</MedlineDate>"
            if number % 97 == 0
            else f"<Year>{draw.randint(1970, 2025)}</Year>\n              <Month>Nov</Month>"
        )
        return (
            '        <Journal>\n          <ISSN IssnType="Electronic">0000-0000</ISSN>\n'
            '          <JournalIssue CitedMedium="Internet">\n'
            f"            <Volume>{draw.randint(1, 99)}</Volume>\n            <Issue>{draw.randint(1, 12)}</Issue>\n"
            f"            <PubDate>\n              {dated}\n            </PubDate>\n          </JournalIssue>\n"
            f"          <Title>{title}</Title>\n          <ISOAbbreviation>{title[:20]}</ISOAbbreviation>\n"
            "        </Journal>\n"
        )

    def _abstract(self) -> str:
        if self.random.random() < 0.5:
            inner = f"          <AbstractText>{self._text(6, 11)}</AbstractText>\n"
        else:
            inner = "".join(
                f'          <AbstractText Label="{label}" NlmCategory="{label}">{self._text(1, 3)}</AbstractText>\n'
                for label in _LABELS
            )
        return (
            f"        <Abstract>\n{inner}          <CopyrightInformation>Made up.</CopyrightInformation>\n"
            "        </Abstract>\n"
        )

    def _mesh(self) -> str:
        draw = self.random
        lines = ["      <MeshHeadingList>\n"]
        for name in draw.sample(self.headings, draw.randint(6, 14)):
            lines.append(
                '        <MeshHeading>\n          <DescriptorName UI="D000000" MajorTopicYN="N">'
                f"{name}</DescriptorName>\n"
            )
            lines += [
                '          <QualifierName UI="Q000000" MajorTopicYN="Y">metabolism</QualifierName>\n'
            ] * draw.randint(0, 2)
            lines.append("        </MeshHeading>\n")
        return "".join([*lines, "      </MeshHeadingList>\n"])

    def _references(self) -> str:
        draw = self.random
        one = (
            "        <Reference>\n"
            "          <Citation>{0}, X.; {1}, Y.; et al. {2} J. Made Up 2019, 1, 23\u201345.</Citation>\n"
            '          <ArticleIdList>\n            <ArticleId IdType="doi">10.5555/{0}.{3}</ArticleId>\n'
            '            <ArticleId IdType="pubmed">{3}</ArticleId>\n          </ArticleIdList>\n        </Reference>\n'
        )
        made = (
            one.format(
                draw.choice(self.names), draw.choice(self.names), draw.choice(self.headings), draw.randint(1, 10**7)
            )
            for _ in range(draw.randint(10, 60))
        )
        return "      <ReferenceList>\n" + "".join(made) + "      </ReferenceList>\n"

    def _title(self, number: int) -> str:
        text = self._words(8, 18).capitalize()
        odd = {
            0: f"<i>{self.random.choice(self.names)}</i> <b>{text}</b> in H<sub>2</sub>O",
            1: f"Of {_MATH} maps: {text}",
            2: f"{text} &lt; 0.05 &amp; more",
        }
        return odd.get(number % 500, text) + "."

    def citation(self, number: int, *, update: bool, version: int = 1) -> str:
        """One PubmedArticle.

        Args:
            update: as in an update file (authors' affiliations, keywords, long abstracts, references), not as in the
                baseline (MeSH headings, chemicals, few authors, abstracts in part).
        """
        draw = self.random
        doi = f"10.5555/bench.{number}"
        authors = "".join(
            self._author(placed=update) for _ in range(draw.randint(1, 13) if update else draw.randint(1, 4))
        )
        abstract = self._abstract() if draw.random() < (0.9 if update else 0.5) else ""
        kinds = "".join(
            f'          <PublicationType UI="D000000">{kind}</PublicationType>\n' for kind in draw.sample(_KINDS, 2)
        )
        online = self._day("ArticleDate", ' DateType="Electronic"', "        ") if update else ""
        more = (
            '      <KeywordList Owner="NOTNLM">\n'
            + "".join(
                f'        <Keyword MajorTopicYN="N">{self._words(1, 3)}</Keyword>\n' for _ in range(draw.randint(0, 8))
            )
            + "      </KeywordList>\n"
            if update
            else self._mesh()
        )
        if number % 150 == 0:
            more += (
                '      <CommentsCorrectionsList>\n        <CommentsCorrections RefType="ErratumIn">\n'
                f'          <RefSource>Made up. 2026</RefSource>\n          <PMID Version="1">{number + 1}</PMID>\n'
                "        </CommentsCorrections>\n      </CommentsCorrectionsList>\n"
            )
        states = ("received", "accepted", "entrez", "pubmed", "medline") if update else ("pubmed", "medline", "entrez")
        history = "".join(self._day("PubMedPubDate", f' PubStatus="{state}"', "        ") for state in states)
        references = self._references() if draw.random() < (0.3 if update else 0.1) else ""
        return (
            f'  <PubmedArticle>\n    <MedlineCitation Status="MEDLINE" Owner="NLM">\n'
            f'      <PMID Version="{version}">{number}</PMID>\n{self._day("DateCompleted")}{self._day("DateRevised")}'
            f'      <Article PubModel="Print-Electronic">\n{self._journal(number)}'
            f"        <ArticleTitle>{self._title(number)}</ArticleTitle>\n"
            f"        <Pagination>\n          <MedlinePgn>1-9</MedlinePgn>\n        </Pagination>\n"
            f'        <ELocationID EIdType="doi" ValidYN="Y">{doi}</ELocationID>\n{abstract}'
            f'        <AuthorList CompleteYN="Y">\n{authors}        </AuthorList>\n        <Language>eng</Language>\n'
            f"        <PublicationTypeList>\n{kinds}        </PublicationTypeList>\n{online}      </Article>\n"
            "      <MedlineJournalInfo>\n        <Country>Exampleland</Country>\n        <MedlineTA>J Ex</MedlineTA>\n"
            "        <NlmUniqueID>0000000</NlmUniqueID>\n        <ISSNLinking>0000-0000</ISSNLinking>\n"
            f"      </MedlineJournalInfo>\n      <CitationSubset>IM</CitationSubset>\n{more}    </MedlineCitation>\n"
            f"    <PubmedData>\n      <History>\n{history}      </History>\n"
            "      <PublicationStatus>ppublish</PublicationStatus>\n      <ArticleIdList>\n"
            f'        <ArticleId IdType="pubmed">{number}</ArticleId>\n'
            f'        <ArticleId IdType="doi">{doi}</ArticleId>\n'
            f"      </ArticleIdList>\n{references}    </PubmedData>\n  </PubmedArticle>\n"
        )

    def book(self, number: int) -> str:
        """One PubmedBookArticle."""
        return (
            f'  <PubmedBookArticle>\n    <BookDocument>\n      <PMID Version="1">{number}</PMID>\n'
            f'      <Book>\n        <BookTitle book="ex">{self._words(3, 6).capitalize()}</BookTitle>\n'
            "        <PubDate>\n          <Year>2020</Year>\n        </PubDate>\n      </Book>\n"
            f'      <ArticleTitle book="ex" part="one">{self._words(3, 8).capitalize()}</ArticleTitle>\n'
            f"{self._abstract()}    </BookDocument>\n    <PubmedBookData>\n      <History>\n"
            f"{self._day('PubMedPubDate', ' PubStatus=' + chr(34) + 'entrez' + chr(34), '        ')}"
            "      </History>\n    </PubmedBookData>\n  </PubmedBookArticle>\n"
        )


def records(count: int, seed: int = SEED) -> Iterator[str]:
    """`count` records: citations of both kinds, now and then a second version, and books."""
    maker = _Maker(seed)
    for number in range(1, count + 1):
        if number % 500 == 0:
            yield maker.book(number)
        else:
            again = number % 300 == 1 and number > 1
            yield maker.citation(number - again, update=number % 2 == 0, version=1 + again)


def write(out: Callable[[bytes], object], count: int, seed: int = SEED) -> None:
    """Write a whole PubmedArticleSet."""
    out(HEAD.encode())
    for record in records(count, seed):
        out(record.encode())
    out(END.encode())
