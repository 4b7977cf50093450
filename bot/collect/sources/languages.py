"""Languages by their two-letter codes, from the three-letter ones of library catalogues."""

from __future__ import annotations

from functools import lru_cache

#: ISO 639-2 (bibliographic and terminological codes, and MEDLINE's former ones) to ISO 639-1.
_TWO = dict(
    pair.split(":")
    for pair in (
        "afr:af alb:sq sqi:sq amh:am ara:ar arm:hy hye:hy asm:as aze:az baq:eu eus:eu bel:be ben:bn bos:bs bre:br "
        "bul:bg bur:my mya:my cat:ca chi:zh zho:zh cos:co cym:cy wel:cy cze:cs ces:cs dan:da div:dv dut:nl nld:nl "
        "eng:en epo:eo est:et fao:fo fin:fi fre:fr fra:fr fry:fy geo:ka kat:ka ger:de deu:de gla:gd gle:ga glg:gl "
        "gre:el ell:el guj:gu hau:ha heb:he hin:hi hrv:hr scr:hr hun:hu ibo:ig ice:is isl:is ind:id ita:it jav:jv "
        "jpn:ja kan:kn kaz:kk khm:km kin:rw kir:ky kor:ko kur:ku lao:lo lat:la lav:lv lit:lt ltz:lb mac:mk mkd:mk "
        "mal:ml mao:mi mri:mi mar:mr may:ms msa:ms mlg:mg mlt:mt mon:mn nep:ne nno:nn nob:nb nor:no oci:oc ori:or "
        "pan:pa per:fa fas:fa pol:pl por:pt pus:ps que:qu roh:rm rum:ro ron:ro rus:ru san:sa sin:si slo:sk slk:sk "
        "slv:sl sna:sn som:so spa:es srp:sr scc:sr swa:sw swe:sv tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th tib:bo "
        "bod:bo tuk:tk tur:tr uig:ug ukr:uk urd:ur uzb:uz vie:vi wol:wo xho:xh yid:yi yor:yo zul:zu"
    ).split()
)


@lru_cache(maxsize=256)
def language_of(text: str) -> str:
    """`en` from `eng`, `en` or `en-GB`; what has no two-letter code stays as it is, in lower case."""
    code = text.strip().lower().replace("_", "-").partition("-")[0]
    return _TWO.get(code, code if code.isalpha() and len(code) <= 3 else "")
