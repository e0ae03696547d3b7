// A search form that answers while one types: it loads the page it would lead to and takes the parts named in
// `data-live` from there. Whatever goes wrong, the form is sent as it would be without this.
(() => {
  const form = document.querySelector("form[data-live]");
  if (!form) return;
  const parts = form.dataset.live.split(" ");
  let waiting = 0;
  let running = null;

  const target = () => {
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(given).toString();
    return form.getAttribute("action") + (query ? `?${query}` : "");
  };

  const load = async () => {
    const url = target();
    running?.abort();
    const own = running = new AbortController();
    try {
      const answer = await fetch(url, { signal: own.signal, headers: { accept: "text/html" } });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (own.signal.aborted) return;
      for (const id of parts) document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
      history.replaceState(null, "", answer.redirected ? answer.url : url);
    } catch (error) {
      if (error.name !== "AbortError") form.submit();
    }
  };

  const soon = (delay) => {
    clearTimeout(waiting);
    waiting = setTimeout(load, delay);
  };

  const isChoice = (event) => event.target.tagName === "SELECT";
  form.addEventListener("input", (event) => { if (!isChoice(event)) soon(150); });
  form.addEventListener("change", (event) => { if (isChoice(event)) soon(0); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    soon(0);
  });
})();
