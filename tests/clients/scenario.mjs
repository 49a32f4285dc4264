// What both clients share: resources, and one scenario over the calls that a client offers.
import assert from "node:assert/strict";

export function bundle(type, ...entries) {
  return {
    resourceType: "Bundle",
    type,
    entry: entries.map(([request, resource, fullUrl]) => {
      const [method, url] = request.split(" ");
      return { ...(fullUrl && { fullUrl }), ...(resource && { resource }), request: { method, url } };
    }),
  };
}

// `client` has create, read, update, patch, remove, search, next, history, post, each with plain arguments.
export async function run(name, client) {
  const tag = `${name}-${process.pid}`;
  const patient = { resourceType: "Patient", identifier: [{ system: "urn:clients", value: tag }], name: [{ family: "Test" }] };

  // search and paging
  const twenty = Array.from({ length: 20 }, (_, i) => ({ resourceType: "Patient", id: `p${i}`, birthDate: `19${50 + i}-01-01` }));
  await client.post(bundle("batch", ...twenty.map((each) => [`PUT Patient/${each.id}`, each])));
  let page = await client.search("Patient", { _count: "7", _sort: "birthdate" });
  const seen = [];
  while (page) {
    seen.push(...page.entry.map((entry) => entry.resource.id));
    page = await client.next(page);
  }
  assert.ok(seen.length >= 20, `all patients are found, not ${seen.length}`);
  assert.equal(new Set(seen).size, seen.length, "each is found once");

  // create, read, update, patch, history
  const created = await client.create(patient);
  assert.ok(created.id);
  assert.equal((await client.read("Patient", created.id)).meta.versionId, "1");
  const updated = await client.update({ ...created, active: true });
  assert.equal(updated.meta.versionId, "2");
  const patched = await client.patch("Patient", created.id, [{ op: "add", path: "/birthDate", value: "1970-01-01" }]);
  assert.equal(patched.birthDate, "1970-01-01");
  const history = await client.history("Patient", created.id);
  assert.deepEqual(history.entry.map((entry) => entry.resource.meta.versionId), ["3", "2", "1"]);

  // transaction: links between entries; batch: each entry for itself
  const observation = { resourceType: "Observation", status: "final", code: { text: "x" }, subject: { reference: "urn:uuid:0e6f4a4e-5b0c-4d0e-9d62-5d1cbb5dc001" } };
  const done = await client.post(bundle("transaction",
    ["POST Patient", { ...patient, identifier: [{ system: "urn:clients", value: `${tag}-t` }] }, "urn:uuid:0e6f4a4e-5b0c-4d0e-9d62-5d1cbb5dc001"],
    ["POST Observation", observation]));
  assert.equal(done.type, "transaction-response");
  const [, reference] = done.entry[0].response.location.match(/(Patient\/[^/]+)\/_history/);
  const found = await client.search("Observation", { subject: reference });
  assert.equal(found.total, 1);
  assert.equal(found.entry[0].resource.subject.reference, reference);
  const batch = await client.post(bundle("batch", [`GET Patient/${created.id}`], ["GET Patient/nobody-has-this-id"]));
  assert.deepEqual(batch.entry.map((entry) => entry.response.status.slice(0, 3)), ["200", "404"]);

  // errors arrive as errors, deletion is one
  await client.remove("Patient", created.id);
  await assert.rejects(client.read("Patient", created.id), (error) => client.statusOf(error) === 410);
  await assert.rejects(client.search("Patient", { nonsense: "1" }), (error) => client.statusOf(error) === 400);
  console.log(`${name}: passed`);
}
