// What each chart shows: kind -> (data, state, colours) -> traces, layout, label, table.
const LIGHT = {
  ink: "#1a1f26", soft: "#545d68", line: "#d3d9e0", zero: "#8a929b", grey: "#8b949e", paper: "#ffffff",
  c1: "#0072b2", c2: "#c2500a", c3: "#007a5a", c4: "#a3487f", band: "rgba(0,114,178,.16)",
};
const DARK = {
  ink: "#e5eaf0", soft: "#a3aebb", line: "#343c46", zero: "#77818c", grey: "#8b949e", paper: "#1a2027",
  c1: "#5fb6ee", c2: "#f3995c", c3: "#4fcfa5", c4: "#e39ac8", band: "rgba(95,182,238,.20)",
};

// Plotly reads a few tags in its texts: whatever the data says is shown as it stands.
function plain(text, most = 70) {
  const cut = text.length > most ? text.slice(0, most - 1) + "\u2026" : text;
  return cut.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function band(x, low, high, colour, name) {
  const edge = { type: "scatter", mode: "lines", x, line: { width: 0 }, hoverinfo: "skip", showlegend: false };
  return [{ ...edge, y: low, legendgroup: "band" },
    { ...edge, y: high, fill: "tonexty", fillcolor: colour, name, showlegend: true, legendgroup: "band" }];
}

function axis(c, title, more = {}) {
  return {
    title: { text: title, font: { size: 12 }, standoff: 8 }, gridcolor: c.line, zerolinecolor: c.zero, linecolor: c.line,
    tickcolor: c.line, automargin: true, ...more,
  };
}

function step(tau) {
  if (tau.length <= 12) return 1;
  return tau.length <= 60 ? 5 : undefined;
}

function pairsOf(pairs) {
  const byEvent = new Map();
  pairs.event.forEach((event, i) => {
    if (!byEvent.has(event)) byEvent.set(event, new Map());
    byEvent.get(event).set(pairs.ticker[i], i);
  });
  return byEvent;
}

function add(a, b, sign) {
  return a.map((v, i) => (v === null || b[i] === null ? null : v + sign * b[i]));
}

function percent(value) {
  return value === null || value === undefined ? null : value / 100;
}

class Charts {
  constructor(data) {
    Object.assign(this, data);
    this.byEvent = pairsOf(this.pairs);
    this.unit = this.meta.unit;
    this.scale = this.unit === "%" ? percent : (v) => (v === undefined ? null : v);
    this.kind = this.unit === "%" ? "pct" : "num";
    this.interval = this.unit === "%" ? "ci" : "cin";
    this.events = [...this.byEvent.keys()];
  }

  // -- which choices a chart offers: lists of {name, label, options, value}
  choices(kind, state) {
    if (BEYOND[kind]) return BEYOND[kind].choices(this, state);
    const assets = (event) => [...(this.byEvent.get(event) || new Map()).keys()];
    const select = (name, label, options) => ({ name, label, options });
    if (kind === "car_path") return [select("ticker", this.words.asset, assets(state.event))];
    if (kind === "forest") return [select("show", this.words.show, [
      ...new Set(this.pairs.ticker)].sort().map((t) => ["ticker:" + t, `${this.words.asset}: ${t}`]).concat(
      this.events.map((e) => ["event:" + e, `${this.words.event_label}: ${e}`])))];
    if (kind === "caar") return [select("group", this.words.group,
      this.groups.map((g, i) => [String(i), g.by === "all" ? g.label : `${g.by}: ${g.label}`]))];
    if (kind === "timeline") return [select("line", this.words.asset,
      this.timelines.map((t, i) => [String(i), t.ticker]))];
    if (kind === "power") {
      const events = this.events.filter((e) => this.powered(e).length);
      return [select("event", this.words.show, (this.powers.lines.length ? [["", this.words.all_pairs]] : []).concat(
        events.map((e) => [e, `${this.words.event_label}: ${e}`]))), select("ticker", this.words.asset, this.powered(state.event))];
    }
    if (kind === "placebo") return [select("event", this.words.event_label, this.events),
      select("ticker", this.words.asset, assets(state.event))];
    const events = [...new Set(this.specifications.map((s) => s.event))];
    return [select("event", this.words.event_label, events), select("ticker", this.words.asset,
      this.specifications.filter((s) => s.event === state.event).map((s) => s.ticker))];
  }

  start(kind, key) {
    if (BEYOND[kind]) return BEYOND[kind].start(this);
    const { main, subject } = this.meta;
    if (kind === "car_path") return { event: key, ticker: subject[key] };
    if (kind === "forest") return { show: this.pairs.ticker.includes(main) ? "ticker:" + main : "event:" + this.events[0] };
    if (kind === "caar") {
      let own = this.groups.findIndex((g) => g.by === "ticker" && g.label === main);
      if (own < 0) own = this.groups.findIndex((g) => g.by === "group");
      return { group: String(Math.max(own, 0)) };
    }
    if (kind === "timeline") return { line: "0" };
    if (kind === "power") {
      if (this.powers.lines.length) return { event: "" };
      const event = this.events.find((e) => this.powered(e).length);
      const own = this.powered(event);
      return { event, ticker: own.includes(subject[event]) ? subject[event] : own[0] };
    }
    const known = kind === "placebo" ? this.pairs : {
      event: this.specifications.map((s) => s.event), ticker: this.specifications.map((s) => s.ticker) };
    const p = (i) => {
      const at = this.byEvent.get(known.event[i])?.get(known.ticker[i]);
      const value = at === undefined ? null : this.pairs.p[at];
      return (value === null ? 2 : value) + (subject[known.event[i]] === known.ticker[i] ? 0 : 3);
    };
    let best = 0;
    known.event.forEach((_, i) => { if (p(i) < p(best)) best = i; });
    return { event: known.event[best], ticker: known.ticker[best] };
  }

  draw(kind, state, c) {
    return BEYOND[kind] ? BEYOND[kind].draw(this, state, c) : this[kind](state, c);
  }

  car_path({ event, ticker }, c) {
    const i = this.byEvent.get(event).get(ticker);
    const p = this.pairs, x = p.tau, y = p.car[i], days = p.sessions[p.at[i]];
    const known = p.half[i].some((v) => v !== null);
    const traces = known ? band(x, add(y, p.half[i], -1), add(y, p.half[i], 1), c.band, this.words.band) : [];
    traces.push({
      type: "scatter", mode: "lines+markers", x, y, name: `CAR ${ticker}`, customdata: days,
      line: { color: c.c1, width: 2.5 }, marker: { size: 5, color: c.c1 },
      hovertemplate: `%{customdata}: %{y:.2f}${this.unit}<extra></extra>`,
    });
    traces.push({
      type: "bar", x, y: p.ar[i], name: this.words.abnormal, marker: { color: c.c2, opacity: .55 },
      hovertemplate: `${this.words.abnormal} %{y:.2f}${this.unit}<extra></extra>`,
    });
    const layout = {
      xaxis: axis(c, this.words.tau, { dtick: step(x), zeroline: false }),
      yaxis: axis(c, this.words.car), hovermode: "x unified",
      shapes: [{ type: "line", x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1, line: { color: c.zero, dash: "dot", width: 1 } }],
    };
    const columns = [["tau", "\u03c4", "int"], ["session", this.words.session, "text"],
      ["actual_return", this.words.actual, this.kind], ["expected_return", this.words.expected, this.kind],
      ["ar", this.words.abnormal, this.kind], ["std_error", this.words.se, this.kind],
      ["car", this.words.cars, this.kind], ["ci", this.words.interval, this.interval]];
    const s = this.scale;
    const rows = x.map((tau, t) => [tau, days[t], s(p.actual[i][t]), s(p.expected[i][t]), s(p.ar[i][t]),
      s(p.se[i][t]), s(y[t]),
      y[t] === null || p.half[i][t] === null ? null : [s(y[t] - p.half[i][t]), s(y[t] + p.half[i][t])]]);
    return { traces, layout, label: fill(this.words.path, { event, ticker }), table: { columns, rows } };
  }

  days(event, ticker) {
    const { table } = this.car_path({ event, ticker }, LIGHT);
    return { columns: table.columns.slice(0, 6), rows: table.rows.map((r) => r.slice(0, 6)) };
  }

  neighbours(event) {
    const p = this.pairs, s = this.scale;
    const found = [...this.byEvent.get(event).values()].map((i) => [p.ticker[i], p.group[i], s(p.c[i]),
      p.lo[i] === null ? null : [s(p.lo[i]), s(p.hi[i])], p.p[i], p.headline_test[i],
      p.calibrated_p_value[i], p.calibration_verdict[i], p.q_value[i], s(p.detectable[i]), p.reason[i]]);
    const columns = [["ticker", this.words.assets, "text"], ["group", this.words.groups, "text"],
      ["car", this.words.cars, this.kind], ["ci", this.words.interval, this.interval],
      ["p", this.words.p, "p"], ["test", this.words.test, "text"],
      ["calibrated_p_value", this.words.calibrated, "p"], ["verdict", this.words.verdict, "text"],
      ["q", this.words.q, "p"], ["detectable", this.words.detectable, this.kind], ["reason", this.words.reason, "text"]];
    const kept = columns.map((_, k) => k).filter((k) => found.some((r) => r[k] !== null && r[k] !== ""));
    return { columns: kept.map((k) => columns[k]), rows: found.map((r) => kept.map((k) => r[k])) };
  }

  forest({ show }, c) {
    const [by, ...rest] = show.split(":");
    const name = rest.join(":"), p = this.pairs;
    let rows = p[by].map((v, i) => (v === name ? i : -1)).filter((i) => i >= 0 && p.c[i] !== null);
    if (by === "event") rows.sort((a, b) => p.c[b] - p.c[a]);
    else rows.sort((a, b) => (p.sessions[p.at[a]][0] < p.sessions[p.at[b]][0] ? -1 : 1));
    const label = (i) => (by === "event" ? p.ticker[i] : p.event[i]);
    const sure = (i) => p.p[i] !== null && p.p[i] <= this.meta.alpha;
    const part = (chosen, colour, symbol, title) => ({
      type: "scatter", mode: "markers", name: title, x: chosen.map((i) => p.c[i]),
      y: chosen.map((i) => plain(label(i), 34)), marker: { color: colour, size: 9, symbol },
      error_x: { type: "data", symmetric: false, color: colour, thickness: 1.6,
        array: chosen.map((i) => (p.hi[i] === null ? 0 : p.hi[i] - p.c[i])),
        arrayminus: chosen.map((i) => (p.lo[i] === null ? 0 : p.c[i] - p.lo[i])) },
      customdata: chosen.map((i) => (p.p[i] === null ? "" : probability(p.p[i]))),
      hovertemplate: `%{y}: %{x:.2f}${this.unit}, p %{customdata}<extra></extra>`,
    });
    const layout = {
      height: Math.max(220, 24 * rows.length + 110),
      xaxis: axis(c, `${this.words.car} ${this.meta.window}`, { zeroline: true, zerolinewidth: 2 }),
      yaxis: axis(c, "", { categoryorder: "array", categoryarray: rows.map((i) => plain(label(i), 34)).reverse(), dtick: 1 }),
      hovermode: "closest",
    };
    const s = this.scale;
    const columns = [[by === "event" ? "ticker" : "event_id", by === "event" ? this.words.assets : this.words.event, "text"],
      ["car", `${this.words.cars} ${this.meta.window}`, this.kind], ["ci", this.words.interval, this.interval],
      ["p", this.words.p, "p"], ["q", this.words.q, "p"]];
    return {
      traces: [part(rows.filter(sure), c.c1, "circle", `p \u2264 ${this.meta.alpha}`),
        part(rows.filter((i) => !sure(i)), c.grey, "circle-open", `p > ${this.meta.alpha}`)],
      layout, label: `${name}: ${this.words.forest}`,
      table: { columns, rows: rows.map((i) => [label(i), s(p.c[i]),
        p.lo[i] === null ? null : [s(p.lo[i]), s(p.hi[i])], p.p[i], p.q_value[i]]) },
    };
  }

  caar({ group }, c) {
    const g = this.groups[Number(group)], s = this.scale;
    const known = g.half.some((v) => v !== null);
    const traces = known ? band(g.tau, add(g.caar, g.half, -1), add(g.caar, g.half, 1), c.band, this.words.band) : [];
    traces.push({ type: "scatter", mode: "lines+markers", x: g.tau, y: g.caar, name: this.words.caar,
      line: { color: c.c1, width: 2.5 }, marker: { size: 5 }, customdata: g.n,
      hovertemplate: `\u03c4 %{x}: %{y:.2f}${this.unit}, N = %{customdata}<extra></extra>` });
    const layout = {
      xaxis: axis(c, this.words.tau, { dtick: step(g.tau), zeroline: false }), yaxis: axis(c, this.words.caar), hovermode: "x unified",
      shapes: [{ type: "line", x0: 0, x1: 0, yref: "paper", y0: 0, y1: 1, line: { color: c.zero, dash: "dot", width: 1 } }],
    };
    const columns = [["tau", "\u03c4", "int"], ["n", "N", "int"], ["aar", "AAR", this.kind], ["caar", this.words.caar, this.kind]];
    return { traces, layout, label: fill(this.words.caar_title, { group: g.label }), table: { columns,
      rows: g.tau.map((t, k) => [t, g.n[k], s(g.aar[k]), s(g.caar[k])]) } };
  }

  timeline({ line }, c) {
    const t = this.timelines[Number(line)];
    const traces = [{ type: "scatter", mode: "lines", x: t.day, y: t.price, name: t.ticker,
      line: { color: c.c1, width: 1.8 }, hovertemplate: "%{x|%Y-%m-%d}: %{y}<extra></extra>" },
    { type: "scatter", mode: "markers+text", x: t.marks.map((m) => m.day), y: t.marks.map((m) => m.price),
      name: this.words.event, text: t.marks.map((_, k) => String(k + 1)), textposition: t.marks.map((_, k) => (k % 2 ? "bottom center" : "top center")),
      textfont: { color: c.ink }, marker: { color: c.c2, size: 9, symbol: "diamond" },
      customdata: t.marks.map((m) => `${plain(m.event)}<br>${plain(m.headline)}`),
      hovertemplate: "%{x|%Y-%m-%d} %{customdata}<extra></extra>" }];
    const price = fill(this.words.price, { currency: t.currency }).replace(/,\s*$/, "");
    return { traces, layout: { xaxis: axis(c, "", { type: "date" }), yaxis: axis(c, price), hovermode: "closest" },
      label: fill(this.words.timeline, { ticker: t.ticker }), follow: t.marks.map((m) => m.event),
      table: { columns: [["number", "#", "int"], ["event_id", this.words.event, "text"], ["session", this.words.session, "text"],
        ["price", price, "num"], ["headline", "", "text"]].map((k) => (k[1] ? k : [k[0], this.words.headline, k[2]])),
      rows: t.marks.map((m, k) => [k + 1, m.event, m.day, m.price, m.headline]) } };
  }

  placebo({ event, ticker }, c) {
    const i = this.byEvent.get(event).get(ticker), p = this.pairs;
    const counts = p.ordinary[i], reach = p.reach[i], width = (2 * reach) / counts.length;
    const middle = counts.map((_, k) => -reach + width * (k + .5));
    const traces = [{ type: "bar", x: middle, y: counts, width, name: this.words.ordinary,
      marker: { color: c.c1, opacity: .7, line: { color: c.paper, width: .5 } },
      hovertemplate: `%{x:.1f}${this.unit}: %{y}<extra></extra>` }];
    const value = p.c[i], top = Math.max(...counts);
    if (value !== null) traces.push({ type: "scatter", mode: "lines", x: [value, value], y: [0, top],
      name: `${this.words.this} (${fixed(value, 2)}${this.unit})`, line: { color: c.c2, width: 3 } });
    const layout = { xaxis: axis(c, `${this.words.car} ${this.meta.window}`), yaxis: axis(c, this.words.days), bargap: 0, hovermode: "closest" };
    const s = this.scale;
    return { traces, layout, label: fill(this.words.placebo, { event, ticker }), table: {
      columns: [["ci", this.words.cars, this.interval], ["count", this.words.days, "int"]],
      rows: counts.map((n, k) => [[s(middle[k] - width / 2), s(middle[k] + width / 2)], n]).filter((r) => r[1]) } };
  }

  // Assets of an event whose t test has a forecast error.
  powered(event) {
    return [...(this.byEvent.get(event) || new Map())].filter(([, i]) => this.pairs.detectable[i] !== null).map(([t]) => t);
  }

  powerLayout(c, title, more = []) {
    const level = (y, dash) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { color: c.zero, dash, width: 1 } });
    const note = (x, y, text) => ({ xref: "paper", x, y, text, showarrow: false, xanchor: x ? "right" : "left", yanchor: "bottom", font: { size: 11, color: c.soft } });
    return {
      height: 440, hovermode: "closest", shapes: [level(80, "dash"), level(100 * this.meta.alpha, "dot"), ...more],
      annotations: [note(0, 80, "80\u00a0%"), note(1, 100 * this.meta.alpha, "\u03b1")],
      xaxis: axis(c, title, { rangemode: "tozero", zeroline: false }), yaxis: axis(c, this.words.power, { range: [0, 102], zeroline: false }),
    };
  }

  powerLine(name, x, y, colour, dash, symbol, visible = true) {
    const at = this.powers.smallest;
    return { type: "scatter", mode: "lines+markers", name, x, y, visible, line: { color: colour, dash, width: 2.2 },
      marker: { symbol, color: colour, opacity: 1, line: { width: 0 }, size: x.map((_, k) => (k === at ? 11 : 0)) },
      hovertemplate: `%{x:.2f}${this.unit}: %{y:.0f}\u00a0%<extra>${plain(name)}</extra>` };
  }

  power({ event, ticker }, c) {
    const at = this.powers.smallest, s = this.scale;
    if (event) return this.eventPower(event, ticker, c);
    const colours = [c.c1, c.c2, c.c3, c.c4, c.ink], dashes = ["solid", "dash", "dashdot", "dot", "longdash"];
    const symbols = ["circle", "square", "diamond", "triangle-up", "triangle-down"];
    const lines = this.powers.lines;
    // What rejects too often without an effect has no power to show: it stands in the table.
    const kept = lines.filter((l) => l.verdict !== "liberal");
    const traces = (kept.length ? kept : lines).map((l, k) => this.powerLine(l.name, l.effect, l.power,
      colours[k % 5], dashes[k % 5], symbols[k % 5], k < 5 ? true : "legendonly"));
    const columns = [["test", this.words.statistic, "text"], ["verdict", this.words.verdict, "text"],
      ["smallest", this.words.smallest, this.kind], ["effect", this.words.effect, this.kind], ["power", this.words.power.split(",")[0], "pct"]];
    const rows = lines.flatMap((l) => l.effect.map((e, k) => [l.name, l.verdict, s(l.effect[at]), s(e), l.power[k] / 100]));
    return { traces, layout: this.powerLayout(c, this.words.power_effect), label: this.words.power_title, table: { columns, rows } };
  }

  eventPower(event, ticker, c) {
    const i = this.byEvent.get(event).get(ticker), p = this.pairs, s = this.scale;
    const x = this.powers.multiples.map((m) => m * p.detectable[i]), y = this.powers.shapes[String(this.powers.df[i])];
    const traces = [this.powerLine(this.words.t_test, x, y, c.c1, "solid", "circle")];
    if (p.c[i] !== null) traces.push({ type: "scatter", mode: "lines", x: [Math.abs(p.c[i]), Math.abs(p.c[i])], y: [0, 100],
      name: `${this.words.this} (${fixed(Math.abs(p.c[i]), 2)}${this.unit})`, line: { color: c.c2, width: 3 }, hoverinfo: "name" });
    const columns = [["effect", this.words.effect, this.kind], ["power", this.words.power.split(",")[0], "pct"]];
    return { traces, layout: this.powerLayout(c, `|${this.words.car.split(",")[0]}| ${this.meta.window}${this.unit === "%" ? ", %" : ""}`),
      label: fill(this.words.power_event, { event, ticker }), table: { columns, rows: x.map((v, k) => [s(v), y[k] / 100]) } };
  }

  specification({ event, ticker }, c) {
    const g = this.specifications.find((s) => s.event === event && s.ticker === ticker);
    const x = g.car.map((_, k) => k + 1), s = this.scale;
    const part = (main, colour, name) => {
      const at = x.map((_, k) => k).filter((k) => g.main[k] === main);
      return { type: "scatter", mode: "markers", name, x: at.map((k) => x[k]), y: at.map((k) => g.car[k]),
        error_y: { type: "data", array: at.map((k) => g.half[k] ?? 0), color: colour, thickness: 1 },
        marker: { color: colour, size: main ? 11 : 6, symbol: main ? "diamond" : "circle" },
        customdata: at.map((k) => plain(g.label[k])), hovertemplate: `%{customdata}: %{y:.2f}${this.unit}<extra></extra>` };
    };
    const layout = { xaxis: axis(c, this.words.specification), yaxis: axis(c, `${this.words.car} ${this.meta.window}`), hovermode: "closest" };
    return { traces: [part(false, c.c1, this.words.specifications), part(true, c.c2, this.words.main)], layout,
      label: fill(this.words.curve, { event, ticker }), table: { columns: [["specification", this.words.specifications, "text"],
        ["car", this.words.cars, this.kind]], rows: g.label.map((l, k) => [l, s(g.car[k])]) } };
  }
}
