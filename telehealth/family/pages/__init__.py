"""The pages of the family account: the user's and the member's, the proofs, the hospital's reviews."""

from telehealth.family.pages import members, proofs, reviews

HERE = reviews.HERE
routes = (*members.routes, *proofs.routes, *reviews.routes)
