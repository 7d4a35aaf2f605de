// Small comforts. Every page works without this file.
"use strict";

(() => {
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // What went wrong is read first.
  const errors = document.getElementById("errors");
  if (errors) errors.focus();

  // Sizes in the words that the page gives: "octets|Ko|Mo".
  const sizeWords = (bytes, units, language) => {
    const [unit, amount, digits] =
      bytes < 1000 ? [0, bytes, 0] : bytes < 999500 ? [1, bytes / 1000, 0] : [2, bytes / 1e6, 1];
    const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(amount);
    return `${number}\u00a0${units.split("|")[unit]}`;
  };

  // Chosen files: their names, their sizes, and what is left of the budget.
  each("[data-files]", (area) => {
    const input = area.querySelector("input[type=file]");
    if (!input) return;
    const { units, total, over } = area.dataset;
    const budget = Number(area.dataset.budget);
    const language = document.documentElement.lang;
    const list = document.createElement("ul");
    list.className = "chosen";
    const sum = document.createElement("p");
    sum.className = "chosen-total";
    sum.setAttribute("role", "status");
    input.after(list, sum);
    input.addEventListener("change", () => {
      const files = [...input.files];
      const bytes = files.reduce((all, file) => all + file.size, 0);
      list.replaceChildren(
        ...files.map((file) => {
          const item = document.createElement("li");
          const name = document.createElement("span");
          const size = document.createElement("span");
          name.textContent = file.name;
          size.textContent = sizeWords(file.size, units, language);
          item.append(name, size);
          return item;
        }),
      );
      const words = bytes > budget ? over : total;
      sum.textContent = files.length
        ? words.replace("{size}", sizeWords(bytes, units, language)).replace("{budget}", sizeWords(budget, units, language))
        : "";
      sum.classList.toggle("chosen-total--over", bytes > budget);
    });
  });

  // A text area grows with what is written, where the style sheet alone cannot do it.
  if (!CSS.supports("field-sizing", "content")) {
    each("textarea", (area) => {
      const grow = () => {
        area.style.height = "auto";
        area.style.height = `${area.scrollHeight + 4}px`;
      };
      area.addEventListener("input", grow);
      grow();
    });
  }

  // A password can be looked at while it is typed.
  each("[data-reveal]", (area) => {
    area.querySelectorAll("input[type=password]").forEach((input) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button--bare button--small reveal";
      button.textContent = area.dataset.reveal;
      button.setAttribute("aria-controls", input.id);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        const shown = input.type === "password";
        input.type = shown ? "text" : "password";
        button.setAttribute("aria-pressed", String(shown));
      });
      input.form?.addEventListener("submit", () => { input.type = "password"; });
      input.after(button);
    });
  });

  // Leaving with an unsent text asks first.
  each("form[data-unsent]", (form) => {
    let unsent = false;
    form.addEventListener("input", () => {
      unsent = [...form.elements].some((field) => field.tagName === "TEXTAREA" && field.value.trim() !== "");
    });
    form.addEventListener("submit", () => { unsent = false; });
    window.addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });
  });

  // Printing, offered only where it works.
  each("[data-print]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
})();
