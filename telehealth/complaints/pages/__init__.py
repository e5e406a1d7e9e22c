from telehealth.complaints.pages import patient, staff

routes = (*patient.routes, *staff.routes)
