"""A PDF in the page, drawn by the browser's own viewer from bytes that the page already has."""

from base64 import b64encode

import streamlit as st

HEIGHT_PX = 720
_SCRIPT = """
export default function ({ data, parentElement }) {
  const bytes = Uint8Array.from(atob(data.content), (letter) => letter.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: "application/pdf" }));
  const frame = document.createElement("iframe");
  frame.title = data.title;
  frame.src = address;
  frame.style = `width: 100%; height: ${data.height}px; border: 0;`;
  parentElement.replaceChildren(frame);
  return () => URL.revokeObjectURL(address);
}
"""


_FRAME = st.components.v2.component("pdf_frame", js=_SCRIPT)


def show_pdf(content: bytes, *, title: str) -> None:
    """Nothing leaves the page: the viewer reads a blob of this document."""
    encoded = b64encode(content).decode("ascii")
    _FRAME(data={"content": encoded, "title": title, "height": HEIGHT_PX}, height=HEIGHT_PX)
