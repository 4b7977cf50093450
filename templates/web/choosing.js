// For the page of preferences: offers the device's time zone, finds feeds, and moves them without asking the server.
"use strict";
(() => {
  const form = document.getElementById("wishes");
  if (!form) return;

  const guess = document.getElementById("guess"), zone = form.elements.timezone;
  try {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const known = [...document.getElementById("zones").options].some((option) => option.value === here);
    if (known && here !== zone.value) {
      const button = guess.querySelector("button");
      button.textContent = button.dataset.words.replace("*", here);
      button.addEventListener("click", () => { zone.value = here; guess.hidden = true; zone.focus(); });
      guess.hidden = false;
    }
  } catch (error) { /* an old browser: the zone can be typed */ }

  const narrow = document.getElementById("narrow");
  if (narrow) {
    const by = document.getElementById("narrow-by"), told = document.getElementById("narrowed");
    const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
    const groups = [...document.querySelectorAll("#others .group")].map((group) => ({
      group, field: plain(group.querySelector("h3")?.textContent ?? ""),
      ticks: [...group.querySelectorAll(".tick")].map((tick) => ({ tick, text: plain(tick.textContent) })),
    }));
    narrow.hidden = false;
    by.addEventListener("input", () => {
      const words = plain(by.value).split(/\s+/).filter(Boolean);
      let found = 0;
      for (const { group, field, ticks } of groups) {
        let here = 0;
        for (const { tick, text } of ticks) {
          const fits = words.every((word) => text.includes(word) || field.includes(word));
          tick.hidden = !fits;
          here += fits;
        }
        group.hidden = !here;
        found += here;
      }
      told.textContent = found ? "" : by.dataset.none;
    });
    // Enter looks, and does not save.
    by.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }

  const mine = document.getElementById("mine");
  if (mine) mine.addEventListener("click", (event) => {
    const button = event.target.closest("button.move");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("li");
    if (button.name === "up") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    for (const one of mine.children) {
      one.querySelector("[name=up]").disabled = one === mine.firstElementChild;
      one.querySelector("[name=down]").disabled = one === mine.lastElementChild;
    }
    (button.disabled ? row.querySelector("button.move:not(:disabled)") : button)?.focus();
  });
})();
