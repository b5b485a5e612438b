/* Heat maps: whoever points at a cell, or goes to it with the arrow keys, reads its row,
   its column and its number. The cells lie over the picture, which stays as it is. */
for (const part of document.querySelectorAll("figure > script")) {
  const figure = part.parentElement;
  const image = figure.querySelector("img");
  const grid = JSON.parse(part.textContent);
  const [height, width] = [grid.rows.length, grid.columns.length];
  const [over, mark, told] = ["div", "i", "output"].map((one) => document.createElement(one));
  Object.assign(over, { className: "grid", tabIndex: 0, role: "application" });
  over.ariaLabel = `${image.alt} The arrow keys go from cell to cell.`;
  over.append(mark, told);
  image.after(over);
  const keys = document.createElement("span");
  Object.assign(keys, { className: "keys", textContent: " Point at a cell to read its number." });
  figure.querySelector("figcaption").append(keys);

  // The picture keeps its shape in the box of its element, at the upper left.
  const fit = () => {
    const [full, tall] = [image.naturalWidth, image.naturalHeight];
    const scale = Math.min(image.clientWidth / full, image.clientHeight / tall) || 0;
    over.style.left = `${image.offsetLeft + grid.left * full * scale}px`;
    over.style.top = `${image.offsetTop + grid.top * tall * scale}px`;
    over.style.width = `${grid.width * full * scale}px`;
    over.style.height = `${grid.height * tall * scale}px`;
  };
  new ResizeObserver(fit).observe(image);
  image.addEventListener("load", fit);

  const share = (part, whole) => `${(100 * part) / whole}%`;
  let current = [0, 0]; // row and column of the cell that is read
  const close = () => over.classList.remove("read");
  const read = (row, column) => {
    const value = grid.values[row]?.[column];
    if (!value) return;
    current = [row, column];
    const unit = grid.unit && ` (${grid.unit})`;
    told.textContent = `${grid.rows[row]}, ${grid.columns[column]}: ${value}${unit}`;
    over.classList.add("read");
    const [wide, high] = [over.clientWidth / width, over.clientHeight / height];
    Object.assign(mark.style, { left: share(column, width), top: share(row, height) });
    Object.assign(mark.style, { width: share(1, width), height: share(1, height) });
    // The words stand beside the cell on the side with more room, within the figure.
    const low = figure.scrollLeft - over.offsetLeft;
    const last = low + figure.clientWidth - told.offsetWidth;
    told.style.left = `${Math.max(low, Math.min(column * wide, last))}px`;
    const upper = row < height / 2;
    told.style.top = `${upper ? (row + 1) * high + 3 : row * high - told.offsetHeight - 3}px`;
  };

  const point = (event) => {
    const box = over.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * height);
    const column = Math.floor(((event.clientX - box.left) / box.width) * width);
    if (grid.values[row]?.[column]) read(row, column);
    else close();
  };
  over.addEventListener("pointermove", point);
  over.addEventListener("pointerdown", point);
  // A finger leaves the page when it is lifted; its cell stays until another is touched.
  over.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") close();
  });
  over.addEventListener("focus", () => read(...current));
  over.addEventListener("blur", close);

  // An arrow goes to the next cell with a number on that side.
  const SIDES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  over.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    const side = SIDES[event.key];
    if (!side) return;
    event.preventDefault();
    let [row, column] = current;
    do {
      row += side[0];
      column += side[1];
    } while (grid.values[row]?.[column] === "");
    read(row, column);
  });
}
