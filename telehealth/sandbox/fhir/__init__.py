"""A small FHIR R4 server: resources in the books, strict search, paging, transactions."""
