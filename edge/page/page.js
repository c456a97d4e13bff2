// Runs in: a browser. Shows the snapshots that come as events; the view that is seen is the only one made.
const meta = (name) => document.querySelector(`meta[name="troupe-${name}"]`).content;
const [key, base] = [meta("key"), meta("base")];
const byId = (id) => document.getElementById(id);

const VIEWS = [
  ["overview", "Overview"],
  ["actors", "Actors"],
  ["pools", "Pools"],
  ["tasks", "Tasks"],
  ["queues", "Queues"],
  ["letters", "Dead letters"],
  ["log", "Log"],
];
const MOST_HISTORY = 120;

let snapshot;
let paused = false;
let filter = "";
/** Rates of the last minute, by actor id; "" is all of them. */
const history = new Map();

/** Makes an element; texts are never read as HTML. */
function h(tag, attributes, ...children) {
  const isSvg = tag === "svg" || tag === "polyline";
  const made = isSvg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== ""));
  return made;
}

/** Makes `old` look like `made` and keeps what is the same, with its focus and its scroll position. */
function morph(old, made) {
  if (old.nodeType !== made.nodeType || old.nodeName !== made.nodeName) {
    return old.replaceWith(made);
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!made.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of made.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const [before, after] = [[...old.childNodes], [...made.childNodes]];
  after.forEach((child, at) => before[at] ? morph(before[at], child) : old.append(child));
  before.slice(after.length).forEach((child) => child.remove());
}

const number = (value) => Math.round(value).toLocaleString("en");
const rate = (value) => value < 10 ? value.toFixed(1) : number(value);
const bytes = (value) => `${number(value / 2 ** 20)} MB`;
const ms = (value) => {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  if (value > 0 && value < 0.1) return `${number(value * 1000)} µs`;
  return `${value < 10 ? value.toFixed(1) : number(value)} ms`;
};
const clock = (at) => new Date(at).toLocaleTimeString("en-GB");
const state = (name) => h("span", { class: `state ${name}` }, name);
const none = (text) => h("p", { class: "none" }, text);

function button(path, label, danger) {
  if (!key) return undefined;
  return h("button", { "data-act": path, class: danger ? "danger" : undefined }, label);
}

function table(columns, rows, empty) {
  if (rows.length === 0) return h("div", { class: "scroll" }, none(empty));
  const head = columns.map(([label, kind]) => h("th", { class: kind, scope: "col" }, label));
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, head)),
      h(
        "tbody",
        null,
        rows.map(({ cells, picked }) =>
          h(
            "tr",
            { class: picked ? "picked" : undefined },
            cells.map((cell, at) => h("td", { class: columns[at][1] }, ...[cell].flat())),
          )
        ),
      ),
    ),
  );
}

function spark(id, label) {
  const values = history.get(id) ?? [];
  const top = Math.max(1, ...values);
  const points = values.map((value, at) =>
    `${at + MOST_HISTORY - values.length},${(50 - 46 * value / top).toFixed(1)}`
  );
  return h(
    "svg",
    {
      class: "spark",
      viewBox: `0 0 ${MOST_HISTORY} 54`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    h("polyline", { points: points.join(" ") }),
  );
}

function tile(label, value, unit, level) {
  return h(
    "div",
    { class: `tile ${level ?? ""}` },
    h("dt", null, label),
    h("dd", null, value, unit ? h("small", null, ` ${unit}`) : ""),
  );
}

function tiles({ overview: o }) {
  return h(
    "dl",
    { class: "tiles" },
    tile("Messages and tasks", rate(o.rate), "/s"),
    tile("HTTP calls", rate(o.requests), "/s"),
    tile("Slowest p50 / p99", `${ms(o.p50)}`, `/ ${ms(o.p99)}`),
    tile("Actors", number(o.actors)),
    tile("Restarts", number(o.restarts), "", o.restarts > 0 ? "warn" : ""),
    tile("Dead letters", number(o.deadLetters), "", o.deadLetters > 0 ? "bad" : ""),
    tile("Memory", bytes(o.rss)),
    tile(
      "Shared memory",
      bytes(o.arenaUsed),
      `of ${bytes(o.arenaSize)}`,
      o.arenaUsed > o.arenaSize * 0.8 ? "bad" : "",
    ),
    tile("Event loop late", ms(o.lag), "", o.lag > 100 ? "bad" : o.lag > 20 ? "warn" : ""),
  );
}

/** Actors and supervisors with their depth in the tree. */
function flat(nodes, depth = 0) {
  return nodes.flatMap((node) => [{ ...node, depth }, ...flat(node.children, depth + 1)]);
}

function actorTable(picked, most = Infinity) {
  const rows = flat(snapshot.tree).filter(matches).slice(0, most).map((node) => {
    const isActor = node.kind === "actor";
    const full = `${node.mailbox} of ${node.capacity} messages`;
    return {
      picked: node.id === picked,
      cells: [
        [
          "\u2003".repeat(node.depth),
          isActor
            ? h("a", { href: `#actors/${encodeURIComponent(node.id)}` }, node.name)
            : `▾ ${node.name}`,
        ],
        state(node.state),
        isActor
          ? [
            h("meter", {
              min: 0,
              max: Math.max(1, node.capacity),
              low: node.capacity * 0.5,
              high: node.capacity * 0.8,
              optimum: 0,
              value: node.mailbox,
              title: full,
              "aria-label": full,
            }),
            ` ${number(node.mailbox)}`,
          ]
          : "",
        isActor ? rate(node.rate) : "",
        isActor ? ms(node.p50) : "",
        isActor ? ms(node.p99) : "",
        number(node.restarts),
      ],
    };
  });
  const columns = [
    ["Name", ""],
    ["State", ""],
    ["Mailbox", ""],
    ["/s", "n"],
    ["p50", "n optional"],
    ["p99", "n"],
    ["Restarts", "n optional"],
  ];
  return table(columns, rows, 'No actor is observed yet: observe("name", ref)');
}

function more(count) {
  return count > 0 ? h("p", null, h("a", { href: "#actors" }, `${number(count)} more`)) : "";
}

function figures(pairs) {
  return h(
    "dl",
    { class: "figures" },
    pairs.map(([label, value]) => h("div", null, h("dt", null, label), h("dd", null, value))),
  );
}

function actorCard(id) {
  const node = flat(snapshot.tree).find((one) => one.id === id);
  if (!node) return h("div", { class: "card" }, none(`There is no actor "${id}" any more.`));
  const lines = snapshot.log.filter(({ text }) => text.includes(id)).slice(-8);
  return h(
    "section",
    { class: "card", "aria-label": `Actor ${id}` },
    h("h3", null, node.id, state(node.state)),
    figures([
      ["handled", number(node.handled)],
      ["a second", rate(node.rate)],
      ["waiting", `${node.mailbox} of ${node.capacity}`],
      ["dropped", number(node.dropped)],
      ["restarts", number(node.restarts)],
      ["p50", ms(node.p50)],
      ["p99", ms(node.p99)],
    ]),
    spark(id, "Messages a second, last minute"),
    h(
      "div",
      { class: "row" },
      button(`actors/${encodeURIComponent(id)}/stop`, "Stop"),
      button(`actors/${encodeURIComponent(id)}/restart`, "Kill and restart", true),
    ),
    logList(lines, "Nothing happened to it lately."),
  );
}

function poolCards() {
  if (snapshot.pools.length === 0) {
    return h("div", { class: "card" }, none('No pool is observed yet: observe("name", pool)'));
  }
  return h(
    "div",
    { class: "cards" },
    snapshot.pools.map((pool) => {
      const workers = Array.from(
        { length: pool.size },
        (_, at) =>
          h("li", { class: at < pool.busy ? "busy" : "", title: at < pool.busy ? "busy" : "idle" }),
      );
      const path = `pools/${encodeURIComponent(pool.name)}`;
      return h(
        "section",
        { class: "card", "aria-label": `Pool ${pool.name}` },
        h("h3", null, pool.name, h("small", null, `${pool.busy} of ${pool.size} workers busy`)),
        h("ul", { class: "workers", "aria-hidden": "true" }, workers),
        figures([
          ["a second", rate(pool.rate)],
          ["waiting", number(pool.queued)],
          ["done", number(pool.completed)],
          ["failed", number(pool.failed)],
          ["replaced", number(pool.restarts)],
        ]),
        h(
          "div",
          { class: "row" },
          button(`${path}/drain`, "Drain"),
          button(`${path}/restart`, "Replace a worker", true),
        ),
      );
    }),
  );
}

function callTable() {
  const rows = snapshot.calls.filter(matches).map((call) => ({
    cells: [
      `${call.service}/${call.name}`,
      rate(call.rate),
      number(call.count),
      Object.entries(call.statuses).map(([status, count]) =>
        h("span", { class: "status" }, `${status}: ${number(count)} `)
      ),
      ms(call.p50),
      ms(call.p99),
    ],
  }));
  return table(
    [
      ["Call", ""],
      ["/s", "n"],
      ["Count", "n optional"],
      ["By status", "wraps"],
      ["p50", "n optional"],
      ["p99", "n"],
    ],
    rows,
    "No call over HTTP yet.",
  );
}

function jobTable() {
  const rows = snapshot.jobs.filter(matches).map((job) => ({
    cells: [
      `${job.service}/${job.name}`,
      state(job.status),
      clock(job.startedAt),
      ms((job.endedAt ?? snapshot.at) - job.startedAt),
      h("code", null, job.id.slice(0, 8)),
      job.status === "running" ? button(`jobs/${job.id}/cancel`, "Cancel", true) ?? "" : "",
    ],
  }));
  return table(
    [["Job", ""], ["State", ""], ["Began", ""], ["Took", "n"], ["Id", "optional"], ["", ""]],
    rows,
    "No long work yet: ?mode=job begins some.",
  );
}

function queueTables() {
  const queues = snapshot.queues.map(({ name, size }) => ({ cells: [name, number(size)] }));
  const locks = snapshot.locks.map(({ name, locked }) => ({
    cells: [name, state(locked ? "held" : "free")],
  }));
  return h(
    "div",
    { class: "two" },
    h(
      "section",
      null,
      h("h2", null, "Queues"),
      table([["Name", ""], ["Items", "n"]], queues, "No queue is observed yet."),
    ),
    h(
      "section",
      null,
      h("h2", null, "Locks"),
      table([["Name", ""], ["State", ""]], locks, "No lock is observed yet."),
    ),
  );
}

/** Of a long payload the snapshot has the beginning of its JSON, which is JSON already. */
function jsonOf(payload) {
  if (typeof payload === "string" && payload.endsWith("…")) return payload;
  return JSON.stringify(payload) ?? "";
}

function letterTable() {
  const rows = snapshot.deadLetters.filter(matches).map((letter) => ({
    cells: [
      clock(letter.at),
      letter.actor,
      letter.message.type,
      letter.reason,
      h("code", null, jsonOf(letter.message.payload)),
      [
        button(`letters/${letter.n}/replay`, "Replay") ?? "",
        " ",
        button(`letters/${letter.n}/drop`, "Drop", true) ?? "",
      ],
    ],
  }));
  return table(
    [
      ["When", "optional"],
      ["Actor", ""],
      ["Message", ""],
      ["Why", "optional"],
      ["Payload", "wide"],
      ["", ""],
    ],
    rows,
    "No dead letters.",
  );
}

function logList(lines, empty) {
  if (lines.length === 0) return none(empty);
  return h(
    "ol",
    { class: "log" },
    lines.map((line) =>
      h("li", { class: line.level }, h("time", null, clock(line.at)), ` ${line.text}`)
    ),
  );
}

/** Whether an entry has the filter's text somewhere. */
function matches(entry) {
  return filter === "" || JSON.stringify(entry).toLowerCase().includes(filter);
}

function filterBox(label) {
  return h(
    "div",
    { class: "row" },
    h("input", {
      id: "filter",
      type: "search",
      placeholder: "Filter",
      "aria-label": `Filter ${label}`,
    }),
  );
}

function view(name, picked) {
  const section = (title, ...inside) => [h("h2", null, title), ...inside];
  switch (name) {
    case "actors":
      return [
        filterBox("actors"),
        h(
          "div",
          { class: picked ? "two" : "" },
          actorTable(picked),
          picked ? actorCard(picked) : "",
        ),
      ];
    case "pools":
      return section("Pools", poolCards());
    case "tasks":
      return [
        filterBox("tasks"),
        ...section("Long work", jobTable()),
        ...section("Calls over HTTP", callTable()),
      ];
    case "queues":
      return [queueTables()];
    case "letters":
      return [filterBox("dead letters"), letterTable()];
    case "log":
      return [
        filterBox("log"),
        h(
          "div",
          { class: "scroll" },
          logList(snapshot.log.filter(matches).reverse(), "Nothing yet."),
        ),
      ];
    default:
      return [
        tiles(snapshot),
        ...section(
          "Messages and tasks a second",
          h("div", { class: "card" }, spark("", "Messages a second, last minute")),
        ),
        ...section("Actors", actorTable("", 12), more(flat(snapshot.tree).length - 12)),
        ...section("Pools", poolCards()),
        ...section("Calls over HTTP", callTable()),
      ];
  }
}

function where() {
  const [name, picked] = location.hash.slice(1).split("/");
  return [
    VIEWS.some(([id]) => id === name) ? name : "overview",
    picked && decodeURIComponent(picked),
  ];
}

function draw() {
  const [name, picked] = where();
  morph(
    byId("nav"),
    h(
      "nav",
      { "aria-label": "Views", id: "nav" },
      VIEWS.map(([id, label]) =>
        h("a", { href: `#${id}`, "aria-current": id === name ? "page" : undefined }, label)
      ),
    ),
  );
  if (!snapshot) return;
  document.title = `${number(snapshot.overview.rate)}/s · Troupe`;
  morph(byId("view"), h("main", { id: "view", tabindex: "-1" }, view(name, picked)));
}

function remember() {
  const add = (id, value) => {
    const values = history.get(id) ?? [];
    values.push(value);
    if (values.length > MOST_HISTORY) values.shift();
    history.set(id, values);
  };
  add("", snapshot.overview.rate);
  const nodes = flat(snapshot.tree);
  for (const node of nodes) add(node.id, node.rate);
  const ids = new Set(["", ...nodes.map(({ id }) => id)]);
  for (const id of history.keys()) if (!ids.has(id)) history.delete(id);
}

function say(text) {
  byId("said").textContent = text;
  setTimeout(() => byId("said").textContent = "", 4000);
}

function setLink(name, text) {
  byId("link").dataset.state = name;
  byId("link").textContent = text;
}

async function act(path, label) {
  if (!confirm(`${label}?`)) return;
  const { ok, status } = await fetch(`${base}api/${path}`, {
    method: "POST",
    headers: { "x-troupe-key": key },
  });
  say(ok ? `${label}: done` : `${label}: refused (${status})`);
}

document.addEventListener("click", ({ target }) => {
  const { act: path } = target.dataset ?? {};
  if (path) act(path, target.textContent).catch((error) => say(error.message));
});
document.addEventListener("input", ({ target }) => {
  if (target.id !== "filter") return;
  filter = target.value.toLowerCase();
  draw();
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[1-7]$/.test(event.key)) location.hash = VIEWS[event.key - 1][0];
  else if (event.key === "/" && byId("filter")) {
    event.preventDefault();
    byId("filter").focus();
  } else if (event.key === "p") {
    paused = !paused;
    setLink(paused ? "paused" : "live", paused ? "paused" : "live");
  }
});
addEventListener("hashchange", () => {
  filter = "";
  draw();
  if (byId("filter")) byId("filter").value = "";
});

const source = new EventSource(`${base}events`);
source.addEventListener("open", () => setLink("live", "live"));
source.addEventListener("error", () => setLink("lost", "connection lost, trying again"));
source.addEventListener("message", ({ data }) => {
  if (paused) return;
  snapshot = JSON.parse(data);
  remember();
  draw();
});
draw();
