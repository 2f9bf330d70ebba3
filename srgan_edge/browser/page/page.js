// The live picture, its divider, and what can be changed. Messages: see browser/hub.py and server.py.
"use strict";

const $ = (id) => document.getElementById(id);
const REMEMBERED = 120; // states, one a second
const LONGEST_PAUSE = 8000; // milliseconds between two attempts to connect

let socket = null;
let token = ""; // until it is a cookie
let pause = 500;
let pictures = null; // the newest: {after, before}
const measured = { rate: [], latency: [] };

function tell(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// ------------------------------------------------------------------ the picture

async function receive(buffer) {
  const head = new DataView(buffer);
  const length = head.getUint32(4);
  const decode = (from, to) =>
    createImageBitmap(new Blob([buffer.slice(from, to)], { type: "image/jpeg" }));
  const after = await decode(8, 8 + length);
  const before = buffer.byteLength > 8 + length ? await decode(8 + length) : null;
  pictures = { after, before };
  $("picture").dataset.number = head.getUint32(0);
  draw();
  tell({ shown: true });
}

function draw() {
  if (!pictures) return;
  const canvas = $("picture");
  const { after, before } = pictures;
  if (canvas.width !== after.width || canvas.height !== after.height) {
    canvas.width = after.width;
    canvas.height = after.height;
  }
  const context = canvas.getContext("2d");
  context.drawImage(after, 0, 0);
  const left = Math.round(share() * after.width);
  if (before && left > 0) context.drawImage(before, 0, 0, left, after.height, 0, 0, left, after.height);
}

const share = () => $("divider").value / $("divider").max;

function moveDivider() {
  const compares = share() > 0;
  $("line").style.left = `${100 * share()}%`;
  $("left").hidden = !compares;
  $("right").hidden = share() >= 1;
  if ($("divider").dataset.compares !== String(compares)) {
    $("divider").dataset.compares = compares;
    tell({ compares });
  }
  draw();
}

// ------------------------------------------------------------------ the state

function show(state) {
  notice(state.trouble);
  const names = [...$("model").options].map((option) => option.value);
  if (names.join() !== state.models.join()) {
    $("model").replaceChildren(...state.models.map((name) => new Option(name)));
  }
  if (document.activeElement !== $("model")) $("model").value = state.model;
  $("right").textContent = state.model;
  $("record").setAttribute("aria-pressed", state.recording);
  $("record").textContent = state.recording ? "stop recording" : "record";
  const latency = state.milliseconds.latency.p50 ?? 0;
  $("rate").textContent = `${state.rate.toFixed(1)} frames a second`;
  $("latency").textContent = `${latency.toFixed(0)} ms from camera to here`;
  const [from, to] = [state.input_size, state.output_size].map((size) => size.join("\u00d7"));
  $("facts").textContent = `${from} to ${to}, ${state.dropped} dropped`;
  plot($("rates"), measured.rate, state.rate);
  plot($("latencies"), measured.latency, latency);
}

function plot(canvas, values, newest) {
  values.push(newest);
  if (values.length > REMEMBERED) values.shift();
  const context = canvas.getContext("2d");
  const most = Math.max(...values, 1) * 1.1;
  const step = canvas.width / (REMEMBERED - 1);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = "#f2b33d";
  context.beginPath();
  values.forEach((value, index) => {
    const x = canvas.width - (values.length - 1 - index) * step;
    context.lineTo(x, canvas.height * (1 - value / most));
  });
  context.stroke();
}

function notice(text) {
  $("notice").textContent = text;
}

// ------------------------------------------------------------------ the connection

async function connect() {
  const wait = await login();
  if (wait) return setTimeout(connect, 1000 * wait);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    pause = 500;
    notice("");
    tell({ compares: share() > 0 });
  };
  socket.onmessage = ({ data }) =>
    typeof data === "string" ? show(JSON.parse(data)) : receive(data);
  socket.onclose = () => {
    notice("no connection: trying again. If it stays so, open the address that --print-url prints");
    setTimeout(connect, pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  };
}

// The token comes behind the #, which no server and no log sees, and becomes a cookie. Gives the
// seconds until the next attempt, or 0.
async function login() {
  if (location.hash) {
    token = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }
  if (!token) return 0;
  const answer = await fetch("login", { method: "POST", body: token }).catch(() => null);
  if (!answer) return 2;
  if (answer.status === 429) {
    notice(await answer.text());
    return Number(answer.headers.get("Retry-After")) || 1;
  }
  token = "";
  return 0;
}

// ------------------------------------------------------------------ the buttons

async function snapshot() {
  const answer = await fetch("snapshot.png");
  if (!answer.ok) return notice(await answer.text());
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `srgan-edge-${new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-")}.png`;
  link.click();
  URL.revokeObjectURL(link.href);
}

$("divider").addEventListener("input", moveDivider);
$("model").addEventListener("change", () => tell({ model: $("model").value }));
$("snapshot").addEventListener("click", snapshot);
$("record").addEventListener("click", () =>
  tell({ record: $("record").getAttribute("aria-pressed") !== "true" }));
$("full").addEventListener("click", () =>
  document.fullscreenElement ? document.exitFullscreen() : $("view").requestFullscreen());
moveDivider();
connect();
