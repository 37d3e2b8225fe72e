/* Starts what every page needs. Without scripts each page and each form still works. */
for (const element of document.querySelectorAll("[data-copy], [data-help], [data-close]")) element.hidden = false;
