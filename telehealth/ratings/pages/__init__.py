from telehealth.ratings.pages import patient, staff

routes = (*patient.routes, *staff.routes)
