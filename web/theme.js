// The theme: what was chosen here, or else what the system says. Loaded before the first paint.
(() => {
  const root = document.documentElement;
  const stored = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const apply = (choice) => {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
  };
  apply(stored());

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector(".themes");
    if (!box) return;
    const buttons = [...box.querySelectorAll("[data-theme-choice]")];
    const mark = () => {
      const current = root.dataset.theme || "auto";
      for (const button of buttons) {
        button.setAttribute("aria-pressed", String(button.dataset.themeChoice === current));
      }
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        const choice = button.dataset.themeChoice;
        apply(choice);
        try {
          if (choice === "auto") localStorage.removeItem("theme");
          else localStorage.setItem("theme", choice);
        } catch { /* kept for this page only */ }
        mark();
      });
    }
    mark();
    box.hidden = false;
  });
})();
