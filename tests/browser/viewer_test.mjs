// The record viewer in a real browser. BASE_URL=http://127.0.0.1:8080 node viewer_test.mjs
// Ends with 0 only if everything passed. SCREENSHOTS=folder keeps a picture of each page.
import { check, checkFocus, go, heading, inspect, launch, open, openPage, press, Report } from './browser.mjs'
import { choosePatient } from './patient.mjs'

const kSections = ['Problems', 'Medicines', 'Allergies', 'Results', 'Immunisations', 'Encounters', 'Documents']

async function findPatient(page, patient) {
  await open(page, '/')
  await page.getByLabel('Name').fill(`${patient.given.slice(0, 4)} ${patient.family}`)
  await page.getByLabel('Day').fill(patient.day)
  await page.getByLabel('Month').fill(patient.month)
  await page.getByLabel('Year').fill(patient.year)
  await press(page, 'Find patient')
}

async function openRecord(page, patient) {
  await findPatient(page, patient)
  await go(page.locator(`a[href="/record/${patient.id}"]`))
  check(await heading(page) === 'Summary', 'the record does not open with its summary')
}

async function journey(browser, patient, width) {
  const session = await openPage(browser, { width })
  const { page } = session
  await open(page, '/')
  await inspect(session, 'home', width)
  await findPatient(page, patient)
  check(!decodeURIComponent(page.url()).includes(patient.family), 'the address holds a name')
  await inspect(session, 'matches', width)
  await go(page.locator(`a[href="/record/${patient.id}"]`))
  await inspect(session, 'summary', width)
  for (const section of kSections) {
    await go(page.getByRole('navigation', { name: 'Record' }).getByRole('link', { name: section }))
    check(await heading(page) === section, `${section} has the heading ${await heading(page)}`)
    check(await page.locator('[aria-current="page"]').innerText() === section, `${section} is not marked in the menu`)
    await inspect(session, section.toLowerCase(), width)
  }
  await session.close()
}

async function trendAndDocument(browser, patient, width) {
  const session = await openPage(browser, { width })
  const { page } = session
  await open(page, `/record/${patient.id}/results`)
  await go(page.getByRole('link', { name: patient.test, exact: true }).first())
  check(await heading(page) === patient.test, 'the trend page is of another test')
  check(await page.locator('svg[role="img"]:visible').count() >= 1, 'the trend page has no plot')
  check(await page.locator('table tbody tr').count() >= 2, 'the trend page has no table')
  await inspect(session, 'trend', width)
  await open(page, `/record/${patient.id}/documents`)
  const first = page.locator('table a').first()
  if (await first.count() > 0) {
    await go(first)
    await inspect(session, 'document', width)
  }
  await session.close()
}

async function errors(browser, width) {
  const session = await openPage(browser, { width })
  const { page } = session
  await open(page, '/')
  await press(page, 'Find patient')
  await checkFocus(page.locator('.nhsuk-error-summary'), 'the error summary does not take the focus')
  await inspect(session, 'error', width)
  await page.getByLabel('NHS number').fill('943 476 5918')
  await page.getByLabel('Year').fill('19')
  await press(page, 'Find patient')
  await checkFocus(page.locator('.nhsuk-error-summary'), 'the errors do not take the focus')
  check(await page.locator('.nhsuk-error-summary__list a').count() === 2, 'two errors were expected')
  await page.locator('.nhsuk-error-summary__list a').first().click()
  await checkFocus(page.getByLabel('NHS number'), 'the link of an error does not lead to its field')
  check(await page.getByLabel('NHS number').inputValue() === '943 476 5918', 'what was typed is lost')
  await inspect(session, 'errors', width)
  await page.getByLabel('NHS number').fill('')
  await page.getByLabel('Year').fill('')
  await page.getByLabel('Name').fill('zzzznobody')
  await press(page, 'Find patient')
  check(await heading(page) === 'No patient found', 'a search without matches needs its own page')
  await inspect(session, 'nothing-found', width)
  const missing = await open(page, '/record/no-such-patient')
  check(missing.status() === 404, 'a missing record must answer 404')
  await inspect(session, 'not-found', width)
  await session.close()
}

// Presses Tab until `locator` has the focus.
async function tabTo(page, locator, what) {
  for (let i = 0; i < 80; ++i) {
    await page.keyboard.press('Tab')
    if (await locator.evaluate(one => one === document.activeElement)) return
  }
  throw new Error(`the keyboard does not reach ${what}`)
}

async function keyboardOnly(browser, patient) {
  const session = await openPage(browser, { width: 1280 })
  const { page } = session
  await open(page, '/')
  await tabTo(page, page.locator('.nhsuk-skip-link'), 'the skip link')
  await page.keyboard.press('Enter')
  await tabTo(page, page.getByLabel('Name'), 'the name')
  await page.keyboard.type(patient.family)
  await page.keyboard.press('Enter')
  const link = page.locator(`a[href="/record/${patient.id}"]`)
  await link.waitFor()
  await tabTo(page, link, 'the patient')
  const shows = await link.evaluate(one => {
    const style = getComputedStyle(one)
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none'
  })
  check(shows, 'the focus cannot be seen')
  await page.keyboard.press('Enter')
  for (const section of kSections) {
    const item = page.getByRole('navigation', { name: 'Record' }).getByRole('link', { name: section })
    await item.waitFor()
    await tabTo(page, item, section)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: section }).waitFor()
  }
  await session.close()
}

async function withoutScripts(browser, patient) {
  const session = await openPage(browser, { width: 1280, javaScriptEnabled: false })
  await openRecord(session.page, patient)
  for (const section of kSections) {
    await go(session.page.getByRole('navigation', { name: 'Record' }).getByRole('link', { name: section }))
    check(await heading(session.page) === section, `${section} needs a script`)
  }
  await session.page.goBack()
  check(session.problems.length === 0, session.problems.join('\n'))
  await session.close()
}

async function backToTheList(browser, patient) {
  const session = await openPage(browser, { width: 1280 })
  await openRecord(session.page, patient)
  await session.page.goBack()
  check(await heading(session.page) === 'Patients', '"back" does not lead to the list of patients')
  await session.close()
}

const report = new Report()
const browser = await launch()
let patient
await report.group('a patient to test with', async () => { patient = await choosePatient() })
if (patient) {
  for (const width of [1280, 320]) {
    await report.group(`home to every section at ${width} px`, () => journey(browser, patient, width))
    await report.group(`trend and document at ${width} px`, () => trendAndDocument(browser, patient, width))
    await report.group(`errors at ${width} px`, () => errors(browser, width))
  }
  await report.group('keyboard only', () => keyboardOnly(browser, patient))
  await report.group('without JavaScript', () => withoutScripts(browser, patient))
  await report.group('back to the list', () => backToTheList(browser, patient))
}
await browser.close()
report.end()
