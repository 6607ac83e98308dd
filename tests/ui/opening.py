"""Pages as their scripts run, without a browser."""

from streamlit.testing.v1 import AppTest

from tests.paths import ROOT
from ui.format import JOINER

APP = ROOT / "ui/streamlit_app.py"
RUN_TIMEOUT_S = 60
OPERATOR_PAGES = {path.stem for path in (ROOT / "ui/operator_pages").glob("*.py")}


def opened(page: str, **parameters: str) -> AppTest:
    """The page as its address opens it."""
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S)
    room = "operator_pages" if page in OPERATOR_PAGES else "app_pages"
    app.switch_page(f"{room}/{page}.py")
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def said(app: AppTest) -> str:
    """All prose of the page, as it reads."""
    parts = [*app.title, *app.header, *app.caption, *app.markdown, *app.code]
    parts += [*app.info, *app.warning, *app.error, *app.success]
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace(JOINER, "")


def cards(app: AppTest) -> dict[str, str]:
    return {card.label: card.value for card in app.metric}
