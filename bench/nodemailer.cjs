// Sends one body, read from stdin, so many times over nodemailer's pool; prints the seconds. See bench/peers.py.
const { readFileSync } = require("node:fs");
const nodemailer = require("nodemailer");

const [port, connections, mails] = process.argv.slice(2).map(Number);
const html = readFileSync(0, "utf8");
const text = html.replace(/<style[^]*?<\/style>|<[^>]*>/g, " ").replace(/\s+/g, " ");
const pool = nodemailer.createTransport({
  host: "127.0.0.1", port, pool: true, maxConnections: connections, maxMessages: Infinity, ignoreTLS: true,
});
const mail = (number) => pool.sendMail({
  from: "Concept Digest <digest@papers.example.org>",
  to: `Reader ${number} <reader${number}@reader.example>`,
  subject: "Papers",
  text,
  html,
});

(async () => {
  await Promise.all(Array.from({ length: connections }, (_, number) => mail(number)));
  const started = process.hrtime.bigint();
  await Promise.all(Array.from({ length: mails }, (_, number) => mail(number)));
  console.log(Number(process.hrtime.bigint() - started) / 1e9);
  pool.close();
})();
