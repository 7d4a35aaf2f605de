"""What the service says of itself: WSDL 1.1 with the SOAP 1.2 binding, document/literal."""

from xml.sax.saxutils import quoteattr

_INDIVIDUAL = """
      <xs:complexType name="Individu">
        <xs:sequence>
          <xs:element name="Matricule" type="xs:string"/>
          <xs:element name="Oid" type="xs:string"/>
          <xs:element name="NomNaissance" type="xs:string"/>
          <xs:element name="ListePrenoms" type="xs:string"/>
          <xs:element name="Sexe" type="xs:string"/>
          <xs:element name="DateNaissance" type="xs:string"/>
          <xs:element name="LieuNaissance" type="xs:string" minOccurs="0"/>
        </xs:sequence>
      </xs:complexType>"""

_WSDL = """<?xml version="1.0" encoding="utf-8"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap12/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:i="urn:carnet:insi:1" targetNamespace="urn:carnet:insi:1">
  <w:types>
    <xs:schema xmlns:i="urn:carnet:insi:1" targetNamespace="urn:carnet:insi:1"
      elementFormDefault="qualified">{individual}
      <xs:element name="Demandeur" type="xs:string"/>
      <xs:element name="rechercherInsAvecTraitsIdentite"><xs:complexType><xs:sequence>
        <xs:element name="NomNaissance" type="xs:string"/>
        <xs:element name="Prenom" type="xs:string"/>
        <xs:element name="Sexe" type="xs:string"/>
        <xs:element name="DateNaissance" type="xs:string"/>
        <xs:element name="LieuNaissance" type="xs:string" minOccurs="0"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="rechercherInsAvecTraitsIdentiteReponse"><xs:complexType><xs:sequence>
        <xs:element name="CodeCR" type="xs:string"/>
        <xs:element name="Individu" type="i:Individu" minOccurs="0"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="verifierIns"><xs:complexType><xs:sequence>
        <xs:element name="Individu" type="i:Individu"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="verifierInsReponse"><xs:complexType><xs:sequence>
        <xs:element name="Resultat" type="xs:string"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:schema>
  </w:types>
  <w:message name="Recherche"><w:part name="corps" element="i:rechercherInsAvecTraitsIdentite"/>
    <w:part name="entete" element="i:Demandeur"/></w:message>
  <w:message name="RechercheReponse">
    <w:part name="corps" element="i:rechercherInsAvecTraitsIdentiteReponse"/></w:message>
  <w:message name="Verification"><w:part name="corps" element="i:verifierIns"/>
    <w:part name="entete" element="i:Demandeur"/></w:message>
  <w:message name="VerificationReponse"><w:part name="corps" element="i:verifierInsReponse"/></w:message>
  <w:portType name="Insi">
    <w:operation name="rechercherInsAvecTraitsIdentite">
      <w:input message="i:Recherche"/><w:output message="i:RechercheReponse"/></w:operation>
    <w:operation name="verifierIns">
      <w:input message="i:Verification"/><w:output message="i:VerificationReponse"/></w:operation>
  </w:portType>
  <w:binding name="InsiSoap12" type="i:Insi">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <w:operation name="rechercherInsAvecTraitsIdentite"><soap:operation soapAction="urn:carnet:insi:1:recherche"/>
      <w:input><soap:body parts="corps" use="literal"/>
        <soap:header message="i:Recherche" part="entete" use="literal"/></w:input>
      <w:output><soap:body use="literal"/></w:output></w:operation>
    <w:operation name="verifierIns"><soap:operation soapAction="urn:carnet:insi:1:verification"/>
      <w:input><soap:body parts="corps" use="literal"/>
        <soap:header message="i:Verification" part="entete" use="literal"/></w:input>
      <w:output><soap:body use="literal"/></w:output></w:operation>
  </w:binding>
  <w:service name="InsiDuBacASable">
    <w:port name="InsiSoap12" binding="i:InsiSoap12"><soap:address location={address}/></w:port>
  </w:service>
</w:definitions>
"""


def wsdl(address: str) -> bytes:
    """The description of the service that answers at ``address``."""
    return _WSDL.format(individual=_INDIVIDUAL, address=quoteattr(address)).encode("utf-8")
