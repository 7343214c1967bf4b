// Speed, breadth and spillovers: charts of more than one asset, or of less than a day.
const MOST_ROWS = 60; // of a chart; the table behind it holds every row

// The rows that are worth a line of the chart: the surest, in their own order.
function surest(rows, p) {
  if (rows.length <= MOST_ROWS) return rows;
  const kept = new Set([...rows].sort((a, b) => p(a) - p(b)).slice(0, MOST_ROWS));
  return rows.filter((i) => kept.has(i));
}

const BEYOND = {
  reaction: {
    choices: (charts, state) => {
      const r = charts.beyond.reaction;
      return [{ name: "event", label: charts.words.event_label, options: [...new Set(r.event)] },
        { name: "ticker", label: charts.words.asset, options: r.ticker.filter((_, i) => r.event[i] === state.event) }];
    },
    start: (charts) => {
      const r = charts.beyond.reaction, own = charts.meta.subject;
      const at = Math.max(r.event.findIndex((e, i) => own[e] === r.ticker[i]), 0);
      return { event: r.event[at], ticker: r.ticker[at] };
    },
    draw: (charts, { event, ticker }, c) => {
      const r = charts.beyond.reaction, w = charts.beyond.words;
      const i = r.event.findIndex((e, k) => e === event && r.ticker[k] === ticker);
      const path = r.path[i], x = [0, ...path.map((_, k) => k + 1)], y = [0, ...path], end = path[path.length - 1];
      const traces = [{ type: "scatter", mode: "lines", x, y, name: `CAR ${ticker}`, line: { color: c.c1, width: 2.5, shape: "linear" },
        hovertemplate: "%{x}: %{y:.2f}%<extra></extra>" }];
      const dots = [["50\u00a0%", r.half[i]], ["90\u00a0%", r.ninety[i]]].filter(([, bar]) => bar !== null);
      traces.push({ type: "scatter", mode: "markers+text", x: dots.map(([, b]) => b + 1), y: dots.map(([, b]) => path[b]),
        text: dots.map(([t], k) => (k && dots[0][1] === dots[1][1] ? "" : dots.every(([, b]) => b === dots[0][1]) ? dots.map(([d]) => d).join(", ") : t)),
        textposition: dots.map((_, k) => (k || end < 0 ? "top right" : "bottom right")), textfont: { color: c.ink }, name: `50, 90\u00a0% ${w.share}`, marker: { color: c.c2, size: 9 }, hoverinfo: "skip" });
      const shapes = [];
      if (end !== null) shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: end, y1: end, line: { color: c.zero, dash: "dot", width: 1 } });
      const annotations = [];
      if (r.gap[i]) {
        shapes.push({ type: "rect", x0: 0, x1: 1, yref: "paper", y0: 0, y1: 1, fillcolor: c.zero, opacity: .18, line: { width: 0 } });
        annotations.push({ x: 1, y: end < 0 ? 1 : 0, yref: "paper", text: w.gap, showarrow: false, xanchor: "left",
          yanchor: end < 0 ? "top" : "bottom", font: { size: 11, color: c.soft } });
      }
      const layout = { xaxis: axis(c, w.bars, { rangemode: "tozero" }), yaxis: axis(c, charts.words.car), hovermode: "closest", shapes, annotations };
      return { traces, layout, label: fill(w.reaction, { event, ticker }), table: {
        columns: [["tau", "\u03c4", "int"], ["car", charts.words.cars, "pct"]], rows: path.map((v, k) => [k, percent(v)]) } };
    },
  },

  breadth: {
    choices: (charts) => [{ name: "group", label: charts.words.group, options: [...new Set(charts.beyond.breadth.group)] }],
    start: (charts) => ({ group: charts.beyond.breadth.group[0] }),
    draw: (charts, { group }, c) => {
      const b = charts.beyond.breadth, w = charts.beyond.words, alpha = charts.meta.alpha;
      const all = b.event.map((_, i) => i).filter((i) => b.group[i] === group);
      const rows = surest(all, (i) => Math.min(b.p_fell[i] ?? 1, b.p_rose[i] ?? 1));
      const name = (i) => plain(b.event[i], 34);
      const rare = (i) => Math.min(b.p_fell[i] ?? 1, b.p_rose[i] ?? 1) <= alpha;
      const usual = { type: "scatter", mode: "lines", name: w.range, hoverinfo: "skip", line: { color: c.grey, width: 5 }, opacity: .45, x: [], y: [] };
      for (const i of rows) {
        if (b.mean[i] === null || b.q95[i] === null) continue;
        usual.x.push(b.mean[i], b.q95[i], null);
        usual.y.push(name(i), name(i), null);
      }
      const part = (chosen, colour, symbol, title) => ({ type: "scatter", mode: "markers", name: title,
        x: chosen.map((i) => b.share[i]), y: chosen.map(name), marker: { color: colour, size: 10, symbol, line: { width: 2, color: colour } },
        customdata: chosen.map((i) => `${b.fell[i]} / ${b.n[i]}, p ${probability(Math.min(b.p_fell[i] ?? 1, b.p_rose[i] ?? 1))}`),
        hovertemplate: "%{y}: %{customdata}<extra></extra>" });
      const layout = { height: Math.max(240, 26 * rows.length + 120), hovermode: "closest",
        xaxis: axis(c, w.fell, { range: [-4, 104] }),
        yaxis: axis(c, "", { categoryorder: "array", categoryarray: rows.map(name).reverse(), dtick: 1 }) };
      const columns = [["event_id", charts.words.event, "text"], ["n_assets", w.n, "int"], ["n_fell", w.n_fell, "int"],
        ["placebo_mean", w.mean, "pct"], ["placebo_q95", w.q95, "pct"], ["p_value_fell", w.p_fell, "p"], ["p_value_rose", w.p_rose, "p"]];
      return { traces: [usual, part(rows.filter(rare), c.c2, "circle", w.rare), part(rows.filter((i) => !rare(i)), c.c1, "circle-open", w.usual)],
        layout, label: fill(w.breadth, { group }), table: { columns, rows: all.map((i) => [b.event[i], b.n[i], b.fell[i],
          percent(b.mean[i]), percent(b.q95[i]), b.p_fell[i], b.p_rose[i]]) } };
    },
  },

  spillovers: {
    choices: (charts) => {
      const s = charts.beyond.spillovers, w = charts.beyond.words;
      return [{ name: "show", label: charts.words.show, options: [...new Set(s.event)].map((e) => ["event:" + e, `${charts.words.event_label}: ${e}`]).concat(
        [...new Set(s.role)].sort().map((r) => ["role:" + r, `${w.role}: ${r}`])) }];
    },
    start: (charts) => {
      const s = charts.beyond.spillovers;
      let best = 0;
      s.event.forEach((_, i) => { if ((s.holm[i] ?? 2) < (s.holm[best] ?? 2)) best = i; });
      return { show: "event:" + s.event[best] };
    },
    draw: (charts, { show }, c) => {
      const s = charts.beyond.spillovers, w = charts.beyond.words;
      const [by, ...rest] = show.split(":");
      const chosen = rest.join(":"), other = by === "event" ? "role" : "event";
      const all = s[by].map((v, i) => (v === chosen ? i : -1)).filter((i) => i >= 0);
      const rows = surest(all, (i) => s.holm[i] ?? 2);
      if (by === "event") rows.sort((a, b) => s.car[b] - s.car[a]);
      const name = (i) => plain(s[other][i], 34);
      const colours = { up: c.c3, down: c.c2, no: c.grey, undecided: c.c4 };
      const traces = ["up", "down", "no", "undecided"].map((moved) => {
        const part = rows.filter((i) => (s.moved[i] || "no") === moved);
        return { type: "bar", orientation: "h", name: w[moved], x: part.map((i) => s.car[i]), y: part.map(name), marker: { color: colours[moved] },
          customdata: part.map((i) => `${s.n[i]} ${w.n}, Holm p ${s.holm[i] === null ? "\u2013" : probability(s.holm[i])}`),
          hovertemplate: "%{y}: %{x:.2f}%, %{customdata}<extra></extra>" };
      }).filter((t) => t.x.length);
      const layout = { height: Math.max(240, 26 * rows.length + 130), barmode: "overlay", hovermode: "closest",
        xaxis: axis(c, charts.words.car, { zeroline: true, zerolinewidth: 2 }),
        yaxis: axis(c, "", { categoryorder: "array", categoryarray: rows.map(name).reverse(), dtick: 1 }) };
      const columns = [[other === "event" ? "event_id" : "role", other === "event" ? charts.words.event : w.role, "text"],
        ["n_assets", w.n, "int"], ["car", charts.words.cars, "pct"], ["test", w.test, "text"], ["p", charts.words.p, "p"],
        ["holm_p", w.holm, "p"], ["moved", w.moved, "text"], ["tickers", w.tickers, "text"]];
      return { traces, layout, label: fill(w.spillovers, { name: chosen }), table: { columns, rows: all.map((i) => [s[other][i], s.n[i],
        percent(s.car[i]), s.test[i], s.p[i], s.holm[i], s.moved[i], s.tickers[i]]) } };
    },
  },
};
