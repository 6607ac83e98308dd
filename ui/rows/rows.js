// Draws a list of rows as they come, and says which one was opened and which head was chosen. All
// texts are set as text, never as HTML.

const element = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

const heading = (column, index, sort, onSort) => {
  const chosen = sort && sort.title === column.title;
  const state = !chosen ? "none" : sort.descending ? "descending" : "ascending";
  const cell = element("th", { scope: "col", role: "columnheader", class: column.number ? "n" : "" });
  if (!onSort) {
    cell.append(column.title);
    return cell;
  }
  cell.setAttribute("aria-sort", state);
  const mark = { none: "", descending: " ↓", ascending: " ↑" }[state];
  const button = element("button", { type: "button", "data-focus": `sort-${index}` });
  button.append(column.title, element("span", { "aria-hidden": "true" }, mark));
  button.onclick = () => onSort(column);
  cell.append(button);
  return cell;
};

const link = (row, label, onOpen) => {
  const made = element("a", { "data-focus": row.id, href: row.href }, label);
  made.onclick = (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onOpen(row.id);
  };
  return made;
};

const leading = (columns) => columns.findIndex((column, index) => index > 0 && column.number);

// On a telephone the first number is next to the name, and cells that say nothing are left out.
const classes = (cell, column, { isName, isLead }) => {
  const kind = column.number ? "n" : column.day ? "day" : "";
  if (isLead) return `${kind} lead`;
  return isName || ![null, 0, ""].includes(cell.v) ? kind : `${kind} nothing`;
};

const line = (row, columns, onOpen) => {
  const made = element("tr", { role: "row", class: row.href ? "opens" : null });
  const lead = leading(columns);
  row.cells.forEach((cell, index) => {
    const column = columns[index];
    const first = index === 0;
    const drawn = element(first ? "th" : "td", {
      role: first ? "rowheader" : "cell",
      scope: first ? "row" : null,
      class: classes(cell, column, { isName: first, isLead: index === lead }),
      "data-label": column.title,
      title: cell.e,
    });
    drawn.append(first && row.href ? link(row, cell.t, onOpen) : cell.t);
    made.append(drawn);
  });
  if (row.href) {
    made.onclick = () => {
      if (!String(window.getSelection())) onOpen(row.id);
    };
  }
  return made;
};

const draw = ({ data, parentElement, setTriggerValue }) => {
  const root = parentElement.querySelector(".rows");
  const onOpen = (id) => setTriggerValue("opened", id);
  const { sort } = data;
  const onSort = ({ title, number }) => {
    const same = sort && sort.title === title;
    setTriggerValue("sorted", { title, descending: same ? !sort.descending : number });
  };
  const focused = parentElement.activeElement?.getAttribute("data-focus");
  const titles = data.columns.map((column, index) =>
    heading(column, index, sort, data.sorts ? onSort : null)
  );
  const body = data.rows.map((row) => line(row, data.columns, onOpen));
  const table = element(
    "table",
    { role: "table", "aria-label": data.label },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...titles)),
    element("tbody", { role: "rowgroup" }, ...body)
  );
  root.classList.toggle("long", data.long);
  root.replaceChildren(table);
  const again = [...root.querySelectorAll("[data-focus]")];
  again.find((each) => each.getAttribute("data-focus") === focused)?.focus();
};

// A list that is drawn again between the press and the release of a click would lose the click: it
// waits for the release.
const pressed = new WeakMap();

const watch = (root) => {
  const state = { isDown: false, waiting: null };
  const release = () => {
    state.isDown = false;
    const component = state.waiting;
    state.waiting = null;
    if (component) draw(component);
  };
  const released = () => setTimeout(release); // the click itself comes before that
  root.addEventListener("pointerdown", () => {
    state.isDown = true;
    for (const end of ["pointerup", "pointercancel"]) {
      window.addEventListener(end, released, { once: true });
    }
  });
  pressed.set(root, state);
  return state;
};

export default function (component) {
  const root = component.parentElement.querySelector(".rows");
  const state = pressed.get(root) ?? watch(root);
  if (state.isDown) state.waiting = component;
  else draw(component);
}
