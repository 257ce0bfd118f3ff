'use strict';
// Runs scenarios (FORMAT.md; JSON Lines on standard input) through the official JavaScript SDK and writes one line of
// outcomes for each. No request leaves the process, for fetch is replaced; except with --wire, where tracking requests go
// to the collector at that base, and with an SDK key the config comes from there.
//
// usage: node oracle.cjs [--describe | --wire BASE [SDK_KEY SECRET]]
// ORACLE_SDK names the SDK's module, a package or a file; @convertcom/js-sdk of this folder by default.
// Where the SDK cannot be loaded, the exit code is 3.
const readline = require('readline');
const path = require('path');

const SDK = process.env.ORACLE_SDK || '@convertcom/js-sdk';

function load() {
  try {
    const module = require(SDK);
    return module.default || module;
  } catch (error) {
    process.stderr.write(`the JavaScript SDK ${SDK} cannot be loaded: ${error.message.split('\n')[0]}\n`);
    process.exit(3);
  }
}
const ConvertSDK = load();
const [WIRE, SDK_KEY, SECRET] = process.argv[2] === '--wire' ? process.argv.slice(3) : [];

// What the SDK says of itself, what it lacks of the Full Stack v12 release (5.0), and what every release does differently
// in a way that cannot be applied to it here: a list and an object merge into neither.
function describe() {
  let sdk = path.basename(SDK);
  let version = 'a given build';
  try {
    ({name: sdk, version} = require(path.join(SDK, 'package.json')));
  } catch {
    // A file, not a package.
  }
  const context = new ConvertSDK(settings({config: {account_id: '1', project: {id: '2'}}})).createContext('v');
  const lacks =
    typeof context.setPreview === 'function'
      ? []
      : ['anchored', 'preview', 'exclusion', 'existence', 'enable_storage'];
  return {sdk, version, lacks, differs: ['list-over-object']};
}

// The last bodies that the SDK posted.
let posted = [];
const fetch = globalThis.fetch;
globalThis.fetch = async (url, init = {}) => {
  if (/\/track\//.test(String(url))) posted.push(init.body);
  if (WIRE) return fetch(url, init);
  return {
    ok: true,
    status: 200,
    statusText: 'OK',
    headers: new Map([['content-type', 'application/json']]),
    json: async () => ({}),
    text: async () => '{}'
  };
};

const BASE = WIRE || 'http://127.0.0.1:9/v1';

function settings(scenario) {
  const options = scenario.options || {};
  const config = {
    // A key for each scenario: the SDK remembers what it fetched for a key in the whole process.
    ...(SDK_KEY ? {sdkKey: `${SDK_KEY}/${scenario.id}`, sdkKeySecret: SECRET} : {data: scenario.config}),
    environment: options.environment,
    api: {endpoint: {config: BASE, track: `${BASE}/[project_id]`}},
    // Nothing is released by size or time.
    events: {batch_size: 1e9, release_interval: 2147483647},
    logger: {logLevel: 5, customLoggers: []},
    network: {tracking: true, source: 'x'}
  };
  if (options.exclude_experience_id_hash) config.bucketing = {excludeExperienceIdHash: true};
  // The SDK writes its store late and then reads it back stale, so it is given none to read.
  if (options.data_store) config.dataStore = {get: () => null, set: () => {}};
  return config;
}

// Outcomes

const text = (value) => (value === undefined || value === null ? null : String(value));

function decision(variation) {
  if (!variation || typeof variation === 'string') return null;
  return {
    experience_id: text(variation.experienceId),
    experience_key: text(variation.experienceKey),
    variation_id: text(variation.id),
    variation_key: text(variation.key),
    bucket_value: variation.bucketingAllocation === undefined ? null : variation.bucketingAllocation
  };
}

function feature(delivered) {
  if (!delivered || typeof delivered === 'string') return null;
  const outcome = {feature_id: text(delivered.id), feature_key: text(delivered.key), status: delivered.status};
  if (delivered.status === 'enabled') {
    outcome.experience_key = text(delivered.experienceKey);
    outcome.variables = delivered.variables === undefined ? null : variables(delivered.variables);
  }
  return outcome;
}

// JSON has no NaN and no infinity.
function variables(values) {
  const writable = ([key, value]) => [
    key,
    typeof value === 'number' && !Number.isFinite(value) ? '__nonfinite__' : value
  ];
  return Object.fromEntries(Object.entries(values).map(writable));
}

function features(delivered) {
  const list = (Array.isArray(delivered) ? delivered : [delivered]).map(feature).filter(Boolean);
  return list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

// The step's call options as the SDK takes them
function bucketingAttributes(step) {
  if (step.location === null) throw new Error('location: null has no counterpart in the reference');
  const attributes = {locationProperties: step.location === undefined ? {} : step.location};
  const names = {
    attributes: 'visitorProperties',
    environment: 'environment',
    enable_tracking: 'enableTracking',
    enable_storage: 'enableStorage',
    force_variation_id: 'forceVariationId',
    type_casting: 'typeCasting',
    experience_keys: 'experienceKeys'
  };
  for (const [ours, theirs] of Object.entries(names)) {
    if (step[ours] !== undefined) attributes[theirs] = step[ours];
  }
  if (step.ignore_location) attributes.ignoreLocationProperties = true;
  return attributes;
}

// Deliberate differences of this project, applied to the reference

// A feature call evaluates only experiences that can carry the feature, honours every call option, gets the previewed
// variation of a previewed experience, never sees values that an earlier call has cast in place, and makes a number an
// integer by truncation, not by its text, which is cut at the exponent. Returns a function that notes the context and the
// options of the next call.
function alterFeatureCalls(sdk, config) {
  const data = sdk._dataManager;
  const manager = sdk._featureManager;
  const original = manager.runFeatures.bind(manager);
  const cast = manager.castType.bind(manager);
  manager.castType = (value, type) =>
    type === 'integer' && typeof value === 'number' ? Math.trunc(value) : cast(value, type);
  const pristine = JSON.stringify(config);
  const experiences = config.experiences || [];
  let options = {};
  let preview = null;

  const bucketing = data.getBucketing.bind(data);
  data.getBucketing = (visitorId, key, attributes) =>
    preview && key === preview.experienceKey
      ? data.getPreviewDecision(data.getEntity(key, 'experiences'), preview.variationId)
      : bucketing(visitorId, key, attributes);

  const idsOf = (keys) =>
    keys
      .map((key) => (config.features || []).find((declared) => declared.key === key))
      .filter(Boolean)
      .map((declared) => String(declared.id));
  const carries = (experience, ids) =>
    (experience.variations || []).some((variation) =>
      (variation.changes || []).some(
        (change) =>
          change &&
          change.type === 'fullStackFeature' &&
          change.data &&
          change.data.feature_id &&
          (!ids || ids.includes(String(change.data.feature_id)))
      )
    );

  manager.runFeatures = (visitorId, attributes, filter) => {
    data._data = JSON.parse(pristine);
    const ids = filter && filter.features && idsOf(filter.features);
    const asked = filter && filter.experiences && filter.experiences.length ? filter.experiences : null;
    const keys = experiences
      .filter((experience) => carries(experience, ids) && (!asked || asked.includes(experience.key)))
      .map((experience) => experience.key);
    const {ignoreLocationProperties, enableTracking, enableStorage} = options;
    const honoured = attributes.suppressEvents
      ? {ignoreLocationProperties}
      : Object.fromEntries(
          Object.entries({ignoreLocationProperties, enableTracking, enableStorage}).filter(
            ([, value]) => value !== undefined
          )
        );
    // An empty list would mean every experience.
    const limited = {...filter, experiences: keys.length ? keys : ['\u0000none']};
    try {
      return original(visitorId, {...attributes, ...honoured}, limited);
    } finally {
      preview = null;
    }
  };
  return (context, next) => {
    options = next;
    preview = context._preview;
    return next;
  };
}

const REPORT_SEGMENTS = ['country', 'browser', 'devices', 'source', 'campaign', 'visitorType', 'customSegments'];

// A visitor's entry carries the last non-empty report segments of its batch, and only report segments reach the wire.
class Queue {
  constructor(sdk) {
    this.conversions = 0;
    this.segments = new Map();
    const api = sdk._apiManager;
    const enqueue = api.enqueue.bind(api);
    this.api = api;
    api.enqueue = (visitorId, event, segments) => {
      if (event.eventType === 'conversion') this.conversions++;
      const kept = Object.fromEntries(
        Object.entries(segments || {}).filter(([key]) => REPORT_SEGMENTS.includes(key))
      );
      if (Object.keys(kept).length) this.segments.set(visitorId, JSON.parse(JSON.stringify(kept)));
      return enqueue(visitorId, event, segments);
    };
  }

  async flush(context) {
    posted = [];
    for (const visitor of this.api._requestsQueue.items) {
      delete visitor.segments;
      if (this.segments.has(visitor.visitorId)) visitor.segments = this.segments.get(visitor.visitorId);
    }
    this.segments = new Map();
    if (context) await context.releaseQueues('explicit');
    if (!posted.length) return null;
    const body = JSON.parse(posted[0]);
    delete body.source;
    return body;
  }
}

// Steps

async function run(scenario) {
  const sdk = new ConvertSDK(settings(scenario));
  if (SDK_KEY) await sdk.onReady();
  const stored = (scenario.options || {}).stored || {};
  for (const [visitorId, state] of Object.entries(stored)) {
    sdk._dataManager.putData(visitorId, JSON.parse(JSON.stringify(state)));
  }
  const forFeatures = alterFeatureCalls(sdk, scenario.config);
  const queue = new Queue(sdk);
  const contexts = {};

  const steps = {
    create_context(step, _, name) {
      contexts[name] = sdk.createContext(step.visitor_id, step.attributes);
    },
    run_experience: (step, context) => decision(context.runExperience(step.key, bucketingAttributes(step))),
    // The SDK answers with nothing but the errors where an experience is undecided, so it is asked one by one.
    run_experiences: (step, context) =>
      (scenario.config.experiences || [])
        .map((experience) => decision(context.runExperience(experience.key, bucketingAttributes(step))))
        .filter(Boolean),
    run_feature: (step, context) =>
      features(context.runFeature(step.key, forFeatures(context, bucketingAttributes(step)))),
    run_features: (step, context) => features(context.runFeatures(forFeatures(context, bucketingAttributes(step)))),
    track_conversion(step, context) {
      const before = queue.conversions;
      const attributes = {};
      if (step.rule_data !== undefined) attributes.ruleData = step.rule_data;
      if (step.goal_data !== undefined) attributes.conversionData = step.goal_data;
      if (step.force_multiple) attributes.conversionSetting = {forceMultipleTransactions: true};
      context.trackConversion(step.goal, attributes);
      return {tracked: queue.conversions > before};
    },
    set_default_segments(step, context) {
      context.setDefaultSegments(step.segments);
    },
    run_custom_segments(step, context) {
      context.runCustomSegments(step.keys, step.rule_data === undefined ? undefined : {ruleData: step.rule_data});
    },
    async set_preview(step, context) {
      await context.setPreview({experienceId: step.experience_id, variationId: step.variation_id});
      // Bad input clears.
      if (!step.experience_id || !step.variation_id) context._preview = null;
    },
    get_config_entity(step, context) {
      const entity =
        step.by_id !== undefined
          ? context.getConfigEntityById(step.by_id, step.entity_type)
          : context.getConfigEntity(step.key, step.entity_type);
      return entity ? text(entity.id) : null;
    },
    visitor_segments: (_, context) => context.getVisitorData().segments || {},
    stored_state(_, context) {
      const data = context.getVisitorData();
      const kept = ['bucketing', 'goals', 'segments'].filter((part) => data[part] && Object.keys(data[part]).length);
      return Object.fromEntries(kept.map((part) => [part, data[part]]));
    },
    flush: () => queue.flush(Object.values(contexts).find(Boolean))
  };

  const outcomes = [];
  for (const step of scenario.steps) {
    const name = step.context || 'c0';
    let outcome;
    try {
      if (!Object.hasOwn(steps, step.op)) throw new Error(`unknown op ${step.op}`);
      outcome = await steps[step.op](step, contexts[name], name);
    } catch (error) {
      outcome = {threw: String(error && error.message)};
    }
    outcomes.push(outcome === undefined ? null : JSON.parse(JSON.stringify(outcome)));
  }
  return outcomes;
}

async function main() {
  if (process.argv[2] === '--describe') {
    await write(JSON.stringify(describe()) + '\n');
    process.exit(0);
  }
  const lines = readline.createInterface({input: process.stdin, crlfDelay: Infinity});
  for await (const line of lines) {
    if (!line.trim()) continue;
    const scenario = JSON.parse(line);
    await write(JSON.stringify({id: scenario.id, outcomes: await run(scenario)}) + '\n');
  }
  // The SDK's timers would keep the process alive.
  process.exit(0);
}

// Waits until the text is out: a slow reader must neither fill the memory here nor lose the end.
function write(text) {
  return new Promise((resolve) => process.stdout.write(text, resolve));
}

main();
