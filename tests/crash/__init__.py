"""The house is killed at every named point while people book, pay, attend, cancel and are refunded, and
while their prescriptions are signed, passed, paid, packed, sent, collected, given up and forgotten, and
while they pay what the hospital's own system asks for.

python -m tests.crash      a long rehearsal; prints how often it died where
test_twenty_kills.py       a short one, for everyday

points.py     the names there are, as they stand in the program
plan.py       which errands lead to a name, and which name is next
house.py      the real processes: started, killed, started again
town.py       a hospital, its clinics and patients, and the business clock of both worlds
client.py     an app that repeats what got no answer
errands.py    what people do, from the seat to its end
apothecary.py doctor, pharmacist and pharmacy, and sheets at any point of their way
counter.py    what people do with a bill of the hospital's own system, and its window meanwhile
dispensing.py what each of them does to a sheet, here or in a process of their own
sheets.py     what people do with a passed prescription
weather.py    lost answers, 500s, slow ones, callbacks twice, reordered or never
books.py      what must be true afterwards
shelves.py    the same of sheets, shelves, parcels at the courier, and signed files
invoices.py   the same of the hospital's own bills, here and there
rehearsal.py  all of it together
"""
