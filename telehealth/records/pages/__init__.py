"""Pages of a person's record, in the order of their doors."""

from telehealth.records.pages import looks, own, public, rights, shares

routes = [*own.routes, *looks.routes, *shares.routes, *rights.routes, *public.routes]
