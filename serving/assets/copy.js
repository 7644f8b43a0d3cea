/* Selects the address in the field, and shows a button that copies it. Without this script the field can be copied. */
(() => {
  "use strict";
  for (const button of document.querySelectorAll("[data-copies]")) {
    const field = document.getElementById(button.dataset.copies);
    const status = button.parentElement.querySelector("[role=status]");
    const copy = async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        document.execCommand("copy"); // an address without https has no clipboard
      }
      status.textContent = "Copied";
    };
    button.hidden = false;
    button.addEventListener("click", copy);
    field.addEventListener("focus", () => field.select());
    field.select();
  }
})();
