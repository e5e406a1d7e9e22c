"""The list of orders, the promises of each, and booking the same doctor again."""

from telehealth.orders.pages import again, listing, prices

routes = (*listing.routes, *again.routes, *prices.routes)
