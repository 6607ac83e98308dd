"""What a page's lists of links show, and a click on a row, where there is no browser."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test


def lists(app: AppTest) -> list[dict[str, list[object]]]:
    """The values of each list, by the title of its column."""
    return [
        {
            column["title"]: [row["cells"][at]["v"] for row in data["rows"]]
            for at, column in enumerate(data["columns"])
        }
        for data, _ in _drawn(app)
    ]


def links(app: AppTest, label: str) -> list[str | None]:
    """Where the rows of the list with this label lead."""
    drawn = (data for data, _ in _drawn(app) if label in data["label"])
    return [row["href"] for row in next(drawn)["rows"]]


def open_row(app: AppTest, label: str, id_: str) -> AppTest:
    """A click on the row with this id, in the list with this label."""
    component = next(id_ for data, id_ in _drawn(app) if label in data["label"])
    states = app._tree.get_widget_states()
    click = [{"event": "opened", "value": id_}]
    states.widgets.append(
        WidgetState(id=_make_trigger_id(component, "events"), json_trigger_value=json.dumps(click))
    )
    with _pages_known(app):
        return app._run(states)


@contextmanager
def _pages_known(app: AppTest) -> Iterator[None]:
    """A server that has drawn a page knows all pages when something is clicked there. A run of
    AppTest begins without any.
    """

    class Knowing(PagesManager):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._set_pages(app._registered_pages)

    before, app_test.PagesManager = app_test.PagesManager, Knowing  # type: ignore[attr-defined]
    try:
        yield
    finally:
        app_test.PagesManager = before  # type: ignore[attr-defined]


def _drawn(app: AppTest) -> list[tuple[dict[str, Any], str]]:
    """The data and the id of each list."""
    found = [element.proto for element in app.get("bidi_component")]
    return [(json.loads(each.json), each.id) for each in found if "columns" in each.json]
