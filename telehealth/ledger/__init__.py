"""Double entry in integer fen: what every report about money reads, and nothing else."""

from telehealth.ledger.chart import Account, provider_account
from telehealth.ledger.errors import AlreadyPosted
from telehealth.ledger.posting import Entry, post, post_all

__all__ = ["Account", "AlreadyPosted", "Entry", "post", "post_all", "provider_account"]
