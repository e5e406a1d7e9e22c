from telehealth.outpatient.pages import bills, desk, queue, staff

routes = [*bills.routes, *staff.routes, *queue.routes, *desk.routes]
