// A patient of the stack to test with: has a name, a birth date and a test with several results.
import { base, check } from './browser.mjs'

async function fhir(path) {
  const response = await fetch(new URL(`/fhir/${path}`, base), { headers: { accept: 'application/json' } })
  check(response.ok, `GET /fhir/${path} answers ${response.status}`)
  return (await response.json()).entry?.map(entry => entry.resource) ?? []
}

function repeated(observations) {
  const seen = new Set()
  for (const { code, valueQuantity } of observations) {
    const key = code?.coding?.[0]?.code
    if (!valueQuantity || !key) continue
    if (seen.has(key)) return code.text ?? code.coding[0].display
    seen.add(key)
  }
  return undefined
}

export async function choosePatient() {
  for (const patient of await fhir('Patient?_count=50')) {
    const name = patient.name?.[0]
    if (!name?.family || !name.given?.[0] || patient.birthDate?.length !== 10) continue
    const test = repeated(await fhir(`Observation?patient=Patient/${patient.id}&_count=500`))
    if (!test) continue
    const [year, month, day] = patient.birthDate.split('-')
    return { id: patient.id, family: name.family, given: name.given[0], year, month, day, test }
  }
  throw new Error('the stack has no patient with a name, a birth date and repeated results')
}
