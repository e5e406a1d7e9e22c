"""The API's snapshot: `make openapi` writes it, a house test compares it, a reviewer reads the diff."""

import json

import app
from telehealth.web import openapi
from telehealth.web.application import VERSION
from tests.support.programs import ROOT

SNAPSHOT = ROOT / "docs" / "openapi.json"


def current() -> str:
    """The document as this tree serves it, laid out so that a diff shows what changed."""
    routes = [route for feature in app.FEATURES for route in feature.api]
    document = openapi.document(routes, version=VERSION)
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(current(), encoding="utf-8")
