from uuid import UUID

from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.unit import Unit
from telehealth.hospital import keying
from telehealth.hospital.errors import SystemKeyNotFound
from telehealth.hospital.schemas import MakeSystemKey, SystemKeyMade, SystemKeyView
from telehealth.web.contract import operation

NEEDS = Permission.MANAGE_STAFF


@operation(needs=NEEDS)
async def list_system_keys(unit: Unit) -> list[SystemKeyView]:
    """Of this hospital, the newest first; revoked ones stay in the list."""
    return [SystemKeyView.of(row) for row in await keying.keys_of(unit)]


@operation(needs=NEEDS, status=201)
async def make_system_key(unit: Unit, body: MakeSystemKey) -> SystemKeyMade:
    """A key for another system of this hospital to read records (FHIR). It is shown this once."""
    return SystemKeyMade.once(*await keying.make_key(unit, body.name))


@operation(needs=NEEDS, raises=(SystemKeyNotFound,))
async def revoke_system_key(unit: Unit, key_id: UUID) -> SystemKeyView:
    """From the next request on it opens nothing; doing it again changes nothing."""
    return SystemKeyView.of(await keying.revoke_key(unit, key_id))


routes = [
    Route("/system-keys", list_system_keys),
    Route("/system-keys", make_system_key, methods=["POST"]),
    Route("/system-keys/{key_id}/revocation", revoke_system_key, methods=["POST"]),
]
