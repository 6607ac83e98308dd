"""`$cbs`: takes a client's token. That there is one is checked, what it says is not."""

from local_stack.broker.faults.faults import FaultTarget, MuteToken, RefuseToken
from local_stack.broker.serving.addresses import path_of
from local_stack.broker.serving.peer import OwningConnection
from local_stack.broker.serving.responses import Request, Response

CBS = "$cbs"


def put_token(request: Request, connection: OwningConnection) -> Response | None:
    """Authorize the connection; None where a fault keeps the answer back."""
    faults = connection.namespace.faults
    hub = path_of(str(request.properties.get("name", ""))).split("/")[0]
    place = FaultTarget(hub=hub or None)
    if faults.take(MuteToken, place):
        return None
    if refused := faults.take(RefuseToken, place):
        return Response(status=refused.status, description="the token is refused")
    operation = request.properties.get("operation")
    if operation != "put-token":
        return Response(status=400, description=f"operation {operation!r}, expected 'put-token'")
    if not isinstance(request.body, str) or not request.body:
        return Response(status=401, description="the body is no token")
    connection.authorized = True
    return Response(status=202, description="Accepted")
