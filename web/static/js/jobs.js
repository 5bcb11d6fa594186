// A running job: its figures come from the JSON twin of its page, once a second, until it ends.
import { get } from "./api.js";
import { say } from "./live.js";

const WAIT = 1000;
const WAIT_AFTER_TROUBLE = 5000;

export function followJobs() {
  for (const job of document.querySelectorAll("[data-job]")) {
    if (job.dataset.ended !== "true") follow(job);
  }
}

async function follow(job) {
  let wait = WAIT;
  try {
    const progress = await get(`/api/v1/ingest/jobs/${encodeURIComponent(job.dataset.job)}`);
    show(job, progress);
    if (progress.ended) {
      say(`Finished: ${progress.indexed} added, ${progress.quarantined} could not be used.`);
      if (job.hasAttribute("data-reload")) location.reload();
      return;
    }
  } catch (error) {
    fill(job, "trouble", error.message);
    wait = WAIT_AFTER_TROUBLE;
  }
  setTimeout(() => follow(job), wait);
}

function show(job, progress) {
  const done = progress.indexed + progress.unchanged + progress.quarantined;
  const bar = job.querySelector("progress");
  if (progress.discovered && progress.state !== "reading") {
    bar.max = progress.discovered;
    bar.value = done;
  }
  for (const name of ["state", "discovered", "indexed", "unchanged", "quarantined", "extracted", "skipped"]) fill(job, name, progress[name]);
  fill(job, "done", done);
  fill(job, "rate", progress.rate ? `${progress.rate.toFixed(1)} / s` : "–");
  fill(job, "left", progress.seconds_left == null ? "–" : time(progress.seconds_left));
  fill(job, "waiting", waiting(progress));
  fill(job, "trouble", "");
}

function waiting(progress) {
  if (!progress.waiting_for) return "";
  const until = progress.waiting_until ? `; goes on by ${new Date(progress.waiting_until).toLocaleTimeString()}` : "";
  return `Waiting for ${progress.waiting_for}${until}`;
}

function fill(job, name, value) {
  const field = job.querySelector(`[data-field="${name}"]`);
  if (field) field.textContent = typeof value === "number" ? value.toLocaleString("en") : value;
}

function time(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
