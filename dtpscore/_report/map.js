/* The map of cells: a few thousand dots on a canvas. Reasons for a script of our own
   stand at the head of the first one. */
for (const part of document.querySelectorAll(".map")) {
  const cells = JSON.parse(part.querySelector("script").textContent);
  const canvas = part.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const [chosen, legend, by, told] = ["select", ".legend", ".by", ".cell"].map(
    (one) => part.querySelector(one),
  );
  const NONE = "#d3d3d3"; // cells without a value, as scanpy paints them
  const PLACES = cells.names.length;
  const EDGE = 16;
  let [width, height, dot] = [800, 600, 3];
  let coloring = cells.colorings[0];
  let alone = null; // the label whose cells are shown alone
  let current = -1; // the cell that is read

  const text = (one, n) => {
    const value = one.of_cells[n];
    if (value === null) return "none";
    return one.labels.length ? one.labels[value] : String(value).replace("-", "\u2212");
  };
  const hex = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  // Color of a number: between two neighbors on the scale.
  const shade = (one, value) => {
    const share = one.high > one.low ? (value - one.low) / (one.high - one.low) : 0.5;
    const place = Math.min(1, Math.max(0, share)) * (one.colors.length - 1);
    const at = Math.min(Math.floor(place), one.colors.length - 2);
    const [from, to] = [hex(one.colors[at]), hex(one.colors[at + 1])];
    return `rgb(${from.map((v, i) => Math.round(v + (to[i] - v) * (place - at))).join()})`;
  };
  const colorOf = (n) => {
    const value = coloring.of_cells[n];
    if (value === null || (alone !== null && value !== alone)) return NONE;
    return coloring.labels.length ? coloring.colors[value] : shade(coloring, value);
  };
  const left = (n) => EDGE + (cells.x[n] / 1000) * (width - 2 * EDGE);
  const top = (n) => height - EDGE - (cells.y[n] / 1000) * (height - 2 * EDGE);

  const draw = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, height);
    const dots = (kept) => {
      for (let n = 0; n < PLACES; n += 1) {
        if (!kept(n)) continue;
        pen.beginPath();
        pen.arc(left(n), top(n), dot, 0, 2 * Math.PI);
        pen.fillStyle = colorOf(n);
        pen.fill();
        pen.stroke();
      }
    };
    // A thin line around each dot keeps pale colors apart from the paper.
    [pen.lineWidth, pen.strokeStyle] = [0.4, "rgba(0, 0, 0, .45)"];
    const own = (n) => alone === null || coloring.of_cells[n] === alone;
    dots((n) => !own(n));
    dots(own);
    if (current >= 0) {
      [pen.lineWidth, pen.strokeStyle] = [2.5, "#000"];
      pen.beginPath();
      pen.arc(left(current), top(current), dot + 5, 0, 2 * Math.PI);
      pen.stroke();
    }
  };

  // The canvas has as many pixels as the screen has at its place.
  const fit = () => {
    width = canvas.clientWidth || width;
    height = Math.round(width * 0.75);
    dot = width < 500 ? 2 : 3;
    const scale = Math.max(2, window.devicePixelRatio);
    [canvas.width, canvas.height] = [width * scale, height * scale];
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    draw();
  };

  const describe = (n) => {
    const rest = cells.colorings.filter((one) => one !== coloring && one.labels.length);
    const parts = [coloring, ...rest].map((one) => `${one.title}: ${text(one, n)}`);
    return `${cells.names[n]}. ${parts.join("; ")}.`;
  };
  const read = (n) => {
    if (n === current) return;
    current = n;
    told.textContent = describe(n);
    draw();
  };

  const showLegend = () => {
    by.textContent = coloring.title;
    legend.replaceChildren();
    legend.classList.toggle("scale", !coloring.labels.length);
    if (!coloring.labels.length) {
      const bar = document.createElement("li");
      const ends = [coloring.low, coloring.high].map((v) => String(v).replace("-", "\u2212"));
      bar.className = "bar";
      bar.style.background = `linear-gradient(to right, ${coloring.colors.join()})`;
      const [low, high] = ends.map((end) => {
        const item = document.createElement("li");
        item.textContent = end;
        return item;
      });
      legend.append(low, bar, high);
      return;
    }
    coloring.labels.forEach((label, place) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      const swatch = document.createElement("i");
      const n = coloring.of_cells.filter((value) => value === place).length;
      swatch.style.background = coloring.colors[place];
      button.type = "button";
      button.ariaPressed = "false";
      button.append(swatch, ` ${label} (${n.toLocaleString("en")})`);
      button.addEventListener("click", () => {
        alone = alone === place ? null : place;
        for (const one of legend.querySelectorAll("button")) {
          one.ariaPressed = String(one === button && alone !== null);
        }
        draw();
      });
      item.append(button);
      legend.append(item);
    });
  };
  chosen.addEventListener("change", () => {
    coloring = cells.colorings[Number(chosen.value)];
    alone = null;
    showLegend();
    if (current >= 0) told.textContent = describe(current);
    draw();
  });

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, nearest] = [-1, 14 ** 2];
    for (let n = 0; n < PLACES; n += 1) {
      const far = (left(n) - x) ** 2 + (top(n) - y) ** 2;
      if (far < nearest) [best, nearest] = [n, far];
    }
    if (best >= 0) read(best);
  };
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);

  // An arrow goes to the nearest cell on that side of the map.
  const SIDES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const side = SIDES[event.key];
    if (!side) return;
    event.preventDefault();
    if (current < 0) {
      read(0);
      return;
    }
    let [best, nearest] = [-1, Infinity];
    for (let n = 0; n < PLACES; n += 1) {
      const [x, y] = [left(n) - left(current), top(n) - top(current)];
      const [along, across] = [x * side[0] + y * side[1], Math.abs(x * side[1]) + Math.abs(y * side[0])];
      if (along <= 0 || along < across) continue;
      const far = along ** 2 + across ** 2;
      if (far < nearest) [best, nearest] = [n, far];
    }
    if (best >= 0) read(best);
    else told.textContent = `${describe(current)} There is no cell further on this side.`;
  });

  // The map as a drawing, dot by dot, with the colors that are seen.
  const drawing = () => {
    const dots = cells.names.map((_, n) =>
      `<circle cx="${left(n).toFixed(1)}" cy="${top(n).toFixed(1)}" r="${dot}" fill="${colorOf(n)}"/>`);
    return `data:image/svg+xml,${encodeURIComponent(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="#fff"/>${dots.join("")}</svg>`)}`;
  };
  part.querySelector(".saves").append(
    saves("SVG", "cells.svg", drawing, "SVG of the map"),
    saves("PNG", "cells.png", () => canvas.toDataURL("image/png"), "PNG of the map"),
  );
  chosen.parentElement.hidden = false;
  showLegend();
  fit();
  new ResizeObserver(fit).observe(canvas);
}
