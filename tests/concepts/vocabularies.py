"""A small vocabulary of invented concepts, in the forms that files of MeSH have."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from bot.models.vocabulary import Descriptor

BEVERAGES = Descriptor("D990001", "Sample Beverages", ("Sample Drinks", "Drinks, Sample"), ("J02.100",))
HOT = Descriptor("D990002", "Hot Beverages, Sample", ("Brews",), ("J02.100.200",))
TEA = Descriptor("D990003", "Sample Tea", ("Té", "Tea Leaf Brew"), ("J02.100.200.300", "B01.650.100"))
GREEN_TEA = Descriptor("D990004", "Green Sample Tea", (), ("J02.100.200.300.500",))
PLANTS = Descriptor("D990005", "Sample Plants", ("sample tea",), ("B01.650",))
NOWHERE = Descriptor("D990006", "Check Tag of a Sample", (), ())
#: Not below `J02.100`, though it begins so.
NEXT = Descriptor("D990000010", "Sample Neighbours", (), ("J02.1000",))

SMALL = (BEVERAGES, HOT, TEA, GREEN_TEA, PLANTS, NOWHERE, NEXT)


def tsv(descriptors: Iterable[Descriptor] = SMALL) -> str:
    """Rows of five columns, the last one empty."""
    return "".join(f"{one.id}\t{one.name}\t{'|'.join(one.terms)}\t{'|'.join(one.trees)}\t\n" for one in descriptors)


def xml(descriptors: Iterable[Descriptor] = SMALL, *, head: str = '<?xml version="1.0"?>\n') -> str:
    """NLM's `descYYYY.xml`: with what is read, and some of what is not."""
    doctype = '<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/no-such.dtd">\n'
    records = "".join(map(_record, descriptors))
    return f'{head}{doctype}<DescriptorRecordSet LanguageCode = "eng">\n{records}</DescriptorRecordSet>\n'


def _record(one: Descriptor) -> str:
    # The first concept has the preferred name and every other term; the second one has the rest.
    lists = ((one.name, *one.terms[::2]), one.terms[1::2])
    trees = "".join(f"<TreeNumber>{tree}</TreeNumber>\n" for tree in one.trees)
    return (
        f'<DescriptorRecord DescriptorClass = "1">\n<DescriptorUI>{one.id}</DescriptorUI>\n'
        f"<DescriptorName>\n<String>{escape(one.name)}</String>\n</DescriptorName>\n"
        "<AllowableQualifiersList><AllowableQualifier><QualifierReferredTo><QualifierUI>Q990001</QualifierUI>"
        "<QualifierName><String>sampling</String></QualifierName></QualifierReferredTo></AllowableQualifier>"
        "</AllowableQualifiersList>\n<PharmacologicalActionList><PharmacologicalAction><DescriptorReferredTo>"
        "<DescriptorUI>D999999</DescriptorUI><DescriptorName><String>Elsewhere</String></DescriptorName>"
        "</DescriptorReferredTo></PharmacologicalAction></PharmacologicalActionList>\n"
        f"{f'<TreeNumberList>{trees}</TreeNumberList>' if trees else ''}\n"
        f"<ConceptList>\n{''.join(_concept(names) for names in lists if names)}</ConceptList>\n</DescriptorRecord>\n"
    )


def _concept(names: Iterable[str]) -> str:
    terms = "".join(
        f'<Term ConceptPreferredTermYN="N">\n<TermUI>T990001</TermUI>\n<String>{escape(name)}</String>\n</Term>\n'
        for name in names
    )
    return (
        f"<Concept>\n<ConceptName><String>Not read</String></ConceptName>\n<TermList>\n{terms}</TermList>\n</Concept>\n"
    )
