// The tables of the page, built from the state. Every text becomes a text node: no text of a caller is ever HTML.

import { ago, duration, exact, keyName, mood, size } from "./format.mjs";

/** Return an element with properties and children; null and "" are no children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value !== null && value !== undefined) {
      made.setAttribute(name, String(value));
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== "") {
      made.append(typeof child === "number" ? String(child) : child);
    }
  }
  return made;
}

/** Columns whose cells take the width of a phone. */
const WIDE = ["Key", "Failure", "Status"];

function badge(status, text = status) {
  return element("span", { class: `badge ${mood(status)}` }, text);
}

function keep(...children) {
  return element("span", { class: "keep" }, ...children);
}

/** Return a relative time, which the page renews, with the exact one in its title. */
function time(iso, clock) {
  const moment = Date.parse(iso);
  return element("time", { datetime: iso, title: exact(moment), "data-ago": moment }, ago(moment, clock()));
}

function elapsed(started, ended, clock) {
  const from = Date.parse(started);
  if (ended !== null) {
    return duration(Date.parse(ended) - from);
  }
  return element("span", { "data-since": from, title: `since ${exact(from)}` }, duration(clock() - from));
}

function key(arn, unusable) {
  const name = element("span", { title: arn ?? "the key that AWS owns", class: arn === null ? null : "code" }, keyName(arn));
  return unusable.includes(arn) ? [name, " ", element("span", { class: "badge bad" }, "not enabled")] : [name];
}

/** Return a table. Its roles are written out, since on a phone its parts are no longer displayed as those of a table. */
function table(kind, caption, columns, rows) {
  return element(
    "table",
    { class: kind, role: "table" },
    element("caption", { class: "visually-hidden" }, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, columns.map(columnHeading))),
    element("tbody", { role: "rowgroup" }, rows),
  );
}

function columnHeading(name) {
  return element("th", { scope: "col", role: "columnheader" }, name);
}

/** Return a row; its first cell is its heading. On a phone, each other cell has the name of its column. */
function row(columns, [first, ...cells]) {
  const rest = cells.map((cell, index) => {
    const label = columns[index + 1];
    const content = [cell].flat().filter((each) => each !== null && each !== "");
    const kind = content.length ? (WIDE.includes(label) ? "wide" : null) : "blank";
    return element("td", { role: "cell", "data-label": label, class: kind }, content);
  });
  return element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, first), rest);
}

function list(title, columns, rows, empty, hasOlder) {
  return [
    element("h3", {}, title),
    rows.length ? table("", title, columns, rows.map((cells) => row(columns, cells))) : element("p", { class: "lead" }, empty),
    hasOlder ? element("p", { class: "muted small" }, `These are the newest ${rows.length}; the API lists all.`) : null,
  ];
}

function origin(version) {
  if (version.rolled_back_from !== null) {
    return `rolled back from ${version.rolled_back_from} to ${version.rolled_back_to}`;
  }
  return version.updated_from === null ? "created" : `updated from ${version.updated_from}`;
}

function versions(application, clock) {
  const columns = ["Version", "Made", "Origin", "Runtime", "Parallelism", "Key", "Job"];
  const rows = application.versions.map((each) => [
    each.version,
    time(each.created_at, clock),
    origin(each),
    keep(each.runtime),
    each.parallelism,
    key(each.configured_key, application.unusable_keys),
    each.version === application.running_version ? badge("RUNNING") : each.has_run ? "ran" : "has not run",
  ]);
  return list("Versions", columns, rows, "", application.has_older.versions);
}

function snapshotCells(each, unusable, clock) {
  const kind = [each.is_automatic ? "automatic" : "on request", each.is_enhanced ? "enhanced" : null];
  return [
    element("span", { class: "code" }, each.name),
    badge(each.status),
    time(each.created_at, clock),
    each.version,
    key(each.key, unusable),
    each.status === "READY" ? keep(size(each.size_bytes)) : "",
    each.imported_from ? `imported from ${each.imported_from}` : kind.filter((part) => part).join(", "),
  ];
}

const SNAPSHOT_COLUMNS = ["Snapshot", "Status", "Age", "Version", "Key", "Size", "Kind"];

function snapshots(application, clock) {
  const rows = application.snapshots.map((each) => snapshotCells(each, application.unusable_keys, clock));
  return list("Snapshots", SNAPSHOT_COLUMNS, rows, "No snapshot yet.", application.has_older.snapshots);
}

/** Return the table of snapshots whose application does not exist. */
export function orphanTable(found, disabledKeys, clock) {
  const columns = [...SNAPSHOT_COLUMNS, "Application was"];
  const rows = found.map((each) => row(columns, [...snapshotCells(each, disabledKeys, clock), each.application_name]));
  return table("", "Snapshots whose application no longer exists", columns, rows);
}

function operations(application, clock) {
  const columns = ["Operation", "Status", "Began", "Duration", "Versions", "Failure"];
  const rows = application.operations.map((each) => [
    keep(each.name),
    badge(each.status),
    time(each.started_at, clock),
    keep(elapsed(each.started_at, each.ended_at, clock)),
    each.updated_to === null ? "" : keep(`${each.updated_from} → ${each.updated_to}`),
    each.error,
  ]);
  return list("Operations", columns, rows, "No operation yet.", application.has_older.operations);
}

function faultTexts(faults) {
  return [
    faults.failing_snapshots ? "snapshots fail" : null,
    faults.hanging_operations ? "operations hang" : null,
    faults.looping_job ? "the job loops" : null,
    faults.throttled_calls ? `${faults.throttled_calls} more calls are throttled` : null,
    faults.transition_seconds === null ? null : `each status lasts at least ${faults.transition_seconds} s`,
  ].filter((text) => text !== null);
}

function statusCell(application, clock) {
  const { job } = application;
  const current = application.operations.find((each) => each.ended_at === null);
  const isFailing = job !== null && (job.state === "RESTARTING" || job.state === "FAILED");
  return [
    element("div", {}, badge(application.status), current ? [" ", passed(current, clock)] : null),
    isFailing ? element("div", {}, badge(job.state, `job ${job.state}`), ` ${job.restarts} restarts`) : null,
    faultTexts(application.faults).length ? element("div", {}, element("span", { class: "badge warn" }, "faults on")) : null,
  ];
}

function passed(operation, clock) {
  return element("span", { class: "muted small keep" }, elapsed(operation.started_at, null, clock));
}

function keyCell(application) {
  const { configured_key: configured, effective_key: effective, unusable_keys: unusable } = application;
  const shown = key(configured, unusable);
  if (application.has_effective_key && effective !== configured) {
    shown.push(element("div", { class: "small" }, element("span", { class: "badge warn" }, "effective"), " ", key(effective, unusable)));
  }
  return shown;
}

function versionCell({ version, running_version: running }) {
  return running === null || running === version ? [version] : [version, ` (${running} runs)`];
}

function parallelismCell({ parallelism, current_parallelism: current }) {
  return current === null || current === parallelism ? [parallelism] : [`${current} (${parallelism} configured)`];
}

const COLUMNS = ["Application", "Status", "Version", "Runtime", "Parallelism", "Key", "Changed", "Flink"];

/** Return the ids of an application's elements; a name may be in several accounts and Regions. */
function detailsId(application) {
  return `details-${application.account}-${application.region}-${application.name}`;
}

/** Return the row of an application, and the one with its details, which is hidden unless it is open. */
export function applicationRows(application, isOpen, actions, clock) {
  const id = detailsId(application);
  const button = element(
    "button",
    { type: "button", class: "name", "aria-expanded": isOpen, "aria-controls": id, "data-focus": `name ${application.arn}` },
    application.name,
  );
  button.addEventListener("click", () => actions.toggle(application));
  const place = element("div", { class: "muted small under-name" }, `${application.account} · ${application.region}`);
  const text = application.description && element("div", { class: "small under-name" }, application.description);
  let link = "";
  if (application.job?.has_page) {
    link = element(
      "button",
      { type: "button", class: "action", "aria-label": `Flink page of ${application.name}, in a new tab`,
        "data-focus": `flink ${application.arn}` },
      "Flink page ↗",
    );
    link.addEventListener("click", () => actions.open(application));
  }
  const first = row(COLUMNS, [
    [button, place, text || null].filter((each) => each !== null),
    statusCell(application, clock),
    versionCell(application),
    keep(application.runtime),
    parallelismCell(application),
    keyCell(application),
    time(application.updated_at, clock),
    link,
  ]);
  const second = element("tr", { class: "details", role: "row", id });
  if (isOpen) {
    second.append(element("td", { colspan: COLUMNS.length, role: "cell" }, details(application, clock)));
  } else {
    second.setAttribute("hidden", "");
  }
  return [first, second];
}

function details(application, clock) {
  const faults = faultTexts(application.faults);
  const error = application.job?.error;
  return [
    faults.length ? element("p", { class: "notice warning" }, `Faults on request: ${faults.join("; ")}.`) : null,
    error ? element("p", { class: "notice problem" }, `The job: ${error}`) : null,
    element("p", { class: "muted small code" }, application.arn),
    operations(application, clock),
    snapshots(application, clock),
    versions(application, clock),
  ].flat().filter((each) => each !== null);
}

/** Return the table of applications, empty. */
export function applicationTable() {
  return table("applications", "Applications", COLUMNS, []);
}
