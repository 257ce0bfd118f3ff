// Writes rows {p, s, m} of random patterns and subjects: whether `new RegExp(p, "i")` matches the lower-case subject,
// which is what the JavaScript SDK's `regexMatches` asks; null where the pattern is a syntax error.
// usage: node make_regex_rows.cjs COUNT SEED > ../vectors/regex.jsonl    (1500 7 makes the committed rows)
"use strict";
const [count, seed] = process.argv.slice(2).map(Number);
let state = seed >>> 0;
const random = (n) => {
  // mulberry32: the rows must be the same on every machine.
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % n;
};
const pick = (list) => list[random(list.length)];

const LITERALS = [..."aAbBcksSKzZ019_-/ ", "é", "É", "ß", "ſ", "K", "σ", "ς", "Σ", "µ", "İ", "ı", "😀", "\u2028", "\n", "]", "}", "{", ",", "\\ud83d", "ff"];
const ESCAPES = ["\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\n", "\\t", "\\v", "\\f", "\\r", "\\cJ", "\\c", "\\c1", "\\x61", "\\x6", "\\x",
  "\\u0061", "\\u00e9", "\\u{61}", "\\u006", "\\u", "\\0", "\\01", "\\101", "\\141", "\\377", "\\400", "\\8", "\\9", "\\18", "\\7", "\\k",
  "\\p{L}", "\\P", "\\-", "\\_", "\\/", "\\.", "\\é", "\\ ", "\\a", "\\e", "\\z", "\\A", "\\Z", "\\G", "\\$", "\\\\", "\\😀", "\\ud83d\\ude00", "\\ude00", "\\ufeff", "\\xa0"];
const CLASS_PARTS = [...LITERALS, ...ESCAPES, "a-z", "A-Z", "0-9", "a-", "-a", "-", "^", "\\b", "\\w-z", "a-\\d", "\\c_", "\\c0", "\\B", "z-a", "[", "(", "$",
  "é-ſ", "\\u0100-\\uffff", "\\ud800-\\udfff", "à-ÿ", "$-_", "Z-a", "😀-😎", "+--"];
const QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,}", "{,2}", "{0,2}", "{1,3}?", "{2,1}", "{", "{a}", "{1", "{1,a}", "**", "++", "{99999999999}", "{0,99999999999}"];
const REFERENCES = ["\\1", "\\2", "\\3", "\\10", "\\k<n>", "\\k<m>", "\\k<n", "\\k<é>"];

function klass() {
  let text = random(3) ? "[" : "[^";
  for (let i = random(4); i > 0; i--) text += pick(CLASS_PARTS);
  return text + (random(40) ? "]" : "");
}
function atom(depth, hard) {
  const kind = random(hard ? 16 : 12);
  if (kind < 5) return pick(LITERALS);
  if (kind < 7) return pick(ESCAPES);
  if (kind < 8) return ".";
  if (kind < 10) return klass();
  if (kind < 12 || depth > 2) {
    const open = pick(["(", "(", "(?:", "(?:", hard ? "(?<n>" : "(", random(30) ? "(" : pick(["(?i)", "(?i:", "(?", "(?<", "(?<1>", "(?P<n>", "(?#", "(?<$_\\u0061>", "(?<n>"])]);
    return open + (depth > 2 ? pick(LITERALS) : disjunction(depth + 1, hard)) + (random(60) ? ")" : "");
  }
  if (kind < 14) return pick(REFERENCES);
  return pick(["(?=", "(?!", "(?<=", "(?<!"]) + disjunction(depth + 1, hard) + ")";
}
function disjunction(depth, hard) {
  let text = "";
  for (let i = random(depth ? 3 : 4) + (depth ? 0 : 1); i > 0; i--) {
    const part = random(14);
    if (part === 0) text += "|";
    else if (part === 1) text += pick(["^", "$", "\\b", "\\B"]) + (random(30) ? "" : "*");
    else text += atom(depth, hard) + (random(3) ? "" : pick(random(3) ? QUANTIFIERS.slice(0, 6) : QUANTIFIERS));
  }
  return text;
}
const SUBJECTS = [...LITERALS, "A", "ab", "aa", "é", "\t", "\u0001", "c", "\\", "u", "x", "kk", "a", "b", ".", "$", "\u00a0", "\ufeff", "\u0085", "😎", "8", "1"];
function subject() {
  let text = "";
  for (let i = random(7); i > 0; i--) text += pick(SUBJECTS);
  return text;
}
const anchor = (text) => (random(4) ? text : `^(?:${text})$`);
for (let i = 0; i < count; i++) {
  const p = anchor(disjunction(0, i % 3 === 0));
  let regex = null;
  try {
    regex = new RegExp(p, "i");
  } catch {}
  for (let n = regex ? 4 : 1; n > 0; n--) {
    const s = subject();
    let m = null;
    try {
      m = regex && regex.test(s.toLowerCase());
    } catch {
      continue; // A repetition that overflows the engine's own stack.
    }
    process.stdout.write(JSON.stringify({ p, s, m }) + "\n");
  }
}
