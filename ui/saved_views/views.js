// Named addresses of this site, kept in the browser. A name is a part of its address, so that
// whoever gets the address sees the name too.

const KEY = "chargeback.views";
const NAME = "view";

const stored = () => {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((each) => each.name && each.address) : [];
  } catch {
    return [];
  }
};

const store = (views) => localStorage.setItem(KEY, JSON.stringify(views));

const named = (name) => {
  const here = new URL(window.location.href);
  here.searchParams.set(NAME, name);
  return here.pathname + here.search;
};

export default function ({ parentElement }) {
  const form = parentElement.querySelector("form");
  const list = parentElement.querySelector("ul");
  const input = parentElement.querySelector("input");
  const said = parentElement.querySelector("p");

  const draw = () => {
    const views = stored();
    said.hidden = views.length > 0;
    list.replaceChildren(
      ...views.map(({ name, address }) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = address.startsWith("/") && !address.startsWith("//") ? address : "/";
        link.textContent = name;
        const remove = document.createElement("button");
        remove.type = "button";
        remove.textContent = "Remove";
        remove.setAttribute("aria-label", `Remove ${name}`);
        remove.onclick = () => {
          store(stored().filter((each) => each.name !== name));
          draw();
          input.focus();
        };
        item.append(link, remove);
        return item;
      })
    );
  };

  form.onsubmit = (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (!name) return;
    store([...stored().filter((each) => each.name !== name), { name, address: named(name) }]);
    input.value = "";
    draw();
  };
  draw();
}
