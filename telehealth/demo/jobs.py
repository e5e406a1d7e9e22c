from telehealth.core.jobs import Work, task
from telehealth.payments.reconciling import fetch_due


@task("demo.fetch_bills", retry_s=(5, 30))
async def fetch_bills(work: Work) -> None:
    """Of the days the clock jumped over: nobody who moved it waits for the next round."""
    await fetch_due(work.units)
