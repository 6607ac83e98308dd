"""Several people who open a page at the same time, without their browsers.

Each session is a WebSocket that asks for the page as Streamlit's client does, and reads all that it
is sent until the page is drawn. In a company each browser runs on a machine of its own; in this
benchmark they would share two processors with the server.
"""

from concurrent.futures import ThreadPoolExecutor

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

TIMEOUT_S = 120


def open_page(url: str) -> int:
    """The bytes that a person is sent until the page is whole."""
    run = BackMsg()
    run.rerun_script.query_string = ""
    received = 0
    with connect(
        f"{url.replace('http', 'ws')}/_stcore/stream",
        origin=Origin(url),
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
    ) as socket:
        socket.send(run.SerializeToString())
        while True:
            frame = socket.recv(timeout=TIMEOUT_S)
            assert isinstance(frame, bytes)
            received += len(frame)
            if ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
                return received


def open_pages(url: str, people: int) -> None:
    """Until the last of them has the whole page."""
    with ThreadPoolExecutor(people) as pool:
        sizes = list(pool.map(open_page, [url] * people))
    assert min(sizes) > 0
