"""The room's door: an upgrade from our own pages, or from what is no browser."""

from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from signaling.switchboard import Switchboard
from telehealth.core.access import NOBODY


async def open_socket(websocket: WebSocket) -> None:
    """Closing before `accept` answers 403."""
    house = websocket.app.state.house
    if not _is_ours(websocket, house.settings.public_url):
        await websocket.close()
        return
    await websocket.accept()
    board: Switchboard = house.units.port(Switchboard)
    await board.serve(
        websocket.scope.get("actor", NOBODY),
        websocket.path_params["room"],
        receive=websocket.receive,
        send=websocket.send,
    )


def _is_ours(websocket: WebSocket, public_url: str) -> bool:
    origin = websocket.headers.get("origin")
    if origin is None:
        return True
    netloc = urlsplit(origin).netloc
    return netloc != "" and netloc in (websocket.headers.get("host"), urlsplit(public_url).netloc)


routes = (WebSocketRoute("/rooms/{room:uuid}/socket", open_socket, name="room_socket"),)
