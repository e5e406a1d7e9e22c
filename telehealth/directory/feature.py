from telehealth.core.feature import Feature
from telehealth.directory import api, jobs, pages

feature = Feature(
    name="directory",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    deadlines=jobs.deadlines,
    templates="telehealth.directory",
)
