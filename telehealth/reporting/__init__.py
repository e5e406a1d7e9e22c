"""The promises of a hospital, measured: dashboard and daily report."""
