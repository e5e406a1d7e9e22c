"""The drug book of a hospital: what may be written, what it is, what it costs."""

from prescriptions.formulary.book import Book
from prescriptions.formulary.errors import NoFormulary
from prescriptions.formulary.published import Published, book_of, published_book

__all__ = ["Book", "NoFormulary", "Published", "book_of", "published_book"]
