// Times, sizes and keys as a person reads them.

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** Return a span of time with one or two units, such as "4 min 10 s"; below ten seconds with a digit more. */
export function duration(milliseconds) {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  const first = UNITS.findIndex(([size]) => whole >= size);
  const [size, unit] = UNITS[first];
  const next = UNITS[first + 1];
  const rest = next ? Math.floor((whole % size) / next[0]) : 0;
  return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${next[1]}` : ""}`;
}

/** Return how long ago a moment was, in one unit. */
export function ago(moment, now) {
  const seconds = Math.floor((now - moment) / 1000);
  if (seconds < 5) {
    return "just now";
  }
  const [size, unit] = UNITS.find(([each]) => seconds >= each);
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

/** Return a moment exactly, in UTC as MSF's answers have it. */
export function exact(moment) {
  return new Date(moment).toISOString().replace("T", " ").replace("Z", " UTC");
}

/** Return a number of bytes with a unit. */
export function size(bytes) {
  let value = bytes;
  for (const unit of ["B", "KiB", "MiB"]) {
    if (value < 1024) {
      return `${unit === "B" ? value : value.toFixed(1)} ${unit}`;
    }
    value /= 1024;
  }
  return `${value.toFixed(1)} GiB`;
}

/** Return a key's id; null stands for the AWS-owned key. */
export function keyName(arn) {
  return arn === null ? "AWS-owned" : arn.slice(arn.indexOf("/") + 1);
}

/** Return the class of a badge for a status of MSF. */
export function mood(status) {
  if (["RUNNING", "SUCCESSFUL"].includes(status)) {
    return "good";
  }
  if (["FAILED", "RESTARTING"].includes(status)) {
    return "bad";
  }
  if (["READY", "CANCELLED", "FINISHED", "ABSENT", "CANCELED"].includes(status)) {
    return "idle";
  }
  return status === "ROLLED_BACK" ? "warn" : "busy";
}

/** Return the summary of all applications: "3 applications: 2 RUNNING, 1 READY". */
export function summary(applications) {
  const counts = new Map();
  for (const { status } of applications) {
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const parts = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([status, count]) => `${count} ${status}`);
  const number = `${applications.length} application${applications.length === 1 ? "" : "s"}`;
  return parts.length ? `${number}: ${parts.join(", ")}` : number;
}
