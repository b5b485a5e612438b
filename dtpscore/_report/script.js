"use strict";
/* Tables and figures of the page.

   This is a script of our own, because no library fits. The page allows no eval, which
   regl needs; simple-datatables is under the LGPL; uPlot (51 kB) draws lines and has no
   keyboard; list.js (19 kB) would replace the forty lines on tables alone. */
// A link that saves a file, which is made when it is asked for.
const saves = (text, file, made, label) => {
  const link = document.createElement("a");
  Object.assign(link, { textContent: text, download: file, href: "#", ariaLabel: label });
  link.addEventListener("click", () => {
    link.href = made();
  });
  return link;
};

{
  // A click on a heading sorts its table: numbers by value, text by letters. The heading
  // is a button, so Enter and Space do the same.
  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const place = head.cellIndex;
      const numeric = head.classList.contains("num");
      const value = ({ cells: { [place]: cell } }) => cell.dataset.value ?? cell.textContent;
      const body = head.closest("table").tBodies[0];
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if ((x === "") !== (y === "")) return x === "" ? 1 : -1; // missing stays last
        const order = numeric ? Number(x) - Number(y) : x.localeCompare(y, "en");
        return down ? -order : order;
      });
      body.append(...rows);
    });
  }

  // A row stays where every word of the filter is somewhere in it.
  for (const box of document.querySelectorAll(".tools input")) {
    box.parentElement.hidden = false;
    const rows = [...document.getElementById(box.getAttribute("aria-controls")).tBodies[0].rows];
    const told = box.closest(".tools").querySelector("output");
    const all = told.textContent;
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let n = 0;
      for (const row of rows) {
        row.hidden = !words.every((word) => texts.get(row).includes(word));
        n += row.hidden ? 0 : 1;
      }
      told.textContent = words.length ? `${n} of ${all}` : all;
    });
  }

  // A figure is a drawing (SVG). Pixels (PNG) are made from it, at least 2,400 across.
  const pixels = (image) => () => {
    const canvas = document.createElement("canvas");
    const scale = Math.max(2, 2400 / image.naturalWidth);
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    const paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png");
  };
  for (const part of document.querySelectorAll("section")) {
    part.querySelectorAll("figure > img").forEach((image, n) => {
      const name = `${part.id}-${n + 1}`;
      const tools = document.createElement("p");
      tools.className = "tools";
      const large = document.createElement("button");
      Object.assign(large, { type: "button", textContent: "Larger", ariaPressed: "false" });
      large.addEventListener("click", () => {
        large.ariaPressed = String(image.parentElement.classList.toggle("large"));
      });
      tools.append(
        saves("SVG", `${name}.svg`, () => image.src, `SVG of the figure ${name}`),
        saves("PNG", `${name}.png`, pixels(image), `PNG of the figure ${name}`),
        large,
      );
      image.after(tools);
    });
  }

  // On paper everything is open, and afterwards as it was.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const part of closed) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of closed) part.open = false;
  });
}
