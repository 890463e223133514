// The page: reads the state after each event, and renews only what has changed.

import { ago, duration, summary } from "./format.mjs";
import { applicationRows, applicationTable, element, orphanTable } from "./view.mjs";

const byId = (id) => document.getElementById(id);
const open = new Set();
const shown = new Map();
let state = null;
let clockOffset = 0;
let isReading = false;
let isStale = false;
let source = null;

const clock = () => Date.now() + clockOffset;

function connection(kind, text) {
  const place = byId("connection");
  place.className = `connection ${kind}`;
  // A screen reader announces each change of the text, so an equal one is not written again.
  if (place.textContent !== text) {
    place.textContent = text;
  }
}

function problem(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = text;
}

const actions = {
  toggle(application) {
    if (!open.delete(application.arn)) {
      open.add(application.arn);
    }
    render();
  },
  async open(application) {
    // Only a window that a click opens is not blocked, so it is opened before its address is known.
    const tab = window.open("about:blank", "_blank");
    const { name, account, region } = application;
    const query = new URLSearchParams({ account, region });
    try {
      const answer = await fetch(`/_admin/applications/${encodeURIComponent(name)}/dashboard?${query}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Penstock-Admin": "1" },
      });
      const body = await answer.json();
      if (!answer.ok) {
        throw new Error(body.error.message);
      }
      const address = new URL(body.url, location.href);
      if (!["http:", "https:"].includes(address.protocol)) {
        throw new Error(`got the address ${body.url}, expected one of http`);
      }
      problem("");
      if (tab) {
        tab.opener = null;
        tab.location = address.href;
      }
    } catch (error) {
      tab?.close();
      problem(`The Flink page of ${name} cannot be opened: ${error.message}`);
    }
  },
};

function matches(application, words) {
  const { name, status, runtime, account, region } = application;
  const text = `${name} ${status} ${runtime} ${account} ${region}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function render() {
  const { applications, snapshots_without_application: orphans } = state;
  byId("summary").textContent = `${summary(applications)} · ${location.origin}`;
  byId("empty").hidden = applications.length + orphans.length > 0;
  byId("applications").hidden = applications.length === 0;
  byId("filter-label").hidden = applications.length < 6 && !byId("filter").value;
  renderApplications(applications);
  byId("orphans").hidden = orphans.length === 0;
  byId("orphan-table").replaceChildren(orphans.length ? orphanTable(orphans, state.disabled_keys, clock) : "");
  renderNotices();
}

function renderNotices() {
  const { disabled_keys: keys, iam_delay_seconds: delay } = state;
  const texts = [
    keys.length ? `Disabled keys: ${keys.join(", ")}` : null,
    delay ? `Changes of permissions are seen after ${delay} s.` : null,
  ].filter((text) => text);
  byId("notices").replaceChildren(...texts.map((text) => element("p", { class: "notice warning" }, text)));
}

function renderApplications(applications) {
  if (!byId("application-table").firstChild) {
    byId("application-table").append(applicationTable());
  }
  const body = byId("application-table").querySelector("tbody");
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter((word) => word);
  const wanted = applications.filter((each) => matches(each, words));
  byId("nothing-found").hidden = wanted.length > 0 || applications.length === 0;
  const present = new Set(wanted.map((each) => each.arn));
  for (const [arn, { rows }] of shown) {
    if (!present.has(arn)) {
      rows.forEach((each) => each.remove());
      shown.delete(arn);
    }
  }
  const focused = document.activeElement?.dataset?.focus;
  let next = body.firstChild;
  for (const application of wanted) {
    const content = `${open.has(application.arn)} ${JSON.stringify(application)}`;
    let known = shown.get(application.arn);
    if (known?.content !== content) {
      const rows = applicationRows(application, open.has(application.arn), actions, clock);
      if (known) {
        if (known.rows.includes(next)) {
          next = known.rows.at(-1).nextSibling;
        }
        known.rows[0].before(...rows);
        known.rows.forEach((each) => each.remove());
      } else {
        rows.forEach((each) => body.insertBefore(each, next));
      }
      known = { content, rows };
      shown.set(application.arn, known);
    } else if (known.rows[0] === next) {
      next = known.rows.at(-1).nextSibling;
    }
  }
  if (focused && document.activeElement?.dataset?.focus !== focused) {
    [...body.querySelectorAll("[data-focus]")].find((each) => each.dataset.focus === focused)?.focus();
  }
}

/** Say to a screen reader which applications have another status. */
function announce(before) {
  const old = new Map((before?.applications ?? []).map((each) => [each.arn, each.status]));
  const changed = state.applications.filter((each) => before && old.get(each.arn) !== each.status);
  if (changed.length) {
    byId("announcement").textContent = changed.map((each) => `${each.name}: ${each.status}`).join(", ");
  }
}

async function read() {
  if (isReading) {
    isStale = true;
    return;
  }
  isReading = true;
  const began = performance.now();
  try {
    const answer = await fetch("/_admin/state");
    if (!answer.ok) {
      throw new Error(`the state cannot be read: HTTP ${answer.status}`);
    }
    const before = state;
    state = await answer.json();
    clockOffset = Date.parse(state.now) - Date.now();
    if (before === null && state.applications.length === 1) {
      open.add(state.applications[0].arn);
    }
    render();
    announce(before);
    // The last answer may come after the events have stopped.
    if (source.readyState === EventSource.OPEN) {
      connection("live", "live");
    }
  } catch (error) {
    connection("lost", "connection lost, trying again");
    console.error(error);
    isStale = source.readyState === EventSource.OPEN;
  }
  // The larger the state, the rarer it is read: an endpoint that is busy should not answer this page only.
  const pause = Math.max(250, 3 * (performance.now() - began));
  setTimeout(() => {
    isReading = false;
    if (isStale && !document.hidden) {
      isStale = false;
      read();
    }
  }, pause);
}

function connect() {
  source = new EventSource("/_admin/events");
  source.addEventListener("hello", read);
  source.addEventListener("change", read);
  source.addEventListener("error", () => {
    connection("lost", "connection lost, trying again");
    // After an answer with an error, a browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(connect, 3000);
    }
  });
}

function example() {
  byId("empty-variables").textContent = [
    `export AWS_ENDPOINT_URL=${location.origin}`,
    "export AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1",
    "export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...",
  ].join("\n");
  byId("empty-example").textContent = [
    "import boto3",
    "",
    's3 = boto3.client("s3")',
    's3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})',
    's3.upload_file("job.zip", "code", "job.zip")',
    "",
    'msf = boto3.client("kinesisanalyticsv2")',
    "msf.create_application(",
    '    ApplicationName="my-application",',
    '    RuntimeEnvironment="FLINK-1_20",',
    '    ServiceExecutionRole="arn:aws:iam::000000000000:role/my-application",',
    "    ApplicationConfiguration={",
    '        "ApplicationCodeConfiguration": {',
    '            "CodeContentType": "ZIPFILE",',
    '            "CodeContent": {"S3ContentLocation": {"BucketARN": "arn:aws:s3:::code", "FileKey": "job.zip"}},',
    "        }",
    "    },",
    ")",
    'msf.start_application(ApplicationName="my-application")',
  ].join("\n");
}

function tick() {
  for (const each of document.querySelectorAll("[data-ago]")) {
    each.textContent = ago(Number(each.dataset.ago), clock());
  }
  for (const each of document.querySelectorAll("[data-since]")) {
    each.textContent = duration(clock() - Number(each.dataset.since));
  }
}

example();
byId("filter").addEventListener("input", render);
document.addEventListener("visibilitychange", () => !document.hidden && read());
setInterval(tick, 1000);
connect();
