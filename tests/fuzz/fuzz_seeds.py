"""Honest inputs that fuzzing starts from, one list a target."""

import base64
import io
import zipfile

from PIL import Image

CDA = (
    b'<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3"/>'
    b'<code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR"/><title>T</title>'
    b'<effectiveTime value="20260301101500+0100"/><confidentialityCode code="N"/><languageCode code="fr-FR"/>'
    b'<setId root="1.2"/><versionNumber value="1"/><recordTarget><patientRole>'
    b'<id extension="279035121518989" root="1.2.250.1.213.1.4.10"/><patient><name>'
    b'<family qualifier="BR">ESSAI</family><given qualifier="BR">EVE</given></name>'
    b'<administrativeGenderCode code="F"/><birthTime value="19790328"/></patient></patientRole></recordTarget>'
    b'<author><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="801234567897"/></assignedAuthor></author>'
    b"<component>%s</component></ClinicalDocument>"
)
PDF = base64.b64encode(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
LEVEL_1 = CDA % (b'<nonXMLBody><text mediaType="application/pdf" representation="B64">%s</text></nonXMLBody>' % PDF)
LEVEL_3 = CDA % (
    b"<structuredBody><component><section><title>S</title><text><table><tbody><tr><td colspan='2'>x</td></tr></tbody>"
    b"</table><list><item><content styleCode='Bold' ID='a'>y</content></item></list><paragraph>p<br/>"
    b"<linkHtml href='https://a.fr'>z</linkHtml></paragraph></text></section></component></structuredBody>"
)
METADATA = (
    b'<?xml version="1.0"?><lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" '
    b'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><rim:RegistryObjectList>'
    b'<rim:ExtrinsicObject id="D1" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
    b'<rim:Slot name="URI"><rim:ValueList><rim:Value>DOC0001.XML</rim:Value></rim:ValueList></rim:Slot>'
    b'<rim:Slot name="sourcePatientId"><rim:ValueList><rim:Value>279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH'
    b"</rim:Value></rim:ValueList></rim:Slot></rim:ExtrinsicObject></rim:RegistryObjectList>"
    b"</lcm:SubmitObjectsRequest>"
)


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


XDM = zipped(
    {
        "README.TXT": b"x",
        "INDEX.HTM": b"<html></html>",
        "IHE_XDM/SUBSET01/METADATA.XML": METADATA,
        "IHE_XDM/SUBSET01/DOC0001.XML": LEVEL_1,
    }
)
HEAD = (
    b'From: =?utf-8?Q?Anne_Martin?= <anne@ch.mssante.fr>\r\nTo: G: a@b.fr, "c d" <e@f>;\r\nCc: x@y (note)\r\n'
    b"Subject: =?iso-8859-1?B?6Q==?= XDM/1.0/DDM+\r\nDate: Mon, 2 Mar 2026 09:12:00 +0100\r\nMessage-ID: <1@ch>\r\n"
    b"References: <a@b> <c@d>\r\nX-MSS-MES: FIN\r\nMIME-Version: 1.0\r\n"
)
ORDINARY = (
    HEAD + b'Content-Type: multipart/mixed; boundary="q"\r\n\r\npre\r\n--q\r\n'
    b'Content-Type: multipart/alternative; boundary="qq"\r\n\r\n--qq\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nBonjour =C3=A9=\r\n\r\n--qq\r\n"
    b'Content-Type: text/html\r\n\r\n<p style="x">a <a href="http://b.fr">c</a><img src="cid:1"></p>\r\n--qq--\r\n'
    b"--q\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n--q\r\n"
    b"Content-Type: application/pdf; name*0*=utf-8''a%C3; name*1=b.pdf\r\nContent-Disposition: attachment\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + PDF + b"\r\n--q--\r\n"
)
WITH_XDM = (
    HEAD + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nx\r\n--q\r\n"
    b'Content-Type: application/zip; name="IHE_XDM.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    + base64.encodebytes(XDM)
    + b"--q\r\nContent-Type: text/xml\r\n\r\n"
    + LEVEL_1
    + b"\r\n--q--\r\n"
)
REPORT = (
    b"From: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n\r\nfailed\r\n"
    b"--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nStatus: 5.1.1\r\n--r--\r\n"
)
PAGE = (
    b'<div style="position:fixed"><a href="http://x.fr/?a&amp;b" target=_top>y</a><img src=cid:1 alt="z"><svg><script>'
    b"</script></svg><table><td colspan=2>w</table><form><input></form>&nbsp;<!-- c --></div>"
)
SMTP = b"\x05EHLO me\r\nMAIL FROM:<a@b> SIZE=5\r\nRCPT TO:<c@d>\r\nDATA\r\nFrom: a@b\r\n\r\n..x\r\n.\r\nQUIT\r\n"
IMAP = (
    b"\x07a LOGIN {2+}\r\nme {4}\r\nabcd\r\nb UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.9>)\r\n"
    b'c APPEND x (\\Seen) " 1-Feb-2026 12:30:00 +0100" {3+}\r\nabc\r\nd SEARCH OR FROM a NOT (BODY b UID 1,3:*)\r\n'
    b'e LIST (SUBSCRIBED) "" (a% "b") RETURN (STATUS (UNSEEN))\r\n'
    b"f STORE 1 (UNCHANGEDSINCE 7) +FLAGS.SILENT (\\Deleted)\r\n"
)

TRUST_LIST = """<?xml version="1.0" encoding="UTF-8"?>
<ListeBlanche xmlns="https://listeblanche.mssante.fr/schema"><DateDeGeneration>2026-03-01T00:00:00</DateDeGeneration>
<Domaine><Nom>clinique-horizon.mssante.fr</Nom><Description>Clinique</Description>
<DNCertificatOperateur>CN=mss.exemple.fr,OU=318751275100020,O=EXEMPLE,ST=Paris (75),C=FR</DNCertificatOperateur>
<ResponsableContact>a@b.fr</ResponsableContact><DateMAJ>2026-02-01</DateMAJ></Domaine>
<Domaine><Nom>h\u00f4pital.mssante.fr</Nom><DNCertificatOperateur>/C=FR/O=X, \\"Y/CN=z</DNCertificatOperateur></Domaine>
</ListeBlanche>""".encode()
FHIR = (
    b"mailbox-mss:contains=chu&_count=20&_lastUpdated=ge2026-03-01T10:00:00%2B01:00&name=Martin,Durand&identifier="
    b"urn:oid:1.2.250.1.71.4.2.1%7C801234567897&active=true&_elements=identifier,telecom&_include=PractitionerRole:"
    b"practitioner&_total=accurate&_cursor=YQ"
)
PATCH = (
    b'{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"insert"},'
    b'{"name":"path","valueString":"Practitioner.telecom"},{"name":"index","valueInteger":0},{"name":"value",'
    b'"valueContactPoint":{"system":"email","value":"a.b@medecin.mssante.fr"}}]},{"name":"operation","part":['
    b'{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Practitioner.telecom.where(value=\'a@b.fr\')"}]}]}'
)

INSI = (
    b'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<rechercherInsAvecTraitsIdentiteReponse xmlns="urn:carnet:insi:1"><CodeCR>00</CodeCR><Individu><Matricule>'
    b"279035121518989</Matricule><Oid>1.2.250.1.213.1.4.10</Oid><NomNaissance>PAT-TROIS</NomNaissance><ListePrenoms>"
    b"DOMINIQUE</ListePrenoms><Sexe>F</Sexe><DateNaissance>1979-03-28</DateNaissance></Individu>"
    b"</rechercherInsAvecTraitsIdentiteReponse></s:Body></s:Envelope>"
)
BARCODE = (
    b"IS010000000000000000000000S1279035121518989S21.2.250.1.213.1.4.10\x1dS3DOMINIQUE MARIE-LOUISE\x1dS4PAT-TROIS\x1d"
    b"S5FS628-03-1979S751215"
)

LIST = b'sep=;\r\nINS;"Pr\xc3\xa9nom";Entr\xc3\xa9e\r\n279035121518989;"Zo;\xc3\xa9";31/10/2026\r\n;;\r\n'
SHEET = (
    b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>INS</t></is></c><c r="B1" t="str"><v>Nom</v></c>'
    b'</row><row r="3" hidden="1"><c r="A3"><v>2.79035121518989E14</v></c><c r="B3" s="1"><f>A3</f><v>46326.25</v></c>'
    b'<c t="e"><v>#N/A</v></c><c t="s"><v>0</v></c></row></sheetData></worksheet>'
)


def sheet_around(sheet: bytes) -> bytes:
    """A workbook of this one sheet."""
    kind = b'<Relationship Id="%s" Type="x/%s" Target="%s"/>'
    of = b"<Relationships>%s</Relationships>"
    parts = (kind % (b"a", b"worksheet", b"s.xml")) + (kind % (b"b", b"styles", b"f.xml"))
    return zipped(
        {
            "[Content_Types].xml": b"spreadsheetml",
            "_rels/.rels": of % (kind % (b"a", b"officeDocument", b"w.xml")),
            "_rels/w.xml.rels": of % parts,
            "w.xml": b'<workbook xmlns:r="r"><sheets><sheet name="a" r:id="a"/></sheets></workbook>',
            "f.xml": b'<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>',
            "s.xml": sheet,
        }
    )


PRINTED = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Metadata 2 0 R /OpenAction << /S /J#61vaScript /JS (x) >> >>\nendobj\n"
    b"2 0 obj\n<< /Type /Metadata >>\nstream\n<pdfaid:part>1</pdfaid:part>\nendstream\nendobj\n"
    b"trailer\n<< /Root 1 0 R /Encrypt 3 0 R >>\n%%EOF\n"
)


def photographs() -> list[bytes]:
    """A small picture of each kind, with a place and words in it."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Rue des Lilas"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6)})
    drawn = []
    for kind in ("JPEG", "PNG", "TIFF", "GIF"):
        out = io.BytesIO()
        Image.linear_gradient("L").resize((9, 7)).save(out, kind, **({} if kind == "GIF" else {"exif": exif}))
        drawn.append(out.getvalue())
    return drawn


SEEDS: dict[str, list[bytes]] = {
    "photo": photographs(),
    "mail": [ORDINARY, WITH_XDM, REPORT],
    "letter": [ORDINARY, WITH_XDM, REPORT],
    "report": [ORDINARY, REPORT],
    "archive": [XDM, zipped({"a.txt": b"x"}, zipfile.ZIP_STORED)],
    "clinical": [LEVEL_1, LEVEL_3, METADATA],
    "pdf": [PRINTED],
    "spreadsheet": [LIST, SHEET],
    "page": [PAGE],
    "sasl": [
        b"AHVzZXIAc2VjcmV0",
        b"dXNlcg==\nc2VjcmV0",
        b"dXNlcj1hQGIBYXV0aD1CZWFyZXIgc2VjcmV0AQE=",
        b"bixhPWFAYiwBYXV0aD1CZWFyZXIgc2VjcmV0AQE=",
    ],
    "trust_list": [TRUST_LIST],
    "fhir": [FHIR],
    "fhir_patch": [PATCH],
    "insi": [INSI],
    "barcode": [BARCODE, BARCODE.replace(b"\x1d", b"").lower()],
    "smtp": [SMTP],
    "imap": [IMAP],
}
