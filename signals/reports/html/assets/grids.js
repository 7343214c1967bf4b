// Tables: filter, sort, pages. Text only ever enters the page through textContent.
const PAGE = 25;
const FILTER_FROM = 9;
const LONG = 40;
const FOLDED = 120;

function content(text) {
  if (text.length <= FOLDED) return text;
  return element("details", { class: "cell" }, element("summary", {}, `${text.slice(0, 90)}\u2026`), text);
}

class Grid {
  constructor(box, table, words, anchors) {
    Object.assign(this, { box, table, words, anchors, page: 0, sorted: -1, down: false, wanted: "" });
    this.order = table.rows.map((_, i) => i);
    this.header();
    this.tools();
    this.show();
  }

  header() {
    const cells = this.table.columns.map(([, label, kind], place) => {
      const button = element("button", { type: "button", title: fill(this.words.sort, { column: label }) }, label);
      button.addEventListener("click", () => this.sort(place));
      return element("th", { scope: "col", class: kind }, button);
    });
    this.heads = cells;
    this.body = element("tbody");
    const caption = this.box.querySelector("caption") || element("caption", { class: "unseen" });
    caption.textContent = this.table.caption;
    this.box.replaceChildren(
      element("table", {}, caption, element("thead", {}, element("tr", {}, ...cells)), this.body));
    this.box.setAttribute("aria-label", this.table.caption);
  }

  tools() {
    const old = this.box.previousElementSibling;
    if (old && old.classList.contains("tools")) old.remove();
    const rows = this.table.rows.length;
    if (rows < FILTER_FROM) return;
    const input = element("input", {
      type: "search", "aria-label": fill(this.words.filter_table, { table: this.table.caption }),
    });
    input.addEventListener("input", () => this.filter(input.value));
    const bar = element("div", { class: "tools" }, element("label", {}, `${this.words.filter} `, input));
    if (rows > PAGE) {
      this.back = element("button", { type: "button" }, this.words.previous);
      this.next = element("button", { type: "button" }, this.words.next);
      this.back.addEventListener("click", () => this.turn(-1));
      this.next.addEventListener("click", () => this.turn(1));
    }
    this.status = element("span", { role: "status" });
    const pages = element("div", { class: "pages" }, this.status);
    if (this.back) pages.append(this.back, this.next);
    bar.append(pages);
    this.box.before(bar);
  }

  filter(text) {
    this.wanted = text.trim().toLowerCase();
    this.page = 0;
    this.arrange();
  }

  sort(place) {
    this.down = this.sorted === place ? !this.down : false;
    this.sorted = place;
    this.page = 0;
    this.arrange();
  }

  turn(step) {
    this.page += step;
    this.show();
  }

  arrange() {
    const { columns, rows } = this.table;
    const parts = this.wanted.split(/\s+/).filter(Boolean);
    const text = (row) => row.map((v, c) => shown(v, columns[c][2])).join("\u0001").toLowerCase();
    this.order = rows.map((_, i) => i);
    if (parts.length) {
      this.order = this.order.filter((i) => {
        const whole = text(rows[i]);
        return parts.every((p) => whole.includes(p));
      });
    }
    if (this.sorted >= 0) {
      const at = this.sorted;
      const key = (i) => (Array.isArray(rows[i][at]) ? rows[i][at][0] : rows[i][at]);
      const sign = this.down ? -1 : 1;
      this.order.sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === null || x === "") return y === null || y === "" ? a - b : 1;
        if (y === null || y === "") return -1;
        const way = typeof x === "number" && typeof y === "number"
          ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
        return sign * way || a - b;
      });
    }
    this.heads.forEach((head, i) => {
      if (i === this.sorted) head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.show();
  }

  show() {
    const from = this.page * PAGE;
    const part = this.order.slice(from, from + PAGE);
    this.body.replaceChildren(...part.map((i) => this.row(this.table.rows[i])));
    if (!this.status) return;
    const total = this.order.length;
    this.status.textContent = total
      ? fill(this.words.rows, { first: from + 1, last: from + part.length, total }) : this.words.none;
    if (this.back) {
      this.back.disabled = from === 0;
      this.next.disabled = from + PAGE >= total;
    }
  }

  row(values) {
    const columns = this.table.columns;
    const cells = values.map((value, place) => {
      const [name, , kind] = columns[place];
      const text = shown(value, kind);
      const cell = element(place ? "td" : "th", {
        scope: place ? null : "row", class: kind + (kind === "text" && text.length > LONG ? " long" : ""),
        dir: kind === "text" ? "auto" : null,
      });
      const anchor = name === "event_id" ? this.anchors[value] : undefined;
      if (anchor) cell.append(element("a", { href: `#${anchor}` }, text));
      else cell.append(content(text));
      return cell;
    });
    const made = element("tr", {}, ...cells);
    const status = columns.findIndex(([name]) => name === "status");
    const tau = columns.findIndex(([name]) => name === "tau");
    if (status >= 0 && values[status] === "not_applicable") made.className = "refused";
    if (tau >= 0 && values[tau] === 0) made.className = "zero";
    return made;
  }
}
