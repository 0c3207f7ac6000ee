
"use strict";
(() => {
  // Without this script the page is complete: all requirements are listed, and commands select on a click.
  const form = document.querySelector("form.filter");
  const rows = [...document.querySelectorAll("tr.requirement")];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const words = document.getElementById("words");
  const shown = document.getElementById("shown");

  function apply() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = (name) => new Set([...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value));
    const verdicts = on("verdict");
    const levels = on("level");
    let count = 0;
    for (const row of rows) {
      const match = verdicts.has(row.dataset.verdict) && levels.has(row.dataset.level) &&
        wanted.every((word) => texts.get(row).includes(word));
      row.hidden = !match;
      count += match;
    }
    for (const body of document.querySelectorAll("table.requirements tbody")) {
      body.hidden = !body.querySelector("tr.requirement:not([hidden])");
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  }

  function reveal() {
    // A link to a row that is filtered out, or to a folded part, shows it.
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    if (target.hidden) { form.reset(); apply(); }
    target.scrollIntoView();
  }

  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (!document.execCommand("copy")) { button.textContent = "Press Ctrl+C"; return; }
      getSelection().removeAllRanges();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details")) one.open = true; });
  apply();
  reveal();
})();
