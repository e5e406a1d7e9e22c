from telehealth.outpatient.pages import bills, staff

routes = [*bills.routes, *staff.routes]
