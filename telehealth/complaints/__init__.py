"""What somebody is unhappy with, and the clock on the answer."""

from telehealth.complaints.models import Complaint
from telehealth.complaints.queries import complaints_of, lock_any
from telehealth.complaints.topics import Found, Topic, Topics

__all__ = ["Complaint", "Found", "Topic", "Topics", "complaints_of", "lock_any"]
