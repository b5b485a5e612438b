"use strict";
// A click on a heading sorts its table: numbers by value, text by letters.
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const place = head.cellIndex;
    const numeric = head.classList.contains("num");
    const value = (row) => row.cells[place].dataset.value;
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
// On paper everything is open.
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
