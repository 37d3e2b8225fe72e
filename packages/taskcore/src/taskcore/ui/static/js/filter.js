// Filters apply as soon as they are chosen, and empty fields stay out of the address.
const form = document.querySelector("[data-filter]");
if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("input[type=checkbox], select")) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    for (const field of form.elements) field.disabled = !field.value && field.name !== "";
    setTimeout(() => { for (const field of form.elements) field.disabled = false; }, 0);
  });
}
