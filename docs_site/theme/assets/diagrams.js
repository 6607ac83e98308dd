// The theme's colours are made for Mermaid's classic look. And it shrinks diagrams to the width of
// the page: on a narrow screen they keep their size instead.
const initialize = mermaid.initialize;
mermaid.initialize = (config) => {
  const shrinks = { useMaxWidth: window.innerWidth > 760 };
  const kinds = ["flowchart", "sequence", "state", "class", "er"];
  const sized = kinds.map((kind) => [kind, { ...config[kind], ...shrinks }]);
  initialize({ ...config, look: "classic", theme: "default", ...Object.fromEntries(sized) });
};
