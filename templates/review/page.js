// The lists and filters of the page. Everything foreign goes through textContent: no name or value is ever markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const FIRST = 60, ROWS = 25;
  const FILTERS = ["cluster", "model", "severity", "cause", "text"];
  const ORDER = { dangerous: 0, look: 1, routine: 2 };
  const SIGNS = { added: "new", removed: "gone", renamed: "renamed", changed: "" };
  let room = FIRST, rows = ROWS;

  const make = (tag, classes, text) => {
    const node = document.createElement(tag);
    if (classes) node.className = classes;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const badge = (severity) => make("span", `badge ${severity}`, data.words[severity]);
  const control = (name) => document.getElementById(`filter-${name}`);
  const wanted = () => Object.fromEntries(FILTERS.map((name) => [name, control(name) ? control(name).value.trim() : ""]));

  const fits = (item, filter) =>
    (!filter.cluster || item.clusters.includes(filter.cluster)) &&
    (!filter.model || item.models.includes(filter.model)) &&
    (!filter.severity || item.severity === filter.severity) &&
    (!filter.cause || item.causes === undefined || item.files.includes(filter.cause)) &&
    (!filter.text || item.haystack.includes(filter.text.toLowerCase()));

  const goOn = (node) => {
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
  };

  const place = (cause) => {
    const link = cause.url ? make("a", "code", cause.place) : make("code", "", cause.place);
    if (cause.url) link.href = cause.url;
    return link;
  };
  const value = (text, kind, label) => {
    const node = make("pre", text === null ? "none" : kind);
    node.append(make("span", "said", `${label}: `), text === null ? "absent" : text);
    node.tabIndex = text !== null && text.length > 400 ? 0 : -1;
    return node;
  };
  const values = (old, now) => {
    const pair = make("div", "values");
    pair.append(value(old, "was", "before"), value(now, "is", "after"));
    return pair;
  };

  const edit = (cause) => {
    const node = make("div", "edit");
    if (cause.place) node.append(place(cause));
    if (cause.key) node.append(make("span", "key", cause.key));
    if (cause.old !== undefined || cause.new !== undefined) node.append(values(cause.old ?? null, cause.new ?? null));
    else node.append(make("div", "dim", cause.text));
    return node;
  };
  const row = (one) => {
    const node = make("div", "row");
    const field = make("div", "field");
    if (SIGNS[one.status]) field.append(make("span", "times", SIGNS[one.status]));
    field.append(make("b", "", one.kind));
    if (one.field) field.append(make("code", "", one.field));
    if (one.count > 1) field.append(make("span", "times", `${one.count} times`));
    if (one.differs) field.append(make("span", "dim", "values differ, this is the first"));
    node.append(field);
    if (one.field || one.status === "renamed") node.append(values(one.old, one.new));
    node.append(make("div", "where", `${one.where}${one.objects ? `: ${one.objects}` : ""}`));
    return node;
  };
  const group = (one) => {
    const item = make("li", `group card ${one.severity}`);
    const why = make("div", "why"), what = make("div", "what");
    why.append(...one.causes.map(edit), badge(one.severity), make("div", "dim", one.reach));
    what.append(...one.rows.slice(0, rows).map(row));
    if (one.rows.length > rows) {
      const more = make("button", "more", `show ${one.rows.length - rows} more fields`);
      more.type = "button";
      more.addEventListener("click", () => {
        const rest = one.rows.slice(ROWS).map(row);
        more.replaceWith(...rest);
        goOn(rest[0]);
      });
      what.append(more);
    }
    item.append(why, what);
    return item;
  };
  const consequence = (one) => {
    const item = make("li", `consequence card ${one.severity}`);
    const mark = make("div");
    mark.append(badge(one.severity));
    item.append(mark, make("div", "", one.sentence));
    if (one.remedy) item.append(make("div", "remedy", one.remedy));
    return item;
  };
  const stack = (one) => {
    const line = make("tr");
    for (const cell of one.cells) line.append(make("td", "", cell));
    return line;
  };

  const shownText = (item) => {
    const causes = (item.causes ?? []).flatMap((one) => [one.place, one.key, one.old, one.new, one.key ? "" : one.text]);
    const fields = (item.rows ?? []).flatMap((one) => [
      SIGNS[one.status], `${one.kind} ${one.field}`, one.old, one.new, `${one.where}: ${one.objects}`,
    ]);
    return [
      data.words[item.severity], item.sentence, item.remedy, item.reach, ...(item.cells ?? []), ...causes, ...fields,
    ].filter(Boolean).join("\n");
  };

  const LISTS = [
    { id: "consequences", items: data.consequences, make: consequence },
    { id: "changes", items: data.groups, make: group },
    { id: "stacks", items: data.stacks, make: stack },
  ].filter((list) => document.getElementById(list.id));

  const draw = () => {
    const filter = wanted();
    const counts = [];
    for (const list of LISTS) {
      const found = list.items.filter((item) => fits(item, filter));
      const shown = found.slice(0, room).map(list.make);
      const home = document.getElementById(list.id);
      home.replaceChildren(...shown);
      const more = document.getElementById(`${list.id}-more`);
      more.hidden = found.length <= room;
      more.textContent = `show ${Math.min(FIRST, found.length - room)} of ${found.length - room} more`;
      const empty = document.getElementById(`${list.id}-empty`);
      empty.hidden = found.length > 0;
      empty.textContent = list.items.length ? "Nothing here with these filters." : "Nothing.";
      counts.push(`${found.length} of ${list.items.length} ${home.dataset.noun}`);
    }
    for (const figure of document.querySelectorAll("[data-cluster]")) {
      figure.hidden = Boolean(filter.cluster) && figure.dataset.cluster !== filter.cluster;
    }
    document.getElementById("shown").textContent = `Shown: ${counts.join(", ")}`;
    const kept = new URLSearchParams(Object.entries(filter).filter(([, text]) => text));
    const hash = kept.size ? `#${kept}` : "";
    if (hash !== location.hash && (hash || location.hash.includes("="))) history.replaceState(null, "", hash || location.pathname + location.search);
  };
  const choose = (chosen) => {
    for (const name of FILTERS) if (control(name)) control(name).value = chosen[name] ?? "";
    room = FIRST;
    draw();
  };
  const options = (name, values) => {
    if (!control(name)) return;
    for (const text of values) {
      const option = make("option", "", data.words[text] ?? text);
      option.value = text;
      control(name).append(option);
    }
  };

  const unique = (items, key) => [...new Set(items.flatMap((item) => item[key] ?? []))].sort();
  const every = [...data.consequences, ...data.groups, ...data.stacks];
  for (const item of every) item.haystack = shownText(item).toLowerCase();
  options("cluster", unique(every, "clusters"));
  options("model", unique(every, "models"));
  options("severity", [...new Set(every.map((item) => item.severity).filter(Boolean))].sort((a, b) => ORDER[a] - ORDER[b]));
  options("cause", unique(data.groups, "files"));

  for (const name of FILTERS) {
    control(name)?.addEventListener("input", () => {
      room = FIRST;
      draw();
    });
  }
  for (const list of LISTS) {
    document.getElementById(`${list.id}-more`).addEventListener("click", () => {
      const seen = document.getElementById(list.id).children.length;
      room += FIRST;
      draw();
      goOn(document.getElementById(list.id).children[seen]);
    });
  }
  document.getElementById("reset").addEventListener("click", () => choose({}));
  for (const link of document.querySelectorAll("a[data-model]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose({ cluster: link.dataset.of, model: link.dataset.model });
      document.getElementById("filters").scrollIntoView();
      document.getElementById("filter-model").focus();
    });
  }

  for (const link of document.querySelectorAll("nav a, a.skip")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const home = document.querySelector(link.getAttribute("href"));
      home.scrollIntoView();
      goOn(home);
    });
  }

  const bar = document.getElementById("filters");
  new ResizeObserver(() => {
    const covered = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
    document.documentElement.style.scrollPaddingTop = `${covered + 12}px`;
  }).observe(bar);

  const printed = (all) => () => {
    room = all ? Infinity : FIRST;
    rows = all ? Infinity : ROWS;
    draw();
  };
  addEventListener("beforeprint", printed(true));
  addEventListener("afterprint", printed(false));

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = document.getElementById("theme");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
  };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  dark.addEventListener("change", label);
  label();

  const kept = () => (location.hash.includes("=") ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : {});
  addEventListener("hashchange", () => location.hash.includes("=") && choose(kept()));
  choose(kept());
})();
