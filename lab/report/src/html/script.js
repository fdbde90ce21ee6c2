"use strict";
// A cursor over the charts. Values come from the table below each figure.
for (const figure of document.querySelectorAll(".timeline")) {
  const rows = [...figure.querySelectorAll(".values tbody tr")];
  const names = [...figure.querySelectorAll(".values thead th")].map((cell) => cell.textContent);
  const plots = [...figure.querySelectorAll(".plot")];
  const reader = figure.querySelector(".reader");
  if (!rows.length || !plots.length || !reader) continue;
  const range = reader.querySelector("input");
  const output = reader.querySelector("output");
  const end = Number(rows[rows.length - 1].dataset.to);
  const show = (index) => {
    const row = rows[index];
    const middle = (Number(row.dataset.from) + Number(row.dataset.to)) / 2;
    const cells = [...row.cells].map((cell) => cell.textContent);
    const words = cells[0] + " · " + cells[1] + " · " +
      cells.slice(2).map((cell, at) => names[at + 2] + " " + cell).join(" · ");
    output.textContent = words;
    range.value = index;
    range.setAttribute("aria-valuetext", words);
    for (const plot of plots) {
      const cursor = plot.querySelector(".cursor");
      cursor.style.left = (middle / end) * 100 + "%";
      cursor.classList.add("shown");
    }
  };
  reader.hidden = false;
  range.addEventListener("input", () => show(Number(range.value)));
  range.addEventListener("focus", () => show(Number(range.value)));
  for (const plot of plots) {
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * end;
      const index = rows.findIndex((row) => at < Number(row.dataset.to));
      show(index < 0 ? rows.length - 1 : index);
    });
  }
}
