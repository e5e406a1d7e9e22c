"""The house is killed at every named point while people book, pay, attend, cancel and are refunded.

python -m tests.crash      a long rehearsal; prints how often it died where
test_twenty_kills.py       a short one, for everyday

points.py     the names there are, as they stand in the program
plan.py       which errands lead to a name, and which name is next
house.py      the real processes: started, killed, started again
town.py       a hospital, its clinics and patients, and the business clock of both worlds
client.py     an app that repeats what got no answer
errands.py    what people do, from the seat to its end
weather.py    lost answers, 500s, slow ones, callbacks twice, reordered or never
books.py      what must be true afterwards
rehearsal.py  all of it together
"""
