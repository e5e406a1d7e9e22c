"""The demo profile's own pages; app.py leaves this feature out of every other profile."""

from telehealth.core.feature import Feature, Periodic
from telehealth.core.offset import follow_offset
from telehealth.demo import clock_pages, jobs, pages
from telehealth.demo.audit_words import WORDS

feature = Feature(
    name="demo",
    pages=(*pages.routes, *clock_pages.routes),
    tasks=(jobs.fetch_bills,),
    periodic=(Periodic("demo.clock", 2, follow_offset),),
    templates="telehealth.demo",
    contributions=(("audit_words", WORDS),),
)
