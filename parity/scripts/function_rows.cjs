'use strict';
// Computes the rows of single functions anew: reads a file of rows, keeps their inputs, and writes the same file with
// the outputs of the official JavaScript SDK (5.0 or newer; ORACLE_SDK names its module).
//
// usage: node function_rows.cjs FILE   (one of those named at the end; to standard output)
const fs = require('fs');
const path = require('path');

const module_ = require(process.env.ORACLE_SDK || '@convertcom/js-sdk');
const ConvertSDK = module_.default || module_;

function sdkOf(experiences) {
  return new ConvertSDK({
    data: {account_id: '1', project: {id: '2'}, experiences},
    events: {batch_size: 1e9, release_interval: 2147483647},
    logger: {logLevel: 5, customLoggers: []},
    network: {tracking: false}
  });
}

// {m, v?, r, p, n}: match type, visitor value (absent where the key is missing), rule value, result, negated result
function ruleRow(sdk, row) {
  const matches = (negated) => {
    const matching = {match_type: row.m, negated};
    const leaf = {rule_type: 'generic_text_key_value', matching, key: 'k', value: row.r};
    const data = 'v' in row ? {k: row.v} : {other: 1};
    return sdk._dataManager._ruleManager.isRuleMatched(data, {OR: [{AND: [{OR_WHEN: [leaf]}]}]});
  };
  return {...row, p: matches(false), n: matches(true)};
}

// {p, s, m}: pattern, subject, whether it is found (null where the pattern is no regular expression). The reference lowers
// the subject and asks the engine under it.
function regexRow(_, row) {
  try {
    return {...row, m: new RegExp(row.p, 'i').test(row.s.toLowerCase())};
  } catch {
    return {...row, m: null};
  }
}

// {t, v, out | nonfinite}: type, raw value, cast value. Deliberate difference: a number becomes an integer by truncation,
// not by its text, which the reference cuts at the exponent.
function castRow(sdk, row) {
  const truncates = row.t === 'integer' && typeof row.v === 'number';
  const out = truncates ? Math.trunc(row.v) : sdk._featureManager.castType(row.v, row.t);
  const {t, v} = row;
  return typeof out === 'number' && !Number.isFinite(out) ? {t, v, nonfinite: String(out)} : {t, v, out};
}

// Deliberate difference: traffic that is no number counts as 100, as absent traffic does in the reference.
function sensible(variation) {
  const {traffic_allocation: traffic, ...rest} = variation;
  const isNumber = typeof traffic === 'number' || (typeof traffic === 'string' && traffic && !isNaN(traffic));
  return isNumber ? variation : rest;
}

// {..., expected: {visitor: [bucket value, variation id or null]}}
function bucketingCase(row) {
  const experience = {
    id: row.experience_id,
    key: 'e',
    name: 'e',
    audiences: [],
    locations: [],
    settings: {matching_options: {audiences: 'any'}},
    variations: row.variations.map(sensible)
  };
  if (!row.version_missing) experience.version = row.version;
  const expected = {};
  for (const visitor of Object.keys(row.expected)) {
    const sdk = sdkOf([JSON.parse(JSON.stringify(experience))]);
    const value = sdk._dataManager._bucketingManager.getValueVisitorBased(visitor, {experienceId: row.experience_id});
    const variation = sdk.createContext(visitor).runExperience('e', {locationProperties: {}});
    expected[visitor] = [value, variation && typeof variation === 'object' ? String(variation.id) : null];
  }
  return {...row, expected};
}

const file = process.argv[2];
const text = fs.readFileSync(file, 'utf8');
const jsonLines = (compute) => {
  const sdk = sdkOf([]);
  const rows = text.split('\n').filter(Boolean);
  return rows.map((line) => JSON.stringify(compute(sdk, JSON.parse(line))) + '\n').join('');
};
const computed = {
  'rule_comparisons.jsonl': () => jsonLines(ruleRow),
  'cast.jsonl': () => jsonLines(castRow),
  'regex.jsonl': () => jsonLines(regexRow),
  'bucketing_extra.json': () => JSON.stringify(JSON.parse(text).map(bucketingCase))
}[path.basename(file)];
if (!computed) {
  process.stderr.write(`no rows of a function: ${file}\n`);
  process.exit(2);
}
// Written whole before leaving: a pipe may take less at a time.
process.stdout.write(computed(), () => process.exit(0));
