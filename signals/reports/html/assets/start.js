// Wiring: data, tables and charts that come to life when they come into view; theme; print.
const dark = matchMedia("(prefers-color-scheme: dark)");
const live = new Map();
let library = null;

async function unpacked(source) {
  const bytes = Uint8Array.from(atob(source.textContent), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function plotly() {
  library ??= (async () => {
    const script = document.createElement("script");
    script.textContent = await unpacked(document.getElementById("plotly"));
    document.head.append(script);
    return window.Plotly;
  })();
  return library;
}

function whenSeen(nodes, act, margin = "400px") {
  const watch = new IntersectionObserver((seen) => {
    for (const entry of seen) {
      if (!entry.isIntersecting) continue;
      watch.unobserve(entry.target);
      act(entry.target);
    }
  }, { rootMargin: margin });
  nodes.forEach((node) => watch.observe(node));
}

class Chart {
  constructor(figure, charts) {
    this.figure = figure;
    this.charts = charts;
    this.kind = figure.dataset.chart;
    this.plot = figure.querySelector(".plot");
    this.state = charts.start(this.kind, figure.dataset.key);
    this.controls();
    this.details = figure.querySelector("details.data");
    this.details.addEventListener("toggle", () => this.table());
  }

  controls() {
    const bar = this.figure.querySelector(".controls");
    const choices = this.charts.choices(this.kind, this.state);
    bar.replaceChildren(...choices.filter((c) => c.options.length > 1).map(({ name, label, options }) => {
      const list = element("select", { "data-name": name });
      for (const option of options) {
        const [value, text] = Array.isArray(option) ? option : [option, option];
        list.append(element("option", { value }, text));
      }
      list.value = this.state[name];
      list.addEventListener("change", () => this.choose(name, list.value));
      return element("label", {}, label, " ", list);
    }));
  }

  choose(name, value) {
    this.state = { ...this.state, [name]: value };
    if (name === "event") {
      const { options } = this.charts.choices(this.kind, this.state).find((c) => c.name === "ticker");
      if (!options.includes(this.state.ticker)) {
        const own = this.charts.meta.subject[value];
        this.state.ticker = options.includes(own) ? own : options[0];
      }
      this.controls();
      this.figure.querySelector(`select[data-name="event"]`)?.focus();
    }
    this.draw();
    if (this.kind === "car_path") {
      const days = this.figure.parentElement.querySelector('[data-view="days"]');
      if (days) showDays(days, this.charts, this.state.ticker);
    }
  }

  layout(drawn, c, print) {
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: "zoom",
      font: { color: c.ink, size: 12, family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif" },
      margin: { l: 52, r: 14, t: 26, b: 58 }, height: print ? 300 : 380,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
      hoverlabel: { bgcolor: c.paper, bordercolor: c.line, font: { color: c.ink } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: c.soft, activecolor: c.ink, orientation: "v" },
      ...drawn.layout, ...(print ? { width: 640 } : { autosize: true }),
    };
  }

  async draw() {
    const Plotly = await plotly();
    this.put(Plotly, false);
    if (this.details.open) this.table();
  }

  put(Plotly, print) {
    const c = dark.matches && !print ? DARK : LIGHT;
    const drawn = this.charts.draw(this.kind, this.state, c);
    this.drawn = drawn;
    const layout = this.layout(drawn, c, print);
    this.plot.style.height = `${layout.height}px`;
    this.plot.style.minHeight = "0";
    this.figure.querySelector(".label").textContent = drawn.label;
    this.plot.setAttribute("aria-label", drawn.label);
    Plotly.react(this.plot, drawn.traces, layout, {
      displaylogo: false, responsive: true, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
      doubleClick: "reset", displayModeBar: print ? false : "hover", topojsonURL: "",
    });
    this.figure.dataset.drawn = this.kind;
    if (drawn.follow && !this.follows) {
      this.follows = true;
      this.plot.on("plotly_click", ({ points }) => {
        const event = points[0].curveNumber === 1 ? this.drawn.follow[points[0].pointNumber] : undefined;
        const anchor = this.charts.meta.anchors[event];
        if (anchor) location.hash = anchor;
      });
    }
  }

  table() {
    if (!this.details.open || !this.drawn) return;
    this.details.querySelector(".grid")?.remove();
    this.details.querySelector(".tools")?.remove();
    const box = element("div", { class: "grid", role: "region", tabindex: "0" });
    this.details.append(box);
    const table = { ...this.drawn.table, caption: this.drawn.label };
    new Grid(box, table, this.charts.words, this.charts.meta.anchors);
  }
}

function showDays(box, charts, ticker) {
  box.dataset.ticker = ticker;
  const event = box.dataset.event;
  const caption = fill(charts.words.days_of, { ticker });
  box.parentElement.querySelector("summary").textContent = caption;
  new Grid(box, { ...charts.days(event, ticker), caption }, charts.words, charts.meta.anchors);
}

function showView(box, charts) {
  if (box.dataset.view === "days") return showDays(box, charts, box.dataset.ticker);
  const caption = box.getAttribute("aria-label");
  return new Grid(box, { ...charts.neighbours(box.dataset.event), caption }, charts.words, charts.meta.anchors);
}

async function start() {
  const source = document.getElementById("data");
  const data = JSON.parse("packed" in source.dataset ? await unpacked(source) : source.textContent);
  if (!data.words) return;
  document.documentElement.classList.add("js");
  // On a narrow screen the findings come first; the contents open at a touch.
  const contents = document.querySelector("nav > details");
  if (contents && matchMedia("(max-width: 67.99rem)").matches) contents.open = false;
  const tables = [...document.querySelectorAll("[data-grid]")];
  whenSeen(tables, (box) => new Grid(box, data.grids[box.dataset.grid], data.words, data.meta.anchors));
  if (!data.pairs || !document.getElementById("plotly")) return;
  const charts = new Charts(data);
  whenSeen([...document.querySelectorAll("[data-view]")], (box) => showView(box, charts));
  const figures = [...document.querySelectorAll("figure[data-chart]")];
  const made = (figure) => {
    if (!live.has(figure)) live.set(figure, new Chart(figure, charts));
    return live.get(figure);
  };
  whenSeen(figures, (figure) => made(figure).draw());
  dark.addEventListener("change", () => live.forEach((chart) => chart.draw()));
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details.silent").forEach((part) => { part.open = true; });
    if (!window.Plotly || figures.length > 80) return;
    figures.forEach((figure) => made(figure).put(window.Plotly, true));
  });
  addEventListener("afterprint", () => live.forEach((chart) => chart.draw()));
  // Print must find the library ready even when no chart has been looked at yet.
  (window.requestIdleCallback ?? ((act) => setTimeout(act, 500)))(() => plotly());
}

start();
