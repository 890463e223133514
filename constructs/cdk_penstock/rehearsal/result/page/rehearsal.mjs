// The filters of the page: a row is shown if it has every word, and an act is opened if one of its rows is found.

for (const input of document.querySelectorAll("input[data-filters]")) {
  const section = document.getElementById(input.dataset.filters);
  const rows = [...section.querySelectorAll(".searchable")].map((row) => [row, row.textContent.toLowerCase()]);
  const groups = [...section.querySelectorAll("details.act")].map((group) => [group, group.open]);
  const found = section.querySelector(".found");
  input.closest("label").hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      count += row.hidden ? 0 : 1;
    }
    for (const [group, wasOpen] of groups) {
      const isFound = Boolean(group.querySelector(".searchable:not([hidden])"));
      group.open = words.length ? isFound : wasOpen;
      group.hidden = words.length > 0 && !isFound;
    }
    found.textContent = words.length ? `${count} of ${rows.length}` : "";
  });
}
