"""Pages of a person's record, in the order of their doors."""

from telehealth.records.pages import own, public, shares

routes = [*own.routes, *shares.routes, *public.routes]
