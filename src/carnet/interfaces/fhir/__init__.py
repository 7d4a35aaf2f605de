"""The directory's FHIR R4 door, as the API of the Annuaire Santé (ANS, API FHIR Annuaire Santé v2): reading for who has
a key, writing mailboxes for operators."""
