// Numbers as text, the same as signals/reports/html/grids.py (tests/browser compares the two).
const MINUS = "\u2212";

function fixed(value, digits, sign) {
  const rounded = Math.abs(value).toFixed(digits);
  const text = rounded.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
  if (Number(rounded) === 0) return text;
  return (value < 0 ? MINUS : sign ? "+" : "") + text;
}

function probability(p) {
  if (p < 0.0005) return "<\u00a00.001";
  if (p >= 0.9995) return ">\u00a00.999";
  return p.toFixed(3);
}

function shown(value, kind) {
  if (value === null || value === undefined) return "";
  if (kind === "pct") return fixed(100 * value, 2) + "\u00a0%";
  if (kind === "p") return probability(value);
  if (kind === "int") return fixed(value, 0);
  if (kind === "num") return Number.isInteger(value) ? fixed(value, 0) : fixed(value, 3);
  if (kind === "ci") return `[${fixed(100 * value[0], 2)}, ${fixed(100 * value[1], 2)}]`;
  if (kind === "cin") return `[${fixed(value[0], 2)}, ${fixed(value[1], 2)}]`;
  return String(value);
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
