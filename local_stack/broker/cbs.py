"""`$cbs`: takes a client's token. Its form and expiry are checked, its signature is not."""

from typing import TYPE_CHECKING

from local_stack.broker.faults import MuteToken, RefuseToken
from local_stack.broker.responses import Request, Response

if TYPE_CHECKING:
    from local_stack.broker.connection import Connection

CBS = "$cbs"


def put_token(request: Request, connection: "Connection") -> Response | None:
    """Authorize the connection; None where a fault keeps the answer back."""
    faults = connection.namespace.faults
    if faults.take(MuteToken):
        return None
    if refused := faults.take(RefuseToken):
        return Response(status=refused.status, description="the token is refused")
    operation = request.properties.get("operation")
    if operation != "put-token":
        return Response(status=400, description=f"operation {operation!r}, expected 'put-token'")
    if not isinstance(request.body, str) or not request.body:
        return Response(status=401, description="the body is no token")
    connection.authorized = True
    return Response(status=202, description="Accepted")
