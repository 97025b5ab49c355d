"use strict";
// The board follows the service: at each event the page is asked for anew and its board put in place of the old one.
(() => {
  const board = () => document.getElementById("board");
  const shown = () => document.getElementById("live");
  let busy = false;
  let again = false;

  async function refresh() {
    if (busy) {
      again = true;
      return;
    }
    if (board().contains(document.activeElement) && document.activeElement.tagName === "SELECT") return;
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.redirected || !answer.ok) {
        location.reload();
        return;
      }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
      if (fresh === null) return;
      const focused = document.activeElement && document.activeElement.getAttribute("href");
      board().replaceWith(fresh);
      if (focused !== null) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      shown().hidden = false;
    } catch {
      shown().hidden = true;
    } finally {
      busy = false;
      if (again) {
        again = false;
        refresh();
      }
    }
  }

  const stream = new EventSource(board().dataset.stream);
  stream.addEventListener("open", () => { shown().hidden = false; });
  stream.addEventListener("error", () => { shown().hidden = true; });
  stream.addEventListener("overdue", refresh);
})();
